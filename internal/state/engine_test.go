package state_test

import (
	"os"
	"testing"

	"go.uber.org/goleak"
)

// TestMain runs the tests and looks for goroutines they left; or, when a test
// started this binary again as a process to be killed, it plays that part.
func TestMain(m *testing.M) {
	if part, ok := parts[os.Getenv(partVariable)]; ok {
		part()
		return
	}
	goleak.VerifyTestMain(m)
}

// partVariable names in the environment which of the parts a process plays.
const partVariable = "SLUICE_STATE_TEST_PART"

var parts = map[string]func(){}
