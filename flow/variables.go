package flow

import (
	"crypto/tls"
	"crypto/x509/pkix"
	"strconv"
	"strings"
	"time"
)

// Variable is one row of the table of predefined flow variables (runtime.md
// 6.2). The same row answers reads and writes and prints the reference
// (`sluice doc variables`). A row without get is set by a policy and stored like
// a variable of the bundle's own; it is here for the reference.
type Variable struct {
	Name  string // POLICY, NAME and KEY stand for a name
	Type  Type
	Scope string // PQ, TQ, TR, PR, PC, ER as in runtime.md 6: readable from there on
	Write bool
	Doc   string

	get func(x *Exchange, key string) Value
	set func(x *Exchange, key string, v Value) error
}

// family is a predefined variable with a name inside: PREFIX KEY SUFFIX.
type family struct {
	prefix, suffix string
	variable       *Variable
}

var (
	predefined = map[string]*Variable{}
	families   []family
)

func init() {
	for i := range variables {
		v := &variables[i]
		v.Write = v.Write || v.set != nil
		if v.get == nil {
			continue
		}
		prefix, suffix, ok := cutKey(v.Name)
		if ok {
			families = append(families, family{prefix, suffix, v})
			continue
		}
		predefined[v.Name] = v
	}
}

func cutKey(name string) (prefix, suffix string, ok bool) {
	for _, key := range [...]string{"POLICY", "NAME.KEY", "NAME", "KEY"} {
		if prefix, suffix, ok = strings.Cut(name, key); ok {
			return prefix, suffix, true
		}
	}
	return name, "", false
}

// Variables returns the reference of flow variables, in the order of the table:
// first the predefined ones, then the parts of a message as "M.part".
func Variables() []Variable {
	list := append([]Variable(nil), variables[:]...)
	for _, p := range partList() {
		list = append(list, Variable{Name: "M." + p.name, Type: typeNamed(p.typ), Scope: "PQ", Write: p.set != nil, Doc: p.doc})
	}
	return list
}

func typeNamed(name string) Type {
	for t, n := range typeNames {
		if n == name {
			return Type(t)
		}
	}
	return Null
}

