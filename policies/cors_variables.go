package policies

import "sluice/flow"

// corsVariables is the common beginning of the policy's variables.
const corsVariables = "cross_origin_resource_sharing."

// tell sets the variables that every request from another origin has. Apigee
// does not say what becomes of those without a value: here they are null, but
// allow.origin is "" when the origin is not allowed.
func (p *cors) tell(x *flow.Exchange, origin string, g corsGrant) {
	putCORS(x, "request.type", "ACTUAL")
	putCORS(x, "request.origin", origin)
	putCORS(x, "allow.origins.list", g.origins)
	x.Put(corsVariables+"allow.origin", flow.Text(g.origin))
	putCORS(x, "allow.methods", g.methods)
	putCORS(x, "allow.headers", g.headers)
	putCORS(x, "expose.headers", g.expose)
	x.Put(corsVariables+"max.age", flow.Int(p.maxAge))
	x.Put(corsVariables+"allow.credentials", p.credentials)
}

// tellCORSPreflight sets those that only a preflight has.
func tellCORSPreflight(x *flow.Exchange, method string, g corsGrant) {
	putCORS(x, "request.type", "PRE_FLIGHT")
	putCORS(x, "request.method", method)
	headers, _ := x.Request.Header.Joined("Access-Control-Request-Headers")
	putCORS(x, "request.headers", headers)
	// By the origin alone: whether the method and the headers are allowed is the
	// browser's to judge.
	x.Put(corsVariables+"preflight.accepted", flow.Bool(g.origin != ""))
}

func putCORS(x *flow.Exchange, name, value string) {
	if value == "" {
		x.Put(corsVariables+name, flow.Value{})
		return
	}
	x.Put(corsVariables+name, flow.Text(value))
}
