package flow

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"sluice/faults"
)

// raise is RaiseFault: a fault of that name, with a message of its own.
func (j *journey) raise(t testing.TB, name string) Step {
	def, ok := faults.Lookup("RaiseFault", "RaiseFault")
	if !ok {
		t.Fatal("the catalogue lacks RaiseFault")
	}
	return Step{Name: name, Policy: policyFunc(func(context.Context, *Exchange) error {
		j.ran = append(j.ran, name)
		m := NewResponse()
		m.Status = 418
		return &Raised{Fault: def.New(), Message: m}
	})}
}

func (j *journey) rule(t testing.TB, name, condition, names string) FaultRule {
	r := FaultRule{Name: name}
	if condition != "" {
		r.Condition = compileTest(t, condition)
	}
	for _, s := range strings.Fields(names) {
		if strings.HasPrefix(s, "raise") {
			r.Steps = append(r.Steps, j.raise(t, s))
			continue
		}
		r.Steps = append(r.Steps, j.step(s))
	}
	return r
}

func failedExchange() *Exchange {
	x := newTestExchange()
	x.Fail(faults.MustRuntime("ServiceUnavailable").New())
	return x
}

// TestFiveRules is the fixture of runtime.md 7.3: of five rules whose conditions
// are F, T, T, F, F a ProxyEndpoint runs the third, a TargetEndpoint the second.
func TestFiveRules(t *testing.T) {
	for lastFirst, want := range map[bool]string{true: "step3", false: "step2"} {
		j := &journey{}
		r := &FaultRules{LastFirst: lastFirst}
		for i, condition := range []string{no, yes, yes, no, no} {
			r.Rules = append(r.Rules, j.rule(t, fmt.Sprint("rule", i+1), condition, fmt.Sprint("step", i+1)))
		}
		if err := r.Handle(context.Background(), failedExchange()); err != nil || j.String() != want {
			t.Errorf("last first %v: ran %s, want %s, %v", lastFirst, j, want, err)
		}
	}
}

// TestFaultRules: runtime.md 7.3.
func TestFaultRules(t *testing.T) {
	const unavailable, timeout, raised = "ServiceUnavailable 503", "GatewayTimeout 504", "RaiseFault 418"
	type rules = [][2]string // condition, steps
	for _, c := range []struct {
		name    string
		rules   rules
		deflt   *[2]string
		enforce bool
		ran     string
		fault   string
	}{
		{"nothing", nil, nil, false, "", unavailable},
		{"a rule without a condition", rules{{"", "a b"}}, nil, false, "a b", unavailable},
		{"no rule holds", rules{{no, "a"}}, nil, false, "", unavailable},
		{"default alone", nil, &[2]string{"", "d"}, false, "d", unavailable},
		{"default because no rule holds", rules{{no, "a"}}, &[2]string{"", "d"}, false, "d", unavailable},
		{"no default because a rule ran", rules{{yes, "a"}}, &[2]string{"", "d"}, false, "a", unavailable},
		{"default always", rules{{yes, "a"}}, &[2]string{"", "d"}, true, "a d", unavailable},
		{"default's condition", rules{{no, "a"}}, &[2]string{no, "d"}, true, "", unavailable},
		{"a rule without steps is a rule that ran", rules{{yes, ""}}, &[2]string{"", "d"}, false, "", unavailable},
		{"a fault ends the rule", rules{{yes, "a !b c"}}, nil, false, "a !b", timeout},
		{"a fault ends the rule, not the default", rules{{yes, "!b c"}}, &[2]string{"", "d"}, true, "!b d", timeout},
		{"a fault does not bring the default", rules{{yes, "!b c"}}, &[2]string{"", "d"}, false, "!b", timeout},
		{"RaiseFault ends the rule", rules{{yes, "a raise b"}}, nil, false, "a raise", raised},
		{"RaiseFault forbids the default", rules{{yes, "raise"}}, &[2]string{"", "d"}, true, "raise", raised},
		{"RaiseFault in the default", rules{{no, "a"}}, &[2]string{"", "raise d"}, false, "raise", raised},
		{"a fault in the default", nil, &[2]string{"", "!d e"}, false, "!d", timeout},
		{"other rules see nothing of it", rules{{yes, "!b"}, {`fault.name = "GatewayTimeout"`, "a"}}, nil, false, "!b", timeout},
		{"conditions see the fault", rules{{`fault.name = "ServiceUnavailable" and error.status.code = 503`, "a"}}, nil, false, "a", unavailable},
	} {
		j := &journey{}
		r := &FaultRules{AlwaysEnforce: c.enforce}
		for i, rule := range c.rules {
			r.Rules = append(r.Rules, j.rule(t, fmt.Sprint("rule", i), rule[0], rule[1]))
		}
		if c.deflt != nil {
			d := j.rule(t, "default", c.deflt[0], c.deflt[1])
			r.Default = &d
		}
		x := failedExchange()
		if err := r.Handle(context.Background(), x); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		if j.String() != c.ran {
			t.Errorf("%s: ran %q, want %q", c.name, j, c.ran)
		}
		if got := fmt.Sprint(x.Fault.Name(), " ", x.Error.Status); got != c.fault {
			t.Errorf("%s: the client gets %s, want %s", c.name, got, c.fault)
		}
		if r.Empty() != (c.rules == nil && c.deflt == nil) {
			t.Errorf("%s: Empty is %v", c.name, r.Empty())
		}
	}
}

