package faultlint

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"sluice/faults"
	"sluice/proxy"
)

// sources are what can raise a fault that an endpoint's rules handle.
type sources struct {
	policies []*policy // attached, each once, in the order of the flows
	// missing are policies that do not exist, and elsewhere are shared flows that
	// are not among the bundles: both may raise whatever some policy type can.
	missing, elsewhere []string
	// wild tells why a fault may have a name that no catalogue lists; "" if none may.
	wild    string
	visited map[*bundle]bool
}

// sourcesOf collects the policies of the endpoint's flows. Those of its fault
// rules are not among them: no rule handles what they raise. A step in
// PostClientFlow is not handled either.
func (b *bundle) sourcesOf(e *endpoint) *sources {
	s := &sources{visited: map[*bundle]bool{}}
	if b.scripted {
		s.wild = "the bundle sets fault.name itself"
	}
	for _, point := range hookPoints[e.kind] {
		if h := b.options.Hooks[point]; h.SharedFlow != "" && !h.ContinueOnError {
			s.call(b, h.SharedFlow)
		}
	}
	s.steps(b, e.request)
	s.steps(b, e.response)
	return s
}

// sourcesInRules collects the policies of the endpoint's FaultRules. After one of
// them failed, an enforced DefaultFaultRule meets its fault.
func (b *bundle) sourcesInRules(e *endpoint) *sources {
	s := &sources{visited: map[*bundle]bool{}}
	for _, r := range e.rules {
		s.steps(b, r.steps)
	}
	return s
}

// attached collects every policy that runs anywhere in the bundle.
func (b *bundle) attached() *sources {
	s := &sources{visited: map[*bundle]bool{}}
	for _, e := range b.endpoints {
		s.steps(b, e.request)
		s.steps(b, e.response)
		for _, r := range e.handlers() {
			s.steps(b, r.steps)
		}
		for _, el := range e.root.below("PostClientFlow", "Request") {
			s.steps(b, b.steps(e.document, el))
		}
		for _, el := range e.root.below("PostClientFlow", "Response") {
			s.steps(b, b.steps(e.document, el))
		}
	}
	for _, f := range b.flows {
		s.steps(b, f.steps)
	}
	for _, h := range b.options.Hooks {
		s.call(b, h.SharedFlow)
	}
	return s
}

var hookPoints = map[string][]string{
	proxyEndpoint:  {"PreProxyFlowHook", "PostProxyFlowHook"},
	targetEndpoint: {"PreTargetFlowHook", "PostTargetFlowHook"},
}

// complete reports whether all that can raise a fault is known.
func (s *sources) complete() bool {
	return len(s.missing) == 0 && len(s.elsewhere) == 0 && s.wild == ""
}

func (s *sources) steps(b *bundle, list []*step) {
	for _, st := range list {
		switch {
		case st.policy == nil:
			s.missing = append(s.missing, st.name)
		case !slices.Contains(s.policies, st.policy):
			s.policy(b, st.policy)
		}
	}
}

func (s *sources) policy(b *bundle, p *policy) {
	s.policies = append(s.policies, p)
	switch {
	case p.kind == "FlowCallout":
		s.call(b, p.root.child("SharedFlowBundle").value())
	case len(catalogued[p.kind]) == 0, unpredictable[p.kind]:
		s.wild = "which faults " + p.kind + " raises is not documented"
	}
}

// unpredictable are policy types whose faults are named by somebody's program.
var unpredictable = map[string]bool{"JavaCallout": true, "ExternalCallout": true}

// call adds what a shared flow can raise.
func (s *sources) call(b *bundle, name string) {
	f := b.shared[name]
	switch {
	case f == nil:
		s.elsewhere = append(s.elsewhere, name)
	case !s.visited[f]:
		s.visited[f] = true
		if f.scripted {
			s.wild = "shared flow " + name + " sets fault.name itself"
		}
		for _, sf := range f.flows {
			s.steps(f, sf.steps)
		}
	}
}

// catalogued are the runtime faults by policy type, those of the runtime under
// faults.ElementRuntime.
var catalogued = func() map[string][]*faults.Def {
	m := map[string][]*faults.Def{}
	for _, d := range faults.All() {
		if d.Kind == faults.Runtime {
			m[d.Element] = append(m[d.Element], d)
		}
	}
	return m
}()

// raises are the faults of a policy that put a request into the error state. One
// with continueOnError has none, but for RaiseFault (runtime.md 7.4, recommended).
func (p *policy) raises() []*faults.Def {
	if p.goesOn && p.kind != "RaiseFault" {
		return nil
	}
	operation := p.root.child("Operation").value()
	var list []*faults.Def
	for _, d := range catalogued[p.kind] {
		if operation != "VerifyAccessToken" || !ofOther(d, operation) {
			list = append(list, d)
		}
	}
	return list
}

// ofOther reports whether the catalogue has the fault for other operations of a
// policy type. Only for VerifyAccessToken does that mean that it never happens:
// of the others it lists what is documented, and that is not all.
func ofOther(d *faults.Def, operation string) bool {
	return d.Operations != nil && operation != "" && !slices.Contains(d.Operations, operation)
}

// Faults of the runtime that arise where the rules of one kind of endpoint are not
// asked (runtime.md 7.2). What is in neither list may arise anywhere.
var (
	onlyAtTarget = []string{"ErrorResponseCode", "GatewayTimeout", "NoActiveTargets", "ServiceUnavailable", "SslHandshakeFailed", "UnexpectedEOFAtTarget"}
	onlyAtProxy  = []string{"RouteFailed", "TargetMissing"}
)

// runtimeFaults are the faults that can arise at an endpoint without a policy. A
// ProxyEndpoint also handles those of a call to an IntegrationEndpoint, which
// has no rules.
func (e *endpoint) runtimeFaults() []*faults.Def {
	elsewhere := onlyAtProxy
	if e.kind == proxyEndpoint {
		elsewhere = onlyAtTarget
		if e.callsIntegration() {
			elsewhere = nil
		}
	}
	var list []*faults.Def
	for _, d := range catalogued[faults.ElementRuntime] {
		if !slices.Contains(elsewhere, d.Name) {
			list = append(list, d)
		}
	}
	return list
}

// callsIntegration reports whether a RouteRule leads to an IntegrationEndpoint.
func (e *endpoint) callsIntegration() bool {
	return len(e.root.below("RouteRule", "IntegrationEndpoint")) > 0
}

var assignsFaultName = regexp.MustCompile(`(?i)set_?variable\s*\(\s*["']fault\.name["']`)

// setsFaultName reports whether a script sets the variable that rules test.
func setsFaultName(script []byte) bool {
	return bytes.Contains(script, []byte("fault.name")) && assignsFaultName.Match(script)
}

// isShared reports whether the bundle is a shared flow, whose caller is unknown.
func (b *bundle) isShared() bool { return b.source.Kind == proxy.SharedFlowBundle }

// listed joins names for a sentence, and counts what is too much for it.
func listed(names []string, joint string) string {
	const most = 4
	if len(names) > most {
		more := fmt.Sprintf("%d more", len(names)-most+1)
		names = append(slices.Clone(names[:most-1]), more)
	}
	if len(names) < 2 {
		return strings.Join(names, "")
	}
	return strings.Join(names[:len(names)-1], ", ") + " " + joint + " " + names[len(names)-1]
}
