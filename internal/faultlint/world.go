package faultlint

import (
	"slices"
	"strings"

	"sluice/faults"
	"sluice/flow"
)

// world is one fault at one place: what the fault rules of an endpoint may be
// asked about.
type world struct {
	fault *faults.Def
	by    *policy // that raises it; nil for the runtime, and for what is not known
	// open leaves the flags of policies open, because some policy that is not known
	// may have set them.
	open bool
}

// setting is an endpoint with its worlds and with what can set a flag there.
type setting struct {
	*bundle
	endpoint *endpoint
	sources  *sources
	worlds   []*world
	setters  map[string][]*policy // flag -> policies that set it
	assigned map[string]bool      // variables that the bundle sets itself
	truths   map[truthKey]truth
}

type truthKey struct {
	atom  *atom
	world *world
}

// settingOf returns the setting of an endpoint, made once.
func (b *bundle) settingOf(e *endpoint) *setting {
	if b.settings[e] == nil {
		b.settings[e] = b.newSetting(e)
	}
	return b.settings[e]
}

func (b *bundle) newSetting(e *endpoint) *setting {
	s := &setting{bundle: b, endpoint: e, sources: b.sourcesOf(e), setters: b.flags(), assigned: b.assigned(), truths: map[truthKey]truth{}}
	s.add(s.sources)
	if e.alwaysEnforce {
		s.add(b.sourcesInRules(e))
	}
	for _, d := range e.runtimeFaults() {
		s.worlds = append(s.worlds, &world{fault: d})
	}
	return s
}

func (s *setting) add(from *sources) {
	for _, p := range from.policies {
		for _, d := range p.raises() {
			s.worlds = append(s.worlds, &world{fault: d, by: p})
		}
	}
	if !from.complete() {
		s.worlds = append(s.worlds, anyFault...)
	}
}

// anyFault are the worlds of a policy of which nothing is known: a fault of any
// name that is catalogued for some policy type.
var anyFault = func() []*world {
	var list []*world
	for _, name := range faultNames {
		list = append(list, worldNamed(name))
	}
	return list
}()

// faultNames are all catalogued names of policies' and the runtime's faults.
var faultNames = func() []string {
	var names []string
	for _, d := range faults.All() {
		if d.Kind == faults.Runtime && d.Evidence != faults.Sluice && !strings.Contains(d.Name, "{") {
			names = append(names, d.Name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}()

func worldNamed(name string) *world {
	return &world{fault: &faults.Def{Kind: faults.Runtime, Name: name, Code: name}, open: true}
}

// flags maps the flags that policies of the bundle set, attached anywhere, to
// those policies.
func (b *bundle) flags() map[string][]*policy {
	m := map[string][]*policy{}
	for _, p := range b.attached().policies {
		for _, flag := range p.flags() {
			m[flag] = append(m[flag], p)
		}
	}
	return m
}

// flags are the variables that may become true when the policy fails.
func (p *policy) flags() []string {
	return append(faults.ElementFlags(p.kind, p.name), p.extraFlags()...)
}

// extraFlags are flags that are documented among a policy's variables and not with
// its faults (policies-2.md).
func (p *policy) extraFlags() []string {
	if p.kind == "VerifyAPIKey" {
		return []string{"verifyapikey." + p.name + ".failed"}
	}
	return nil
}

// assigned are the variables that AssignMessage and the like set, and those that
// stand in a policy which fills variables named by a prefix.
func (b *bundle) assigned() map[string]bool {
	m := map[string]bool{}
	for _, p := range b.policies {
		for _, el := range p.root.below("AssignVariable", "Name") {
			m[el.value()] = true
		}
		for _, el := range p.root.below("Variable", "Name") {
			m[el.value()] = true
		}
		p.root.walk(func(el *element) {
			if el.tag == "Variable" || el.tag == "Get" || el.tag == "OutputVariable" {
				m[el.attr("name")+el.attr("assignTo")] = true
			}
		})
	}
	return m
}

// truth is what is known of a comparison in a world.
type truth uint8

const (
	open truth = iota
	never
	always
)

// truth evaluates a comparison, as far as the fault decides it: its name, and the
// flags of policies. Whatever else it reads may be anything.
func (s *setting) truth(a *atom, w *world) truth {
	k := truthKey{a, w}
	t, known := s.truths[k]
	if !known {
		t = s.evaluate(a, w)
		s.truths[k] = t
	}
	return t
}

func (s *setting) evaluate(a *atom, w *world) truth {
	flag, values := "", []flow.Value{null}
	for _, name := range a.names {
		switch {
		case name == "fault.name" || name == "fault.type":
			if s.sources.wild != "" && w.open {
				return open
			}
		case flag == "" && isFlag(name):
			flag, values = name, s.flagValues(name, w)
		default:
			return open
		}
	}
	result := open
	for i, v := range values {
		t := a.evaluate(w, flag, v)
		if i > 0 && t != result {
			return open
		}
		result = t
	}
	return result
}

var null flow.Value

func (a *atom) evaluate(w *world, flag string, v flow.Value) truth {
	x := newExchange()
	x.Fail(w.fault.New())
	if flag != "" {
		x.Put(flag, v)
	}
	ok, err := a.test.Eval(x)
	switch {
	case err != nil:
		return open
	case ok:
		return always
	}
	return never
}

func isFlag(name string) bool { return strings.HasSuffix(name, ".failed") }

// sets reports whether the fault of the world makes a flag true.
func (w *world) sets(flag string) bool {
	return w.by != nil && (slices.Contains(w.fault.FlagNames(w.by.name), flag) || slices.Contains(w.by.extraFlags(), flag))
}

// flagValues are what a flag can be in a world; none means anything. The flag of
// the policy that failed is true. Every other is null or, when its policy ran and
// passed, false; and also true if that policy failed and the flow went on.
func (s *setting) flagValues(flag string, w *world) []flow.Value {
	if s.assigned[flag] || w.open {
		return nil
	}
	if w.sets(flag) {
		return []flow.Value{flow.Bool(true)}
	}
	values := []flow.Value{null, flow.Bool(false)}
	setters := s.setters[flag]
	if slices.ContainsFunc(setters, func(p *policy) bool { return p.goesOn }) || len(setters) == 0 && !s.sources.complete() {
		values = append(values, flow.Bool(true))
	}
	return values
}
