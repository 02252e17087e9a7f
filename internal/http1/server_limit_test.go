package http1

import (
	"context"
	"io"
	"net"
	"testing"
	"testing/synctest"
)

// callers is a listener without a network: who sends a connection has called.
type callers struct {
	calls  chan net.Conn
	closed chan struct{}
}

func newCallers() *callers { return &callers{make(chan net.Conn, 9), make(chan struct{})} }

func (l *callers) Accept() (net.Conn, error) {
	select {
	case c := <-l.calls:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *callers) Close() error   { close(l.closed); return nil }
func (l *callers) Addr() net.Addr { return nil }

// call sends a request and returns where its answer will arrive.
func (l *callers) call(t *testing.T) (c net.Conn, answered chan struct{}) {
	c, theirs := net.Pipe()
	l.calls <- theirs
	answered = make(chan struct{})
	go func() {
		if _, err := io.WriteString(c, simpleGet); err != nil {
			return // closed unserved
		}
		readUntil(t, c, "\r\n\r\nok")
		close(answered)
	}()
	return c, answered
}

// TestMaxConns: two listeners share the places. One too many waits for a
// connection of either to end, be it idle or not.
func TestMaxConns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &Server{MaxConns: 2, Handler: func(_ context.Context, _ *Request, w *ResponseWriter) { answerOK(w) }}
		one, two := newCallers(), newCallers()
		ended := make(chan error, 2)
		for _, l := range []*callers{one, two} {
			go func() { ended <- s.Serve(l) }()
		}
		served := func(c chan struct{}) bool {
			synctest.Wait()
			select {
			case <-c:
				return true
			default:
				return false
			}
		}
		first, answered := one.call(t)
		if !served(answered) {
			t.Error("the first is not served")
		}
		second, answered := one.call(t) // nobody calls the other listener, which keeps no place
		if !served(answered) {
			t.Error("the second is not served")
		}
		third, thirdAnswered := two.call(t)
		fourth, fourthAnswered := one.call(t)
		if served(thirdAnswered) || served(fourthAnswered) {
			t.Error("more are served than have a place")
		}
		first.Close()
		synctest.Wait()
		if served(thirdAnswered) == served(fourthAnswered) {
			t.Error("one place is free, and not one of two has it")
		}
		if err := s.Shutdown(t.Context()); err != nil { // closes idle connections; who waits is not served
			t.Error(err)
		}
		for range 2 {
			if err := <-ended; err != ErrServerClosed {
				t.Errorf("Serve: %v", err)
			}
		}
		if served(thirdAnswered) && served(fourthAnswered) {
			t.Error("a connection is served after Shutdown")
		}
		for _, c := range []net.Conn{second, third, fourth} {
			c.Close()
		}
	})
}
