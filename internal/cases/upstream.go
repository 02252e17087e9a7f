package cases

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"syscall"
	"time"
)

// upstream is the other end of everything that the runtime calls over HTTP: a
// bare TCP server, because it must see each byte and answer none that net/http
// would not.
type upstream struct {
	listener net.Listener
	script   *script
	clock    *clock
	keys     keyRing
	done     chan struct{} // closed by close: nobody waits any longer
	serving  sync.WaitGroup
}

func newUpstream(s *script, c *clock, keys keyRing) (*upstream, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	u := &upstream{listener: l, script: s, clock: c, keys: keys, done: make(chan struct{})}
	u.serving.Add(1)
	go u.accept()
	return u, nil
}

func (u *upstream) addr() string { return u.listener.Addr().String() }

func (u *upstream) close() {
	close(u.done)
	_ = u.listener.Close() // it is only read from
	u.serving.Wait()
}

func (u *upstream) accept() {
	defer u.serving.Done()
	for {
		c, err := u.listener.Accept()
		if err != nil {
			return
		}
		u.serving.Add(1)
		go u.serve(c)
	}
}

// upstreamLimit ends a connection on which a request does not become complete.
const upstreamLimit = 10 * time.Second

// serve reads one request and answers it: one connection is one call.
func (u *upstream) serve(c net.Conn) {
	defer u.serving.Done()
	defer c.Close()
	stop := make(chan struct{})
	defer close(stop)
	go func() { // a connection that is open at the end of the case is cut
		select {
		case <-u.done:
			_ = c.Close()
		case <-stop:
		}
	}()
	_ = c.SetDeadline(time.Now().Add(upstreamLimit)) // fails only on a closed connection
	got, err := readRequest(bufio.NewReader(c))
	if got.first() == "" {
		return // a probe, or a connection that was never used
	}
	call := u.script.take("target", got.first())
	if call == nil {
		_, _ = io.WriteString(c, "HTTP/1.1 500 Not In The Case\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
		return
	}
	list := append(call.want.compareHead(got.head), call.want.compareBody(got.body)...)
	if err != nil {
		list = append(list, Failure{Line: call.want.line, Want: "a whole request", Got: err.Error()})
	}
	u.script.compared(call, list...)
	u.answer(c, &call.answer)
}

func (u *upstream) answer(c net.Conn, a *answer) {
	if a.delay > 0 {
		u.clock.move(a.delay)
		u.wait(a.delay)
	}
	switch a.directive {
	case "hang":
		u.wait(upstreamLimit)
	case "reset":
		if t, ok := c.(*net.TCPConn); ok {
			_ = t.SetLinger(0) // makes Close send RST
		}
	case "garbage":
		_, _ = io.WriteString(c, "this is not HTTP\r\n\r\n") // the peer may be gone
	default:
		m := a.message
		if m == nil {
			m = &wire{head: []string{"HTTP/1.1 200 OK"}}
		}
		_, _ = c.Write(u.keys.fill(m).answerBytes()) // likewise
	}
}

func (u *upstream) wait(d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-u.done:
	}
}

// dial is the dialer of the runtime's network: it refuses the connection for a
// call that is to be refused, and breaks the handshake of one whose target speaks
// no TLS that suits. A closed port would not do: the upstream has one
// address, and another process may get a port that was given back.
func (u *upstream) dial(ctx context.Context, addr string) (net.Conn, error) {
	if addr == u.addr() {
		switch u.script.unconnected() {
		case "refuse":
			return nil, &net.OpError{Op: "dial", Net: "tcp", Addr: u.listener.Addr(), Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}
		case "tls-failure": // as crypto/tls reports the alert of its peer
			return nil, &net.OpError{Op: "remote error", Net: "tcp", Addr: u.listener.Addr(), Err: errors.New("tls: handshake failure")}
		}
	}
	var d net.Dialer
	return d.DialContext(ctx, "tcp", addr)
}
