package flow

import (
	"crypto/tls"
	"net"
	"strconv"
	"strings"
	"time"

	"sluice/faults"
)

// Phase is where on its way a request is. The error state is not a phase: it is
// Exchange.Fault, and keeps the phase in which the fault arose.
type Phase uint8

// The phases, in order.
const (
	ProxyRequest Phase = iota
	TargetRequest
	TargetResponse
	ProxyResponse
	PostClient
)

var phaseNames = [...]string{"proxy request", "target request", "target response", "proxy response", "post client"}

func (p Phase) String() string { return phaseNames[p] }

// Exchange is the state of one request on its way through a proxy. One goroutine
// owns it; it is pooled, so nobody keeps a reference to it after the request.
type Exchange struct {
	Serial   uint64 // number of the request in this process
	Phase    Phase
	Request  *Message      // never nil
	Response *Message      // nil until a target or a null route made one
	Error    *Message      // the message of the error state, else nil
	Fault    *faults.Fault // the fault that put the exchange into the error state, else nil

	Proxy  *ProxyInfo // what was deployed; never nil
	Client ClientInfo
	Target TargetInfo
	Route  RouteInfo
	Path   PathInfo
	Flow   FlowInfo

	Services    *Services
	SharedFlows map[string]*SharedFlow // those of the snapshot that this request runs in
	Depth       int                    // how many local targets and shared flows deep
	Deadline    time.Time              // end of the api.timeout budget
	Snapshot    any                    // what the proxy package serves this request from

	last    *faults.Fault // newest policy failure, also of a step with continueOnError
	broken  error         // first body that could not be read, see Err
	vars    map[string]Value
	ran     []*Step // steps that passed, for PREFIX.POLICY.failed = false
	failed  bool    // some flag was set to true
	metrics map[string]time.Duration
	trace   Tracer
}

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

// NewExchange returns an exchange for a request.
func NewExchange(p *ProxyInfo, s *Services, request *Message) *Exchange {
	return &Exchange{Proxy: p, Services: s, Request: request}
}

// maxKept is how many variables and steps Reset keeps memory for: one unusual
// request must not make every later one pay for it.
const maxKept = 1024

// Reset empties the exchange for another request; its maps and slices keep
// their memory.
func (x *Exchange) Reset() {
	vars, ran, metrics := x.vars, x.ran, x.metrics
	if len(vars) > maxKept {
		vars = nil
	}
	if cap(ran) > maxKept {
		ran = nil
	}
	clear(vars)
	clear(ran)
	clear(metrics)
	*x = Exchange{vars: vars, ran: ran[:0], metrics: metrics}
}

// Now is the time, from the clock of the services.
func (x *Exchange) Now() time.Time {
	if x.Services != nil && x.Services.Now != nil {
		return x.Services.Now()
	}
	return time.Now()
}

// ID is messageid: unique among all requests of all processes.
func (x *Exchange) ID() string {
	return x.Services.ProcessID + "-" + strconv.FormatUint(x.Serial, 10)
}

// Remaining is the part of a time limit that the api.timeout budget leaves.
func (x *Exchange) Remaining(limit time.Duration) time.Duration {
	if x.Deadline.IsZero() {
		return limit
	}
	return max(min(limit, x.Deadline.Sub(x.Now())), time.Millisecond)
}

// InError reports whether the exchange is in the error state.
func (x *Exchange) InError() bool { return x.Fault != nil }

// Ambient is the message that "message" means now: the error in the error state,
// the request in request flows, the response in response flows.
func (x *Exchange) Ambient() *Message {
	switch {
	case x.Error != nil:
		return x.Error
	case x.Phase <= TargetRequest:
		return x.Request
	}
	return x.Response
}

// Message returns the message that the variable called name holds, or nil. The
// empty name means the ambient message.
func (x *Exchange) Message(name string) *Message {
	switch name {
	case "", "message":
		return x.Ambient()
	case "request":
		return x.Request
	case "response":
		return x.Response
	case "error":
		return x.Error
	}
	return x.vars[name].Message()
}

// SetMessage makes m the message called name. For "request", "response" and
// "message" it replaces the message that the client or the target gets, as
// AssignTo createNew="true" without a name does.
func (x *Exchange) SetMessage(name string, m *Message) {
	switch {
	case name == "request":
		x.Request = m
	case name == "response":
		x.Response = m
	case name == "error" || name == "message" && x.Error != nil:
		x.Error = m
	case (name == "message" || name == "") && x.Phase <= TargetRequest:
		x.Request = m
	case name == "message" || name == "":
		x.Response = m
	default:
		x.store(name, MessageValue(m))
	}
}

// Err returns the first failure to read a body since the last call, and forgets
// it. Get has no error result, because a variable that cannot be read is null;
// but a payload above the limit is a fault. So whoever evaluates conditions or
// templates asks Err afterwards; the step loop does.
func (x *Exchange) Err() error {
	err := x.broken
	x.broken = nil
	return err
}

