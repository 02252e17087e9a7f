package xpath

import (
	"strings"
	"testing"
	"time"
)

// soon fails if f takes minutes where it should take a blink. The inputs of these tests are so large that work in the square
// of their length shows on any machine.
func soon(t *testing.T, f func()) {
	t.Helper()
	start := time.Now()
	f()
	if took := time.Since(start); took > 20*time.Second {
		t.Errorf("took %v", took)
	}
}

// TestManyAttributes: each attribute of a tag is found in its source without another walk from the tag's beginning.
func TestManyAttributes(t *testing.T) {
	src := `<r` + strings.Repeat(" a=\"\n\"", 100_000) + ` b="&#9;"/>`
	soon(t, func() {
		if _, err := ParseDocument([]byte(src)); err == nil || !strings.Contains(err.Error(), "occurs twice") {
			t.Error(err)
		}
	})
}
