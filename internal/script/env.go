package script

import (
	"context"
	"time"
)

// Env is the world of one run. All of it is used by the goroutine that called Run.
// Values that cross it are nil, bool, int64, float64, string, []string (a Java
// collection), Message, Data (an object of a script) and *Call.
type Env struct {
	Variables Variables
	// Message returns a message, or nil when there is none in this flow.
	Message func(Role) Message
	// Send begins an HTTP call. An error is thrown in the script.
	Send func(ctx context.Context, r Request) (*Call, error)
	// Format formats a time as SimpleDateFormat does; zone "" is UTC.
	Format func(pattern, zone string, t time.Time) (string, error)
	// Print takes one line of output; it may be nil.
	Print func(line string)

	Flow       string            // context.flow
	Properties map[string]string // the policy's
	Session    Session           // context.session
	Now        func() time.Time
	Limit      time.Duration // for the scripts together, and for each callback
}

// Variables are the flow variables. An error of theirs ends the run, and is what
// Run returns: the script cannot catch it.
type Variables interface {
	Get(name string) (any, error)
	Set(name string, v any) error // nil removes
}

// Session keeps values for the scripts that run later in the same transaction.
type Session interface {
	Get(name string) any
	Set(name string, v any) // nil removes
	Names() []string
}

// Role names a message as scripts do.
type Role uint8

// The messages of a transaction. Ambient is the one that "message" means; those of the
// proxy and of the target are context's.
const (
	RequestMessage Role = iota
	ResponseMessage
	ErrorMessage
	AmbientMessage
	ProxyRequestMessage
	ProxyResponseMessage
	TargetRequestMessage
	TargetResponseMessage
)

// Message is an HTTP message as a script sees it. Its errors end the run.
type Message interface {
	IsRequest() bool
	// Part returns a part of the message; status is an int64, everything else text.
	Part(p Part) (any, error)
	SetPart(p Part, v string) error
	// Fields returns the header, the query or the form.
	Fields(k FieldKind) Fields
}

// Part is a part of a message.
type Part uint8

// The parts. Reason and Status are those of responses, all others but Content
// those of requests.
const (
	Content Part = iota
	Method
	URL
	Protocol
	Host
	Port
	Path
	Status
	Reason
)

// FieldKind tells the named, repeatable fields of a message apart.
type FieldKind uint8

// The kinds of fields.
const (
	Headers FieldKind = iota
	QueryParams
	FormParams
)

// Fields are named values of a message. A name may have several.
type Fields interface {
	Names() ([]string, error)
	// Values returns the values of a name, none when there is no such field, and the
	// text that stands for all of them together.
	Values(name string) (values []string, text string, err error)
	Set(name string, values []string) error // none removes
}

// Data is an object or an array of a script, as JSON: a copy, which a later script
// gets a copy of.
type Data struct{ JSON string }

// String is the JSON text: what other policies see.
func (d Data) String() string { return d.JSON }
