package faultlint

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"sluice/faults"
	"sluice/internal/spelling"
)

var _ = register(Rule{
	Name: "fault-name",
	Doc: Doc{
		Title: "a rule waits for a fault that nothing raises",
		Text: `A FaultRule, or a step of one, tests fault.name for a name that no fault of this
endpoint has: it is misspelt, or it is the code and not its last part, or only
policy types raise it that are not attached to this endpoint. So it never runs.
A ProxyEndpoint's rules do not see the faults of a target, nor a TargetEndpoint's
those of the proxy. fault.name of every RaiseFault policy is "RaiseFault".

Nothing is said when a shared flow is called that is not among the bundles and
the name is one that some policy type has, nor when a JavaCallout, or the bundle
itself, may name the fault. Flow hooks are only known from an environment.`,
		Sample: `<FaultRule name="bad-key">
  <Condition>fault.name = "InvalidApikey"</Condition>
  <Step><Name>AM-BadKey</Name></Step>
</FaultRule>`,
		Fix: "write the name as `sluice faults POLICY` lists it, attach the policy that raises it, or remove the rule.",
	},
	run: func(p *pass) { p.eachSetting(p.faultNames) },
})

// eachSetting calls check for every endpoint that has fault rules.
func (p *pass) eachSetting(check func(*setting)) {
	for _, e := range p.endpoints {
		if len(e.handlers()) > 0 {
			check(p.settingOf(e))
		}
	}
}

func (p *pass) faultNames(s *setting) {
	for _, r := range s.endpoint.handlers() {
		what := "FaultRule " + r.name
		if r == s.endpoint.fallback {
			what = "the DefaultFaultRule"
		}
		if p.faultName(s, what, r.condition, nil) {
			continue
		}
		for _, st := range r.steps {
			p.faultName(s, "step "+st.name+" of "+what, st.condition, r.condition)
		}
	}
}

// faultName looks at one condition; outer must hold too. It reports whether the
// condition never holds.
func (p *pass) faultName(s *setting, what string, c, outer *condition) (dead bool) {
	if c == nil || c.broken {
		return false
	}
	unknown := s.unraised(c)
	if len(unknown) == 0 {
		return false
	}
	both := []*condition{c, outer}
	if s.possible(s.worlds, both, nil) {
		p.misspelt(s, c, unknown)
		return false
	}
	if !s.possible(worldsOf(c), both, nil) {
		return false // it contradicts itself, whatever the fault
	}
	names, reasons, fix := s.explain(unknown)
	p.report(c.document, c.el.place(unknown[0].offset),
		fmt.Sprintf("%s never runs: no fault of %s is called %s (%s)", what, s.endpoint, listed(names, "or"), strings.Join(reasons, "; ")), fix)
	return true
}

// unraised returns the comparisons that ask for a fault by a name which no world
// has.
func (s *setting) unraised(c *condition) []*atom {
	var list []*atom
	for _, a := range c.atoms {
		if !slices.Equal(a.names, []string{"fault.name"}) || len(a.literals()) == 0 {
			continue
		}
		raised := slices.ContainsFunc(s.worlds, func(w *world) bool { return s.truth(a, w) != never })
		if !raised && a.wants(a.literals()[0]) {
			list = append(list, a)
		}
	}
	return list
}

// wants reports whether the comparison holds for a fault of that name. A pattern
// does when it fits itself without its stars.
func (a *atom) wants(name string) bool {
	return a.evaluate(worldNamed(strings.ReplaceAll(name, "*", "")), "", null) == always
}

var quotedText = regexp.MustCompile(`"([^"]*)"`)

func (a *atom) literals() []string {
	var list []string
	for _, m := range quotedText.FindAllStringSubmatch(a.text, -1) {
		list = append(list, m[1])
	}
	return list
}

// worldsOf are the worlds in which faults have any name: a catalogued one or one
// that the condition mentions.
func worldsOf(c *condition) []*world {
	list := slices.Clone(anyFault)
	for _, a := range c.atoms {
		for _, name := range a.literals() {
			list = append(list, worldNamed(name))
		}
	}
	return list
}

