package http1

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync/atomic"
)

// call is one request and its answer on one connection: one allocation, never
// reused.
type call struct {
	resp   Response
	body   body
	out    sink
	client *Client
	conn   *targetConn
	ctx    context.Context
	req    *ClientRequest
	limits Limits
	stop   func() bool // detaches the connection from ctx; nil: ctx never ends
	up     *upload

	upgrade bool        // the request asked for another protocol
	keep    bool        // the answer leaves the connection usable
	over    atomic.Bool // the connection was given back
}

func (c *Client) newCall(ctx context.Context, t *targetConn, req *ClientRequest) *call {
	x := &call{client: c, conn: t, ctx: ctx, req: req, limits: c.Limits.orDefault()}
	t.begin(req.IOTimeout)
	if ctx.Done() != nil {
		x.stop = context.AfterFunc(ctx, t.abort)
	}
	return x
}

// run sends the request and reads the answer up to its body.
func (x *call) run() error {
	err := x.send()
	if err == nil || x.answerMayWait(err) {
		if rerr := x.receive(); rerr == nil || err == nil {
			err = rerr
		}
	}
	if err == nil {
		return nil
	}
	err = x.cause(err)
	x.discard()
	x.conn.end()
	return err
}

// answerMayWait reports whether a target that took not the whole request may
// have said why: it answered and closed while the body was on its way.
func (x *call) answerMayWait(err error) bool {
	var ioerr *IOError
	return errors.As(err, &ioerr) && ioerr == x.out.err && x.out.sent > 0 && !ioerr.Timeout()
}

// cause prefers the reason for which a connection was closed to the error
// that closing it gave.
func (x *call) cause(err error) error {
	var ioerr *IOError
	switch {
	case !errors.As(err, &ioerr):
		return err
	case x.ctx.Err() != nil:
		return &IOError{Op: ioerr.Op, Err: context.Cause(x.ctx)}
	case x.up != nil && x.up.ended.Load() != 0 && x.up.err != nil:
		return x.up.err
	}
	return err
}

// mayRepeat reports whether the call that failed with err may be made again.
// Not after a timeout: that target is slow, and the caller has waited.
func (x *call) mayRepeat(err error) bool {
	if x.ctx.Err() != nil || x.conn.answered || x.up != nil || isTimeout(err) {
		return false
	}
	return x.req.repeatable() || x.req.Body == nil && x.out.sent == 0
}

// send writes the request, or starts to.
func (x *call) send() error {
	x.out.open(&x.conn.link, WriteRequest)
	x.writeHead()
	switch {
	case x.req.Body == nil:
		_ = x.out.data(x.req.Content) // kept in out.err
		return x.out.flush()
	case x.req.ContentLength >= 0 && x.req.ContentLength <= inlineBody:
		err, _ := x.sendBody(nil)
		return err
	}
	x.up = &upload{done: make(chan struct{})}
	x.conn.upload = x.up
	go x.up.run(x)
	return nil
}

func (x *call) writeHead() {
	r, out := x.req, &x.out
	out.requestLine(r)
	frame := r.frameLine()
	for i := range r.Header {
		kind := kindOf(r.Header[i].Name)
		if isFraming(kind) {
			if kind == frame {
				out.frame(r.Header[i].Name, kind, r.ContentLength)
				frame = ordinary
			}
			continue
		}
		x.upgrade = x.upgrade || kind == upgradeLine
		out.field(r.Header[i].Name, r.Header[i].Value)
	}
	switch frame {
	case contentLengthLine:
		out.frame("Content-Length", frame, r.ContentLength)
	case transferEncodingLine:
		out.frame("Transfer-Encoding", frame, r.ContentLength)
	}
	if x.upgrade {
		out.text("Connection: Upgrade\r\n")
	}
	out.text("\r\n")
}

func (s *sink) requestLine(r *ClientRequest) {
	s.text(r.Method)
	s.text(" ")
	s.text(r.Target)
	if r.HTTP10 {
		s.text(" HTTP/1.0\r\n")
		return
	}
	s.text(" HTTP/1.1\r\n")
}

func (r *ClientRequest) frameLine() lineKind {
	switch {
	case r.ContentLength < 0:
		return transferEncodingLine
	case r.ContentLength > 0, r.Method == "POST", r.Method == "PUT", r.Method == "PATCH":
		return contentLengthLine // RFC 9110, 8.6: a 0 where a body is usual
	}
	return ordinary
}

// sendBody sends the body stream and reports whether the error is the stream's.
func (x *call) sendBody(u *upload) (err error, source bool) {
	r := x.req
	_, err = x.out.copy(r.Body, r.ContentLength, r.ContentLength < 0)
	if err != nil {
		return err, x.out.err == nil
	}
	if u != nil {
		u.allRead.Store(true)
	}
	if r.ContentLength < 0 {
		var trailer []Field
		if r.Trailer != nil {
			trailer = r.Trailer()
		}
		if err := checkHeader(trailer); err != nil {
			return err, true
		}
		x.out.lastChunk(trailer)
	}
	err = x.out.flush()
	r.close()
	return err, false
}

