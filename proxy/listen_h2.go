package proxy

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"sort"
	"strings"
	"sync"
	"time"

	"sluice/flow"
	"sluice/internal/http1"
)

// h2Server speaks HTTP/2 with net/http, on connections that the HTTP/1 engine
// recognised by their preface: in clear text, or inside TLS after ALPN.
// net/http sorts header names and cannot say in which order they came; HTTP/2
// has no reason phrase and only lower-case names, so nothing else is lost.
type h2Server struct {
	core   *Core
	server *http.Server
	conns  chanListener
	done   sync.Map // net.Conn -> chan struct{}, closed when net/http is through with it
	once   sync.Once

	bodyTimeout time.Duration // for the next bytes of a request body
}

func newH2Server(core *Core) *h2Server {
	h := &h2Server{core: core, conns: chanListener{make(chan net.Conn), make(chan struct{}), new(sync.Once)}, bodyTimeout: time.Minute}
	protocols := new(http.Protocols)
	protocols.SetUnencryptedHTTP2(true)
	h.server = &http.Server{
		Handler: http.HandlerFunc(h.handle), Protocols: protocols,
		ReadHeaderTimeout: 20 * time.Second, IdleTimeout: 75 * time.Second, MaxHeaderBytes: 25600,
		ConnContext: withConnection, ConnState: h.state,
	}
	return h
}

type connectionKey struct{}

// withConnection keeps the connection's TLS state where handle finds it: to
// net/http the connection looks like clear text.
func withConnection(ctx context.Context, c net.Conn) context.Context {
	if inner, ok := c.(interface{ NetConn() net.Conn }); ok {
		c = inner.NetConn()
	}
	if t, ok := c.(*tls.Conn); ok {
		state := t.ConnectionState()
		return context.WithValue(ctx, connectionKey{}, &state)
	}
	return ctx
}

// serveConn serves one connection until it closes.
func (h *h2Server) serveConn(c net.Conn) {
	h.once.Do(func() { go h.server.Serve(h.conns) }) //nolint:errcheck // it ends with shutdown only
	ended := make(chan struct{})
	h.done.Store(c, ended)
	select {
	case h.conns.conns <- c:
		<-ended
	case <-h.conns.closed:
		h.done.Delete(c)
		_ = c.Close() // nothing was said on it
	}
}

func (h *h2Server) state(c net.Conn, s http.ConnState) {
	if s != http.StateClosed && s != http.StateHijacked {
		return
	}
	if ended, ok := h.done.LoadAndDelete(c); ok {
		close(ended.(chan struct{}))
	}
}

