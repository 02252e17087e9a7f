package script

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/dlclark/regexp2/v2"
	"github.com/dop251/goja"
	"github.com/dop251/goja/parser"
)

// maxSource bounds one script file, in bytes; the largest public ones have 300 KB.
const maxSource = 1 << 20

// regexpLimit ends a backtracking match: the machine's interrupt does not reach one.
// The expression then counts as not matching.
const regexpLimit = 100 * time.Millisecond

func init() {
	// The engine takes the limit from this variable alone. Other users of the
	// library in this program give each expression its own limit.
	regexp2.DefaultMatchTimeout = regexpLimit
}

// Source is one script file: its name, as errors show it, and its text.
type Source struct{ Name, Text string }

// Program is the scripts of one policy, compiled: safe for any number of runs at once.
type Program struct {
	parts []*goja.Program
	uses  uses
}

// CompileError says where a script does not compile.
type CompileError struct {
	File         string
	Line, Column int // from 1; 0 when they are not known
	Message      string
	Hint         string // what to do about it, "" when there is nothing to say
}

func (e *CompileError) Error() string {
	if e.Line == 0 {
		return e.File + ": " + e.Message
	}
	return fmt.Sprintf("%s:%d:%d: %s", e.File, e.Line, e.Column, e.Message)
}

// Compile compiles scripts that run one after the other in one global scope. Its
// error is a *CompileError.
func Compile(sources ...Source) (*Program, error) {
	p := &Program{}
	for _, s := range sources {
		part, err := compile(s)
		if err != nil {
			return nil, err
		}
		p.parts = append(p.parts, part)
		p.uses.scan(s.Text)
	}
	return p, nil
}

func compile(s Source) (*goja.Program, error) {
	if err := refuse(s); err != nil {
		return nil, err
	}
	part, err := parse(s)
	if err == nil {
		return part, nil
	}
	if text, ok := standard(s.Text); ok {
		if part, other := parse(Source{s.Name, text}); other == nil {
			return part, nil
		}
	}
	return nil, compileError(s, err)
}

// refuse keeps from the parser, which recurses, what would exhaust its stack.
func refuse(s Source) error {
	switch {
	case len(s.Text) > maxSource:
		return &CompileError{File: s.Name, Message: fmt.Sprintf("the script has %d bytes, more than %d", len(s.Text), maxSource), Hint: "divide it into several files"}
	case tooDeep(s.Text, maxBrackets):
		return &CompileError{File: s.Name, Message: fmt.Sprintf("brackets are nested deeper than %d", maxBrackets)}
	}
	return nil
}

// parse never follows a source map: the engine would read files that a comment names.
func parse(s Source) (*goja.Program, error) {
	tree, err := parser.ParseFile(nil, s.Name, s.Text, 0, parser.WithDisableSourceMaps)
	if err != nil {
		return nil, err
	}
	return goja.CompileAST(tree, false)
}

func compileError(s Source, err error) error {
	e := &CompileError{File: s.Name, Message: err.Error()}
	var list parser.ErrorList
	var late *goja.CompilerSyntaxError
	switch {
	case errors.As(err, &list) && len(list) > 0:
		e.Message, e.Line, e.Column = list[0].Message, list[0].Position.Line, list[0].Position.Column
	case errors.As(err, &late) && late.File != nil:
		at := late.File.Position(late.Offset)
		e.Message, e.Line, e.Column = late.Message, at.Line, at.Column
	}
	e.Hint = rhinoHint(lineOf(s.Text, e.Line))
	return e
}

func lineOf(text string, n int) string {
	for line := range strings.Lines(text) {
		if n--; n == 0 {
			return line
		}
	}
	return ""
}
