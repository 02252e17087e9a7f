package http1

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
)

// ResponseWriter writes the answer to one request: any number of Inform, then
// WriteHead, then the body by Write or CopyFrom, then Finish. Nothing is sent
// before the buffer is full, Flush, Finish, or a copy that has to wait. It must
// not be used after the handler has returned.
//
// The engine makes the lines Connection, Keep-Alive, Content-Length and
// Transfer-Encoding from its own knowledge and drops those of the caller,
// putting the framing line where the caller had one. All other hop-by-hop
// lines are the caller's.
type ResponseWriter struct {
	c    *conn
	req  *Request
	out  sink
	mode bodyMode
	left int64 // bytes that a sized body still needs

	head     bool // WriteHead has happened
	finished bool
	failed   bool // the connection cannot go on
	close    bool // the connection ends after this answer
	hijacked bool

	expectMu  sync.Mutex  // Body may be read by another goroutine than the one that answers
	expecting bool        // 100 Continue is due at the first read of the body
	broken    atomic.Bool // the request body cannot be read to its end
}

// bodyMode is how the body of a message is sent.
type bodyMode uint8

const (
	bodyNone    bodyMode = iota // bytes are counted and dropped: HEAD, 204, 304
	bodySized                   // Content-Length
	bodyChunked                 //
	bodyEndless                 // until the connection closes: HTTP/1.0
)

func (w *ResponseWriter) start(c *conn, req *Request) {
	w.c, w.req = c, req
	w.close = !req.persistent()
}

// RemoteAddr is the client's address, also where no request could be read.
func (w *ResponseWriter) RemoteAddr() net.Addr { return w.c.link.RemoteAddr() }

// Watch makes the handler's context end when the client goes away before the
// answer. Call it before waiting for something else; it costs next to nothing.
func (w *ResponseWriter) Watch() {
	if !w.hijacked && !w.finished {
		w.c.watch.arm(w.c.fire, w.req.body)
	}
}

// sendContinue sends 100 Continue if the client waits for it.
func (w *ResponseWriter) sendContinue() error {
	w.expectMu.Lock()
	defer w.expectMu.Unlock()
	if !w.expecting {
		return nil
	}
	w.expecting = false
	_, err := io.WriteString(&w.c.link, "HTTP/1.1 100 Continue\r\n\r\n")
	return err
}

// Inform sends an interim answer (1xx other than 101) at once. HTTP/1.0 clients
// get none.
func (w *ResponseWriter) Inform(status int, header []Field) error {
	if w.head {
		return ErrHeadWritten
	}
	if w.req.Proto == "HTTP/1.0" {
		return nil
	}
	if err := checkHeader(header); err != nil {
		return err
	}
	w.expectMu.Lock()
	defer w.expectMu.Unlock()
	if status == http.StatusContinue {
		w.expecting = false
	}
	w.open()
	w.out.statusLine("HTTP/1.1", status, "")
	for i := range header {
		if !isFraming(kindOf(header[i].Name)) {
			w.out.field(header[i].Name, header[i].Value)
		}
	}
	w.out.text("\r\n")
	return w.fail(w.out.flush())
}

func (w *ResponseWriter) open() {
	if w.out.pool == nil {
		w.out.open(&w.c.link, WriteResponse)
	}
}

func (w *ResponseWriter) fail(err error) error {
	if err != nil {
		w.failed = true
	}
	return err
}

// WriteHead begins the answer. An empty reason becomes the usual one, a
// negative length an answer in chunks (to HTTP/1.0: until the connection
// closes), Date is added if missing. What CheckHead refuses is its error, and nothing
// has been written then. After 101 the connection is to be hijacked; it ends otherwise.
func (w *ResponseWriter) WriteHead(status int, reason string, header []Field, length int64) error {
	if w.head {
		return ErrHeadWritten
	}
	if err := CheckHead(status, reason, header); err != nil {
		return err
	}
	w.head = true
	w.endExpect()
	w.mode = w.chooseMode(status, length)
	w.left = max(length, 0)
	if w.mode == bodyEndless || status < 200 || w.broken.Load() || w.c.srv.closing.Load() {
		w.close = true
	}
	w.open()
	w.out.statusLine("HTTP/1.1", status, reason)
	w.writeHeader(status, header, length)
	return w.fail(w.out.err)
}

