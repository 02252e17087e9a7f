package matrix

import (
	"slices"
	"strings"

	"sluice/faults"
	"sluice/flow"
	"sluice/proxy"
)

// injection is one fault to put into one row.
type injection struct {
	column string // what the column is called
	group  string // what its columns stand under: a policy type, or what else fails
	cause  string
	def    *faults.Def
	detail string               // "reason" of the envelope
	answer func() *flow.Message // of a target that answers with an error
	late   bool                 // of a target: arises when the answer's payload is read
	note   string

	unreachable string
}

// The groups of faults that are no policy's.
const (
	clientGroup = "client"
	routeGroup  = "route"
	targetGroup = "target"
)

// stepFaults are the documented runtime faults of a step, each code once. A flow
// hook has those of a FlowCallout that cannot find its shared flow.
func stepFaults(p *probe) []injection {
	if p.Element == proxy.FlowHookElement {
		d, _ := faults.Lookup("FlowCallout", "SharedFlowNotFound")
		return []injection{{column: d.Name, group: p.Element, cause: d.Cause, def: d}}
	}
	var list []injection
	for _, d := range catalogued[p.Element] {
		if d.Operations != nil && p.Operation != "" && !slices.Contains(d.Operations, p.Operation) {
			continue
		}
		if slices.ContainsFunc(list, func(in injection) bool { return in.def.Code == d.Code }) {
			continue
		}
		list = append(list, injection{column: d.Name, group: p.Element, cause: d.Cause, def: d})
	}
	return list
}

// catalogued are Apigee's runtime faults by policy element.
var catalogued = func() map[string][]*faults.Def {
	m := map[string][]*faults.Def{}
	for _, d := range faults.All() {
		if d.Kind == faults.Runtime && d.Evidence != faults.Sluice && d.Element != faults.ElementRuntime {
			m[d.Element] = append(m[d.Element], d)
		}
	}
	return m
}()

func runtimeFault(group, column, name string) injection {
	d := faults.MustRuntime(name)
	return injection{column: column, group: group, cause: d.Cause, def: d}
}

// clientFaults are those of a request that arise while the proxy's request flow
// runs. What is wrong with a request before that, no fault rule sees.
func clientFaults() []injection {
	list := []injection{
		runtimeFault(clientGroup, "body too big", "TooBigBody"),
		runtimeFault(clientGroup, "bad gzip", "DecompressionFailureAtRequest"),
		runtimeFault(clientGroup, "api.timeout", "APITimedOut"),
	}
	list[0].note = "arises in the step that reads the payload"
	list[1].note = list[0].note
	list[2].note = "arises after a step that waits"
	return list
}

// routeFaults is the one fault of routing. unreachable tells why some RouteRule
// always holds.
func routeFaults(unreachable string) []injection {
	in := runtimeFault(routeGroup, "no route", "RouteFailed")
	in.unreachable = unreachable
	return []injection{in}
}

// targetFaults are what can happen between the proxy and a target.
func targetFaults(t *proxy.Target) []injection {
	reach := t.Reach()
	list := slices.Clone(connectionFaults[reach.Kind])
	for i := range list {
		list[i].unreachable = outOfReach(list[i].column, reach)
	}
	answers := []injection{
		{column: "4xx", cause: "the target answers 404", def: faults.MustRuntime("ErrorResponseCode"), answer: status(404)},
		{column: "5xx", cause: "the target answers 500", def: faults.MustRuntime("ErrorResponseCode"), answer: status(500)},
	}
	if reach.Kind == "node" {
		answers = nil
	}
	list = append(list, answers...)
	list = append(list, runtimeFault(targetGroup, "api.timeout", "APITimedOut"))
	for i := range list {
		list[i].group = targetGroup
	}
	return list
}

// outOfReach tells which faults a connection cannot have.
func outOfReach(column string, r proxy.Reach) string {
	switch {
	case r.Plain && (strings.Contains(column, "TLS") || column == "certificate"):
		return "the target is called without TLS"
	case !r.Balanced && column == "no server left":
		return "the target has no LoadBalancer"
	case !r.Authorized && column == "token":
		return "the target is called without a Google token"
	}
	return ""
}

// connectionFaults are the faults of each kind of target, named as users meet
// them, with the code that proxy gives them.
var connectionFaults = map[string][]injection{
	"http": {
		connecting("refused", "the target refuses the connection", "ServiceUnavailable", ""),
		connecting("DNS", "the target's name does not resolve", "ServiceUnavailable", ""),
		connecting("connect timeout", "connect.timeout.millis passed", "ServiceUnavailable", faults.DetailTargetConnectTimeout),
		connecting("read timeout", "io.timeout.millis passed", "GatewayTimeout", faults.DetailTargetReadTimeout),
		connecting("reset", "the target closes the connection before it answers", "UnexpectedEOFAtTarget", ""),
		reading("reset in body", "the target closes the connection in the middle of its answer", "UnexpectedEOFAtTarget"),
		connecting("TLS", "the TLS handshake fails", "SslHandshakeFailed", ""),
		connecting("certificate", "the target's certificate is not trusted, or names another host", "SslHandshakeFailed", ""),
		connecting("no server left", "every target server is disabled or marked down", "NoActiveTargets", ""),
		connecting("token", "a Google token for the call cannot be made", "GoogleTokenGenerationFailure", ""),
		connecting("header too big", "the header of the answer is above the limit", "TooBigHeaders/response", ""),
		connecting("no HTTP", "what the target sends is no HTTP", "BadGateway", ""),
		reading("body too big", "the answer is above the payload limit", "TooBigBody/response"),
		reading("bad chunking", "the answer's chunks are broken", "UnexpectedEOFAtTarget"),
		reading("bad gzip", "the answer says gzip and is not", "DecompressionFailureAtResponse"),
	},
	"local": {
		connecting("not deployed", "the proxy that is called is not deployed", "ApplicationNotFound", ""),
	},
	"integration": {
		connecting("request missing", "integration.request is not set", "UnresolvedVariable", ""),
		connecting("token", "a Google token for the call cannot be made", "GoogleTokenGenerationFailure", ""),
		connecting("refused", "Application Integration cannot be reached", "BadGateway", ""),
		connecting("read timeout", "the integration does not answer in two minutes", "GatewayTimeout", ""),
	},
	"node": {
		connecting("no Node.js", "ScriptTarget and HostedTarget run on Apigee Edge only", "TargetMissing", ""),
	},
}

func connecting(column, cause, name, detail string) injection {
	return injection{column: column, cause: cause, def: faults.MustRuntime(name), detail: detail}
}

func reading(column, cause, name string) injection {
	in := connecting(column, cause, name, "")
	in.late, in.note = true, "arises where the payload is read; when nothing reads it, the client's connection is cut instead"
	return in
}
