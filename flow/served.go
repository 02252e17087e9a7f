package flow

import "slices"

// Served is how a policy says that it has the response already, so that no
// target is asked: ResponseCache after a hit. Execute returns it as its error;
// it is no failure. The rest of the request flows and the call of the target are
// skipped, and the response flows go on at the step called Step: it runs, and
// what comes after it; what comes before does not (policies-2.md, ResponseCache,
// recommended). Without a Step the response flow of the ProxyEndpoint runs whole:
// the answer to a CORS preflight.
type Served struct {
	Step     string
	Response *Message
}

func (s *Served) Error() string { return "step " + s.Step + " has the response already" }

// From returns the part of the plan that begins with the step called name; ok is
// false when the plan has no such step. A conditional flow that holds the step is
// entered whatever its condition says.
func (p *Plan) From(name string) (rest Plan, ok bool) {
	rest = Plan{Side: p.Side}
	for i := range p.Pre {
		if s, ok := p.Pre[i].from(name); ok {
			rest.Pre = append([]Section{s}, p.Pre[i+1:]...)
			rest.Branches, rest.Post = p.Branches, p.Post
			return rest, true
		}
	}
	for i := range p.Branches {
		if s, ok := p.Branches[i].from(name); ok {
			rest.Pre, rest.Post = []Section{s}, p.Post
			return rest, true
		}
	}
	for i := range p.Post {
		if s, ok := p.Post[i].from(name); ok {
			rest.Post = append([]Section{s}, p.Post[i+1:]...)
			return rest, true
		}
	}
	return Plan{}, false
}

func (s *Section) from(name string) (rest Section, ok bool) {
	i := slices.IndexFunc(s.Steps, func(step Step) bool { return step.Name == name })
	if i < 0 {
		return Section{}, false
	}
	rest = *s
	rest.Condition, rest.Steps = nil, s.Steps[i:]
	return rest, true
}
