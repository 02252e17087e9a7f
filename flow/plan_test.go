package flow

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"sluice/faults"
)

// journey collects the names of the steps that ran.
type journey struct{ ran []string }

func (j *journey) String() string { return strings.Join(j.ran, " ") }

// step is a step that notes its name; a name that begins with "!" faults.
func (j *journey) step(name string) Step {
	s := Step{Name: strings.TrimPrefix(name, "!")}
	s.Flags = []string{"kind." + s.Name + ".failed", "kind.failed"}
	s.Policy = policyFunc(func(context.Context, *Exchange) error {
		j.ran = append(j.ran, name)
		if strings.HasPrefix(name, "!") {
			return faults.MustRuntime("GatewayTimeout").New()
		}
		return nil
	})
	return s
}

func (j *journey) steps(names string) []Step {
	var steps []Step
	for _, name := range strings.Fields(names) {
		steps = append(steps, j.step(name))
	}
	return steps
}

func (j *journey) section(t testing.TB, name, condition, names string) Section {
	s := Section{Name: name, Steps: j.steps(names)}
	if condition != "" {
		s.Condition = compileTest(t, condition)
	}
	return s
}

const (
	yes = `request.verb = "GET"`
	no  = `request.verb = "PUT"`
)

func TestPlanOrder(t *testing.T) {
	for _, c := range []struct {
		name       string
		conditions []string // of the branches; "-" is a branch without steps that is always true
		want       string
	}{
		{"no branches", nil, "pre post"},
		{"no branch holds", []string{no, no}, "pre post"},
		{"the first that holds", []string{no, yes, yes}, "pre branch1 post"},
		{"without a condition", []string{"", yes}, "pre branch0 post"},
		{"an empty branch counts", []string{"-", yes}, "pre post"}, // runtime.md 3.3
	} {
		j := &journey{}
		p := &Plan{Pre: []Section{j.section(t, "PreFlow", "", "pre")}, Post: []Section{j.section(t, "PostFlow", "", "post")}}
		for i, condition := range c.conditions {
			if condition == "-" {
				p.Branches = append(p.Branches, Section{Name: "empty"})
				continue
			}
			p.Branches = append(p.Branches, j.section(t, fmt.Sprint("flow", i), condition, fmt.Sprint("branch", i)))
		}
		if err := p.Run(context.Background(), newTestExchange()); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		if j.String() != c.want {
			t.Errorf("%s: %s, want %s", c.name, j, c.want)
		}
	}
	if !(&Plan{}).Empty() || (&Plan{Post: []Section{{}}}).Empty() {
		t.Error("Empty is wrong")
	}
}

// TestBranchConditionsSeePreFlow: they are evaluated when the flows' turn comes.
func TestBranchConditionsSeePreFlow(t *testing.T) {
	j := &journey{}
	p := &Plan{
		Pre: []Section{{Name: "PreFlow", Steps: []Step{{Name: "set", Policy: policyFunc(func(_ context.Context, x *Exchange) error {
			return x.Set(ParseName("request.verb"), Text("PUT"))
		})}}}},
		Branches: []Section{j.section(t, "get", yes, "get"), j.section(t, "put", no, "put")},
	}
	if err := p.Run(context.Background(), newTestExchange()); err != nil || j.String() != "put" {
		t.Errorf("%s, %v", j, err)
	}
}

func TestFailureEndsThePlan(t *testing.T) {
	for _, where := range []string{"pre", "branch", "post"} {
		j := &journey{}
		name := func(section string) string {
			if section == where {
				return section + "1 !" + section + "2 " + section + "3"
			}
			return section
		}
		p := &Plan{Pre: []Section{j.section(t, "PreFlow", "", name("pre"))},
			Branches: []Section{j.section(t, "list", yes, name("branch"))},
			Post:     []Section{j.section(t, "PostFlow", "", name("post"))}}
		x := newTestExchange()
		err := p.Run(context.Background(), x)
		f, ok := errors.AsType[*faults.Fault](err)
		flow := map[string]string{"pre": "PreFlow", "branch": "list", "post": "PostFlow"}[where]
		if !ok || f.Policy != where+"2" || f.Flow != flow || f.Phase != "proxy request" {
			t.Errorf("fault in %s: %v", where, err)
		}
		if !strings.HasSuffix(j.String(), "!"+where+"2") {
			t.Errorf("fault in %s: ran %s", where, j)
		}
		if x.InError() {
			t.Error("the plan entered the error state: that is its caller's business")
		}
	}
}

