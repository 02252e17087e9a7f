package flow

import (
	"context"
	"errors"
	"slices"
	"time"

	"sluice/faults"
)

// Step is one attached policy. Disabled policies have no Step: they are left out
// when the flow is compiled.
type Step struct {
	Name            string // the policy's name
	Condition       *Condition
	Policy          Policy
	ContinueOnError bool
	Waits           bool // look at the clock afterwards, see Kind.Waits

	Flags []string // set to true when it fails: PREFIX.POLICY.failed and PREFIX.failed
}

// flags reports whether name is one of the step's failure flags.
func (s *Step) flags(name string) bool {
	for _, f := range s.Flags {
		if f == name {
			return true
		}
	}
	return false
}

// Section is a run of steps under one name: PreFlow, a conditional flow,
// PostFlow, or the shared flow of a flow hook.
type Section struct {
	Name, Description string
	Condition         *Condition // conditional flows only; nil is true
	Hook              string     // flow hook point, else ""
	Steps             []Step
}

// Plan is one side of an endpoint's flows, compiled: sections to walk from top to
// bottom. Of Branches only the first whose condition holds runs.
type Plan struct {
	Side     Side
	Pre      []Section // hook, PreFlow
	Branches []Section // Flows
	Post     []Section // PostFlow, hook
}

// Side tells ProxyEndpoint flows from TargetEndpoint flows: they keep names of
// their own (proxy.flow.name, target.flow.name).
type Side uint8

// The sides.
const (
	ProxySide Side = iota
	TargetSide
)

var (
	apiTimedOut   = faults.MustRuntime("APITimedOut")
	internalError = faults.MustRuntime("InternalError")
)

// Empty reports whether the plan does nothing.
func (p *Plan) Empty() bool {
	return len(p.Pre) == 0 && len(p.Branches) == 0 && len(p.Post) == 0
}

// Run walks the plan. The first failure of a step without continueOnError ends
// it; the result is nil, a *faults.Fault, a *Raised, a *Served, or the error of
// ctx.
func (p *Plan) Run(ctx context.Context, x *Exchange) error {
	for i := range p.Pre {
		if err := p.Pre[i].run(ctx, x, p.Side); err != nil {
			return err
		}
	}
	for i := range p.Branches {
		b := &p.Branches[i]
		ok, err := holds(x, b.Condition, b.Name)
		if err != nil {
			return locate(err, x, "")
		}
		if ok {
			if err := b.run(ctx, x, p.Side); err != nil {
				return err
			}
			break
		}
	}
	for i := range p.Post {
		if err := p.Post[i].run(ctx, x, p.Side); err != nil {
			return err
		}
	}
	return nil
}

// Run runs the section alone; see Plan.Run for the result.
func (s *Section) Run(ctx context.Context, x *Exchange, side Side) error { return s.run(ctx, x, side) }

func (s *Section) run(ctx context.Context, x *Exchange, side Side) error {
	x.Flow.enter(s, side)
	if x.trace != nil {
		x.trace.Event(x, Event{Kind: FlowBegan, Name: s.Name})
	}
	err := RunSteps(ctx, x, s.Steps)
	if s.Hook != "" {
		x.Flow.Hook = ""
	}
	return err
}

func (f *FlowInfo) enter(s *Section, side Side) {
	f.Current, f.Description, f.Hook = s.Name, s.Description, s.Hook
	if side == ProxySide {
		f.Proxy, f.ProxyDescription = s.Name, s.Description
		return
	}
	f.Target, f.TargetDescription = s.Name, s.Description
}

// RunSteps runs steps in order; see Plan.Run for the result.
func RunSteps(ctx context.Context, x *Exchange, steps []Step) error {
	outer := x.Flow.Step
	err := runSteps(ctx, x, steps)
	x.Flow.Step = outer
	return err
}

// runSteps is the loop that every request spends its time in, so what few steps
// need is left to others.
func runSteps(ctx context.Context, x *Exchange, steps []Step) error {
	observed := x.trace != nil || x.Proxy.TimePolicies
	for i := range steps {
		s := &steps[i]
		x.Flow.Step = s.Name
		if s.Condition != nil {
			ok, err := holds(x, s.Condition, s.Name)
			if err != nil {
				return locate(err, x, s.Name)
			}
			if !ok {
				continue
			}
		}
		var err error
		if observed {
			err = s.observed(ctx, x)
		} else {
			err = s.Policy.Execute(ctx, x)
		}
		if err == nil && x.broken == nil && !x.failed && !s.Waits {
			x.remember(s)
			continue
		}
		if err = s.settle(ctx, x, err); err != nil {
			return err
		}
	}
	return nil
}

