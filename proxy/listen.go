package proxy

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"strings"

	"go.uber.org/zap"

	"sluice/faults"
	"sluice/flow"
	"sluice/internal/http1"
)

// Server is the front of the runtime: it accepts connections, speaks HTTP/1.1
// with an engine that keeps what a client sent, HTTP/2 with net/http, and hands
// every request to the Core.
type Server struct {
	Core *Core

	h1 http1.Server
	h2 *h2Server
}

// NewServer returns a server of what core's table holds.
func NewServer(core *Core, log *zap.Logger) *Server {
	s := &Server{Core: core}
	s.h2 = newH2Server(core)
	s.h1 = http1.Server{
		Handler: s.handle, Refuse: s.refuse, OnHTTP2: s.h2.serveConn,
		ErrorLog: func(err error) { logConnection(log, err) },
		Limits:   http1.Limits{Line: 7168, HeaderBytes: 25600}, // Edge's documented limits (runtime.md 7.7)
	}
	if core.Report == nil {
		core.Report = logReporter{log}
	}
	return s
}

// logConnection tells what an operator can do something about: a bug of ours, and
// connections that cannot be accepted. Handshakes fail because of clients.
func logConnection(log *zap.Logger, err error) {
	var accept *net.OpError
	switch panicked, ok := errors.AsType[*http1.PanicError](err); {
	case ok:
		log.Error("panic while serving a connection", zap.Any("panic", panicked.Value), zap.ByteString("stack", panicked.Stack))
	case errors.As(err, &accept) && accept.Op == "accept":
		log.Error("a connection was not accepted: let the process open more files (ulimit -n), or serve fewer connections", zap.Error(err))
	default:
		log.Debug("connection", zap.Error(err))
	}
}

// LimitConnections bounds how many connections of clients are served at a time,
// over all listeners; 0 is no bound. A connection too many waits, unserved, until
// another ends. It must be called before Serve.
//
// A connection with HTTP/2 counts once, whatever it carries. Each request may hold
// a body in either direction, of up to the bundle's payload limits, so the bound
// that a machine needs depends on its bundles: there is no default.
func (s *Server) LimitConnections(n int) { s.h1.MaxConns = n }

// Serve accepts clear-text connections: HTTP/1.1, and HTTP/2 with prior
// knowledge.
func (s *Server) Serve(l net.Listener) error {
	err := s.h1.Serve(l)
	if errors.Is(err, http1.ErrServerClosed) {
		return nil
	}
	return err
}

// ServeTLS accepts TLS connections and speaks what ALPN agrees on.
func (s *Server) ServeTLS(l net.Listener, config *tls.Config) error {
	config = config.Clone()
	config.NextProtos = []string{"h2", "http/1.1"}
	return s.Serve(tls.NewListener(l, config))
}

// Shutdown stops accepting and lets requests under way end with their PostClientFlows,
// until ctx ends.
func (s *Server) Shutdown(ctx context.Context) error {
	h2 := make(chan error, 1)
	go func() { h2 <- s.h2.shutdown(ctx) }() // s.h1 waits for its connections, which end only if it tells them
	err := errors.Join(s.h1.Shutdown(ctx), <-h2)
	if !s.Core.after.running.Wait(ctx) && err == nil {
		err = ctx.Err()
	}
	return err
}

// handle takes a request of the HTTP/1 engine.
func (s *Server) handle(ctx context.Context, req *http1.Request, w *http1.ResponseWriter) {
	ses := s.Core.session()
	m := &ses.request
	m.Kind, m.Method, m.Version = flow.Request, req.Method, strings.TrimPrefix(req.Proto, "HTTP/")
	m.Path, m.Query, _ = strings.Cut(req.Origin(), "?")
	m.Header = flow.Header(req.Header)
	if req.ContentLength != 0 {
		ses.body = &requestBody{peerBody: peerBody{req.Body, clientFault}, reads: req}
		m.Body.SetStream(ses.body, req.ContentLength)
	}
	if req.ContentLength < 0 {
		m.Trailer = func() flow.Header { return req.Trailer() }
	}
	ses.x.Client = flow.ClientInfo{Host: req.Host, Scheme: "http", TLS: req.TLS, Received: flow.Span{Start: req.Received, End: req.Received}}
	ses.x.Client.IP, ses.x.Client.Port = hostPort(req.RemoteAddr)
	ses.x.Client.LocalIP, _ = hostPort(req.LocalAddr)
	if req.TLS != nil {
		ses.x.Client.Scheme = "https"
	}
	s.Core.serve(ctx, ses, h1Answer{w})
}

