package integrations

import "fmt"

// A Reason says why an integration is not loaded.
type Reason string

const (
	Malformed   Reason = "malformed"    // not an IntegrationVersion that could run anywhere
	TaskType    Reason = "task type"    // a task type that this engine does not have yet
	AuthProfile Reason = "auth profile" // an authentication profile that is unknown, or of a type that does not work here
	Certificate Reason = "certificate"  // disableSSLValidation without a client that can
	Setting     Reason = "setting"      // a task that needs an option which is not set
)

// A Problem is one reason why [Engine.Load] refused an integration.
type Problem struct {
	Reason Reason
	Where  string // the element, for example: task 3 "Send Email"; empty for the file
	Text   string
}

func (p *Problem) Error() string {
	if p.Where == "" {
		return p.Text
	}
	return p.Where + ": " + p.Text
}

// problems collects what is wrong with one integration.
type problems []error

func (p *problems) add(reason Reason, where, format string, args ...any) {
	*p = append(*p, &Problem{Reason: reason, Where: where, Text: fmt.Sprintf(format, args...)})
}
