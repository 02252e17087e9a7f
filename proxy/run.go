package proxy

import (
	"context"
	"errors"
	"io"
	"time"

	"sluice/faults"
	"sluice/flow"
)

// run is one request on its way through one ProxyEndpoint.
type run struct {
	snapshot *Snapshot
	endpoint *Endpoint
	target   *Target // nil until routed, and for a null route
	x        *flow.Exchange
	client   client
	body     *requestBody // of the client; nil for none
	report   Reporter

	answered *flow.Message      // what the target sent; flows may have put something in its place
	upgraded io.ReadWriteCloser // the target's side of a connection that changed protocol
	gone     bool               // the client went away: nobody gets an answer
	cancel   context.CancelFunc // ends the call to the target, once its answer is sent
	served   *flow.Served       // a policy had the response, and no target was asked
}

// client is the side of the listener that a run needs while it waits for the
// target.
type client interface {
	// Watch begins to notice that the client goes away, which cancels the
	// request's context.
	Watch()
	// Inform passes on an interim response (1xx).
	Inform(status int, h flow.Header)
}

// Reporter hears of what only an operator can mend. It never gets a message's
// content.
type Reporter interface {
	// Panicked reports a panic in a policy, or in the runtime.
	Panicked(x *flow.Exchange, value any, stack []byte)
	// Failed reports an error of ours that the client sees as InternalError.
	Failed(x *flow.Exchange, err error)
}

// inform passes an interim answer of the target on to the client.
func (r *run) inform(status int, h []flow.Field) { r.client.Inform(status, h) }

// phase is one row of the phase table.
type phase struct {
	name   string
	at     flow.Phase
	target bool // skipped on a null route
	do     func(*run, context.Context) error
	rules  func(*run) *flow.FaultRules // who handles a fault that arises here
}

// phases is the way of a request from its first byte to its answer. A fault is
// the only jump, and it leads behind the table.
var phases = [...]phase{
	{"proxy request", flow.ProxyRequest, false, (*run).proxyRequest, (*run).proxyRules},
	{"route", flow.ProxyRequest, false, (*run).route, (*run).proxyRules},
	{"target request", flow.TargetRequest, true, (*run).targetRequest, (*run).targetRules},
	{"call", flow.TargetRequest, true, (*run).call, (*run).targetRules},
	{"target response", flow.TargetResponse, true, (*run).targetResponse, (*run).targetRules},
	{"proxy response", flow.ProxyResponse, false, (*run).proxyResponse, (*run).proxyRules},
}

var (
	errorResponseCode = faults.MustRuntime("ErrorResponseCode")
	no405Allow        = faults.MustRuntime("Response405WithoutAllowHeader")
	reserved306       = faults.MustRuntime("Response306Reserved")
)

// process walks the phase table and returns the message to answer with; nil
// when the client went away.
func (r *run) process(ctx context.Context) *flow.Message {
	if rules, err := r.walk(ctx); err != nil {
		r.faulted(ctx, err, rules)
	}
	if r.gone {
		return nil
	}
	m := r.x.Response
	if r.x.Error != nil {
		m = r.x.Error
	}
	if m != nil {
		r.x.Answer(m)
	}
	return m
}

// walk runs the phases. With an error it returns the rules that handle it.
func (r *run) walk(ctx context.Context) (*flow.FaultRules, error) {
	for i := range phases {
		p := &phases[i]
		if p.target && r.target == nil || r.served != nil && !r.resumes(p) {
			continue
		}
		r.x.Phase = p.at
		if r.x.Traced() {
			r.x.Note(flow.Event{Kind: flow.PhaseBegan, Name: p.name})
		}
		err := r.enter(ctx, p)
		if served, ok := errors.AsType[*flow.Served](err); ok {
			r.skip(served)
			continue
		}
		if err != nil {
			return p.rules(r), err
		}
	}
	return nil, nil
}

func (r *run) enter(ctx context.Context, p *phase) (err error) {
	defer r.guard(&err, r.x.Depth)
	return p.do(r, ctx)
}

func (r *run) proxyRequest(ctx context.Context) error {
	return r.endpoint.Request.Run(ctx, r.x)
}

