package policies

import (
	"cmp"
	"context"

	"github.com/beevik/etree"

	"sluice/faults"
	"sluice/flow"
)

var _ = register(flow.Kind{
	Name:    "AssertCondition",
	Group:   "extension",
	Compile: compileAssertCondition,
	Doc: flow.Doc{
		Title: "evaluates a condition into a variable",
		Text: `Evaluates Condition, written in the language of all conditions, and sets
assertcondition.POLICY.truthValue to true or false. A condition that is false is no failure.

A condition that cannot be evaluated, such as one whose regular expression runs out of time, fails the policy.`,
		Sample: `<AssertCondition name="AC-IsAdmin">
  <Condition>(request.header.role = "admin") and (request.verb != "DELETE")</Condition>
</AssertCondition>`,
	},
})

// assertCondition is specified by policies-1.md 3.
type assertCondition struct {
	condition *flow.Condition
	variable  string // assertcondition.POLICY.truthValue
	failed    *faults.Def
}

func compileAssertCondition(b *flow.Build, el *etree.Element) flow.Policy {
	b.Known(el, "Condition")
	condition := b.Child(el, "Condition")
	if flow.TextOf(condition) == "" {
		b.RefuseText(cmp.Or(condition, el), "InvalidCondition", "Condition is missing or empty", `add <Condition>variable = "value"</Condition>`)
		return nil
	}
	return &assertCondition{
		condition: b.Condition(condition),
		variable:  "assertcondition." + b.Owner + ".truthValue",
		failed:    b.Fault("ConditionEvaluationFailed"),
	}
}

func (p *assertCondition) Execute(_ context.Context, x *flow.Exchange) error {
	truth, err := p.condition.Eval(x)
	if broken := x.Err(); broken != nil {
		return broken // a payload above the limit is that fault, not this policy's
	}
	if err != nil {
		return p.failed.Wrap(err)
	}
	x.Put(p.variable, flow.Bool(truth))
	return nil
}
