package proxy

import (
	"io"
	"sync"

	"sluice/flow"
	"sluice/internal/http1"
)

// offering is a request's body on offer to several servers. One that is held can
// be sent any number of times. One that flows is offered until a server begins
// to read it; whoever gives up before that has taken nothing away. A nil
// offering is for one server only.
type offering struct {
	message *flow.Message
	coding  string // Content-Encoding before the first attempt: an attempt may change it
	size    int64
	src     io.ReadCloser // nil when the body does not flow

	mu    sync.Mutex // guards what follows
	begun bool       // a server has had something of it
	last  bool       // there will be no further server
	share *share     // that of the present attempt
}

// offer prepares a request for being sent more than once, where that can happen.
// A payload that fits is held, as Apigee holds every one; a larger one, or one of
// unknown size, is offered as it flows, and so is one that is meant to stream.
func (l *balancer) offer(m *flow.Message) (*offering, error) {
	if !l.retry || len(l.servers) < 2 {
		return nil, nil
	}
	if m.Fits() && !m.Streamed {
		if err := m.Hold(); err != nil {
			return nil, err
		}
	}
	o := &offering{message: m, coding: m.Header.Value("Content-Encoding")}
	if m.Body.Flowing() {
		o.src, o.size = m.Body.Take()
		o.next()
	}
	return o, nil
}

func (o *offering) next() {
	o.share = &share{offer: o}
	o.message.Body.SetStream(o.share, o.size)
}

// again makes the request ready for a further server; false if part of it is gone.
func (o *offering) again() bool {
	if o == nil || o.withdraw() {
		return false
	}
	if o.coding == "" {
		o.message.Header.Del("Content-Encoding")
	} else {
		o.message.Header.Set("Content-Encoding", o.coding)
	}
	if o.src != nil {
		o.next()
	}
	return true
}

// withdraw ends the present attempt's right to read, and reports whether it read.
func (o *offering) withdraw() (begun bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.share != nil && !o.begun {
		o.share.closed = true
	}
	return o.begun
}

// settle ends the offering. A body that nobody wants any more is closed.
func (o *offering) settle() {
	if o == nil || o.src == nil {
		return
	}
	o.mu.Lock()
	o.last = true
	unwanted := !o.begun && o.share.closed
	o.mu.Unlock()
	if unwanted {
		_ = o.src.Close() // nobody reads it: a late error has no reader
	}
}

// share is the body as one attempt sees it.
type share struct {
	offer  *offering
	closed bool // guarded by offer.mu
}

func (s *share) Read(p []byte) (int, error) {
	o := s.offer
	o.mu.Lock()
	if s.closed {
		o.mu.Unlock()
		return 0, http1.ErrBodyClosed
	}
	o.begun = true
	o.mu.Unlock()
	return o.src.Read(p)
}

// Close closes the body only if nobody else may want it.
func (s *share) Close() error {
	o := s.offer
	o.mu.Lock()
	final := !s.closed && (o.begun || o.last)
	s.closed = true
	o.mu.Unlock()
	if final {
		return o.src.Close()
	}
	return nil
}

// Ready tells the wire engine whether Read would wait.
func (s *share) Ready() bool {
	r, ok := s.offer.src.(http1.Ready)
	return ok && r.Ready()
}
