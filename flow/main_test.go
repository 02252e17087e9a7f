package flow

import (
	"testing"

	"go.uber.org/goleak"
)

// The clock of the regexp2 engine runs on for a second after its last use.
func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/dlclark/regexp2/v2.runClock"))
}
