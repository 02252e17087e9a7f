package graphql

import (
	"strconv"

	"github.com/vektah/gqlparser/v2/ast"
)

// Bounds of what is validated.
const (
	// MaxVisits bounds the fields that are met when each definition is followed into the
	// fragments that it spreads.
	MaxVisits = 100_000
	// MaxPairs bounds the pairs of fields that have one name in the response below one
	// name: those are compared with each other.
	MaxPairs = 500_000
)

// work is what validating a document costs.
type work struct{ visits, pairs int }

// extent is what a selection set holds, with its fragments.
type extent struct{ depth, fields int }

// add takes what stands beside.
func (e *extent) add(o extent) {
	e.depth = max(e.depth, o.depth)
	e.fields = min(e.fields+o.fields, MaxVisits+1) // saturated: fragments of fragments multiply
}

// measurement walks the definitions of a document once each.
type measurement struct {
	d      *Document
	known  map[string]extent // fragments that were walked
	within map[string]bool   // fragments that the walk is in
	fields map[place]int
	err    error
}

// place is where a field stands in the response: below a name, "" for an operation.
type place struct{ below, name string }

// inFragment is the below of fields that begin a fragment: it may be spread anywhere.
const inFragment = "..."

func (d *Document) measure() error {
	d.names = make(map[string]*ast.FragmentDefinition, len(d.query.Fragments))
	for _, f := range d.query.Fragments {
		if d.names[f.Name] == nil {
			d.names[f.Name] = f
		}
	}
	m := &measurement{d: d, known: map[string]extent{}, within: map[string]bool{}, fields: map[place]int{}}
	var all extent
	for _, op := range d.query.Operations {
		all.add(m.selections(op.SelectionSet, ""))
	}
	for _, f := range d.query.Fragments {
		all.add(m.fragment(f.Name))
	}
	if m.err != nil {
		return m.err
	}
	if d.Depth = all.depth; d.Depth > MaxDepth {
		return &Error{Text: "fields nest deeper than " + strconv.Itoa(MaxDepth) + " levels"}
	}
	d.work.visits = all.fields
	d.work.pairs = m.pairs()
	return nil
}

// pairs is at least the number of pairs of fields that may be compared.
func (m *measurement) pairs() int {
	total := map[string]int{} // by name
	for at, n := range m.fields {
		total[at.name] += n
	}
	pairs := 0
	for at, n := range m.fields {
		pairs += n * n / 2
		if at.below == inFragment {
			pairs += n * total[at.name]
		}
	}
	return pairs
}

func (m *measurement) selections(set ast.SelectionSet, below string) extent {
	var all extent
	for _, s := range set {
		switch s := s.(type) {
		case *ast.Field:
			m.fields[place{below, s.Alias}]++ // the alias is the name where there is none
			inner := m.selections(s.SelectionSet, s.Alias)
			all.add(extent{inner.depth + 1, inner.fields + 1})
		case *ast.InlineFragment:
			all.add(m.selections(s.SelectionSet, below))
		case *ast.FragmentSpread:
			all.add(m.fragment(s.Name))
		}
	}
	return all
}

// fragment is the extent of a fragment; that of an unknown one is empty.
func (m *measurement) fragment(name string) extent {
	f := m.d.names[name]
	e, known := m.known[name]
	switch {
	case f == nil || known || m.err != nil:
		return e
	case m.within[name]:
		m.err = &Error{Line: f.Position.Line, Column: f.Position.Column, Text: "fragments spread each other in a circle"}
		return e
	}
	m.within[name] = true
	e = m.selections(f.SelectionSet, inFragment)
	delete(m.within, name)
	m.known[name] = e
	return e
}
