package http1

import (
	"bufio"
	"bytes"
	"io"
	"sync"
	"sync/atomic"
)

// NoBody is the body of messages that have none.
var NoBody io.ReadCloser = noBody{}

type noBody struct{}

func (noBody) Read([]byte) (int, error) { return 0, io.EOF }
func (noBody) Close() error             { return nil }
func (noBody) Ready() bool              { return true }

// shape is how the end of a body is found.
type shape uint8

const (
	sized   shape = iota // after left bytes
	chunked              // at the chunk of size 0
	endless              // at the end of the connection
)

// owner is the exchange that a body belongs to.
type owner interface {
	// beforeRead runs before the first read that may wait.
	beforeRead() error
	// ended runs once, at the end of the body or at its first error.
	ended(err error)
	// interrupt makes a read that waits in another goroutine return.
	interrupt()
}

// body reads one message body from a connection. Close may be called while
// another goroutine reads; the read then fails. A body keeps its trailer.
type body struct {
	mu      sync.Mutex // held while reading
	br      *bufio.Reader
	owner   owner
	op      Op
	shape   shape
	left    int64 // bytes to come, of the body or of the chunk
	started bool
	closing atomic.Bool
	over    atomic.Bool // the end was reached and no read will follow
	err     error       // sticky; io.EOF after the end
	chunks  chunkState
}

// Read returns io.EOF together with the last bytes where it knows that they
// are. Other errors are *ProtocolError and *IOError.
func (b *body) Read(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.err == nil && b.closing.Load() {
		return 0, ErrBodyClosed
	}
	return b.next(p)
}

// next is Read under the lock.
func (b *body) next(p []byte) (int, error) {
	if b.err != nil || len(p) == 0 {
		return 0, b.err
	}
	if !b.started {
		b.started = true
		if err := b.owner.beforeRead(); err != nil {
			b.end(err)
			return 0, b.err
		}
	}
	n, err := b.read(p)
	if err != nil {
		b.end(err)
	}
	return n, b.err
}

func (b *body) read(p []byte) (int, error) {
	switch b.shape {
	case chunked:
		return b.readChunked(p)
	case sized:
		return b.readSized(p, io.EOF)
	}
	return b.br.Read(p)
}

// readSized reads from the left bytes; with the last of them it returns last.
func (b *body) readSized(p []byte, last error) (int, error) {
	if int64(len(p)) > b.left {
		p = p[:b.left]
	}
	n, err := b.br.Read(p)
	b.left -= int64(n)
	switch {
	case err != nil:
		return n, unexpectedEOF(err)
	case b.left == 0:
		return n, last
	}
	return n, nil
}

func (b *body) end(err error) {
	b.err = err
	if err == io.EOF {
		b.over.Store(true)
		b.owner.ended(nil)
		return
	}
	if _, ok := err.(*ProtocolError); !ok {
		b.err = &IOError{Op: b.op, Err: err}
	}
	b.owner.ended(b.err)
}

// Close gives up the rest of the body.
func (b *body) Close() error {
	b.closing.Store(true)
	if b.over.Load() {
		return nil
	}
	if !b.mu.TryLock() {
		b.owner.interrupt()
		b.mu.Lock()
	}
	defer b.mu.Unlock()
	return nil
}

// Ready reports whether the next Read returns without waiting for the peer.
func (b *body) Ready() bool {
	if !b.mu.TryLock() {
		return false
	}
	defer b.mu.Unlock()
	if b.err != nil || b.closing.Load() {
		return true
	}
	buffered := b.br.Buffered()
	if b.shape != chunked || b.left > 0 || buffered == 0 {
		return buffered > 0
	}
	buf, _ := b.br.Peek(buffered)
	return b.chunks.startsIn(buf)
}

// trailer is nil before the end of the body.
func (b *body) trailer() []Field {
	if !b.over.Load() {
		return nil
	}
	return b.chunks.trailer
}

// skip reads away about limit bytes, also of a closed body, and reports whether
// that reached the end.
func (b *body) skip(limit int64) bool {
	if b.over.Load() {
		return true
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	buf := writeBuffers.Get().(*[]byte)
	defer writeBuffers.Put(buf)
	for limit > 0 {
		n, err := b.next((*buf)[:cap(*buf)])
		if err != nil {
			return err == io.EOF
		}
		limit -= int64(n)
	}
	return false
}

func unexpectedEOF(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

// peekLine returns the line that comes next, CRLF included, without consuming
// it. A line of more than limit bytes before CRLF is an error.
func peekLine(br *bufio.Reader, limit int) ([]byte, error) {
	for {
		buf, _ := br.Peek(br.Buffered())
		if i := bytes.IndexByte(buf, '\n'); i >= 0 {
			if i == 0 || buf[i-1] != '\r' {
				return nil, invalid("chunk line that does not end in CRLF")
			}
			if i-1 <= limit {
				return buf[:i+1], nil
			}
		}
		if len(buf) > limit || len(buf) == br.Size() {
			return nil, invalid("chunk line exceeds the limit")
		}
		if _, err := br.Peek(len(buf) + 1); err != nil {
			return nil, unexpectedEOF(err)
		}
	}
}
