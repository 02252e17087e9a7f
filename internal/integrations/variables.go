package integrations

import (
	"fmt"
)

const (
	// maxText bounds one text that is built from references, for example a request body.
	maxText = 50 << 20
	// maxScope bounds all variables of one execution. Google documents 30 MB, and also
	// responses of 50 MB; this leaves room for one of these and its parsed form.
	maxScope = 200 << 20
)

// variable is one declared variable of an integration.
type variable struct {
	key      string
	dataType dataType
	initial  value
	in, out  bool
}

// scope holds the variables of one execution. It belongs to one goroutine.
type scope struct {
	types map[string]dataType // declared types, shared and read-only
	vars  map[string]value
	bytes map[string]int
	total int
}

func newScope(in *integration) *scope {
	s := &scope{types: in.types, vars: map[string]value{}, bytes: map[string]int{}}
	for _, v := range in.variables {
		s.vars[v.key] = v.initial
	}
	return s
}

// lookup is the value that r names, and whether there is a variable of that name.
func (s *scope) lookup(r reference) (value, bool) {
	if v, ok := s.vars[r.whole]; ok {
		return v, true
	}
	v, ok := s.vars[r.name]
	return getPath(v, r.path), ok
}

// set assigns to a variable or, with a path, to a part of one. The value is converted to the
// declared type of the variable; a variable that is not declared takes any type.
func (s *scope) set(r reference, v value) error {
	name, path := r.name, r.path
	if _, ok := s.vars[r.whole]; ok {
		name, path = r.whole, nil
	}
	grown := size(v, maxScope)
	if len(path) == 0 {
		grown -= s.bytes[name]
	}
	if s.total+grown > maxScope {
		return fmt.Errorf("the variables of this execution exceed %d MB", maxScope>>20)
	}
	whole, err := setPath(s.vars[name], path, v)
	if err != nil {
		return err
	}
	if whole, err = convert(whole, s.types[name]); err != nil {
		return err
	}
	s.vars[name] = whole
	s.bytes[name] += grown
	s.total += grown
	return nil
}

// setSystem sets a system variable, such as ExecutionId; names carry backticks in references.
func (s *scope) setSystem(name string, v value) { s.vars["`"+name+"`"] = v }
