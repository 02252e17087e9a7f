package script

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/dop251/goja"
)

// Kind says in which way a script failed.
type Kind uint8

// The kinds of failures.
const (
	Engine      Kind = iota // the engine threw an error: Type and Description
	Thrown                  // the script threw something: Description
	TimeLimit               // it ran longer than Env.Limit
	OutOfMemory             // it used too much memory, or called too deep
	Security                // it reached for a Java class
)

// Failure is how a script failed, and where.
type Failure struct {
	Kind        Kind
	Type        string // "ReferenceError"; "" when the script threw no error object
	Description string // in Rhino's words, without a full stop
	File        string
	Line        int // from 1; 0 when it is not known
}

// Error is "TypeError: description (file:line)".
func (f *Failure) Error() string {
	text := f.Message()
	if f.File == "" {
		return text
	}
	return fmt.Sprintf("%s (%s:%d)", text, f.File, f.Line)
}

// Message is the failure without its place.
func (f *Failure) Message() string {
	if f.Type == "" {
		return f.Description
	}
	return f.Type + ": " + f.Description
}

// maxDescription bounds the text of a failure, which clients see, in bytes.
const maxDescription = 2 << 10

// rhinoWords are the texts of the engine that Rhino words differently, with what
// Rhino says (the playbook "JavaScript policy runtime error troubleshooting").
var rhinoWords = []struct {
	engine *regexp.Regexp
	rhino  string
}{
	{regexp.MustCompile(`^(\S+) is not defined$`), `"$1" is not defined`},
	{regexp.MustCompile(`^Cannot read property '([^']*)' of (null|undefined)(?: or null)?$`), `Cannot read property "$1" from $2`},
	{regexp.MustCompile(`^Object has no member '([^']*)'$`), `Cannot find function $1 in object`},
	{regexp.MustCompile(`^Value is not an object: (.*)$`), `$1 is not a function`},
	{regexp.MustCompile(`^invalid character '(.*)' (?:looking|after|in|exponent).*$`), `Unexpected token: $1`},
	{regexp.MustCompile(`^Unexpected end of JSON input.*$`), `Unexpected end of input`},
	{regexp.MustCompile(`^Unexpected token at the end: .*$`), `Unexpected token after the end`},
	{regexp.MustCompile(`^Malformed URI.*$`), `Malformed URI sequence`},
	{regexp.MustCompile(`^Invalid time value$`), `Date is invalid`},
	{regexp.MustCompile(`^to(?:Precision|Fixed|Exponential)\(\) precision must be .*$`), `Precision out of range`},
	{regexp.MustCompile(`^Invalid array length$`), `Inappropriate array length`},
}

// failure makes a Failure, or the error that ended the run, of what a run of the
// machine returned.
func (r *run) failure(err error) error {
	var interrupted *goja.InterruptedError
	var overflow *goja.StackOverflowError
	var exception *goja.Exception
	switch {
	case err == nil:
		return nil
	case errors.As(err, &interrupted):
		return r.interrupted(interrupted)
	case errors.As(err, &overflow):
		return place(&Failure{Kind: OutOfMemory, Type: "RangeError", Description: "functions call each other deeper than " + fmt.Sprint(maxCallDepth)}, overflow.Stack())
	case errors.As(err, &exception):
		return place(r.thrown(exception.Value()), exception.Stack())
	}
	return err
}

func (r *run) interrupted(i *goja.InterruptedError) error {
	switch verdict := i.Value().(type) {
	case *Failure:
		own := *verdict
		return place(&own, i.Stack())
	case error:
		return verdict
	}
	return i
}

// place fills in where: the innermost frame that has a file, or else one of code that
// was compiled at run time.
func place(f *Failure, stack []goja.StackFrame) *Failure {
	for i := range stack {
		at, name := stack[i].Position(), stack[i].SrcName()
		switch {
		case at.Line == 0 || name == "<native>":
		case name != "<eval>":
			f.File, f.Line = name, at.Line
			return f
		case f.File == "":
			f.File, f.Line = name, at.Line
		}
	}
	return f
}

// thrown describes a value that a script, or the engine, threw.
func (r *run) thrown(v goja.Value) *Failure {
	o, isObject := v.(*goja.Object)
	if !isObject || o.ClassName() != "Error" {
		return &Failure{Kind: Thrown, Description: clip(r.text(v))}
	}
	f := &Failure{Kind: Thrown, Type: clip(r.property(o, "name")), Description: clip(r.property(o, "message"))}
	return f.inRhinosWords()
}

func (f *Failure) inRhinosWords() *Failure {
	if name, ok := strings.CutSuffix(f.Description, " is not defined"); ok && f.Type == "ReferenceError" && slices.Contains(javaNames, name) {
		f.Kind, f.Description = Security, name+" is not available: a script reaches no Java class"
		return f
	}
	for _, w := range rhinoWords {
		if w.engine.MatchString(f.Description) {
			f.Kind, f.Description = Engine, w.engine.ReplaceAllString(f.Description, w.rhino)
			return f
		}
	}
	return f
}

func clip(s string) string {
	if len(s) > maxDescription {
		return strings.ToValidUTF8(s[:maxDescription], "") + "..."
	}
	return s
}

func overTime(limit time.Duration) *Failure {
	return &Failure{Kind: TimeLimit, Description: fmt.Sprintf("Javascript runtime exceeded limit of %dms", limit.Milliseconds())}
}

func overMemory() *Failure {
	return &Failure{Kind: OutOfMemory, Type: "RangeError", Description: fmt.Sprintf("the memory of the process grew by more than %d MB while the script ran", maxGrowth>>20)}
}
