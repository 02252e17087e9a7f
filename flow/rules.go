package flow

import (
	"context"
	"errors"

	"sluice/faults"
)

// FaultRules are the FaultRules and the DefaultFaultRule of one endpoint
// (runtime.md 7.3).
type FaultRules struct {
	Rules []FaultRule
	// LastFirst is the order of choice: a ProxyEndpoint tries its rules from the
	// last to the first, a TargetEndpoint from the first to the last.
	LastFirst     bool
	Default       *FaultRule // DefaultFaultRule, or nil
	AlwaysEnforce bool
}

// FaultRule is one FaultRule or DefaultFaultRule.
type FaultRule struct {
	Name      string
	Condition *Condition // nil is true
	Steps     []Step
}

// Empty reports whether the endpoint has no rules at all.
func (r *FaultRules) Empty() bool { return r == nil || len(r.Rules) == 0 && r.Default == nil }

// Handle lets the rules act on an exchange that is in the error state. At most
// one FaultRule runs; then the DefaultFaultRule, if no rule ran or it is always
// enforced, unless the rule that ran raised a fault. A policy that faults inside
// a rule ends that rule, and its fault is what the client gets. The error is
// that of ctx, when the client went away.
func (r *FaultRules) Handle(ctx context.Context, x *Exchange) error {
	if r == nil {
		return nil
	}
	raised := false
	rule := r.choose(x)
	if rule != nil {
		var err error
		if raised, err = rule.run(ctx, x); err != nil {
			return err
		}
	}
	if r.Default == nil || raised || rule != nil && !r.AlwaysEnforce || !applies(x, r.Default) {
		return nil
	}
	_, err := r.Default.run(ctx, x)
	return err
}

// choose returns the FaultRule that runs, or nil.
func (r *FaultRules) choose(x *Exchange) *FaultRule {
	for i := range r.Rules {
		rule := &r.Rules[i]
		if r.LastFirst {
			rule = &r.Rules[len(r.Rules)-1-i]
		}
		if applies(x, rule) {
			return rule
		}
	}
	return nil
}

// applies evaluates a rule's condition. One that cannot be evaluated, because
// the payload it reads is too large, does not hold: there is no fault rule for a
// fault of a fault rule's condition.
func applies(x *Exchange, rule *FaultRule) bool {
	ok, err := holds(x, rule.Condition, rule.Name)
	return ok && err == nil
}

// run runs the rule's steps; raised tells that RaiseFault was among them.
func (rule *FaultRule) run(ctx context.Context, x *Exchange) (raised bool, err error) {
	x.Note(Event{Kind: RuleChosen, Name: rule.Name})
	x.Flow.Current, x.Flow.Description = rule.Name, ""
	err = RunSteps(ctx, x, rule.Steps)
	if err == nil {
		return false, nil
	}
	if ctx.Err() != nil && errors.Is(err, ctx.Err()) {
		return false, err
	}
	x.Fail(err)
	return x.Fault.Name() == "RaiseFault", nil
}

// Fail puts the exchange into the error state. The client gets the message that
// err brings (see Raised), otherwise the default body of the fault. In the error
// state already, err replaces what was there.
func (x *Exchange) Fail(err error) {
	f := FaultOf(err)
	m := ErrorMessage(f)
	if own, ok := errors.AsType[*Raised](err); ok && own.Message != nil {
		m = own.Message
	}
	if x.trace != nil {
		x.trace.Event(x, Event{Kind: FaultEntered, Name: f.Code(), Text: f.Reason, Err: err})
	}
	x.Fault, x.last, x.Error, x.broken = f, f, m, nil
}

// ErrorMessage is the default answer of a fault: its status, and
// {"fault":{...}} as JSON (runtime.md 7.5).
func ErrorMessage(f *faults.Fault) *Message {
	m := NewResponse()
	m.Status = f.Status
	m.Header.Add("Content-Type", "application/json")
	m.SetContent(f.Body())
	return m
}
