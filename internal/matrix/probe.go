package matrix

import (
	"context"
	"slices"
	"strings"

	"sluice/faults"
	"sluice/flow"
	"sluice/proxy"
)

// probe stands in the place of an attached policy. During a rehearsal it fails
// when its turn has come, and otherwise does the policy's work or nothing.
type probe struct {
	proxy.StepInfo
	policy flow.Policy // nil for a type that is not available
	number int         // its own among the steps that were loaded
}

// preparing policies do their work on the way to the fault, since fault rules
// look at what they set. What they lack, because other policies did nothing, is
// forgiven.
var preparing = map[string]bool{"AssignMessage": true, "ExtractVariables": true}

// harmless policies do their work in fault rules: they change the exchange and
// nothing else.
var harmless = map[string]bool{
	"AssertCondition": true, "AssignMessage": true, "BasicAuthentication": true, "ExtractVariables": true, "HTTPModifier": true,
	"JSONToXML": true, "ParsePayload": true, "RaiseFault": true, "ReadPropertySet": true, "XMLToJSON": true, "XSL": true,
}

// Execute does what the rehearsal that ctx holds wants.
func (p *probe) Execute(ctx context.Context, x *flow.Exchange) error {
	r, ok := ctx.Value(rehearsalKey{}).(*rehearsal)
	if !ok {
		return p.policy.Execute(ctx, x)
	}
	r.stack = append(r.stack, p)
	defer func() { r.stack = r.stack[:len(r.stack)-1] }()
	if x.InError() {
		r.visit()
	}
	switch {
	case slices.Equal(r.stack, r.next()):
		return r.fail(ctx, x, p)
	case p.SharedFlow != "" && p.policy != nil:
		return p.call(ctx, x, r)
	case x.InError():
		return p.handle(ctx, x, r)
	case preparing[p.Element] && p.policy != nil:
		err := p.policy.Execute(ctx, x)
		if x.Err() == nil && err == nil {
			return nil
		}
	}
	r.skipped = append(r.skipped, p)
	return nil
}

// call runs the shared flow of a FlowCallout or a hook, whose steps are probes.
func (p *probe) call(ctx context.Context, x *flow.Exchange, r *rehearsal) error {
	before, way := r.failed, r.next()
	err := p.policy.Execute(ctx, x)
	onTheWay := len(way) > len(r.stack) && slices.Equal(r.stack, way[:len(r.stack)])
	if onTheWay && slices.Equal(r.next(), way) { // still to come: a parameter did not resolve
		err = x.CallSharedFlow(ctx, p.SharedFlow)
	}
	switch {
	case x.InError() && err != nil && x.SharedFlows[p.SharedFlow] == nil:
		r.story.idle(p.Name, "shared flow "+p.SharedFlow+" is not among the paths; taken as doing nothing")
		return nil
	case x.InError() || r.failed != before:
		return err
	}
	return nil
}

// handle is a step of a fault rule.
func (p *probe) handle(ctx context.Context, x *flow.Exchange, r *rehearsal) error {
	why := ""
	switch {
	case p.policy == nil:
		why = p.Element + " is not available; taken as doing nothing"
	case !harmless[p.Element]:
		why = p.Element + " is not run in a rehearsal; taken as doing nothing"
	default:
		return p.resolved(ctx, x, r)
	}
	r.story.idle(p.Name, why)
	r.skipped = append(r.skipped, p)
	return nil
}

// scripting policies may set any variable, and write the answer.
var scripting = map[string]bool{
	"ExternalCallout": true, "JavaCallout": true, "Javascript": true, "KeyValueMapOperations": true, "LookupCache": true,
	"Script": true, "ServiceCallout": true,
}

// maxResolved bounds how many variables of one policy are made up.
const maxResolved = 16

// resolved runs the policy. A variable that it misses, and that a policy which
// did nothing may have set, gets a value that says so: what is wrong with the
// rehearsal must not be told of the rules.
func (p *probe) resolved(ctx context.Context, x *flow.Exchange, r *rehearsal) error {
	err := p.policy.Execute(ctx, x)
	made := map[string]bool{}
	for range maxResolved {
		name := unresolved(err)
		who := r.maySet(name)
		if name == "" || who == "" || made[name] {
			break
		}
		made[name] = true
		x.Put(name, standIn(name))
		r.story.note("variable " + name + " is made up: " + who + " did nothing here, and may set it")
		err = p.policy.Execute(ctx, x)
	}
	return err
}

// standIn is the value of a made-up variable: a status where one is likely.
func standIn(name string) flow.Value {
	if strings.Contains(strings.ToLower(name), "status") {
		return flow.Text("500")
	}
	return flow.Text("(" + name + ")")
}

// unresolved is the variable that a fault complains about. All texts of
// UnresolvedVariable end in its name.
func unresolved(err error) string {
	if err == nil {
		return ""
	}
	f := flow.FaultOf(err)
	words := strings.Fields(f.Reason)
	if f.Name() != "UnresolvedVariable" || len(words) == 0 {
		return ""
	}
	return words[len(words)-1]
}

// maySet names a policy that did nothing and may set the variable: one that sets
// what it likes, one whose name is part of the variable's, or one that prepares
// and could not.
func (r *rehearsal) maySet(variable string) string {
	for _, p := range r.skipped {
		if scripting[p.Element] || preparing[p.Element] || strings.Contains(variable, p.Name) {
			return p.Name
		}
	}
	return ""
}

// raise is the fault d of this step, with what the policy itself sets beside it.
// RaiseFault is run: its fault is its own.
func (p *probe) raise(ctx context.Context, x *flow.Exchange, d *faults.Def) error {
	if p.Element == "RaiseFault" && p.policy != nil {
		err := p.policy.Execute(ctx, x)
		if err != nil && flow.FaultOf(err).Name() == d.Name {
			return err
		}
	}
	f := d.New()
	if d.CauseVariable != "" {
		x.Put(strings.ReplaceAll(d.CauseVariable, "{policy}", p.Name), flow.Text(f.Reason))
	}
	return f
}