var variables = [...]Variable{
	{Name: "request", Type: MessageObject, Scope: "PQ", Doc: "request message", get: func(x *Exchange, _ string) Value { return MessageValue(x.Request) }, set: setMessage("request")},
	{Name: "response", Type: MessageObject, Scope: "TR", Doc: "response message", get: func(x *Exchange, _ string) Value { return MessageValue(x.Response) }, set: setMessage("response")},
	{Name: "error", Type: MessageObject, Scope: "ER", Doc: "message of the error state", get: func(x *Exchange, _ string) Value { return MessageValue(x.Error) }, set: setMessage("error")},
	{Name: "message", Type: MessageObject, Scope: "PQ", Doc: "request in request flows, response in response flows, error in the error state", get: func(x *Exchange, _ string) Value { return MessageValue(x.Ambient()) }, set: setMessage("message")},

	{Name: "request.url", Type: String, Scope: "TR", Doc: "URL sent to the target, with the query, without the port", get: requestURL},
	{Name: "request.uri", Type: String, Scope: "PQ", Doc: "path and query: the client's; after the target call the target's", get: requestURI, set: setRequestURI},
	{Name: "request.path", Type: String, Scope: "PQ", Doc: "path without the query: the client's; after the target call the target's", get: requestPath, set: setRequestPath},
	{Name: "request.transportid", Type: String, Scope: "PQ", Doc: "protocol of the client's connection", get: func(x *Exchange, _ string) Value { return Text("http") }},
	{Name: "request.grpc.service.name", Type: String, Scope: "PQ", Doc: "service of a gRPC call", get: func(x *Exchange, _ string) Value { s, _ := grpcNames(x); return orNull(s) }},
	{Name: "request.grpc.rpc.name", Type: String, Scope: "PQ", Doc: "method of a gRPC call", get: func(x *Exchange, _ string) Value { _, s := grpcNames(x); return orNull(s) }},

	{Name: "apigee.metrics.policy.POLICY.timeTaken", Type: Long, Scope: "PQ", Doc: "nanoseconds that the policy took", get: policyTime},
	{Name: "apigee.client_id", Type: String, Scope: "PQ", Doc: "key of the app; set by VerifyAPIKey, OAuthV2 and GetOAuthV2Info"},
	{Name: "apigee.access_token", Type: String, Scope: "PQ", Doc: "access token; set by OAuthV2 and GetOAuthV2Info"},
	{Name: "apigee.developer.app.name", Type: String, Scope: "PQ", Doc: "name of the app; set as apigee.client_id is"},
	{Name: "apigee.developer.email", Type: String, Scope: "PQ", Doc: "address of the app's developer; set as apigee.client_id is"},
	{Name: "apigee.developer.id", Type: String, Scope: "PQ", Doc: "ORGANIZATION@@@ID of the app's developer; set as apigee.client_id is"},
	{Name: "apigee.apiproduct.name", Type: String, Scope: "PQ", Doc: "product that lets the request pass; set by VerifyAPIKey, VerifyAccessToken and GetOAuthV2Info"},
	{Name: "apiproduct.operation", Type: String, Scope: "PQ", Doc: "operation of the product that lets the request pass: its resource (not established); set by VerifyAPIKey and VerifyAccessToken"},
	{Name: "apiproduct.operation.resource", Type: String, Scope: "PQ", Doc: "its resource"},
	{Name: "apiproduct.operation.methods", Type: Collection, Scope: "PQ", Doc: "its methods, when it names any"},
	{Name: "apiproduct.operation.attributes.KEY", Type: String, Scope: "PQ", Doc: "its custom attribute of that name"},
	{Name: "apigee.edge.sharedflow.name", Type: String, Scope: "PQ", Doc: "shared flow that runs", get: func(x *Exchange, _ string) Value { return orNull(x.Flow.SharedFlow) }},
	{Name: "apigee.edge.flowhook.name", Type: String, Scope: "PQ", Doc: "flow hook that runs", get: func(x *Exchange, _ string) Value { return orNull(x.Flow.Hook) }},
	{Name: "apiproxy.name", Type: String, Scope: "PQ", Doc: "name of the API proxy", get: func(x *Exchange, _ string) Value { return Text(x.Proxy.Name) }},
	{Name: "apiproxy.revision", Type: String, Scope: "PQ", Doc: "revision of the API proxy", get: func(x *Exchange, _ string) Value { return Text(x.Proxy.Revision) }},
	{Name: "apiproxy.basepath", Type: String, Scope: "PQ", Doc: "base path given at deployment", get: func(x *Exchange, _ string) Value { return Text(x.Proxy.DeployedAt) }},
	{Name: "application.basepath", Type: String, Scope: "PQ", Doc: "same as apiproxy.basepath (Edge)", get: func(x *Exchange, _ string) Value { return Text(x.Proxy.DeployedAt) }},
	{Name: "environment.name", Type: String, Scope: "PQ", Doc: "name of the environment", get: func(x *Exchange, _ string) Value { return Text(x.Proxy.Environment) }},
	{Name: "organization.name", Type: String, Scope: "PQ", Doc: "name of the organization", get: func(x *Exchange, _ string) Value { return Text(x.Proxy.Organization) }},
	{Name: "messageid", Type: String, Scope: "PQ", Doc: "unique id of the request", get: func(x *Exchange, _ string) Value { return Text(x.ID()) }},
	{Name: "is.error", Type: Boolean, Scope: "PQ", Doc: "true in the error state", get: func(x *Exchange, _ string) Value { return Bool(x.InError()) }},

	{Name: "client.ip", Type: String, Scope: "PQ", Doc: "address of the peer", get: func(x *Exchange, _ string) Value { return orNull(x.Client.IP) }},
	{Name: "client.resolved.ip", Type: String, Scope: "PQ", Doc: "client address: first hop of X-Forwarded-For, else the peer", get: func(x *Exchange, _ string) Value { return orNull(x.resolvedIP()) }},
	{Name: "client.port", Type: Integer, Scope: "PQ", Doc: "port of the peer", get: func(x *Exchange, _ string) Value { return Int(x.Client.Port) }},
	{Name: "client.host", Type: String, Scope: "PQ", Doc: "address that the request came in on", get: func(x *Exchange, _ string) Value { return orNull(x.Client.LocalIP) }},
	{Name: "client.scheme", Type: String, Scope: "PQ", Doc: "http or https", get: func(x *Exchange, _ string) Value { return orNull(x.Client.Scheme) }},
	{Name: "client.ssl.enabled", Type: String, Scope: "PQ", Doc: "true or false", get: func(x *Exchange, _ string) Value { return Text(strconv.FormatBool(x.Client.TLS != nil)) }},
	{Name: "client.cn", Type: String, Scope: "PQ", Doc: "common name of the client certificate", get: clientSubject(func(n pkix.Name) string { return n.CommonName })},
	{Name: "client.country", Type: String, Scope: "PQ", Doc: "country of the client certificate", get: clientSubject(func(n pkix.Name) string { return first(n.Country) })},
	{Name: "client.email.address", Type: String, Scope: "PQ", Doc: "e-mail address of the client certificate", get: func(x *Exchange, _ string) Value { return orNull(certEmail(x.Client.TLS)) }},
	{Name: "client.locality", Type: String, Scope: "PQ", Doc: "locality of the client certificate", get: clientSubject(func(n pkix.Name) string { return first(n.Locality) })},
	{Name: "client.organization", Type: String, Scope: "PQ", Doc: "organization of the client certificate", get: clientSubject(func(n pkix.Name) string { return first(n.Organization) })},
	{Name: "client.organization.unit", Type: String, Scope: "PQ", Doc: "organizational unit of the client certificate", get: clientSubject(func(n pkix.Name) string { return first(n.OrganizationalUnit) })},
	{Name: "client.state", Type: String, Scope: "PQ", Doc: "state of the client certificate", get: clientSubject(func(n pkix.Name) string { return first(n.Province) })},
	{Name: "client.received.start.time", Type: String, Scope: "PQ", Doc: "when the request began to arrive", get: func(x *Exchange, _ string) Value { return clock(x.Client.Received.Start, "") }},
	{Name: "client.received.start.timestamp", Type: Long, Scope: "PQ", Doc: "the same, ms since 1970", get: func(x *Exchange, _ string) Value { return millis(x.Client.Received.Start) }},
	{Name: "client.received.end.time", Type: String, Scope: "PQ", Doc: "when the request's header had arrived (a body may still stream)", get: func(x *Exchange, _ string) Value { return clock(x.Client.Received.End, "") }},
	{Name: "client.received.end.timestamp", Type: Long, Scope: "PQ", Doc: "the same, ms since 1970", get: func(x *Exchange, _ string) Value { return millis(x.Client.Received.End) }},
	{Name: "client.sent.start.time", Type: String, Scope: "PC", Doc: "when the response began to be sent; \"\" before", get: func(x *Exchange, _ string) Value { return clock(x.Client.Sent.Start, "") }},
	{Name: "client.sent.start.timestamp", Type: Long, Scope: "PC", Doc: "the same, ms since 1970; -1 before", get: func(x *Exchange, _ string) Value { return millis(x.Client.Sent.Start) }},
	{Name: "client.sent.end.time", Type: String, Scope: "PC", Doc: "when the response had been sent; \"\" before", get: func(x *Exchange, _ string) Value { return clock(x.Client.Sent.End, "") }},
	{Name: "client.sent.end.timestamp", Type: Long, Scope: "PC", Doc: "the same, ms since 1970; -1 before", get: func(x *Exchange, _ string) Value { return millis(x.Client.Sent.End) }},

	{Name: "current.flow.name", Type: String, Scope: "PQ", Doc: "flow that runs: PreFlow, PostFlow or its name", get: func(x *Exchange, _ string) Value { return orNull(x.Flow.Current) }},
	{Name: "current.flow.description", Type: String, Scope: "PQ", Doc: "its description", get: func(x *Exchange, _ string) Value { return orNull(x.Flow.Description) }},
	{Name: "proxy.flow.name", Type: String, Scope: "PQ", Doc: "newest flow of the ProxyEndpoint (Edge)", get: func(x *Exchange, _ string) Value { return orNull(x.Flow.Proxy) }},
	{Name: "proxy.flow.description", Type: String, Scope: "PQ", Doc: "its description (Edge)", get: func(x *Exchange, _ string) Value { return orNull(x.Flow.ProxyDescription) }},
	{Name: "target.flow.name", Type: String, Scope: "TQ", Doc: "newest flow of the TargetEndpoint (Edge)", get: func(x *Exchange, _ string) Value { return orNull(x.Flow.Target) }},
	{Name: "target.flow.description", Type: String, Scope: "TQ", Doc: "its description (Edge)", get: func(x *Exchange, _ string) Value { return orNull(x.Flow.TargetDescription) }},

	{Name: "fault.name", Type: String, Scope: "ER", Doc: "last part of the fault code", get: func(x *Exchange, _ string) Value { return ofFault(x, faultName) }},
	{Name: "fault.reason", Type: String, Scope: "ER", Doc: "text of the fault", get: func(x *Exchange, _ string) Value { return ofFault(x, faultReason) }},
	{Name: "fault.category", Type: String, Scope: "ER", Doc: "Policy for a policy, else Messaging, Transport or System", get: func(x *Exchange, _ string) Value { return ofFault(x, faultCategory) }},
	{Name: "fault.subcategory", Type: String, Scope: "ER", Doc: "finer kind of the fault", get: func(x *Exchange, _ string) Value { return ofFault(x, faultSubcategory) }},
	{Name: "fault.type", Type: String, Scope: "ER", Doc: "same as fault.name (Edge)", get: func(x *Exchange, _ string) Value { return ofFault(x, faultName) }},
	{Name: "error.message", Type: String, Scope: "ER", Doc: "faultstring", get: func(x *Exchange, _ string) Value { return inFault(x, faultReason) }},
	{Name: "error.state", Type: Integer, Scope: "ER", Doc: "flow in which the fault arose: 1 to 5 in the order of the flows (numbering not established)", get: func(x *Exchange, _ string) Value {
		if x.Fault == nil {
			return Value{}
		}
		return Int(int(x.Phase) + 1)
	}},

	{Name: "proxy.name", Type: String, Scope: "PQ", Doc: "name of the ProxyEndpoint", get: func(x *Exchange, _ string) Value { return Text(x.Proxy.Endpoint) }},
	{Name: "proxy.basepath", Type: String, Scope: "PQ", Doc: "base path as written in the bundle, with its wildcards", get: func(x *Exchange, _ string) Value { return Text(x.Proxy.BasePath) }},
	{Name: "proxy.pathsuffix", Type: String, Scope: "PQ", Doc: "path after the base path, with its leading slash, \"\" if none", get: func(x *Exchange, _ string) Value { return Text(x.Path.Suffix) }},
	{Name: "proxy.url", Type: String, Scope: "PQ", Doc: "whole URL that the client used", get: proxyURL},
	{Name: "proxy.client.ip", Type: String, Scope: "PQ", Doc: "last hop of X-Forwarded-For, else the peer", get: func(x *Exchange, _ string) Value { return orNull(x.lastHop()) }},
	{Name: "route.name", Type: String, Scope: "TQ", Doc: "RouteRule that was taken", get: func(x *Exchange, _ string) Value { return orNull(x.Route.Name) }},
	{Name: "route.target", Type: String, Scope: "TQ", Doc: "TargetEndpoint that it names", get: func(x *Exchange, _ string) Value { return orNull(x.Route.Target) }},

	{Name: "target.name", Type: String, Scope: "TQ", Doc: "name of the TargetEndpoint", get: func(x *Exchange, _ string) Value { return orNull(x.Target.Name) }},
	{Name: "target.url", Type: String, Scope: "TQ", Doc: "URL of the target, without what the runtime appends", get: targetURL, set: inTarget(func(x *Exchange, v Value) { x.Target.URL = v.String() })},
	{Name: "target.evaluated.url", Type: String, Scope: "TQ", Doc: "same purpose as target.url, for URLs built from what users send", get: func(x *Exchange, _ string) Value { return orNull(x.Target.EvaluatedURL) }, set: inTarget(func(x *Exchange, v Value) { x.Target.EvaluatedURL = v.String() })},
	{Name: "target.copy.pathsuffix", Type: Boolean, Scope: "PQ", Doc: "false: proxy.pathsuffix is not appended to the target's path", get: func(x *Exchange, _ string) Value { return orTrue(x.Target.CopySuffix) }, set: func(x *Exchange, _ string, v Value) error { x.Target.CopySuffix = v; return nil }},
	{Name: "target.copy.queryparams", Type: Boolean, Scope: "PQ", Doc: "false: query parameters are not sent to the target", get: func(x *Exchange, _ string) Value { return orTrue(x.Target.CopyQuery) }, set: func(x *Exchange, _ string, v Value) error { x.Target.CopyQuery = v; return nil }},
	{Name: "target.header.host", Type: String, Scope: "TQ", Doc: "Host header sent to the target", get: func(x *Exchange, _ string) Value { return orNull(x.Target.HostHeader) }, set: func(x *Exchange, _ string, v Value) error { x.Target.HostHeader = v.String(); return nil }},
	{Name: "target.basepath", Type: String, Scope: "TQ", Doc: "path of the target URL, without the query; null if it has none", get: targetBasePath},
	{Name: "target.host", Type: String, Scope: "TR", Doc: "host name of the target", get: func(x *Exchange, _ string) Value { return orNull(x.Target.Host) }},
	{Name: "target.ip", Type: String, Scope: "TR", Doc: "address of the target", get: targetIP},
	{Name: "target.port", Type: Integer, Scope: "TR", Doc: "port of the target", get: func(x *Exchange, _ string) Value {
		if x.Target.Port == 0 {
			return Value{}
		}
		return Int(x.Target.Port)
	}},
	{Name: "target.scheme", Type: String, Scope: "TQ", Doc: "http or https", get: func(x *Exchange, _ string) Value { return orNull(x.Target.Scheme) }},
	{Name: "target.ssl.enabled", Type: Boolean, Scope: "PQ", Doc: "whether TLS is used to the target", get: func(x *Exchange, _ string) Value { return Bool(x.Target.Scheme == "https") }},
	{Name: "target.expectedcn", Type: String, Scope: "TQ", Doc: "common name that the target's certificate must have", get: func(x *Exchange, _ string) Value { return orNull(x.Target.ExpectedCN) }, set: func(x *Exchange, _ string, v Value) error { x.Target.ExpectedCN = v.String(); return nil }},
	{Name: "target.cn", Type: String, Scope: "TR", Doc: "common name of the target's certificate", get: targetSubject(func(n pkix.Name) string { return n.CommonName })},
	{Name: "target.country", Type: String, Scope: "TR", Doc: "country of the target's certificate", get: targetSubject(func(n pkix.Name) string { return first(n.Country) })},
	{Name: "target.email.address", Type: String, Scope: "TR", Doc: "e-mail address of the target's certificate", get: func(x *Exchange, _ string) Value { return orNull(certEmail(x.Target.TLS)) }},
	{Name: "target.locality", Type: String, Scope: "TR", Doc: "locality of the target's certificate", get: targetSubject(func(n pkix.Name) string { return first(n.Locality) })},
	{Name: "target.organization", Type: String, Scope: "TR", Doc: "organization of the target's certificate", get: targetSubject(func(n pkix.Name) string { return first(n.Organization) })},
	{Name: "target.organization.unit", Type: String, Scope: "TR", Doc: "organizational unit of the target's certificate", get: targetSubject(func(n pkix.Name) string { return first(n.OrganizationalUnit) })},
	{Name: "target.state", Type: String, Scope: "TR", Doc: "state of the target's certificate", get: targetSubject(func(n pkix.Name) string { return first(n.Province) })},
	{Name: "target.sent.start.time", Type: String, Scope: "TQ", Doc: "when the request began to be sent to the target", get: func(x *Exchange, _ string) Value { return clock(x.Target.Sent.Start, "null") }},
	{Name: "target.sent.start.timestamp", Type: Long, Scope: "TQ", Doc: "the same, ms since 1970", get: func(x *Exchange, _ string) Value { return millisOrNull(x.Target.Sent.Start) }},
	{Name: "target.sent.end.time", Type: String, Scope: "TQ", Doc: "when the request had been sent to the target", get: func(x *Exchange, _ string) Value { return clock(x.Target.Sent.End, "null") }},
	{Name: "target.sent.end.timestamp", Type: Long, Scope: "TQ", Doc: "the same, ms since 1970", get: func(x *Exchange, _ string) Value { return millisOrNull(x.Target.Sent.End) }},
	{Name: "target.received.start.time", Type: String, Scope: "TR", Doc: "when the target's response began to arrive", get: func(x *Exchange, _ string) Value { return clock(x.Target.Received.Start, "null") }},
	{Name: "target.received.start.timestamp", Type: Long, Scope: "TR", Doc: "the same, ms since 1970", get: func(x *Exchange, _ string) Value { return millisOrNull(x.Target.Received.Start) }},
	{Name: "target.received.end.time", Type: String, Scope: "TR", Doc: "when the target's response header had arrived (a body may still stream)", get: func(x *Exchange, _ string) Value { return clock(x.Target.Received.End, "null") }},
	{Name: "target.received.end.timestamp", Type: Long, Scope: "TR", Doc: "the same, ms since 1970", get: func(x *Exchange, _ string) Value { return millisOrNull(x.Target.Received.End) }},

	{Name: "loadbalancing.targetserver", Type: String, Scope: "TR", Doc: "TargetServer that answered; set only when the connection has a Path", get: func(x *Exchange, _ string) Value { return orNull(x.Target.Server) }},
	{Name: "loadbalancing.failedservers", Type: Collection, Scope: "TR", Doc: "TargetServers that failed for this request", get: func(x *Exchange, _ string) Value { return collection(x.Target.FailedServers) }},
	{Name: "loadbalancing.isfallback", Type: Boolean, Scope: "TR", Doc: "whether the fallback server answered", get: func(x *Exchange, _ string) Value { return x.Target.Fallback }},

	{Name: "propertyset.NAME.KEY", Type: String, Scope: "PQ", Doc: "value of a property set", get: propertySet},

	{Name: "system.time", Type: String, Scope: "PQ", Doc: "time of reading", get: func(x *Exchange, _ string) Value { return clock(x.Now(), "") }},
	{Name: "system.time.year", Type: Integer, Scope: "PQ", Doc: "year", get: now(func(t time.Time) int { return t.Year() })},
	{Name: "system.time.month", Type: Integer, Scope: "PQ", Doc: "month, 1 to 12", get: now(func(t time.Time) int { return int(t.Month()) })},
	{Name: "system.time.day", Type: Integer, Scope: "PQ", Doc: "day of the month", get: now(time.Time.Day)},
	{Name: "system.time.dayofweek", Type: Integer, Scope: "PQ", Doc: "day of the week, 1 is Sunday as in java.util.Calendar (base not established)", get: now(func(t time.Time) int { return int(t.Weekday()) + 1 })},
	{Name: "system.time.hour", Type: Integer, Scope: "PQ", Doc: "hour, 0 to 23", get: now(time.Time.Hour)},
	{Name: "system.time.minute", Type: Integer, Scope: "PQ", Doc: "minute", get: now(time.Time.Minute)},
	{Name: "system.time.second", Type: Integer, Scope: "PQ", Doc: "second", get: now(time.Time.Second)},
	{Name: "system.time.millisecond", Type: Integer, Scope: "PQ", Doc: "millisecond", get: now(func(t time.Time) int { return t.Nanosecond() / 1e6 })},
	{Name: "system.time.zone", Type: String, Scope: "PQ", Doc: "time zone", get: func(*Exchange, string) Value { return Text("UTC") }},
	{Name: "system.timestamp", Type: Long, Scope: "PQ", Doc: "time of reading, ms since 1970", get: func(x *Exchange, _ string) Value { return Int64(x.Now().UnixMilli()) }},
	{Name: "system.region.name", Type: String, Scope: "PQ", Doc: "region that the runtime runs in", get: func(x *Exchange, _ string) Value { return orNull(x.Proxy.Region) }},
	{Name: "system.pod.name", Type: String, Scope: "PQ", Doc: "pod that the runtime runs in", get: func(x *Exchange, _ string) Value { return orNull(x.Proxy.Pod) }},
	{Name: "system.uuid", Type: String, Scope: "PQ", Doc: "id of the runtime process", get: func(x *Exchange, _ string) Value { return orNull(x.Services.ProcessID) }},
	{Name: "system.interface.NAME", Type: String, Scope: "PQ", Doc: "address of a network interface of the runtime", get: func(x *Exchange, key string) Value { return orNull(x.Services.Interfaces[key]) }},
	{Name: "router.uuid", Type: String, Scope: "PQ", Doc: "id of the runtime process (Edge)", get: func(x *Exchange, _ string) Value { return orNull(x.Services.ProcessID) }},
	{Name: "virtualhost.name", Type: String, Scope: "PQ", Doc: "default or secure (Edge)", get: func(x *Exchange, _ string) Value { return Text(x.VirtualHost()) }},
	{Name: "virtualhost.ssl.enabled", Type: String, Scope: "PQ", Doc: "true or false (Edge)", get: func(x *Exchange, _ string) Value { return Text(strconv.FormatBool(x.Client.TLS != nil)) }},
	{Name: "virtualhost.aliases.values", Type: Collection, Scope: "PQ", Doc: "host names of the listener (Edge)", get: func(x *Exchange, _ string) Value { return List([]string{x.Client.Host}) }},

	{Name: "tls.protocol", Type: String, Scope: "PQ", Doc: "TLS version of the client's connection", get: ofTLS(func(s *tls.ConnectionState) string {
		return strings.ReplaceAll(tls.VersionName(s.Version), "TLS ", "TLSv")
	})},
	{Name: "tls.cipher", Type: String, Scope: "PQ", Doc: "TLS cipher suite of the client's connection", get: ofTLS(func(s *tls.ConnectionState) string { return tls.CipherSuiteName(s.CipherSuite) })},
	{Name: "tls.server.name", Type: String, Scope: "PQ", Doc: "name that the client asked for", get: ofTLS(func(s *tls.ConnectionState) string { return s.ServerName })},
	{Name: "tls.session.id", Type: String, Scope: "PQ", Doc: "TLS session id; TLS 1.3 has none", get: ofTLS(func(*tls.ConnectionState) string { return "" })},
	{Name: "tls.client.s.dn", Type: String, Scope: "PQ", Doc: "subject of the client certificate", get: ofTLS(func(s *tls.ConnectionState) string { return certText(s, certSubject) })},
	{Name: "tls.client.i.dn", Type: String, Scope: "PQ", Doc: "issuer of the client certificate", get: ofTLS(func(s *tls.ConnectionState) string { return certText(s, certIssuer) })},
	{Name: "tls.client.raw.cert", Type: String, Scope: "PQ", Doc: "client certificate in PEM", get: ofTLS(func(s *tls.ConnectionState) string { return certText(s, certPEM) })},
	{Name: "tls.client.cert.serial", Type: String, Scope: "PQ", Doc: "serial number of the client certificate", get: ofTLS(func(s *tls.ConnectionState) string { return certText(s, certSerial) })},
	{Name: "tls.client.cert.fingerprint", Type: String, Scope: "PQ", Doc: "SHA-1 of the client certificate, in hex", get: ofTLS(func(s *tls.ConnectionState) string { return certText(s, certFingerprint) })},

	{Name: "ratelimit.POLICY.allowed.count", Type: Long, Scope: "PQ", Doc: "what Quota allows in the interval"},
	{Name: "ratelimit.POLICY.used.count", Type: Long, Scope: "PQ", Doc: "what is used of it in the running interval"},
	{Name: "ratelimit.POLICY.available.count", Type: Long, Scope: "PQ", Doc: "what is left of it"},
	{Name: "ratelimit.POLICY.exceed.count", Type: Long, Scope: "PQ", Doc: "1 when the request was too many, else 0"},
	{Name: "ratelimit.POLICY.total.exceed.count", Type: Long, Scope: "PQ", Doc: "requests that were too many in the running interval"},
	{Name: "ratelimit.POLICY.expiry.time", Type: Long, Scope: "PQ", Doc: "when the interval ends, ms since 1970; means nothing for a rolling window"},
	{Name: "ratelimit.POLICY.identifier", Type: String, Scope: "PQ", Doc: "what the counter was chosen by"},
	{Name: "ratelimit.POLICY.class", Type: String, Scope: "PQ", Doc: "class of the request, when Quota has classes"},
	{Name: "ratelimit.POLICY.class.allowed.count", Type: Long, Scope: "PQ", Doc: "allowed.count of the request's class"},
	{Name: "ratelimit.POLICY.class.used.count", Type: Long, Scope: "PQ", Doc: "used.count of the request's class"},
	{Name: "ratelimit.POLICY.class.available.count", Type: Long, Scope: "PQ", Doc: "available.count of the request's class"},
	{Name: "ratelimit.POLICY.class.exceed.count", Type: Long, Scope: "PQ", Doc: "exceed.count of the request's class"},
	{Name: "ratelimit.POLICY.class.total.exceed.count", Type: Long, Scope: "PQ", Doc: "total.exceed.count of the request's class"},
	{Name: "servicecallout.POLICY.target.url", Type: String, Scope: "PQ", Doc: "set before the policy: URL to call instead; after it: URL that it called, without the request's own path and query", get: calloutURL, set: setCalloutURL},
	{Name: "servicecallout.POLICY.expectedcn", Type: String, Scope: "PQ", Write: true, Doc: "set before the policy: common name expected of the callee"},
	{Name: "servicecallout.requesturi", Type: String, Scope: "PQ", Doc: "set before a policy: path and query to call; after it: those that it called", get: calloutURI, set: setCalloutURI},
	{Name: "integration.project.id", Type: String, Scope: "PQ", Write: true, Doc: "project of the integration; set by SetIntegrationRequest"},
	{Name: "integration.name", Type: String, Scope: "PQ", Write: true, Doc: "integration to run; set by SetIntegrationRequest"},
	{Name: "integration.region", Type: String, Scope: "PQ", Write: true, Doc: "its region; set by SetIntegrationRequest (not established)"},
	{Name: "integration.trigger.id", Type: String, Scope: "PQ", Write: true, Doc: "its API trigger; set by SetIntegrationRequest (not established)"},
	{Name: "integration.request", Type: MessageObject, Scope: "PQ", Write: true, Doc: "default request message of SetIntegrationRequest"},
	{Name: "integration.response", Type: MessageObject, Scope: "PQ", Doc: "default response message of IntegrationCallout"},
	{Name: "PREFIX.POLICY.failed", Type: Boolean, Scope: "PQ", Doc: "whether the policy failed; PREFIX.failed likewise. See `sluice faults`"},
	{Name: "private.NAME", Type: String, Scope: "PQ", Write: true, Doc: "variable whose value is hidden from traces and logs"},
}
