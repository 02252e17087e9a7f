package http1

import (
	"context"
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// ErrServerClosed is what Serve returns after Shutdown.
var ErrServerClosed = errors.New("http1: server is shut down")

// Server answers HTTP/1.1 and HTTP/1.0 requests. The fields must not change
// once it serves.
type Server struct {
	// Handler answers one request, in the goroutine of its connection. The
	// context ends when the connection does (see ResponseWriter.Watch); it is
	// the connection's, so it goes on after an ordinary return. A handler that
	// returns without an answer gives 500.
	Handler func(ctx context.Context, req *Request, w *ResponseWriter)

	// Refuse answers what is not a valid request; nil: plain text. The
	// connection closes afterwards.
	Refuse func(w *ResponseWriter, e *ProtocolError)

	// OnHTTP2, if set, serves connections that open with the HTTP/2 preface.
	// The connection gives the preface again and closes when OnHTTP2 returns.
	OnHTTP2 func(net.Conn)

	// ErrorLog hears of failed handshakes, of connections that could not be accepted, and
	// of panics of Handler, which are *PanicError; nil: nobody.
	ErrorLog func(error)

	// MaxConns bounds how many connections are served at a time, whatever
	// listener they came by; 0: no bound. A listener that has accepted one too
	// many accepts no more before that one has a place.
	MaxConns int

	Limits   Limits
	Timeouts Timeouts

	closing   atomic.Bool
	places    chan struct{} // holds one for each connection served; nil without MaxConns
	mu        sync.Mutex    // guards what follows, and the making of places
	listeners map[net.Listener]struct{}
	conns     map[*conn]struct{}
	quiet     chan struct{} // closed by the last connection after Shutdown began
}

// Serve accepts connections until Shutdown, each served in its own goroutine, as
// far as MaxConns lets it.
func (s *Server) Serve(l net.Listener) error {
	if !s.addListener(l) {
		_ = l.Close() // never served
		return ErrServerClosed
	}
	defer s.dropListener(l)
	pause := time.Duration(0)
	for {
		c, err := l.Accept()
		if err == nil {
			pause = 0
			s.start(c)
			continue
		}
		if s.closing.Load() {
			return ErrServerClosed
		}
		if !isTemporary(err) {
			return err
		}
		pause = min(max(2*pause, 5*time.Millisecond), time.Second)
		s.report(err)
		time.Sleep(pause) // out of descriptors, most likely: others must end first
	}
}

// start serves c in a goroutine of its own, as soon as there is a place for it.
// The place is taken after accepting, not before: a listener on which nobody
// calls must not keep one from the others. That is why it is not netutil's
// LimitListener, whose connections have no CloseWrite either.
func (s *Server) start(c net.Conn) {
	if s.places == nil {
		go s.serveConn(c)
		return
	}
	s.places <- struct{}{}
	go func() {
		defer func() { <-s.places }()
		s.serveConn(c)
	}()
}

func isTemporary(err error) bool {
	var t interface{ Temporary() bool }
	return errors.As(err, &t) && t.Temporary()
}

// serveConn serves one connection until it closes.
func (s *Server) serveConn(c net.Conn) {
	cn := newConn(s, c)
	if !s.add(cn) {
		cn.cancel()
		_ = c.Close() // never served
		return
	}
	defer s.drop(cn)
	cn.serve()
}

// Shutdown stops accepting and closes idle connections. Requests being served
// are finished, their answers say Connection: close. When ctx ends first, what
// is left is cut off and the error is the context's.
func (s *Server) Shutdown(ctx context.Context) error {
	quiet := s.beginClosing()
	select {
	case <-quiet:
		return nil
	case <-ctx.Done():
	}
	s.mu.Lock()
	for c := range s.conns {
		c.cancel()
		_ = c.link.Conn.Close() // whoever uses it sees the error
	}
	s.mu.Unlock()
	return ctx.Err()
}

func (s *Server) beginClosing() <-chan struct{} {
	s.closing.Store(true)
	s.mu.Lock()
	defer s.mu.Unlock()
	for l := range s.listeners {
		_ = l.Close() // it stops accepting in any case
	}
	for c := range s.conns {
		if c.state.CompareAndSwap(connIdle, connClosed) {
			_ = c.link.Conn.Close() // nothing was asked on it
		}
	}
	if s.quiet == nil {
		s.quiet = make(chan struct{})
		s.checkQuiet()
	}
	return s.quiet
}

// checkQuiet runs under mu.
func (s *Server) checkQuiet() {
	if s.quiet == nil || len(s.conns) > 0 {
		return
	}
	select {
	case <-s.quiet:
	default:
		close(s.quiet)
	}
}

func (s *Server) addListener(l net.Listener) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing.Load() {
		return false
	}
	if s.listeners == nil {
		s.listeners = map[net.Listener]struct{}{}
	}
	s.listeners[l] = struct{}{}
	if s.MaxConns > 0 && s.places == nil {
		s.places = make(chan struct{}, s.MaxConns)
	}
	return true
}

func (s *Server) dropListener(l net.Listener) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.listeners, l)
}

func (s *Server) add(c *conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing.Load() {
		return false
	}
	if s.conns == nil {
		s.conns = map[*conn]struct{}{}
	}
	s.conns[c] = struct{}{}
	return true
}

func (s *Server) drop(c *conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.conns, c)
	s.checkQuiet()
}

func (s *Server) report(err error) {
	if s.ErrorLog != nil {
		s.ErrorLog(err)
	}
}