// settle handles what the fast path does not: failures and the clock.
func (s *Step) settle(ctx context.Context, x *Exchange, err error) error {
	if broken := x.Err(); err == nil {
		err = broken
	}
	if ctx.Err() != nil && errors.Is(err, ctx.Err()) {
		return err
	}
	if served, ok := errors.AsType[*Served](err); ok {
		s.passed(x)
		return served
	}
	if err == nil {
		s.passed(x)
	} else if err = s.fail(x, err); err != nil {
		return err
	}
	if !s.Waits {
		return nil
	}
	return x.expired(s.Name)
}

// Expired is the fault of a request that used up its api.timeout, or nil.
func (x *Exchange) Expired() error { return x.expired("") }

func (x *Exchange) expired(step string) error {
	if x.Deadline.IsZero() || x.Now().Before(x.Deadline) {
		return nil
	}
	return apiTimedOut.New().At(step, x.Flow.Current, x.Phase.String())
}

// remember keeps that a step has passed.
func (x *Exchange) remember(s *Step) {
	if len(x.ran) == cap(x.ran) {
		x.makeRoom()
	}
	x.ran = append(x.ran, s)
}

// makeRoom forgets how often a step has passed before it takes more memory: the
// steps of an EventFlow pass once for each event of a stream that may never end.
func (x *Exchange) makeRoom() {
	once := x.ran[:0]
	for _, s := range x.ran {
		if !slices.Contains(once, s) {
			once = append(once, s)
		}
	}
	clear(x.ran[len(once):])
	x.ran = slices.Grow(once, len(once)+1) // as many again, so that this is rare
}

func (s *Step) passed(x *Exchange) {
	x.remember(s)
	for _, flag := range s.Flags {
		if v, ok := x.held(flag); ok && v.True() {
			x.Put(flag, Bool(false))
		}
	}
}

// fail records the failure; its result is nil when the flow goes on.
func (s *Step) fail(x *Exchange, err error) error {
	err = locate(err, x, s.Name)
	f := FaultOf(err)
	x.failed, x.last = true, f
	for _, flag := range s.Flags {
		x.Put(flag, Bool(true))
	}
	if !s.ContinueOnError {
		return err
	}
	return nil
}

// observed runs the policy with its clock and its tracer.
func (s *Step) observed(ctx context.Context, x *Exchange) error {
	x.Note(Event{Kind: StepBegan, Name: s.Name})
	start := time.Now()
	err := s.Policy.Execute(ctx, x)
	if x.metrics == nil {
		x.metrics = map[string]time.Duration{}
	}
	x.metrics[s.Name] = time.Since(start)
	done := Event{Kind: StepDone, Name: s.Name, Err: err}
	if served, ok := errors.AsType[*Served](err); ok {
		x.Note(Event{Kind: Warned, Name: s.Name, Text: served.Error()})
		done.Err = nil
	}
	x.Note(done)
	return err
}

// holds evaluates a condition and reports a body that it could not read.
func holds(x *Exchange, c *Condition, owner string) (bool, error) {
	if c == nil {
		return true, nil
	}
	ok, err := c.Eval(x)
	if broken := x.Err(); err == nil {
		err = broken
	}
	if x.trace != nil {
		x.trace.Event(x, Event{Kind: ConditionDone, Name: owner, Text: c.String(), Result: ok, Err: err})
	}
	return ok, err
}

// Holds evaluates the condition of something called owner; a nil condition is
// true. It tells the tracer, and reports a body that could not be read.
func (c *Condition) Holds(x *Exchange, owner string) (bool, error) { return holds(x, c, owner) }

// FaultOf returns the fault that an error is: its own, or for an error of ours
// InternalError with the error as cause.
func FaultOf(err error) *faults.Fault {
	if f, ok := errors.AsType[*faults.Fault](err); ok {
		return f
	}
	return internalError.Wrap(err)
}

// locate fills in where a fault arose, and makes a fault of any other error.
func locate(err error, x *Exchange, step string) error {
	f := FaultOf(err)
	f.At(step, x.Flow.Current, x.Phase.String())
	if own, ok := errors.AsType[*Raised](err); ok {
		return own
	}
	return f
}

// Raised is a fault that brings the message which the client gets: that of
// RaiseFault, or a target's own answer.
type Raised struct {
	Fault   *faults.Fault
	Message *Message
}

func (r *Raised) Error() string { return r.Fault.Error() }

// Unwrap returns the fault.
func (r *Raised) Unwrap() error { return r.Fault }
