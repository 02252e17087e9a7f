package flow

import "strings"

// Get returns the value of a variable, null when it is unresolved.
func (x *Exchange) Get(n *Name) Value {
	if x.trace == nil {
		return x.get(n)
	}
	v := x.get(n)
	x.trace.Event(x, Event{Kind: GotVariable, Name: n.text, Value: v})
	return v
}

func (x *Exchange) get(n *Name) Value {
	if n.root != nil {
		return n.root.get(x, n.key)
	}
	if n.part == nil {
		return x.own(n)
	}
	m := x.messageOf(n)
	if m == nil {
		return x.own(n)
	}
	v, err := n.part.get(m, n)
	if err != nil && x.broken == nil {
		x.broken = err
	}
	return v
}

// messageOf is the message that n names a part of. A variable of the bundle's own
// that has the whole name comes before a part of its own message.
func (x *Exchange) messageOf(n *Name) *Message {
	if n.from != nil {
		return n.from(x)
	}
	if _, ok := x.held(n.text); ok {
		return nil
	}
	v, _ := x.held(n.msg)
	return v.Message()
}

// own returns a variable of the bundle's own. "PREFIX.POLICY.failed" of a policy
// that ran and passed is false although nobody stored it.
func (x *Exchange) own(n *Name) Value {
	if v, ok := x.held(n.text); ok {
		return v
	}
	if strings.HasSuffix(n.text, ".failed") {
		return x.passedFlag(n.text)
	}
	return Value{}
}

func (x *Exchange) passedFlag(name string) Value {
	for _, s := range x.ran {
		if s.flags(name) {
			return Bool(false)
		}
	}
	return Value{}
}

// Lookup is Get for a name that is known only now.
func (x *Exchange) Lookup(name string) Value { return x.Get(ParseName(name)) }

// SetError is a variable that could not be set: it is predefined, and not writable.
type SetError struct{ Name string }

func (e *SetError) Error() string { return "flow variable " + e.Name + " is read-only" }

// Set gives a variable a value; null removes it. It fails with a *SetError for a
// read-only variable, and with a *faults.Fault when a body must be read for it. Setting a predefined variable before its scope
// does nothing and is no error (runtime.md 6).
func (x *Exchange) Set(n *Name, v Value) error {
	if x.trace != nil {
		x.trace.Event(x, Event{Kind: SetVariable, Name: n.text, Value: v})
	}
	if n.root != nil {
		if n.root.set == nil {
			return &SetError{n.text}
		}
		return n.root.set(x, n.key, v)
	}
	if n.part != nil {
		if m := x.Message(n.msg); m != nil {
			return setPart(m, n, v)
		}
		if n.from != nil {
			return nil
		}
	}
	x.store(n.text, v)
	return nil
}

func setPart(m *Message, n *Name, v Value) error {
	if n.part.set == nil {
		return &SetError{n.text}
	}
	switch {
	case !v.IsNull():
		return n.part.set(m, n, v)
	case n.part.del != nil:
		return n.part.del(m, n)
	}
	return n.part.set(m, n, Text(""))
}

// BelowLeaf reports whether n lies below a variable that holds a value without parts:
// "a.b" does, and n is "a.b.c". Set does not care; ExtractVariables does.
func (x *Exchange) BelowLeaf(n *Name) bool {
	for _, prefix := range n.dots {
		if held, ok := x.held(prefix); ok && held.typ != MessageObject && held.typ != Object {
			return true
		}
	}
	return false
}

func (x *Exchange) store(name string, v Value) {
	if v.IsNull() {
		x.drop(name)
		return
	}
	x.keep(name, v)
}

// Put is Set for what a policy itself documents to set ("jwt.POLICY.claim.x"):
// the name is known only now, and nothing refuses it.
func (x *Exchange) Put(name string, v Value) {
	if x.trace != nil {
		x.trace.Event(x, Event{Kind: SetVariable, Name: name, Value: v})
	}
	x.store(name, v)
}

// Remove drops a variable of the bundle's own.
func (x *Exchange) Remove(name string) { x.drop(name) }

// Held returns the stored value of a variable of the bundle's own, and whether
// there is one; FlowCallout saves and restores its parameters with it.
func (x *Exchange) Held(name string) (Value, bool) {
	v, ok := x.held(name)
	return v, ok
}
