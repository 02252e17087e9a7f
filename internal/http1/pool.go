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
	Scheme string        // "http" or "https"
	Addr   string        // host:port
	TLS    string        // opaque: equal for equal TLS settings
	Direct bool          // not by way of a forward proxy
	Idle   time.Duration // how long an unused connection is kept; 0: Client.IdleTimeout, negative: not at all
}

// DialFunc opens a connection, with the TLS handshake done.
type DialFunc func(ctx context.Context) (net.Conn, error)

// targetConn is one connection to a target. It belongs to one call at a time,
// or to the pool.
type targetConn struct {
	link
	key      Key
	br       *bufio.Reader // only during a call
	tls      *tls.ConnectionState
	probe    *probe
	abort    func() // closes the connection; made once for context.AfterFunc
	upload   *upload
	expires  time.Time // while it is kept: from when on it is not used any more
	reused   bool
	answered bool // a byte of the answer at hand was read
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
	idle  map[Key][]*targetConn // the first expires first
	timer *time.Timer           // sweeps while there is something to sweep
	due   time.Time             // when it does
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

// put keeps t for timeout, or closes it if there are enough.
func (p *pools) put(t *targetConn, most int, timeout time.Duration) {
	t.expires, t.reused = time.Now().Add(timeout), true
	p.mu.Lock()
	list := p.idle[t.key]
	full := len(list) >= most
	if !full {
		if p.idle == nil {
			p.idle = map[Key][]*targetConn{}
		}
		p.idle[t.key] = append(list, t)
		p.schedule(t.expires)
	}
	p.mu.Unlock()
	if full {
		_ = t.Close() // nobody uses it
	}
}

// schedule makes sure that there is a sweep at the given time or before. The
// caller holds mu.
func (p *pools) schedule(at time.Time) {
	switch {
	case p.timer == nil:
		p.timer = time.AfterFunc(time.Until(at), p.sweep)
	case at.Before(p.due):
		p.timer.Reset(time.Until(at))
	default:
		return
	}
	p.due = at
}

// sweepGap is the least time between two sweeps. A connection may stay open for
// so much longer than it is used.
const sweepGap = time.Second

// sweep closes what has expired, forgets destinations without connections, and
// comes again if something is left.
func (p *pools) sweep() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.timer != nil {
		p.timer.Stop() // set again since it fired
		p.timer = nil
	}
	now := time.Now()
	var next time.Time
	for key, list := range p.idle {
		if list = expire(list, now); len(list) == 0 {
			delete(p.idle, key)
			continue
		}
		p.idle[key] = list
		if next.IsZero() || list[0].expires.Before(next) {
			next = list[0].expires
		}
	}
	if soonest := now.Add(sweepGap); next.Before(soonest) {
		next = soonest
	}
	if len(p.idle) > 0 {
		p.schedule(next)
	}
}

// expire closes what has expired and returns the rest.
func expire(list []*targetConn, now time.Time) []*targetConn {
	n := 0
	for n < len(list) && !list[n].expires.After(now) {
		_ = list[n].Close() // nobody uses it
		n++
	}
	if n == 0 {
		return list
	}
	rest := append(list[:0], list[n:]...)
	clear(list[len(rest):])
	return rest
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