// endExpect settles a 100 Continue that nobody asked for so far: the client
// may or may not send the body, so the connection cannot go on.
func (w *ResponseWriter) endExpect() {
	if w.req.body == nil {
		return
	}
	w.expectMu.Lock()
	defer w.expectMu.Unlock()
	if w.expecting {
		w.expecting, w.close = false, true
	}
}

func (w *ResponseWriter) chooseMode(status int, length int64) bodyMode {
	switch {
	case w.req.Method == "HEAD", status < 200, status == http.StatusNoContent, status == http.StatusNotModified:
		return bodyNone
	case length >= 0:
		return bodySized
	case w.req.Proto == "HTTP/1.0":
		return bodyEndless
	}
	return bodyChunked
}

// Write appends to the body. With a sized body, more than the announced length
// is ErrContentLength and nothing of p is sent.
func (w *ResponseWriter) Write(p []byte) (int, error) {
	if err := w.writable(); err != nil {
		return 0, err
	}
	var err error
	switch w.mode {
	case bodyNone:
	case bodyChunked:
		err = w.out.chunk(p)
	case bodySized:
		if int64(len(p)) > w.left {
			return 0, w.fail(ErrContentLength)
		}
		w.left -= int64(len(p))
		err = w.out.data(p)
	default:
		err = w.out.data(p)
	}
	if err != nil {
		return 0, w.fail(err)
	}
	return len(p), nil
}

func (w *ResponseWriter) writable() error {
	switch {
	case w.finished || w.hijacked:
		return ErrFinished
	case !w.head:
		return ErrNoHead
	}
	return w.out.err
}

// CopyFrom appends n bytes of r to the body, or all if n is negative. Whenever
// reading r would wait, what was read is sent (see Ready). Errors of r are
// returned as they are and make the answer end short, which the client can
// tell; those of the client's connection are *IOError with WriteResponse.
func (w *ResponseWriter) CopyFrom(r io.Reader, n int64) (int64, error) {
	if err := w.writable(); err != nil {
		return 0, err
	}
	if w.mode == bodyNone {
		return 0, nil
	}
	if w.mode == bodySized {
		if n > w.left {
			return 0, w.fail(ErrContentLength)
		}
		if n < 0 {
			n = w.left
		}
	}
	done, err := w.out.copy(r, n, w.mode == bodyChunked)
	w.left -= done
	return done, w.fail(err)
}

// Flush sends what was written so far.
func (w *ResponseWriter) Flush() error {
	if err := w.writable(); err != nil {
		return err
	}
	return w.fail(w.out.flush())
}

// Finish ends the answer. The trailer goes out only with chunks, without
// fields that must not stand there. Without WriteHead it does nothing.
func (w *ResponseWriter) Finish(trailer []Field) error {
	if err := w.writable(); err != nil {
		return err
	}
	if err := checkHeader(trailer); err != nil {
		return err
	}
	w.finished = true
	switch {
	case w.failed:
		_ = w.out.flush() // what there is of it
		return w.fail(ErrContentLength)
	case w.mode == bodyChunked:
		w.out.lastChunk(trailer)
	case w.mode == bodySized && w.left > 0:
		_ = w.out.flush() // it ends too early in any case
		return w.fail(ErrContentLength)
	}
	return w.fail(w.out.flush())
}

// complete ends an answer that the handler has not ended.
func (w *ResponseWriter) complete() {
	if !w.head {
		w.close = true
		_ = w.WriteHead(http.StatusInternalServerError, "", nil, 0) // a lost client is seen by Finish
	}
	if !w.finished {
		_ = w.Finish(nil) // kept in w.failed
	}
}

// Abort ends the connection, so that the client sees that the answer is not whole.
func (w *ResponseWriter) Abort() {
	w.failed, w.finished, w.head = true, true, true
}

// Hijack hands over the connection, for protocols that follow a 101 answer.
// What was written so far is sent; deadlines are off. The reader holds what the
// client has sent already. The connection closes when the handler returns.
func (w *ResponseWriter) Hijack() (net.Conn, *bufio.Reader, error) {
	if w.finished || w.hijacked {
		return nil, nil, ErrFinished
	}
	w.c.watch.stop(&w.c.link)
	if w.head {
		if err := w.fail(w.out.flush()); err != nil {
			return nil, nil, err
		}
	}
	if err := w.c.link.release(); err != nil {
		return nil, nil, w.fail(&IOError{Op: WriteResponse, Err: err})
	}
	w.out.close()
	w.hijacked = true
	return w.c.link.Conn, w.c.br, nil
}