// TestStepConditionsDoNotGateARule: a rule whose steps are all skipped ran
// (runtime.md 7.3, step 2).
func TestStepConditionsDoNotGateARule(t *testing.T) {
	j := &journey{}
	rule, d := j.rule(t, "rule", "", "a"), j.rule(t, "default", "", "d")
	rule.Steps[0].Condition = compileTest(t, no)
	if err := (&FaultRules{Rules: []FaultRule{rule}, Default: &d}).Handle(context.Background(), failedExchange()); err != nil || j.String() != "" {
		t.Errorf("ran %q, %v", j, err)
	}
}

func TestRulesOfNobody(t *testing.T) {
	var none *FaultRules
	if err := none.Handle(context.Background(), failedExchange()); err != nil || !none.Empty() {
		t.Errorf("%v", err)
	}
}

// TestRulesWhenTheClientWentAway: nobody gets an answer any more.
func TestRulesWhenTheClientWentAway(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	j := &journey{}
	d := j.rule(t, "default", "", "d")
	r := &FaultRules{AlwaysEnforce: true, Default: &d, Rules: []FaultRule{{Name: "rule", Steps: []Step{{Name: "slow", Policy: policyFunc(func(ctx context.Context, _ *Exchange) error {
		cancel()
		return ctx.Err()
	})}}}}}
	x := failedExchange()
	if err := r.Handle(ctx, x); !errors.Is(err, context.Canceled) || j.String() != "" || x.Fault.Name() != "ServiceUnavailable" {
		t.Errorf("%v, ran %q, %v", err, j, x.Fault)
	}
}

// TestUnreadablePayloadInRules: a condition that cannot be read does not hold;
// the rules after it and the default have their turn.
func TestUnreadablePayloadInRules(t *testing.T) {
	j := &journey{}
	unreadable := `request.content = "x" or request.verb = "GET"`
	d := j.rule(t, "default", "", "d")
	r := &FaultRules{Rules: []FaultRule{j.rule(t, "rule", unreadable, "a")}, Default: &d}
	x := newTestExchange()
	x.Request = formMessage("hello")
	x.Request.Limit = 3
	if _, err := compileTest(t, unreadable).Holds(x, "flow"); err == nil {
		t.Fatal("the payload can be read")
	} else {
		x.Fail(err)
	}
	if err := r.Handle(context.Background(), x); err != nil || j.String() != "d" || x.Fault.Name() != "TooBigBody" {
		t.Errorf("ran %q, %v, %v", j, x.Fault, err)
	}
}

// TestFailForgetsWhatCouldNotBeRead: it belongs to the flow that was left.
func TestFailForgetsWhatCouldNotBeRead(t *testing.T) {
	x := newTestExchange()
	x.broken = errors.New("left behind")
	x.Fail(faults.MustRuntime("GatewayTimeout").New())
	if err := x.Err(); err != nil {
		t.Errorf("%v", err)
	}
}

func TestErrorMessage(t *testing.T) {
	m := ErrorMessage(faults.MustRuntime("GatewayTimeout").New())
	content, err := m.Content()
	const want = `{"fault":{"faultstring":"Gateway Timeout","detail":{"errorcode":"messaging.adaptors.http.flow.GatewayTimeout"}}}`
	if m.Status != 504 || m.MediaType() != "application/json" || string(content) != want || err != nil {
		t.Errorf("%d %s %s, %v", m.Status, m.MediaType(), content, err)
	}
}

func TestFailWithoutAMessage(t *testing.T) {
	x := newTestExchange()
	x.Fail(&Raised{Fault: faults.MustRuntime("GatewayTimeout").New()})
	if x.Error == nil || x.Error.Status != 504 {
		t.Errorf("%+v", x.Error)
	}
}

func TestCallSharedFlow(t *testing.T) {
	j, x := &journey{}, newTestExchange()
	x.Flow.SharedFlow = "outer"
	steps := append(j.steps("a"), Step{Name: "look", Policy: policyFunc(func(_ context.Context, x *Exchange) error {
		if got := x.Lookup("apigee.edge.sharedflow.name").String(); got != "log" {
			t.Errorf("during the call the shared flow is %q", got)
		}
		return nil
	})}, j.step("!b"))
	x.SharedFlows = map[string]*SharedFlow{"log": {Name: "log", Steps: steps}}
	err := x.CallSharedFlow(context.Background(), "log")
	if err == nil || faultOf(t, err) != "GatewayTimeout" || j.String() != "a !b" {
		t.Errorf("%v, ran %s", err, j)
	}
	if x.Flow.SharedFlow != "outer" || x.Depth != 0 {
		t.Errorf("afterwards: %q, depth %d", x.Flow.SharedFlow, x.Depth)
	}
	err = x.CallSharedFlow(context.Background(), "none")
	if err == nil || faultOf(t, err) != "SharedFlowNotFound" {
		t.Errorf("a shared flow that is not deployed: %v", err)
	}
}

func TestSharedFlowThatCallsItself(t *testing.T) {
	x, calls := newTestExchange(), 0
	x.SharedFlows = map[string]*SharedFlow{"loop": {Steps: []Step{{Name: "again", Policy: policyFunc(func(ctx context.Context, x *Exchange) error {
		calls++
		return x.CallSharedFlow(ctx, "loop")
	})}}}}
	err := x.CallSharedFlow(context.Background(), "loop")
	if err == nil || faultOf(t, err) != "ChainTooDeep" || calls != maxDepth || x.Depth != 0 {
		t.Errorf("%v after %d calls, depth %d", err, calls, x.Depth)
	}
	x.Depth = maxDepth
	if err := x.Deeper(); err == nil || faultOf(t, err) != "ChainTooDeep" {
		t.Errorf("Deeper: %v", err)
	}
	x.Depth--
	if err := x.Deeper(); err != nil {
		t.Errorf("Deeper: %v", err)
	}
}
