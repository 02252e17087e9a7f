package http1

import (
	"bufio"
	"context"
	"crypto/tls"
	"net"
	"sync"
	"time"
)

// Key tells destinations apart whose connections must not be mixed.
type Key struct {
	Scheme string // "http" or "https"
	Addr   string // host:port
	TLS    string // opaque: equal for equal TLS settings
}

// DialFunc opens a connection, with the TLS handshake done.
type DialFunc func(ctx context.Context) (net.Conn, error)

// targetConn is one connection to a target. It belongs to one call at a time,
// or to the pool.
type targetConn struct {
	link
	key       Key
	br        *bufio.Reader // only during a call
	tls       *tls.ConnectionState
	probe     *probe
	abort     func() // closes the connection; made once for context.AfterFunc
	upload    *upload
	idleSince time.Time
	reused    bool
	answered  bool // a byte of the answer at hand was read
}

func newTargetConn(c net.Conn, key Key) *targetConn {
	t := &targetConn{link: link{Conn: c}, key: key, probe: newProbe(c)}
	t.abort = func() { _ = c.Close() } // the call that uses it sees the error
	if s, ok := c.(interface{ ConnectionState() tls.ConnectionState }); ok {
		state := s.ConnectionState()
		t.tls = &state
	}
	return t
}

// Read feeds br. Waiting for an answer is no inactivity while the request is
// still going up: whoever feeds the upload has timeouts of its own.
func (t *targetConn) Read(p []byte) (int, error) {
	for {
		n, err := t.link.Read(p)
		if n > 0 {
			t.answered = true
		}
		if n > 0 || err == nil || t.upload == nil || !isTimeout(err) || !t.upload.recent(t.readTimeout) {
			return n, err
		}
	}
}

func (t *targetConn) begin(timeout time.Duration) {
	t.readTimeout, t.writeTimeout = timeout, timeout
	t.answered, t.upload = false, nil
	t.br = targetReaders.Get().(*bufio.Reader)
	t.br.Reset(t)
}

// end gives the read buffer back; the connection then is closed or pooled.
func (t *targetConn) end() {
	t.br.Reset(nil)
	targetReaders.Put(t.br)
	t.br = nil
}

// pools holds the idle connections of a Client by destination.
type pools struct {
	mu    sync.Mutex
	idle  map[Key][]*targetConn // oldest first
	timer *time.Timer           // sweeps while there is something to sweep
}

// get takes the connection used last: it is the least likely to have been
// closed by the target, and the others may expire.
func (p *pools) get(key Key) *targetConn {
	p.mu.Lock()
	defer p.mu.Unlock()
	list := p.idle[key]
	n := len(list) - 1
	if n < 0 {
		return nil
	}
	t := list[n]
	list[n] = nil
	p.idle[key] = list[:n]
	return t
}

// put keeps t, or closes it if there are enough.
func (p *pools) put(t *targetConn, most int, timeout time.Duration) {
	t.idleSince, t.reused = time.Now(), true
	p.mu.Lock()
	list := p.idle[t.key]
	full := len(list) >= most
	if !full {
		if p.idle == nil {
			p.idle = map[Key][]*targetConn{}
		}
		p.idle[t.key] = append(list, t)
		if p.timer == nil {
			p.timer = time.AfterFunc(timeout, func() { p.sweep(timeout) })
		}
	}
	p.mu.Unlock()
	if full {
		_ = t.Close() // nobody uses it
	}
}

// sweep closes what was idle for timeout, forgets destinations without
// connections, and comes again if something is left.
func (p *pools) sweep(timeout time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	limit := time.Now().Add(-timeout)
	for key, list := range p.idle {
		n := 0
		for n < len(list) && !list[n].idleSince.After(limit) {
			_ = list[n].Close() // nobody uses it
			n++
		}
		if n == len(list) {
			delete(p.idle, key)
			continue
		}
		p.idle[key] = append(list[:0], list[n:]...)
		clear(list[len(list)-n:])
	}
	p.timer = nil
	if len(p.idle) > 0 {
		p.timer = time.AfterFunc(max(timeout/4, time.Millisecond), func() { p.sweep(timeout) })
	}
}

func (p *pools) closeIdle() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, list := range p.idle {
		for _, t := range list {
			_ = t.Close() // nobody uses it
		}
	}
	p.idle = nil
	if p.timer != nil {
		p.timer.Stop()
		p.timer = nil
	}
}
