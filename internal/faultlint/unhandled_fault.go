package faultlint

import (
	"fmt"
	"slices"
	"strings"
)

var _ = register(Rule{
	Name:     "unhandled-fault",
	Optional: true, // many bundles let Apigee answer some faults, and mean it
	Doc: Doc{
		Title: "faults of attached policies that no rule handles",
		Text: `The endpoint has FaultRules, so its author means to answer faults; yet some faults
of policies attached to it are met by no rule and by no DefaultFaultRule. The
client gets Apigee's own envelope with the fault's code. One finding for each
endpoint lists them by policy. RaiseFault is left out: it brings its own answer.

This rule runs only when it is asked for by name: in most bundles it is no mistake
that some faults go out as they are. ` + "`sluice test --faults`" + ` shows all of them.`,
		Sample: `<FaultRules>
  <FaultRule name="bad-key">
    <Condition>fault.name = "InvalidApiKey"</Condition>
    <Step><Name>AM-BadKey</Name></Step>
  </FaultRule>
</FaultRules> <!-- no DefaultFaultRule; FailedToResolveAPIKey is not handled -->`,
		Fix: "add a DefaultFaultRule.",
	},
	run: func(p *pass) { p.eachSetting(p.unhandledFaults) },
})

func (p *pass) unhandledFaults(s *setting) {
	var lines []string
	for _, source := range s.sources.policies {
		if names := s.unhandled(source); len(names) > 0 {
			lines = append(lines, source.name+": "+listed(names, "and"))
		}
	}
	if len(lines) > 0 && len(s.endpoint.rules) > 0 {
		p.report(s.endpoint.document, s.endpoint.rules[0].at,
			fmt.Sprintf("no rule of %s handles some faults of its policies: %s", s.endpoint, strings.Join(lines, "; ")), "add a DefaultFaultRule")
	}
}

// unhandled returns the faults of a policy that no rule handles. What a FlowCallout
// has itself is a mistake of the deployment.
func (s *setting) unhandled(p *policy) []string {
	if p.kind == "RaiseFault" || p.kind == "FlowCallout" {
		return nil
	}
	operation := p.root.child("Operation").value()
	var names []string
	for _, w := range s.worlds {
		if w.by == p && !slices.Contains(names, w.fault.Name) && !ofOther(w.fault, operation) && !s.handled(w) {
			names = append(names, w.fault.Name)
		}
	}
	return names
}

// handled reports whether some rule may handle the fault of a world.
func (s *setting) handled(w *world) bool {
	return slices.ContainsFunc(s.endpoint.handlers(), func(r *faultRule) bool {
		return s.possible([]*world{w}, []*condition{r.condition}, nil)
	})
}
