package policies

import (
	"slices"

	"sluice/flow"
)

// extractPart is URIPath, QueryParam, Header, FormParam or Variable: patterns
// for the text of one variable.
type extractPart struct {
	element     string
	from        *flow.Name
	reads       bool // it is a part of the source
	requestOnly bool // it does nothing when the source is a response
	first       bool // only the first pattern that matches counts
	patterns    []extractTarget
}

// extractTarget is a pattern with the variables that its captures go to.
type extractTarget struct {
	*extractPattern
	variables []*flow.Name
}

// sortBySegments puts the patterns with the most segments first, and leaves the
// order of the file among equals: the documented preference of URIPath.
func (e *extractPart) sortBySegments() {
	slices.SortStableFunc(e.patterns, func(a, b extractTarget) int { return len(b.elements) - len(a.elements) })
}

func (e *extractPart) extract(p *extractVariables, x *flow.Exchange, in extractInput) error {
	switch {
	case e.reads && in.message == nil:
		return p.unsupported.New("element", e.element, "source", p.source.String())
	case e.requestOnly && in.message.Kind != flow.Request:
		return nil
	}
	v := x.Get(e.from)
	if v.IsNull() {
		return nil
	}
	text := v.String()
	for i := range e.patterns {
		matched, err := e.patterns[i].assign(p, x, text)
		if err != nil {
			return err
		}
		if matched && e.first {
			break
		}
	}
	return nil
}

// assign sets the variables of the pattern if it matches.
func (t *extractTarget) assign(p *extractVariables, x *flow.Exchange, text string) (matched bool, err error) {
	var room [8]string
	found := room[:]
	if len(t.variables) > len(room) {
		found = make([]string, len(t.variables))
	}
	if !t.match(text, found) {
		return false, nil
	}
	for i, name := range t.variables {
		if err := p.set(x, name, flow.Text(found[i])); err != nil {
			return true, err
		}
	}
	return true, nil
}
