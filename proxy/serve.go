package proxy

import (
	"context"
	"errors"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"sluice/faults"
	"sluice/flow"
	"sluice/internal/http1"
)

// answer is where the response of one request goes; each wire engine has one.
type answer interface {
	client
	// Head sends status, reason and header; size is that of the body, negative
	// when it is unknown. A message that cannot be sent as it is gives an error,
	// and nothing was sent then.
	Head(m *flow.Message, size int64) error
	// Copy sends the body as it arrives.
	Copy(body io.Reader, size int64) error
	// Finish ends the message.
	Finish(trailer flow.Header) error
	// Abort cuts the connection, so that the client cannot take what it got for
	// the whole.
	Abort()
	// Hijack hands over the connection after a 101.
	Hijack(m *flow.Message) (io.ReadWriteCloser, error)
}

// Record is what is known of a request when it is over.
type Record struct {
	Proxy, Endpoint string // "" when no base path matched
	Method, Path    string
	Status          int
	Fault           string        // code, "" if none
	Why             *faults.Fault // that fault, also when a rule handled it; nil if none
	Duration        time.Duration // from the first byte to the last
	Target          time.Duration // spent waiting for the target's header
}

// Core serves requests from a table, whatever engine they came in by.
type Core struct {
	Table    *Table
	Services *flow.Services
	Report   Reporter
	Trace    func(*flow.Exchange) flow.Tracer // asked for each request when not nil
	Done     func(*Record)                    // told of each request when not nil
	Finished func(*flow.Exchange)             // shown each exchange at its very end when not nil; it is reused afterwards

	serial   atomic.Uint64
	sessions sync.Pool
	after    afterwards
}

// session is what one request needs, pooled as a whole, but for the body: the goroutine
// of a call to a target reads that.
type session struct {
	x       flow.Exchange
	request flow.Message
	body    *requestBody // nil for none
	run     run
}

var (
	applicationNotFound = faults.MustRuntime("ApplicationNotFound")
	invalidMessage      = faults.MustRuntime("InvalidMessage")
)

func (c *Core) session() *session {
	if s, ok := c.sessions.Get().(*session); ok {
		return s
	}
	return &session{}
}

func (c *Core) release(s *session) {
	s.x.Reset()
	s.request, s.body, s.run = flow.Message{}, nil, run{}
	c.sessions.Put(s)
}

// serve answers one request. The caller has filled s.request and s.x.Client, and does
// not use s afterwards.
func (c *Core) serve(ctx context.Context, s *session, a answer) {
	snapshot := c.Table.Snapshot()
	e := c.enter(s, snapshot)
	if e == nil {
		c.notFound(s, a, snapshot)
		return
	}
	s.run = run{snapshot: snapshot, endpoint: e, x: &s.x, client: a, body: s.body, report: c.Report}
	answered := false
	defer func() {
		if !answered { // something panicked: the session is not used again
			c.end(s)
		}
	}()
	c.send(ctx, &s.run, a, s.run.answer(ctx))
	answered = true
	c.finish(ctx, s)
}

// enter makes the exchange one of the snapshot, and returns the endpoint that the path
// leads to, nil for none.
func (c *Core) enter(s *session, snapshot *Snapshot) *Endpoint {
	x := &s.x
	if c.Services.Now != nil { // the engines know only the clock of the system
		now := c.Services.Now()
		x.Client.Received = flow.Span{Start: now, End: now}
	}
	x.Request, x.Services, x.SharedFlows = &s.request, c.Services, snapshot.SharedFlows
	x.Serial = c.serial.Add(1)
	x.Snapshot = snapshot
	s.request.Path = withoutDots(s.request.Path)
	e, suffix := snapshot.Match(s.request.Path)
	if e == nil {
		return nil
	}
	x.Proxy, x.Path.Suffix = e.info, suffix
	x.Deadline = x.Client.Received.Start.Add(e.props.apiTimeout)
	s.body.readUntil(x.Deadline)
	x.Share(c.Services.Memory)
	x.Charge(x.Request)
	if c.Trace != nil {
		x.Observe(c.Trace(x))
	}
	return e
}

// answer is the message to answer with; nil when the client went away.
func (r *run) answer(ctx context.Context) *flow.Message {
	r.admit(&r.x.Client)
	if err := r.endpoint.props.check(r.x.Request); err != nil {
		r.fail(err)
		return r.x.Error
	}
	return r.process(ctx)
}