func TestStepConditions(t *testing.T) {
	j := &journey{}
	steps := j.steps("a b c")
	steps[0].Condition, steps[1].Condition = compileTest(t, no), compileTest(t, yes)
	if err := RunSteps(context.Background(), newTestExchange(), steps); err != nil || j.String() != "b c" {
		t.Errorf("ran %s, %v", j, err)
	}
}

// TestFailureFlags: both flags tell the newest outcome (policies-1.md 0, runtime.md 6.3).
func TestFailureFlags(t *testing.T) {
	x := newTestExchange()
	flags := func() string {
		s := make([]string, 0, 3)
		for _, name := range []string{"kind.a.failed", "kind.b.failed", "kind.failed"} {
			s = append(s, show(x, x.Lookup(name)))
		}
		return strings.Join(s, " ")
	}
	j := &journey{}
	run := func(name string) {
		t.Helper()
		s := j.step(name)
		s.ContinueOnError = true
		if err := RunSteps(context.Background(), x, []Step{s}); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct{ step, want string }{
		{"", "null null null"},
		{"a", "false null false"},
		{"!a", "true null true"},
		{"b", "true false false"},
		{"!b", "true true true"},
		{"a", "false true false"},
	} {
		if c.step != "" {
			run(c.step)
		}
		if got := flags(); got != c.want {
			t.Errorf("after %s: %s, want %s", j, got, c.want)
		}
	}
	if !compileTest(t, `kind.b.failed = true and kind.a.failed = "false"`).eval(t, x) {
		t.Error("conditions do not see the flags")
	}
}

func (c *Condition) eval(t testing.TB, x *Exchange) bool {
	ok, err := c.Eval(x)
	if err != nil {
		t.Fatal(err)
	}
	return ok
}

// TestContinueOnError: runtime.md 3.6.
func TestContinueOnError(t *testing.T) {
	j := &journey{}
	steps := j.steps("a !b c")
	steps[1].ContinueOnError = true
	x := newTestExchange()
	if err := RunSteps(context.Background(), x, steps); err != nil {
		t.Fatal(err)
	}
	if j.String() != "a !b c" || x.InError() {
		t.Errorf("ran %s, error state %v", j, x.InError())
	}
	if f := x.last; f == nil || f.Policy != "b" || x.Lookup("fault.name").String() != "GatewayTimeout" {
		t.Errorf("newest fault: %v", f)
	}
}

func TestAFailureThatEndsTheFlowSetsFlagsToo(t *testing.T) {
	j, x := &journey{}, newTestExchange()
	if err := RunSteps(context.Background(), x, j.steps("!a b")); err == nil {
		t.Fatal("no fault")
	}
	if !x.Lookup("kind.a.failed").True() || !x.Lookup("kind.failed").True() || !x.Lookup("kind.b.failed").IsNull() {
		t.Error("flags are wrong")
	}
}

// TestForeignErrors: what is no fault becomes one, and its cause is kept.
func TestForeignErrors(t *testing.T) {
	cause := errors.New("out of ink")
	s := Step{Name: "a", Policy: policyFunc(func(context.Context, *Exchange) error { return cause })}
	err := RunSteps(context.Background(), newTestExchange(), []Step{s})
	if f, ok := err.(*faults.Fault); !ok || f.Name() != "InternalError" || f.Policy != "a" || !errors.Is(err, cause) {
		t.Errorf("%v", err)
	}
}

func TestRaisedKeepsItsMessage(t *testing.T) {
	own := &Raised{Fault: faults.MustRuntime("GatewayTimeout").New(), Message: NewResponse()}
	s := Step{Name: "a", Policy: policyFunc(func(context.Context, *Exchange) error { return fmt.Errorf("wrapped: %w", own) })}
	err := RunSteps(context.Background(), newTestExchange(), []Step{s})
	if err != error(own) || own.Fault.Policy != "a" {
		t.Errorf("%v", err)
	}
}

func TestClientThatWentAway(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	j := &journey{}
	steps := []Step{{Name: "slow", ContinueOnError: true, Waits: true, Policy: policyFunc(func(ctx context.Context, _ *Exchange) error {
		cancel()
		return fmt.Errorf("call: %w", ctx.Err())
	})}, j.step("next")}
	x := newTestExchange()
	if err := RunSteps(ctx, x, steps); !errors.Is(err, context.Canceled) || j.String() != "" || x.last != nil {
		t.Errorf("%v, ran %s", err, j)
	}
}

// TestAPITimeout: the clock is looked at after each policy that waits, however
// it ended (runtime.md 3.9).
func TestAPITimeout(t *testing.T) {
	for _, c := range []struct {
		name   string
		spent  time.Duration
		waits  bool
		failed bool
		want   string
	}{
		{"in time", 9 * time.Second, true, false, "slow next"},
		{"too late", 10 * time.Second, true, false, "slow"},
		{"too late, failed and went on", 11 * time.Second, true, true, "!slow"},
		{"failed and went on in time", time.Second, true, true, "!slow next"},
		{"a policy that does not wait", 11 * time.Second, false, false, "slow next"},
	} {
		now := at
		x := newTestExchange()
		x.Services.Now = func() time.Time { return now }
		x.Deadline = at.Add(10 * time.Second)
		j := &journey{}
		name := map[bool]string{false: "slow", true: "!slow"}[c.failed]
		s := j.step(name)
		inner := s.Policy
		s.Waits, s.ContinueOnError = c.waits, true
		s.Policy = policyFunc(func(ctx context.Context, x *Exchange) error {
			now = now.Add(c.spent)
			return inner.Execute(ctx, x)
		})
		err := RunSteps(context.Background(), x, []Step{s, j.step("next")})
		if j.String() != c.want {
			t.Errorf("%s: ran %s, want %s", c.name, j, c.want)
		}
		timedOut := !strings.HasSuffix(c.want, "next")
		if f, ok := errors.AsType[*faults.Fault](err); timedOut != ok || ok && (f.Name() != "APITimedOut" || f.Status != 504 || f.Policy != "slow") {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	x := newTestExchange()
	if x.Expired() != nil {
		t.Error("a request without a budget expired")
	}
}

// TestPayloadAboveTheLimit: whoever reads it, the client gets TooBigBody, and
// nothing later hears of it again.
func TestPayloadAboveTheLimit(t *testing.T) {
	big := func() *Exchange {
		x := newTestExchange()
		x.Request.Limit = 3
		x.Request.Body.SetStream(&stream{Reader: strings.NewReader("hello")}, -1)
		return x
	}
	tooBig := `request.content = "x" or request.verb = "GET"`
	j := &journey{}
	reader := Step{Name: "reader", Policy: policyFunc(func(_ context.Context, x *Exchange) error {
		x.Lookup("request.content")
		return nil
	})}
	conditional := j.step("conditional")
	conditional.Condition = compileTest(t, tooBig)
	for name, run := range map[string]func(ctx context.Context, x *Exchange) error{
		"policy": func(ctx context.Context, x *Exchange) error { return RunSteps(ctx, x, []Step{reader, j.step("next")}) },
		"step condition": func(ctx context.Context, x *Exchange) error {
			return RunSteps(ctx, x, []Step{conditional, j.step("next")})
		},
		"flow condition": (&Plan{Branches: []Section{j.section(t, "flow", tooBig, "branch")}}).Run,
		"Holds": func(_ context.Context, x *Exchange) error {
			_, err := compileTest(t, tooBig).Holds(x, "route")
			return err
		},
	} {
		x := big()
		err := run(context.Background(), x)
		if f, ok := errors.AsType[*faults.Fault](err); !ok || f.Name() != "TooBigBody" || f.Status != 413 {
			t.Errorf("%s: %v", name, err)
		}
		if err := x.Err(); err != nil {
			t.Errorf("%s: left behind: %v", name, err)
		}
	}
	if len(j.ran) != 0 {
		t.Errorf("ran %s", j)
	}
}

// TestPayloadAboveTheLimitGoesOn: with continueOnError the target still gets all
// of it.
func TestPayloadAboveTheLimitGoesOn(t *testing.T) {
	x := newTestExchange()
	x.Request.Limit = 3
	x.Request.Body.SetStream(&stream{Reader: strings.NewReader("hello")}, -1)
	s := Step{Name: "reader", ContinueOnError: true, Flags: []string{"kind.failed"}, Policy: policyFunc(func(_ context.Context, x *Exchange) error {
		_, err := x.Request.Content()
		return err
	})}
	if err := RunSteps(context.Background(), x, []Step{s}); err != nil || !x.Lookup("kind.failed").True() {
		t.Errorf("%v", err)
	}
	if text, err := takeAll(t, &x.Request.Body); text != "hello" || err != nil {
		t.Errorf("sent %q, %v", text, err)
	}
}

func TestFlowNames(t *testing.T) {
	x := newTestExchange()
	var seen []string
	look := func(names ...string) []Step {
		return []Step{{Name: "look", Policy: policyFunc(func(_ context.Context, x *Exchange) error {
			for _, name := range names {
				seen = append(seen, name+"="+show(x, x.Lookup(name)))
			}
			return nil
		})}}
	}
	ctx := context.Background()
	proxy := &Plan{
		Pre: []Section{{Name: "hooked", Hook: "PreProxyFlowHook", Steps: look("apigee.edge.flowhook.name")},
			{Name: "PreFlow", Description: "d", Steps: look("apigee.edge.flowhook.name", "current.flow.name", "current.flow.description", "target.flow.name")}},
	}
	target := &Plan{Side: TargetSide, Post: []Section{{Name: "PostFlow", Steps: look("current.flow.name", "proxy.flow.name", "proxy.flow.description", "target.flow.name")}}}
	for _, p := range []*Plan{proxy, target} {
		if err := p.Run(ctx, x); err != nil {
			t.Fatal(err)
		}
	}
	want := "apigee.edge.flowhook.name=PreProxyFlowHook apigee.edge.flowhook.name=null current.flow.name=PreFlow current.flow.description=d " +
		"target.flow.name=null current.flow.name=PostFlow proxy.flow.name=PreFlow proxy.flow.description=d target.flow.name=PostFlow"
	if got := strings.Join(seen, " "); got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
}

func TestStepName(t *testing.T) {
	x := newTestExchange()
	x.Flow.Step = "caller"
	s := Step{Name: "inner", Policy: policyFunc(func(_ context.Context, x *Exchange) error {
		if x.Flow.Step != "inner" {
			t.Errorf("the step that runs is %q", x.Flow.Step)
		}
		return faults.MustRuntime("GatewayTimeout").New()
	})}
	if err := RunSteps(context.Background(), x, []Step{s}); err == nil || x.Flow.Step != "caller" {
		t.Errorf("afterwards it is %q, %v", x.Flow.Step, err)
	}
}

func TestPolicyTimes(t *testing.T) {
	x := newTestExchange()
	s := []Step{{Name: "a", Policy: nothing}}
	if err := RunSteps(context.Background(), x, s); err != nil || !x.Lookup("apigee.metrics.policy.a.timeTaken").IsNull() {
		t.Errorf("times are taken although nobody reads them: %v", err)
	}
	x.Proxy = &ProxyInfo{TimePolicies: true}
	if err := RunSteps(context.Background(), x, s); err != nil || x.Lookup("apigee.metrics.policy.a.timeTaken").IsNull() {
		t.Errorf("no times are taken: %v", err)
	}
}

func TestTracedPlan(t *testing.T) {
	j, r, x := &journey{}, &recorder{}, newTestExchange()
	x.Observe(r)
	if err := (&Plan{Branches: []Section{j.section(t, "list", no, ""), j.section(t, "rest", "", "a")}}).Run(context.Background(), x); err != nil {
		t.Fatal(err)
	}
	want := []string{
		fmt.Sprint(uint8(GotVariable), " request.verb GET"), fmt.Sprint(uint8(ConditionDone), " list ", compileTest(t, no)),
		fmt.Sprint(uint8(FlowBegan), " rest"), fmt.Sprint(uint8(StepBegan), " a"), fmt.Sprint(uint8(StepDone), " a"),
	}
	if got := strings.Join(r.events, "|"); got != strings.Join(want, "|") {
		t.Errorf("%s\nwant %s", got, strings.Join(want, "|"))
	}
}

// TestPassedStepsAreKeptOnce: a stream of events runs its steps again and again
// for as long as it lasts, and must not take memory for it. What has passed is
// known all the same.
func TestPassedStepsAreKeptOnce(t *testing.T) {
	x, ctx := newTestExchange(), t.Context()
	before, each := twentySteps()[:2], twentySteps()[2:7]
	if err := RunSteps(ctx, x, before); err != nil {
		t.Fatal(err)
	}
	for range 10_000 {
		if err := RunSteps(ctx, x, each); err != nil {
			t.Fatal(err)
		}
	}
	if cap(x.ran) > 64 {
		t.Errorf("memory for %d steps is kept of %d", cap(x.ran), len(before)+len(each))
	}
	for i := range 8 {
		name := fmt.Sprintf("assignmessage.AM-%d.failed", i)
		if v := x.Lookup(name); v.IsNull() != (i == 7) || v.True() {
			t.Errorf("%s is %v", name, v)
		}
	}
}
