package integrations

import (
	"encoding/json"
	"fmt"
	"sync"
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

// variables are those of one execution. Tasks that run side by side share them.
type variables struct {
	types map[string]dataType // declared types, shared and read-only

	mu    sync.RWMutex // guards the rest; values themselves are immutable
	vars  map[string]value
	bytes map[string]int
	total int
}

// A scope is the view that one task, or one condition, has of the variables: its own ErrorInfo
// hides that of a task that failed at the same time. It belongs to one goroutine.
type scope struct {
	*variables
	own         map[string]value
	read, wrote notes // what was looked up and set, for the record of the task
}

// notes keep the last value of each variable; nil keeps nothing.
type notes map[string]value

func (n notes) add(name string, v value) {
	if n != nil {
		n[name] = v
	}
}

func newScope(in *integration) *scope {
	s := &variables{types: in.types, vars: map[string]value{}, bytes: map[string]int{}}
	for _, v := range in.variables {
		s.vars[v.key] = v.initial
	}
	return &scope{variables: s}
}

// forTask is a scope on the same variables that takes notes.
func (s *scope) forTask() *scope {
	return &scope{variables: s.variables, read: notes{}, wrote: notes{}}
}

// with is a scope on the same variables in which a system variable has a value of its own.
func (s *scope) with(name string, v value) *scope {
	return &scope{variables: s.variables, own: map[string]value{system(name): v}}
}

// lookup is the value that r names, and whether there is a variable of that name. A system
// variable may be named without its backticks, as $ProjectId$ is in Google's own templates.
func (s *scope) lookup(r reference) (value, bool) {
	name, v, path, ok := s.find(r)
	if !ok {
		return nil, false
	}
	s.read.add(name, v)
	return getPath(v, path), true
}

func (s *scope) find(r reference) (name string, v value, path []step, ok bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if v, ok = s.get(r.whole); ok {
		return r.whole, v, nil, true
	}
	if v, ok = s.get(r.name); ok {
		return r.name, v, r.path, true
	}
	v, ok = s.get(system(r.name))
	return system(r.name), v, r.path, ok
}

// get is for holders of the lock.
func (s *scope) get(name string) (value, bool) {
	if v, ok := s.own[name]; ok {
		return v, true
	}
	v, ok := s.vars[name]
	return v, ok
}

// set assigns to a variable or, with a path, to a part of one. The value is converted to the
// declared type of the variable; a variable that is not declared takes any type.
func (s *scope) set(r reference, v value) error {
	s.mu.Lock()
	defer s.mu.Unlock()
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
	s.wrote.add(name, whole)
	return nil
}

// setNamed is set for a whole variable.
func (s *scope) setNamed(name string, v value) error {
	return s.set(reference{whole: name, name: name}, v)
}

// named is the variable of exactly this name.
func (s *scope) named(name string) (value, bool) {
	return s.lookup(reference{whole: name, name: name})
}

// system is the full name of a system variable, such as ExecutionId: it carries backticks.
func system(name string) string { return "`" + name + "`" }

func (s *scope) setSystem(name string, v value) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.vars[system(name)] = v
}

// all are the variables that have a value, as one object.
func (s *scope) all() *object {
	s.mu.RLock()
	defer s.mu.RUnlock()
	o := newObject()
	for name, v := range s.vars {
		if v != nil {
			o.put(name, v)
		}
	}
	return o
}

// restore sets variables as a record keeps them.
func (s *scope) restore(kept json.RawMessage) error {
	o, err := parseObject(string(kept))
	if err != nil {
		return err
	}
	for _, name := range o.names {
		if err := s.setNamed(name, o.fields[name]); err != nil {
			return fmt.Errorf("variable %s: %w", name, err)
		}
	}
	return nil
}