// Get returns the value of a variable, null when it is unresolved.
func (x *Exchange) Get(n *Name) Value {
	if x.trace == nil {
		return x.get(n)
	}
	v := x.get(n)
	x.trace.Event(x, Event{Kind: GotVariable, Name: n.text, Value: v})
	return v
}

func (x *Exchange) get(n *Name) Value {
	if n.root != nil {
		return n.root.get(x, n.key)
	}
	if n.part == nil {
		return x.own(n)
	}
	if !isAmbient(n.msg) {
		if v, ok := x.vars[n.text]; ok {
			return v
		}
	}
	m := x.Message(n.msg)
	if m == nil {
		return x.own(n)
	}
	v, err := n.part.get(m, n)
	if err != nil && x.broken == nil {
		x.broken = err
	}
	return v
}

// own returns a variable of the bundle's own. "PREFIX.POLICY.failed" of a policy
// that ran and passed is false although nobody stored it.
func (x *Exchange) own(n *Name) Value {
	if v, ok := x.vars[n.text]; ok {
		return v
	}
	if strings.HasSuffix(n.text, ".failed") {
		return x.passedFlag(n.text)
	}
	return Value{}
}

func (x *Exchange) passedFlag(name string) Value {
	for _, s := range x.ran {
		if s.flags(name) {
			return Bool(false)
		}
	}
	return Value{}
}

// Lookup is Get for a name that is known only now.
func (x *Exchange) Lookup(name string) Value { return x.Get(ParseName(name)) }

// SetError says why a variable could not be set.
type SetError struct {
	Name   string
	Reason SetReason
}

// SetReason is the reason of a SetError.
type SetReason uint8

// Reasons of a SetError.
const (
	ReadOnly   SetReason = iota // predefined and not writable
	BelowALeaf                  // "a.b" holds a value, so "a.b.c" cannot exist
)

func (e *SetError) Error() string {
	if e.Reason == ReadOnly {
		return "flow variable " + e.Name + " is read-only"
	}
	return "flow variable " + e.Name + " lies below a variable that holds a value"
}

// Set gives a variable a value; null removes it. It fails with a *SetError for a
// read-only variable and for a name below a leaf, and with a *faults.Fault when
// a body must be read for it. Setting a predefined variable before its scope
// does nothing and is no error (runtime.md 6).
func (x *Exchange) Set(n *Name, v Value) error {
	if x.trace != nil {
		x.trace.Event(x, Event{Kind: SetVariable, Name: n.text, Value: v})
	}
	if n.root != nil {
		if n.root.set == nil {
			return &SetError{n.text, ReadOnly}
		}
		return n.root.set(x, n.key, v)
	}
	if n.part != nil {
		if m := x.Message(n.msg); m != nil {
			return setPart(m, n, v)
		}
		if isAmbient(n.msg) {
			return nil
		}
	}
	return x.setOwn(n, v)
}

func setPart(m *Message, n *Name, v Value) error {
	if n.part.set == nil {
		return &SetError{n.text, ReadOnly}
	}
	switch {
	case !v.IsNull():
		return n.part.set(m, n, v)
	case n.part.del != nil:
		return n.part.del(m, n)
	}
	return n.part.set(m, n, Text(""))
}

func (x *Exchange) setOwn(n *Name, v Value) error {
	for _, prefix := range n.dots {
		if held, ok := x.vars[prefix]; ok && held.typ != MessageObject && held.typ != Object {
			return &SetError{n.text, BelowALeaf}
		}
	}
	x.store(n.text, v)
	return nil
}

func (x *Exchange) store(name string, v Value) {
	if v.IsNull() {
		delete(x.vars, name)
		return
	}
	if x.vars == nil {
		x.vars = make(map[string]Value, 16)
	}
	x.vars[name] = v
}

// Put is Set for what a policy itself documents to set ("jwt.POLICY.claim.x"):
// the name is known only now, and nothing refuses it.
func (x *Exchange) Put(name string, v Value) {
	if x.trace != nil {
		x.trace.Event(x, Event{Kind: SetVariable, Name: name, Value: v})
	}
	x.store(name, v)
}

// Remove drops a variable of the bundle's own.
func (x *Exchange) Remove(name string) { delete(x.vars, name) }

// Held returns the stored value of a variable of the bundle's own, and whether
// there is one; FlowCallout saves and restores its parameters with it.
func (x *Exchange) Held(name string) (Value, bool) {
	v, ok := x.vars[name]
	return v, ok
}

// Inherit is used for a local target: the child exchange gets the trace of its
// parent.
func (x *Exchange) Inherit(parent *Exchange) {
	x.trace, x.Depth = parent.trace, parent.Depth+1
}

// PolicyFault is the newest failure of a policy, also of one with
// continueOnError, or nil.
func (x *Exchange) PolicyFault() *faults.Fault { return x.last }
