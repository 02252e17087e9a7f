package state_test

import (
	"testing"
	"time"

	"sluice/internal/state"
	"sluice/internal/state/statetest"
)

func TestMemory(t *testing.T) {
	t.Parallel()
	statetest.Test(t, func(*testing.T) state.Engine { return state.NewMemory(time.Now) })
}