func (c *Core) notFound(s *session, a answer, snapshot *Snapshot) {
	x := &s.x
	x.Proxy = &flow.ProxyInfo{Organization: snapshot.Environment.Organization, Environment: snapshot.Environment.Name}
	s.run = run{snapshot: snapshot, endpoint: nowhere, x: x, client: a, report: c.Report}
	r := &s.run
	r.fail(applicationNotFound.New("virtualhost", x.VirtualHost(), "path", x.Request.Path))
	c.send(context.Background(), r, a, x.Error)
	c.done(s)
	c.release(s)
}

// nowhere stands for the endpoint of a request that no base path matches.
var nowhere = &Endpoint{}

// send sends the answer, or cuts the connection when there is none. A message
// that turns out not to be sendable becomes a fault as long as nothing was sent.
func (c *Core) send(ctx context.Context, r *run, a answer, m *flow.Message) {
	x := r.x
	defer func() { x.Client.Sent.End = x.Now() }()
	x.Client.Sent.Start = x.Now()
	if m == nil {
		a.Abort()
		return
	}
	if r.upgraded != nil && m.Status == 101 {
		r.splice(a, m)
		return
	}
	if err := r.hold(m, r.endpoint.holds.response); err != nil {
		m = r.lastResort(m, err)
	}
	m = r.events(ctx, m)
	body, size, err := r.begin(a, m)
	if err != nil {
		m = r.lastResort(m, err)
		body, size, _ = m.Outgoing("") // held, without a coding: it cannot fail
		if err := a.Head(m, size); err != nil {
			a.Abort()
			return
		}
	}
	transmit(a, m, body, size)
}

// begin sends the head of the answer, and returns the body. What cannot be sent is a
// fault: headers and status may come from templates, and those from the client.
func (r *run) begin(a answer, m *flow.Message) (io.ReadCloser, int64, error) {
	if m.Status < 200 {
		return nil, 0, protocolFault(&http1.ProtocolError{Status: 500, Kind: http1.InvalidMessage, Detail: "an interim status where the last one is due"})
	}
	body, size, err := m.Outgoing(r.endpoint.props.compression)
	if err != nil {
		return nil, 0, err
	}
	err = a.Head(m, headSize(r.x.Request, m, size))
	if err == nil {
		return body, size, nil
	}
	_ = body.Close() // another answer takes its place
	if broken, ok := errors.AsType[*http1.ProtocolError](err); ok {
		err = protocolFault(broken)
	}
	return nil, 0, err
}

// lastResort is the answer in place of one that cannot be sent.
func (r *run) lastResort(m *flow.Message, err error) *flow.Message {
	m.Body.Close()
	r.fail(err)
	return r.x.Error
}

func transmit(a answer, m *flow.Message, body io.ReadCloser, size int64) {
	err := a.Copy(body, size)
	if cerr := body.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		a.Abort()
		return
	}
	var trailer flow.Header
	if m.Trailer != nil {
		trailer = m.Trailer()
	}
	if err := a.Finish(trailer); err != nil {
		a.Abort()
	}
}

// splice joins client and target after a 101, until one of them ends.
func (r *run) splice(a answer, m *flow.Message) {
	near, err := a.Hijack(m)
	if err != nil {
		a.Abort()
		return
	}
	defer near.Close()
	ended := make(chan struct{}, 2)
	pass := func(to io.Writer, from io.Reader) {
		_, _ = io.Copy(to, from) // either side may end it at any time: that is how such a connection ends
		ended <- struct{}{}
	}
	go pass(r.upgraded, near)
	go pass(near, r.upgraded)
	<-ended
	_ = near.Close() // wakes the other direction
	_ = r.upgraded.Close()
	<-ended
}

func (c *Core) done(s *session) {
	if c.Finished != nil {
		defer c.Finished(&s.x)
	}
	if c.Done == nil {
		return
	}
	x := &s.x
	rec := Record{Method: s.request.Method, Path: s.request.Path, Duration: x.Client.Sent.End.Sub(x.Client.Received.Start)}
	if s.run.endpoint != nowhere {
		rec.Proxy, rec.Endpoint = x.Proxy.Name, x.Proxy.Endpoint
	}
	switch {
	case x.Error != nil:
		rec.Status = x.Error.Status
	case x.Response != nil:
		rec.Status = x.Response.Status
	}
	if x.Fault != nil {
		rec.Fault, rec.Why = x.Fault.Code(), x.Fault
	}
	if !x.Target.Sent.Start.IsZero() && !x.Target.Received.Start.IsZero() {
		rec.Target = x.Target.Received.Start.Sub(x.Target.Sent.Start)
	}
	c.Done(&rec)
}