func (h *h2Server) shutdown(ctx context.Context) error {
	err := h.server.Shutdown(ctx)
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// chanListener is a listener whose connections come from a channel.
type chanListener struct {
	conns  chan net.Conn
	closed chan struct{}
	once   *sync.Once
}

func (l chanListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l chanListener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

func (l chanListener) Addr() net.Addr { return &net.TCPAddr{} }

func (h *h2Server) handle(w http.ResponseWriter, req *http.Request) {
	ses := h.core.session()
	m := &ses.request
	m.Kind, m.Method, m.Version = flow.Request, req.Method, "2.0"
	m.Path, m.Query, _ = strings.Cut(req.RequestURI, "?") // as it came; req.URL has been through a parser
	m.Header = fromHTTP(req.Header, req.Host)
	if req.ContentLength != 0 {
		body := h.timed(req.Body, w)
		defer body.end()
		ses.body = &requestBody{peerBody: peerBody{body, clientFault}, reads: body}
		m.Body.SetStream(ses.body, req.ContentLength)
		m.Trailer = func() flow.Header { return fromHTTP(req.Trailer, "") }
		for name := range req.Trailer { // net/http took the line away
			m.Header.Add("Trailer", name)
		}
	}
	now := time.Now()
	ses.x.Client = flow.ClientInfo{Host: req.Host, Scheme: "http", Received: flow.Span{Start: now, End: now}}
	if state, ok := req.Context().Value(connectionKey{}).(*tls.ConnectionState); ok {
		ses.x.Client.TLS, ses.x.Client.Scheme = state, "https"
	}
	if addr, err := net.ResolveTCPAddr("tcp", req.RemoteAddr); err == nil {
		ses.x.Client.IP, ses.x.Client.Port = hostPort(addr)
	}
	if addr, ok := req.Context().Value(http.LocalAddrContextKey).(net.Addr); ok {
		ses.x.Client.LocalIP, _ = hostPort(addr)
	}
	a := &h2Answer{w: w, http: http.NewResponseController(w), bodyless: req.Method == http.MethodHead}
	h.core.serve(req.Context(), ses, a)
	if a.aborted {
		panic(http.ErrAbortHandler) // net/http's way to reset the stream
	}
}

// timedBody bounds how long a client may take for the next bytes of a body.
// net/http has deadlines for the whole body only, and takes none for a stream whose
// handler has returned: so the timer, which may run although it was stopped, asks
// whether there is still something to end.
type timedBody struct {
	io.ReadCloser
	timeout time.Duration
	until   time.Time // for all reads together; zero: none
	timer   *time.Timer

	mu   sync.Mutex // guards what follows
	due  time.Time  // when the Read under way has lasted too long; zero: none is
	over bool       // the handler is about to return
}

func (h *h2Server) timed(body io.ReadCloser, w http.ResponseWriter) *timedBody {
	stream := http.NewResponseController(w)
	b := &timedBody{ReadCloser: body, timeout: h.bodyTimeout}
	b.timer = time.AfterFunc(h.bodyTimeout, func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		if now := time.Now(); !b.over && !b.due.IsZero() && !now.Before(b.due) {
			_ = stream.SetReadDeadline(now) // a stream that has ended needs none
		}
	})
	b.timer.Stop()
	return b
}

func (b *timedBody) Read(p []byte) (int, error) {
	timeout := b.timeout
	if !b.until.IsZero() {
		timeout = min(timeout, time.Until(b.until))
	}
	b.setDue(time.Now().Add(timeout))
	b.timer.Reset(timeout)
	defer func() {
		b.timer.Stop()
		b.setDue(time.Time{})
	}()
	return b.ReadCloser.Read(p)
}

func (b *timedBody) setDue(t time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.due = t
}

// end is called before the handler returns: from then on the stream is left alone.
func (b *timedBody) end() {
	b.timer.Stop()
	b.mu.Lock()
	defer b.mu.Unlock()
	b.over = true
}

// ReadUntil bounds all reads together; the zero time takes the bound off.
func (b *timedBody) ReadUntil(t time.Time) { b.until = t }

func (b *timedBody) Close() error {
	b.timer.Stop()
	return b.ReadCloser.Close()
}

// fromHTTP makes header lines of net/http's map: sorted, since their order is
// not known.
func fromHTTP(h http.Header, host string) flow.Header {
	list := make(flow.Header, 0, len(h)+4)
	if host != "" {
		list.Add("Host", host)
	}
	names := make([]string, 0, len(h))
	for name := range h {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		for _, v := range h[name] {
			list.Add(name, v)
		}
	}
	return list
}

// h2Answer sends a response through net/http.
type h2Answer struct {
	w        http.ResponseWriter
	http     *http.ResponseController
	bodyless bool // a body is dropped: HEAD, 204, 304
	aborted  bool
}

func (a *h2Answer) Watch() {} // net/http watches always

func (a *h2Answer) Inform(status int, h flow.Header) {
	if status == 100 {
		return // net/http answers Expect itself
	}
	a.fill(h)
	a.w.WriteHeader(status)
	clear(a.w.Header())
}

func (a *h2Answer) fill(h flow.Header) {
	target := a.w.Header()
	for _, f := range h {
		if !hopByHop(f.Name) {
			target.Add(f.Name, f.Value)
		}
	}
}

func (a *h2Answer) Head(m *flow.Message, size int64) error {
	if err := http1.CheckHead(m.Status, "", m.Header); err != nil {
		return err // net/http drops such lines and says nothing
	}
	a.fill(m.Header)
	if !m.Header.Has("Content-Type") {
		a.w.Header()["Content-Type"] = nil // net/http would guess one
	}
	if m.Status == http.StatusNoContent || m.Status == http.StatusNotModified {
		a.bodyless = true
	} else if size >= 0 {
		a.w.Header().Set("Content-Length", itoa(size))
	}
	a.w.WriteHeader(m.Status)
	return nil
}

// Copy flushes the header, and after each read: what streams must not wait. A
// gRPC client may send its first message only when it has the header.
func (a *h2Answer) Copy(body io.Reader, size int64) error {
	if size == 0 || a.bodyless {
		return nil
	}
	if size < 0 {
		if err := a.http.Flush(); err != nil {
			return err
		}
	}
	buf := make([]byte, 32<<10)
	for {
		n, err := body.Read(buf)
		if n > 0 {
			if _, werr := a.w.Write(buf[:n]); werr != nil {
				return werr
			}
			if size < 0 {
				if ferr := a.http.Flush(); ferr != nil {
					return ferr
				}
			}
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func (a *h2Answer) Finish(trailer flow.Header) error {
	for _, f := range trailer {
		a.w.Header().Add(http.TrailerPrefix+f.Name, f.Value)
	}
	return nil
}

// Abort ends the stream with an error, so that the client does not take what it
// got for the whole.
func (a *h2Answer) Abort() { a.aborted = true }

var errNoUpgrade = errors.New("HTTP/2 streams cannot change protocol")

func (a *h2Answer) Hijack(*flow.Message) (io.ReadWriteCloser, error) { return nil, errNoUpgrade }