func hostPort(a net.Addr) (string, int) {
	if t, ok := a.(*net.TCPAddr); ok {
		return t.AddrPort().Addr().Unmap().String(), t.Port
	}
	return "", 0
}

// refuse answers what is not an HTTP message with the fault that Apigee has for
// it. No proxy is known yet, so no fault rule can act.
func (s *Server) refuse(w *http1.ResponseWriter, e *http1.ProtocolError) {
	f := protocolFault(e)
	m := flow.ErrorMessage(f)
	body, size := m.Body.Take()
	if w.WriteHead(m.Status, m.ReasonPhrase(), m.Header, size) != nil {
		return
	}
	if _, err := w.CopyFrom(body, size); err == nil {
		_ = w.Finish(nil) // the connection closes in any case
	}
}

// protocolFault finds the fault for a broken message.
func protocolFault(e *http1.ProtocolError) *faults.Fault {
	d := invalidMessage
	if known, ok := faults.Lookup(faults.ElementRuntime, string(e.Kind)); ok {
		d = known
	}
	f := d.Wrap(e, "name", e.Name, "encoding", e.Name, "char", "")
	f.Status = e.Status
	return f
}

// h1Answer sends a response through the HTTP/1 engine.
type h1Answer struct{ w *http1.ResponseWriter }

func (a h1Answer) Watch() { a.w.Watch() }

func (a h1Answer) Inform(status int, h flow.Header) {
	if status == 100 {
		return // the engine answers Expect itself
	}
	_ = a.w.Inform(status, h) // an interim answer may be lost; the final one tells of a broken connection
}

func (a h1Answer) Head(m *flow.Message, size int64) error {
	return a.w.WriteHead(m.Status, m.Reason, m.Header, size)
}

func (a h1Answer) Copy(body io.Reader, size int64) error {
	_, err := a.w.CopyFrom(body, size)
	return err
}

func (a h1Answer) Finish(trailer flow.Header) error { return a.w.Finish(trailer) }
func (a h1Answer) Abort()                           { a.w.Abort() }

func (a h1Answer) Hijack(m *flow.Message) (io.ReadWriteCloser, error) {
	if err := a.w.WriteHead(m.Status, m.Reason, m.Header, 0); err != nil {
		return nil, err
	}
	conn, buffered, err := a.w.Hijack()
	if err != nil {
		return nil, err
	}
	return &hijacked{conn, buffered}, nil
}

// hijacked reads first what the engine had read ahead.
type hijacked struct {
	net.Conn
	buffered *bufio.Reader
}

func (h *hijacked) Read(p []byte) (int, error) {
	if h.buffered != nil && h.buffered.Buffered() > 0 {
		return h.buffered.Read(p)
	}
	return h.Conn.Read(p)
}

var requestTimeOut = faults.MustRuntime("RequestTimeOut")

func clientFault(err error) *faults.Fault {
	var slow interface{ Timeout() bool }
	var broken *http1.ProtocolError
	switch {
	case errors.As(err, &slow) && slow.Timeout():
		return requestTimeOut.Wrap(err)
	case errors.As(err, &broken):
		return protocolFault(broken)
	}
	return invalidMessage.Wrap(err)
}

// logReporter writes to the log what an operator should see.
type logReporter struct{ log *zap.Logger }

func (l logReporter) Panicked(x *flow.Exchange, value any, stack []byte) {
	l.log.Error("panic while serving a request", zap.Any("panic", value), zap.String("proxy", x.Proxy.Name),
		zap.String("policy", x.Flow.Step), zap.String("messageid", x.ID()), zap.ByteString("stack", stack))
}

func (l logReporter) Failed(x *flow.Exchange, err error) {
	l.log.Error("internal error while serving a request", zap.Error(err), zap.String("proxy", x.Proxy.Name),
		zap.String("policy", x.Flow.Step), zap.String("messageid", x.ID()))
}
