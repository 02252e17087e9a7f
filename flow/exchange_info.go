package flow

import (
	"crypto/tls"
	"net"
	"time"
)

// ProxyInfo is what an Exchange knows of the deployment that serves it. It is
// immutable and shared by all requests.
type ProxyInfo struct {
	Organization, Environment string
	Name, Revision            string // apiproxy.name, apiproxy.revision
	Endpoint                  string // proxy.name
	BasePath                  string // proxy.basepath: the pattern as it is written in the bundle
	DeployedAt                string // apiproxy.basepath: prefix given at deployment, usually "/"
	Region, Pod               string
	PropertySets              map[string]map[string]string // set -> key -> value
	TimePolicies              bool                         // something reads apigee.metrics.policy.*
}

// ClientInfo describes the client and its connection.
type ClientInfo struct {
	IP       string // peer address
	Port     int
	Host     string // Host header of the request
	LocalIP  string
	Scheme   string // "http" or "https"
	TLS      *tls.ConnectionState
	Received Span
	Sent     Span
}

// TargetInfo describes the target, as far as it is known yet.
type TargetInfo struct {
	Name          string
	Configured    string // URL that the bundle names, templates resolved
	URL           string // target.url, when a policy set it
	EvaluatedURL  string // target.evaluated.url, when a policy set it
	CopySuffix    Value  // target.copy.pathsuffix
	CopyQuery     Value  // target.copy.queryparams
	HostHeader    string // target.header.host
	ExpectedCN    string
	Scheme        string
	Host          string
	Port          int
	Peer          net.Addr // of the connection to the target
	SentPath      string   // request line sent to the target
	SentQuery     string
	TLS           *tls.ConnectionState
	Sent          Span
	Received      Span
	Server        string // loadbalancing.targetserver
	FailedServers []string
	Fallback      Value
}

// CalloutInfo is where ServiceCallouts go. What was set stays for later calls; what was
// sent does not turn them.
type CalloutInfo struct {
	URI      string            // servicecallout.requesturi, when a policy set it
	SentURI  string            // what the newest call asked for
	URLs     map[string]string // servicecallout.POLICY.target.url by policy, when a policy set it
	SentURLs map[string]string // what each policy called last
}

// Span is the time between the first and the last byte of something.
type Span struct{ Start, End time.Time }

// RouteInfo is the RouteRule that was taken.
type RouteInfo struct{ Name, Target string }

// PathInfo is the request's path, taken apart at the match.
type PathInfo struct {
	Suffix string // proxy.pathsuffix
}

// FlowInfo tells which flow runs and which ran last on each side.
type FlowInfo struct {
	Current, Description      string
	Proxy, ProxyDescription   string
	Target, TargetDescription string
	SharedFlow, Hook          string
	Step                      string // name of the policy that runs
}
