package faultlint

import (
	"fmt"
	"slices"
)

var _ = register(Rule{
	Name: "default-skipped",
	Doc: Doc{
		Title: "AlwaysEnforce does not hold after a RaiseFault",
		Text: `A DefaultFaultRule with AlwaysEnforce runs after the FaultRule that was chosen,
unless that rule raised a fault itself: after a RaiseFault inside of a FaultRule
nothing else runs, neither the steps behind it nor the DefaultFaultRule. Here a
FaultRule raises a fault, directly or in a shared flow, and a DefaultFaultRule
counts on being enforced.`,
		Sample: `<FaultRules>
  <FaultRule name="bad-key">
    <Condition>fault.name = "InvalidApiKey"</Condition>
    <Step><Name>RF-BadKey</Name></Step>
  </FaultRule>
</FaultRules>
<DefaultFaultRule name="headers">
  <AlwaysEnforce>true</AlwaysEnforce>
  <Step><Name>AM-Headers</Name></Step>
</DefaultFaultRule>`,
		Fix: "make the answer with AssignMessage in place of RaiseFault: in the error flow it changes the error message.",
	},
	run: func(p *pass) {
		for _, e := range p.endpoints {
			if e.alwaysEnforce && len(e.fallback.steps) > 0 {
				p.skippedDefault(e)
			}
		}
	},
})

func (p *pass) skippedDefault(e *endpoint) {
	for _, r := range e.rules {
		i := slices.IndexFunc(r.steps, func(st *step) bool { return p.raisesFault(st, map[*bundle]bool{}) })
		if i < 0 {
			continue
		}
		st := r.steps[i]
		p.report(e.document, st.at,
			fmt.Sprintf("after %s in FaultRule %s the DefaultFaultRule does not run, although it has AlwaysEnforce: a RaiseFault ends the error flow", st.name, r.name),
			"answer with AssignMessage in place of RaiseFault, or repeat the DefaultFaultRule's steps before it")
	}
}

// raisesFault reports whether a step runs a RaiseFault, directly or in a shared
// flow that is known and was not looked into yet.
func (b *bundle) raisesFault(st *step, seen map[*bundle]bool) bool {
	switch {
	case st.policy == nil:
		return false
	case st.policy.kind != "FlowCallout":
		return st.policy.kind == "RaiseFault"
	}
	f := b.shared[st.policy.root.child("SharedFlowBundle").value()]
	if f == nil || seen[f] {
		return false
	}
	seen[f] = true
	return slices.ContainsFunc(f.flows, func(sf *sharedFlow) bool {
		return slices.ContainsFunc(sf.steps, func(st *step) bool { return f.raisesFault(st, seen) })
	})
}