// receive reads answers up to the final one.
func (x *call) receive() error {
	for range maxInterim {
		interim, err := x.readHead()
		if err != nil {
			return err
		}
		if !interim {
			return x.attachBody()
		}
		if x.req.Inform != nil {
			x.req.Inform(x.resp.Status, x.resp.Header)
		}
	}
	return invalid("too many interim answers").fromTarget()
}

// readHead reads one header section into resp and reports whether another follows.
func (x *call) readHead() (interim bool, _ error) {
	r := sectionReader{br: x.conn.br, max: &x.limits}
	sec, err := r.read()
	if err != nil {
		var perr *ProtocolError
		if errors.As(err, &perr) {
			return false, perr.fromTarget()
		}
		return false, &IOError{Op: ReadResponse, Err: unexpectedEOF(err)}
	}
	if perr := x.resp.parse(sec); perr != nil {
		return false, perr.fromTarget()
	}
	s := x.resp.Status
	return s < 200 && s != http.StatusSwitchingProtocols, nil
}

// attachBody sets up what follows the final header section.
func (x *call) attachBody() error {
	r, f := &x.resp, &x.resp.framing
	r.call = x
	r.LocalAddr, r.RemoteAddr = x.conn.LocalAddr(), x.conn.RemoteAddr()
	r.TLS, r.Reused = x.conn.tls, x.conn.reused
	r.ContentLength = f.length
	old := r.Proto == "HTTP/1.0"
	x.keep = !f.close && (!old || f.keepAlive) && !x.req.HTTP10
	if old && f.chunked {
		return invalid("Transfer-Encoding in HTTP/1.0").fromTarget()
	}
	if r.Status == http.StatusSwitchingProtocols {
		if perr := x.checkSwitch(); perr != nil {
			return perr.fromTarget()
		}
		r.Body = &upgradeBody{x}
		return nil
	}
	if x.bodyless() {
		r.Body = NoBody
		x.body.over.Store(true)
		x.release(nil)
		return nil
	}
	b := &x.body
	b.br, b.owner, b.op = x.conn.br, x, ReadResponse
	switch {
	case f.chunked:
		b.shape, b.chunks.max = chunked, &x.limits
	case f.length >= 0:
		b.shape, b.left = sized, f.length
	default:
		b.shape, x.keep = endless, false
	}
	r.Body = &responseBody{x}
	return nil
}

// checkSwitch refuses a 101 that does not name the very protocol that was asked
// for: both sides would take the bytes that follow for something else.
func (x *call) checkSwitch() *ProtocolError {
	if !x.upgrade {
		return invalid("101 to a request without Upgrade")
	}
	asked, _ := protocol(x.req.Header)
	named, lines := protocol(x.resp.Header)
	if lines != 1 || !strings.EqualFold(named, asked) {
		return invalid("101 to another protocol than was asked for")
	}
	return nil
}

// protocol is what the last line Upgrade says, and how many there are.
func protocol(list []Field) (named string, lines int) {
	for i := range list {
		if kindOf(list[i].Name) == upgradeLine {
			named = list[i].Value
			lines++
		}
	}
	return named, lines
}

func (x *call) bodyless() bool {
	r := &x.resp
	switch {
	case x.req.Method == "HEAD", r.Status == http.StatusNotModified:
		return true
	case r.Status == http.StatusNoContent:
		r.ContentLength = 0
		return true
	}
	return r.framing.length == 0
}

func (x *call) beforeRead() error { return nil }
func (x *call) interrupt()        { x.conn.abort() }

// ended runs when the body was read to its end or failed.
func (x *call) ended(err error) { x.release(err) }

// discard closes the connection and stops the upload. Nobody uses the body of the
// request when it has returned: whoever gave it may use what it was made of again.
func (x *call) discard() {
	if !x.over.CompareAndSwap(false, true) {
		return
	}
	if x.stop != nil {
		x.stop()
	}
	x.conn.abort()
	if x.up == nil {
		x.out.close()
	} else {
		_ = x.req.Body.Close() // ends its goroutine
		<-x.up.done
	}
}

// release gives the connection back if it is in a known state: the answer was
// read whole, nothing lies behind it, the request was sent whole, and nobody
// is about to close it.
func (x *call) release(err error) {
	clean := err == nil && x.keep && x.conn.br.Buffered() == 0
	if x.up != nil && !x.up.finished() {
		clean = false
	}
	if x.stop != nil && !x.stop() {
		clean = false
	}
	if !clean {
		x.discard()
	}
	x.conn.end() // whoever read the body does so no more
	if !x.over.CompareAndSwap(false, true) {
		return
	}
	if x.up == nil {
		x.out.close()
	}
	x.client.keep(x.conn)
}
