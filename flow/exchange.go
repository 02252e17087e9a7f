package flow

import (
	"strconv"
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

	Proxy   *ProxyInfo // what was deployed; never nil
	Client  ClientInfo
	Target  TargetInfo
	Callout CalloutInfo
	Route   RouteInfo
	Path    PathInfo
	Flow    FlowInfo

	Services    *Services
	SharedFlows map[string]*SharedFlow // those of the snapshot that this request runs in
	Depth       int                    // how many local targets and shared flows deep
	Deadline    time.Time              // end of the api.timeout budget
	Snapshot    any                    // what the proxy package serves this request from

	last    *faults.Fault     // newest policy failure, also of a step with continueOnError
	broken  error             // first body that could not be read, see Err
	vars    map[string]stored // put one by one; see held
	given   []given           // the newest last
	gifts   int               // how many there have been
	ran     []*Step           // steps that passed, for PREFIX.POLICY.failed = false
	failed  bool              // some flag was set to true
	metrics map[string]time.Duration
	trace   Tracer
	atEnd   []func()
	answers []func(*Message)
	share   share

	captured []Captured // for analytics
	recorded bool       // the end writes them
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
	vars, ran, metrics, given := x.vars, x.ran, x.metrics, x.given
	clear(given)
	if len(vars) > maxKept {
		vars = nil
	}
	if cap(ran) > maxKept {
		ran = nil
	}
	clear(vars)
	clear(ran)
	clear(metrics)
	*x = Exchange{vars: vars, ran: ran[:0], metrics: metrics, given: given[:0]}
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
	v, _ := x.held(name)
	return v.Message()
}

// SetMessage makes m the message called name. For "request", "response" and
// "message" it replaces the message that the client or the target gets, as
// AssignTo createNew="true" without a name does.
func (x *Exchange) SetMessage(name string, m *Message) {
	if m != nil && m.share == nil {
		x.Charge(m)
	}
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

// Inherit is used for a local target: the child exchange gets the trace of its
// parent.
func (x *Exchange) Inherit(parent *Exchange) {
	x.trace, x.Depth = parent.trace, parent.Depth+1
}

// OnAnswer remembers something to do to the message that the client gets, after
// all flows and fault rules and before its header is sent, be it a response or an
// error.
func (x *Exchange) OnAnswer(do func(*Message)) { x.answers = append(x.answers, do) }

// Answer does to m what was left for the answer, in order.
func (x *Exchange) Answer(m *Message) {
	for _, do := range x.answers {
		do(m)
	}
	x.answers = nil
}

// AtEnd remembers something to do once the exchange has ended, however it ends:
// to release what it holds.
func (x *Exchange) AtEnd(do func()) { x.atEnd = append(x.atEnd, do) }

// End does what was left for the end, the newest first. Whoever made the exchange
// calls it when nothing of it runs any more.
func (x *Exchange) End() {
	for i := len(x.atEnd) - 1; i >= 0; i-- {
		x.atEnd[i]()
	}
	x.atEnd = nil
	x.share.release()
}
