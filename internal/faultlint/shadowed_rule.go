package faultlint

import (
	"fmt"
	"slices"
)

var _ = register(Rule{
	Name: "shadowed-rule",
	Doc: Doc{
		Title: "a rule that another one always goes before",
		Text: `One FaultRule runs for a fault: the first whose Condition holds. A ProxyEndpoint
asks its rules from the last to the first, a TargetEndpoint from the first to the
last. Whenever the Condition of this rule holds, so does that of a rule which is
asked before it, so it never runs.`,
		Sample: `<FaultRules> <!-- of a ProxyEndpoint -->
  <FaultRule name="bad-key">
    <Condition>fault.name = "InvalidApiKey"</Condition>
    <Step><Name>AM-BadKey</Name></Step>
  </FaultRule>
  <FaultRule name="all-others">
    <Step><Name>AM-Sorry</Name></Step>
  </FaultRule>
</FaultRules>`,
		Fix: "put the general rule where it is asked last: first in a ProxyEndpoint, last in a TargetEndpoint; or make it the DefaultFaultRule.",
	},
	run: func(p *pass) { p.eachSetting(p.shadowedRules) },
})

func (p *pass) shadowedRules(s *setting) {
	tried := s.endpoint.tried()
	for i, r := range tried {
		want := []*condition{r.condition}
		if !s.possible(s.worlds, want, nil) || s.possible(s.worlds, want, conditions(tried[:i])) {
			continue
		}
		hider := s.hider(r, tried[:i])
		if hider != nil && s.conditionOnSteps(hider) {
			continue // the rule step-condition reports it, with its cause
		}
		p.report(s.endpoint.document, r.at, shadow(s.endpoint, r, hider), unshadow(s.endpoint, hider))
	}
}

func conditions(list []*faultRule) []*condition {
	var all []*condition
	for _, r := range list {
		all = append(all, r.condition)
	}
	return all
}

// hider returns the one rule that holds whenever r does, or nil if it takes
// several.
func (s *setting) hider(r *faultRule, before []*faultRule) *faultRule {
	i := slices.IndexFunc(before, func(other *faultRule) bool {
		return !s.possible(s.worlds, []*condition{r.condition}, []*condition{other.condition})
	})
	if i < 0 {
		return nil
	}
	return before[i]
}

func shadow(e *endpoint, r, hider *faultRule) string {
	order := "a TargetEndpoint asks its rules from the first to the last"
	if e.kind == proxyEndpoint {
		order = "a ProxyEndpoint asks its rules from the last to the first"
	}
	why := "whenever its Condition holds, that of another rule holds first"
	switch {
	case hider != nil && hider.condition == nil:
		why = fmt.Sprintf("rule %s (line %d), which has no Condition, is always chosen first", hider.name, hider.at.Line)
	case hider != nil:
		why = fmt.Sprintf("rule %s (line %d) is asked first and holds whenever this one does", hider.name, hider.at.Line)
	}
	return fmt.Sprintf("FaultRule %s never runs: %s, and %s", r.name, order, why)
}

func unshadow(e *endpoint, hider *faultRule) string {
	move := "above"
	if e.kind == proxyEndpoint {
		move = "below"
	}
	switch {
	case hider == nil:
		return "move this rule " + move + " the others"
	case hider.condition == nil:
		return fmt.Sprintf("give rule %s a Condition, make it the DefaultFaultRule, or move this rule %s it", hider.name, move)
	}
	return fmt.Sprintf("move this rule %s %s, or remove it", move, hider.name)
}
