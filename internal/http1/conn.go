package http1

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"runtime/debug"
	"sync/atomic"
	"time"
)

// conn serves one client connection.
type conn struct {
	srv      *Server
	limits   Limits
	timeouts Timeouts
	link     link
	br       *bufio.Reader
	tls      *tls.ConnectionState
	ctx      context.Context // of all requests of the connection; ends with it
	cancel   context.CancelFunc
	state    atomic.Int32
	watch    watch
	fire     func() // watchNow, made once
	now      *exchange
	served   bool // at least one request
}

// States of a connection; Shutdown closes the idle ones.
const (
	connIdle int32 = iota
	connActive
	connClosed
)

// exchange is one request and its answer: one allocation, never reused, so
// that whoever holds on to a part of it sees no other request's bytes.
type exchange struct {
	req  Request
	w    ResponseWriter
	body body
}

func newConn(s *Server, c net.Conn) *conn {
	cn := &conn{srv: s, limits: s.Limits.orDefault(), timeouts: s.Timeouts.orDefault()}
	cn.link.Conn = c
	cn.link.writeTimeout = cn.timeouts.Write
	cn.fire = cn.watchNow
	cn.state.Store(connActive)
	cn.ctx, cn.cancel = context.WithCancel(context.Background())
	return cn
}

// serve runs the connection to its end and closes it.
func (c *conn) serve() {
	c.br = readers.Get().(*bufio.Reader)
	c.br.Reset(&c.link)
	defer c.close()
	defer c.recover()
	if err := c.handshake(); err != nil {
		c.srv.report(err)
		return
	}
	for c.next() {
	}
}

func (c *conn) close() {
	c.cancel()
	_ = c.link.Conn.Close() // nothing can be done about it
	if c.now != nil && c.now.req.body != nil {
		_ = c.now.body.Close() // never fails; nobody else reads from br after this
	}
	if c.br != nil {
		c.br.Reset(nil)
		readers.Put(c.br)
	}
}

// recover keeps a panic of the handler from ending the process: one request's
// bug must not take all others down.
func (c *conn) recover() {
	v := recover()
	if v == nil {
		return
	}
	c.watch.stop(&c.link)
	if c.now != nil {
		c.now.w.out.close()
	}
	c.srv.report(&PanicError{Value: v, Stack: debug.Stack()})
}

// PanicError tells Server.ErrorLog of a panic of the Handler.
type PanicError struct {
	Value any
	Stack []byte
}

func (e *PanicError) Error() string {
	return fmt.Sprintf("http1: panic serving a request: %v\n%s", e.Value, e.Stack)
}

func (c *conn) handshake() error {
	t, ok := c.link.Conn.(*tls.Conn)
	if !ok {
		return nil
	}
	if err := c.link.readUntil(deadline(c.timeouts.Header)); err != nil {
		return err
	}
	if err := t.HandshakeContext(c.ctx); err != nil {
		return err
	}
	state := t.ConnectionState()
	c.tls = &state
	return nil
}

func deadline(d time.Duration) time.Time {
	if d <= 0 {
		return time.Time{}
	}
	return time.Now().Add(d)
}

// next serves one request and reports whether another may follow.
func (c *conn) next() bool {
	sec, err := c.readHead()
	if err != nil {
		return c.refuse(nil, err)
	}
	if sec.first == "" {
		return false // the connection now is an HTTP/2 one and has been served
	}
	ex := &exchange{}
	c.now = ex
	ex.req.Received = time.Now()
	perr := ex.req.parse(sec)
	ex.w.start(c, &ex.req)
	if perr != nil {
		return c.refuse(ex, perr)
	}
	c.attachBody(ex)
	c.srv.Handler(c.ctx, &ex.req, &ex.w)
	return c.finish(ex)
}

// readHead waits for a request. A section without first line means that
// OnHTTP2 has served the connection.
func (c *conn) readHead() (section, error) {
	c.link.readTimeout = c.timeouts.Idle
	if !c.idle() {
		return section{}, io.EOF
	}
	if _, err := c.br.Peek(1); err != nil || !c.state.CompareAndSwap(connIdle, connActive) {
		return section{}, io.EOF // nothing was asked: neither silence nor a lost connection needs an answer
	}
	if !c.served {
		c.served = true
		if c.srv.OnHTTP2 != nil && c.isHTTP2() {
			_ = c.link.release() // a dead connection will show when it is used
			br := c.br
			c.br = nil // the replay may still read from it
			c.srv.OnHTTP2(&replayConn{Conn: c.link.Conn, br: br})
			return section{}, nil
		}
	}
	r := sectionReader{br: c.br, max: &c.limits, request: true, more: c.waitForRest}
	sec, err := r.read()
	if err == nil {
		c.link.readTimeout = c.timeouts.Read
	}
	return sec, err
}

// waitForRest gives the whole rest of a header section one deadline, so that
// sending it byte by byte does not hold the connection open.
func (c *conn) waitForRest() error { return c.link.readUntil(deadline(c.timeouts.Header)) }

// idle marks the connection as closable; false if the server shuts down.
func (c *conn) idle() bool {
	return c.state.CompareAndSwap(connActive, connIdle) && !c.srv.closing.Load()
}

func (c *conn) attachBody(ex *exchange) {
	r := &ex.req
	r.RemoteAddr, r.LocalAddr, r.TLS = c.link.RemoteAddr(), c.link.LocalAddr(), c.tls
	if r.ContentLength == 0 {
		r.Body = NoBody
		return
	}
	b := &ex.body
	b.br, b.owner, b.op = c.br, ex, ReadRequest
	b.shape, b.left = sized, r.ContentLength
	if r.ContentLength < 0 {
		b.shape, b.left = chunked, 0
		b.chunks.max = &c.limits
	}
	r.body, r.Body, r.link = b, b, &c.link
	ex.w.expecting = r.framing.expect && r.Proto != "HTTP/1.0"
}

// beforeRead answers Expect: 100-continue once somebody wants the body.
func (ex *exchange) beforeRead() error { return ex.w.sendContinue() }

func (ex *exchange) ended(err error) {
	if err != nil {
		ex.w.broken.Store(true)
	}
}

func (ex *exchange) interrupt() {
	ex.w.broken.Store(true)
	ex.w.c.link.interrupt()
}

// finish completes the answer and brings the connection to the next request.
func (c *conn) finish(ex *exchange) bool {
	c.watch.stop(&c.link)
	w := &ex.w
	if w.hijacked {
		c.br = nil // the caller may still read from it
		return false
	}
	w.complete()
	w.out.close()
	if w.failed {
		return false
	}
	if !c.settleBody(ex) || w.close {
		c.linger()
		return false
	}
	return true
}

// settleBody leaves nothing of the request on the connection, and reports
// whether that was possible.
func (c *conn) settleBody(ex *exchange) bool {
	if ex.req.body == nil {
		return true
	}
	c.link.readEnd = time.Time{}
	if ex.body.over.Load() {
		return true
	}
	_ = ex.body.Close() // never fails
	c.link.readEnd = deadline(drainTime)
	defer func() { c.link.readEnd = time.Time{} }()
	if ex.w.broken.Load() || ex.w.close {
		return ex.body.over.Load()
	}
	return ex.body.skip(drainLimit)
}