// misspelt reports names that are nearly those of a fault which can arise, in a
// condition that other names keep alive.
func (p *pass) misspelt(s *setting, c *condition, unknown []*atom) {
	for _, a := range unknown {
		written := a.literals()[0]
		if slices.Contains(faultNames, written) || kindOfVariant(written) != nil {
			continue
		}
		meant := spelling.Likely(written, s.raisable())
		if meant == "" || slices.ContainsFunc(c.atoms, func(other *atom) bool { return s.truth(other, worldNamed(meant)) == always }) {
			continue
		}
		p.report(c.document, c.el.place(a.offset), fmt.Sprintf("no fault is called %q", written), fmt.Sprintf("did you mean %s?", meant))
	}
}

// raisable are the names of the faults that can arise, policies' first.
func (s *setting) raisable() []string {
	var names []string
	for _, w := range s.worlds {
		if !slices.Contains(names, w.fault.Name) {
			names = append(names, w.fault.Name)
		}
	}
	return names
}

// explain tells of each name why no fault has it, and what to do.
func (s *setting) explain(list []*atom) (names, reasons []string, fix string) {
	fix = "attach the policy that raises it, or remove the rule"
	for _, a := range list {
		name := a.literals()[0]
		if slices.Contains(names, fmt.Sprintf("%q", name)) {
			continue
		}
		names = append(names, fmt.Sprintf("%q", name))
		reason, better := s.whyUnraised(name)
		if !slices.Contains(reasons, reason) {
			reasons = append(reasons, reason)
		}
		if better != "" {
			fix = better
		}
	}
	return names, reasons, fix
}

func (s *setting) whyUnraised(name string) (reason, fix string) {
	kinds := kindsRaising(name)
	last := name[strings.LastIndexByte(name, '.')+1:]
	switch d := kindOfVariant(name); {
	case slices.Contains(kinds, faults.ElementRuntime):
		return s.elsewhere(name), "move the rule to the endpoint where the fault arises"
	case len(kinds) > 0:
		return s.notAttached(name, kinds), ""
	case last != name && slices.Contains(faultNames, last):
		return "that is the fault's code; its name is the last part", "write " + last
	case d != nil:
		return fmt.Sprintf("that is the reason of a fault %s of %s", d.Name, d.Element), "write " + d.Name
	}
	if meant := spelling.Likely(name, append(s.raisable(), faultNames...)); meant != "" {
		return "no policy type raises such a fault", "did you mean " + meant + "?"
	}
	return "no policy type raises such a fault; a RaiseFault's is always RaiseFault", "`sluice faults` lists all names"
}

// elsewhere explains a fault of the runtime.
func (s *setting) elsewhere(name string) string {
	switch {
	case slices.Contains(onlyAtTarget, name):
		return "it arises at the target, where only the TargetEndpoint's rules handle it"
	case slices.Contains(onlyAtProxy, name):
		return "it arises before the target, where only the ProxyEndpoint's rules handle it"
	}
	return "it arises where no rules are asked"
}

// notAttached explains a fault of policy types.
func (s *setting) notAttached(name string, kinds []string) string {
	for _, p := range s.sources.policies {
		switch {
		case !slices.Contains(kinds, p.kind):
		case p.goesOn:
			return p.name + " could raise it, but has continueOnError"
		default:
			return fmt.Sprintf("%s does not raise it with Operation %s", p.name, p.root.child("Operation").value())
		}
	}
	for _, other := range s.endpoints {
		for _, p := range s.settingOf(other).sources.policies {
			if other != s.endpoint && slices.Contains(kinds, p.kind) {
				return fmt.Sprintf("%s raises it in %s, whose own rules handle it", p.name, other)
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(s.policies)) {
		if p := s.policies[name]; !p.enabled && slices.Contains(kinds, p.kind) {
			return p.name + " could raise it, but is disabled"
		}
	}
	return fmt.Sprintf("only %s can raise it, and no such policy is attached", listed(kinds, "or"))
}

// kindsRaising are the policy types with a fault of that name.
func kindsRaising(name string) []string {
	var kinds []string
	for kind, list := range catalogued {
		if slices.ContainsFunc(list, func(d *faults.Def) bool { return d.Name == name && d.Evidence != faults.Sluice }) {
			kinds = append(kinds, kind)
		}
	}
	slices.Sort(kinds)
	return kinds
}

// kindOfVariant returns a fault that has several texts, one of which is known by
// that name.
func kindOfVariant(name string) *faults.Def {
	for _, d := range faults.All() {
		if d.Kind == faults.Runtime && d.Variant == name {
			return d
		}
	}
	return nil
}
