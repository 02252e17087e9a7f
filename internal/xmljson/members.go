package xmljson

import "sluice/internal/ordjson"

// names is an ordered set of names: long ones are found through a map, so that a document of very many names takes no
// quadratic time.
type names struct {
	list  []string
	index map[string]int // nil while the list is short
}

// shortNames is up to which length walking the list is quicker.
const shortNames = 16

// place returns where name stands. isNew tells that it has just been appended.
func (n *names) place(name string) (at int, isNew bool) {
	if at, ok := n.find(name); ok {
		return at, false
	}
	n.list = append(n.list, name)
	at = len(n.list) - 1
	switch {
	case n.index != nil:
		n.index[name] = at
	case len(n.list) > shortNames:
		n.index = make(map[string]int, 2*len(n.list))
		for i, name := range n.list {
			n.index[name] = i
		}
	}
	return at, true
}

func (n *names) find(name string) (at int, ok bool) {
	if n.index != nil {
		at, ok = n.index[name]
		return at, ok
	}
	for i, other := range n.list {
		if other == name {
			return i, true
		}
	}
	return 0, false
}

// members are the members of an object to be. What has the same name gathers in an array.
type members struct {
	names
	values []gathered
}

type gathered struct {
	value *ordjson.Node
	many  bool       // value is an array that was made here
	as    *arrayStep // the path of TreatAsArray that it was made for, or nil
}

// add adds a value. as is its path of TreatAsArray, nil for none.
func (m *members) add(name string, value *ordjson.Node, as *arrayStep) {
	at, isNew := m.place(name)
	if isNew {
		m.values = append(m.values, gathered{value: value})
	}
	g := &m.values[at]
	if !g.many && (as != nil || !isNew) {
		g.value, g.many = ordjson.NewArray(g.value), true
	}
	if as != nil {
		g.as = as
	}
	if !isNew {
		g.value.Push(value)
	}
}

func (m *members) object() *ordjson.Node {
	o := ordjson.NewObject()
	for i, name := range m.list {
		o.Add(name, m.values[i].value)
	}
	return o
}

// unwrapped is the array that stands for all of the object, and its path; nil if there is none, or other members beside it.
func (m *members) unwrapped() (*ordjson.Node, *arrayStep) {
	if len(m.values) != 1 || m.values[0].as == nil || !m.values[0].as.unwrap {
		return nil, nil
	}
	return m.values[0].value, m.values[0].as
}
