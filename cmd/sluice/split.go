package main

import (
	"bytes"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/net/http2"
)

// split divides the connections of one listener by what the client says first. gRPC's own
// transport needs half the CPU of grpc.Server.ServeHTTP for a small call (go run ./cmd/bench
// tasks), but it accepts connections itself and speaks nothing else. cmux, which does this too, is
// not maintained.
type split struct {
	net.Listener
	http2, other *half
	deciding     sync.WaitGroup
}

const decideWithin = 10 * time.Second

// newSplit takes over a listener. Closing both halves closes it.
func newSplit(l net.Listener) *split {
	s := &split{Listener: l}
	open := new(atomic.Int32)
	open.Store(2)
	s.http2, s.other = newHalf(l, open), newHalf(l, open)
	s.deciding.Go(s.accept)
	return s
}

// accept ends with the listener: both halves then fail with its error.
func (s *split) accept() {
	for {
		c, err := s.Accept()
		if err != nil {
			s.http2.fail(err)
			s.other.fail(err)
			return
		}
		s.deciding.Go(func() { s.decide(c) })
	}
}

// decide reads until the connection's first bytes are the preface of HTTP/2, or are not.
func (s *split) decide(c net.Conn) {
	_ = c.SetReadDeadline(time.Now().Add(decideWithin)) // a connection that is gone fails to read
	said := make([]byte, 0, len(http2.ClientPreface))
	to := s.http2
	for len(said) < cap(said) && to == s.http2 {
		n, err := c.Read(said[len(said):cap(said)])
		if said = said[:len(said)+n]; err != nil {
			_ = c.Close()
			return
		}
		if !bytes.HasPrefix([]byte(http2.ClientPreface), said) {
			to = s.other
		}
	}
	_ = c.SetReadDeadline(time.Time{})
	to.hand(&begunConn{Conn: c, reader: io.MultiReader(bytes.NewReader(said), c)})
}

// begunConn is a connection some of whose bytes were read.
type begunConn struct {
	net.Conn
	reader io.Reader
}

func (c *begunConn) Read(b []byte) (int, error) { return c.reader.Read(b) }

// half is a listener for the connections of one kind.
type half struct {
	of    net.Listener
	open  *atomic.Int32 // halves that are not closed
	conns chan net.Conn
	ended chan struct{}
	once  sync.Once
	err   error // set before ended is closed
}

func newHalf(l net.Listener, open *atomic.Int32) *half {
	return &half{of: l, open: open, conns: make(chan net.Conn), ended: make(chan struct{})}
}

func (h *half) Addr() net.Addr { return h.of.Addr() }

func (h *half) Accept() (net.Conn, error) {
	select {
	case c := <-h.conns:
		return c, nil
	case <-h.ended:
		return nil, h.err
	}
}

func (h *half) hand(c net.Conn) {
	select {
	case h.conns <- c:
	case <-h.ended:
		_ = c.Close()
	}
}

// fail reports whether it was the first to end the half.
func (h *half) fail(err error) (first bool) {
	h.once.Do(func() {
		h.err, first = err, true
		close(h.ended)
	})
	return first
}

// Close ends the half; the other goes on. The last one closes the listener.
func (h *half) Close() error {
	if h.fail(net.ErrClosed) && h.open.Add(-1) == 0 {
		return h.of.Close()
	}
	return nil
}