// route chooses the target. On a null route the response begins as an echo of
// the request: its headers and payload, status 200 (runtime.md 2.2), unless a
// policy has made a response already.
func (r *run) route(context.Context) error {
	taken, err := r.endpoint.choose(r.x)
	if err != nil {
		return err
	}
	r.x.Route = flow.RouteInfo{Name: taken.name, Target: taken.targetName}
	r.target = taken.target
	if r.target != nil {
		r.x.Target.Name = r.target.Name
		return nil
	}
	if r.x.Response != nil {
		return nil
	}
	if err := r.holdRequest(); err != nil {
		return err
	}
	r.x.Response = echo(r.x.Request)
	return nil
}

// echo makes the request's header and payload a response. The copy takes over
// what the message knows of its Content-Encoding, and the stream.
func echo(request *flow.Message) *flow.Message {
	m := *request
	m.Kind, m.Method, m.Path, m.Query = flow.Response, "", "", ""
	m.Version, m.Status = "1.1", 200
	m.Header = make(flow.Header, 0, len(request.Header))
	for _, f := range request.Header {
		if !hopByHop(f.Name) && !equalHost(f.Name) {
			m.Header.Add(f.Name, f.Value)
		}
	}
	if request.Body.Flowing() {
		request.Body.Take()
	}
	return &m
}

func (r *run) targetRequest(ctx context.Context) error {
	if c, ok := r.target.connection.(interface{ describe(*flow.Exchange) }); ok {
		c.describe(r.x)
	}
	return r.target.Request.Run(ctx, r.x)
}

// call sends the request to the target. The answer is the response message; a
// status that is no success puts the exchange into the error state with that
// answer as the error message (runtime.md 7.6).
func (r *run) call(ctx context.Context) error {
	if err := r.x.Expired(); err != nil {
		return err
	}
	if err := r.holdRequest(); err != nil {
		return err
	}
	r.client.Watch()
	m, err := r.target.connection.send(ctx, r)
	if err != nil {
		return err
	}
	m.Limit, m.Streamed = r.endpoint.props.responseLimit, r.endpoint.props.streamResponse
	r.target.connection.configure(m)
	r.x.Charge(m)
	r.x.Response, r.answered = m, m
	r.x.Phase = flow.TargetResponse
	return r.judge(m)
}

// judge decides whether the target's answer is a success.
func (r *run) judge(m *flow.Message) error {
	c := r.target.connection
	switch {
	case m.Status == 306:
		return reserved306.New()
	case m.Status == 405 && !m.Header.Has("Allow") && !c.passes405():
		return no405Allow.New()
	case c.Success(m.Status):
		return nil
	}
	f := errorResponseCode.New()
	f.Status = m.Status
	if f.Reason == "" {
		f.Reason = m.ReasonPhrase()
	}
	return &flow.Raised{Fault: f, Message: m}
}

// holdRequest makes the request's body stay when flows read it later, unless the bundle
// says that requests stream. What streams may take longer than the default of
// api.timeout, which is meant for policies and targets.
func (r *run) holdRequest() error {
	err := r.hold(r.x.Request, r.endpoint.holds.request && !r.endpoint.props.streamRequest)
	if !r.endpoint.props.cutsOff && r.x.Request.Body.Flowing() {
		r.body.readUntil(time.Time{})
	}
	return err
}

// hold makes a body that something reads later stay.
func (r *run) hold(m *flow.Message, needed bool) error {
	if !needed || m == nil {
		return nil
	}
	return m.Hold()
}

func (r *run) targetResponse(ctx context.Context) error {
	return r.respond(ctx, &r.target.Response)
}

func (r *run) proxyResponse(ctx context.Context) error {
	if r.x.Response == nil {
		r.x.Response = flow.NewResponse()
	}
	return r.respond(ctx, &r.endpoint.Response)
}

// close lets go of what came and nobody took: a fault or a policy put something else in
// its place.
func (r *run) close() {
	if r.cancel != nil {
		r.cancel()
	}
	if r.answered != nil {
		r.answered.Body.Close()
	}
	if r.upgraded != nil {
		_ = r.upgraded.Close() // it may be closed already
	}
}
