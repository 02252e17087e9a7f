package faultlint

import (
	"fmt"
	"slices"
)

var _ = register(Rule{
	Name: "step-condition",
	Doc: Doc{
		Title: "a rule whose Condition stands on its steps only",
		Text: `A Condition inside of a Step decides about the step. Which FaultRule runs, only
the rule's own Condition decides; a rule without one is always chosen. Here every
step has a Condition and the rule has none: it is chosen for every fault, even if
it then does nothing, and the rules that are asked after it never run, nor does
the DefaultFaultRule unless it has AlwaysEnforce.

A rule that hides nothing in this way is not reported.`,
		Sample: `<FaultRules>
  <FaultRule name="bad-key">
    <Step>
      <Name>AM-BadKey</Name>
      <Condition>fault.name = "InvalidApiKey"</Condition>
    </Step>
  </FaultRule>
</FaultRules>
<DefaultFaultRule name="all-others"> <!-- never runs -->
  <Step><Name>AM-Sorry</Name></Step>
</DefaultFaultRule>`,
		Fix: "move the Condition out of the Step, to be a child of the FaultRule.",
	},
	run: func(p *pass) { p.eachSetting(p.stepConditions) },
})

func (p *pass) stepConditions(s *setting) {
	for _, r := range s.endpoint.rules {
		if s.conditionOnSteps(r) {
			p.report(s.endpoint.document, r.at,
				fmt.Sprintf("FaultRule %s is chosen for every fault, because its Condition stands on its steps; so %s", r.name, s.hidden(r)),
				"move the Condition from the Step to the FaultRule")
		}
	}
}

// conditionOnSteps reports whether a rule has Conditions on all of its steps and
// none itself, is asked for every fault, and hides something.
func (s *setting) conditionOnSteps(r *faultRule) bool {
	if r.condition != nil || len(r.steps) == 0 || slices.ContainsFunc(r.steps, func(st *step) bool { return st.condition == nil }) {
		return false
	}
	tried := s.endpoint.tried()
	before := tried[:slices.Index(tried, r)]
	return !slices.Contains(conditions(before), nil) && s.hidden(r) != ""
}

// hidden says what never runs because r always does.
func (s *setting) hidden(r *faultRule) string {
	tried := s.endpoint.tried()
	var names []string
	for _, other := range tried[slices.Index(tried, r)+1:] {
		names = append(names, other.name)
	}
	if f := s.endpoint.fallback; f != nil && len(f.steps) > 0 && !s.endpoint.alwaysEnforce {
		names = append(names, "the DefaultFaultRule")
	}
	switch len(names) {
	case 0:
		return ""
	case 1:
		return names[0] + " never runs"
	}
	return listed(names, "and") + " never run"
}
