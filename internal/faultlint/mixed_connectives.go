package faultlint

import "fmt"

var _ = register(Rule{
	Name: "mixed-connectives",
	Doc: Doc{
		Title: "and beside or without parentheses, where it matters",
		Text: `The Condition of a fault rule or of one of its steps mixes "and" with "or" and has
no parentheses to say what belongs together. Apigee documents both readings: "or"
binds tighter (conditional flows), and Java's precedence, in which "and" does (the
conditions reference). For some fault the two readings differ.`,
		Sample: `<Condition>fault.name = "InvalidApiKey" or fault.name = "FailedToResolveAPIKey" and request.verb = "GET"</Condition>`,
		Fix:    "write the parentheses.",
	},
	run: func(p *pass) { p.eachSetting(p.mixedConnectives) },
})

func (p *pass) mixedConnectives(s *setting) {
	for _, r := range s.endpoint.handlers() {
		p.mixed(s, r.condition)
		for _, st := range r.steps {
			p.mixed(s, st.condition)
		}
	}
}

func (p *pass) mixed(s *setting, c *condition) {
	if c == nil || c.broken {
		return
	}
	seen := map[string]bool{}
	for _, w := range s.worlds {
		key := s.seen(w, []*condition{c})
		if seen[key] {
			continue
		}
		seen[key] = true
		if example := s.ambiguous(w, c); example != "" {
			p.report(c.document, c.el.at,
				`"and" and "or" are mixed without parentheses, and it matters which binds tighter: `+example,
				"write the parentheses: (a or b) and c, or a or (b and c)")
			return
		}
	}
}

// ambiguous gives an example of a case in which the two readings differ, "" if
// there is none in this world.
func (s *setting) ambiguous(w *world, c *condition) string {
	t := s.trial(w, []*condition{c})
	if len(t.open) > maxOpen {
		return ""
	}
	for bits := range 1 << len(t.open) {
		values := t.values(c, bits)
		tighterOr := holds(c.shapes[0], values)
		if tighterOr == holds(c.shapes[1], values) {
			continue
		}
		return fmt.Sprintf("%s, it is %t with \"or\" tighter, as sluice reads it, and %t with \"and\" tighter", c.example(values), tighterOr, !tighterOr)
	}
	return ""
}

// example describes which comparisons hold.
func (c *condition) example(values []bool) string {
	var true []string
	for i, a := range c.atoms {
		if values[i] {
			true = append(true, a.text)
		}
	}
	if len(true) == 0 {
		return "when no comparison holds"
	}
	return "when only " + listed(true, "and") + " holds"
}
