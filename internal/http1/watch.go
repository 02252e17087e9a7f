package http1

import (
	"sync"
	"time"
)

// watch notices that the client of a connection has gone while a handler waits
// for something else. Noticing takes a read, a read takes a goroutine, and
// ending it early takes a deadline: 3 us that a fast request should not pay.
// So the read begins after watchDelay, from a timer that is seldom reached.
//
//	idle --arm--> armed --timer--> watching --client gone, or more input--> idle
//	               |                   |
//	               +------ stop -------+--> idle
type watch struct {
	mu    sync.Mutex
	state watchState
	timer *time.Timer
	body  *body         // of the request at hand; nil: none
	done  chan struct{} // closed when watching ends
}

type watchState uint8

const (
	watchIdle watchState = iota
	watchArmed
	watching
)

// arm starts the timer. fire is always the same function.
func (w *watch) arm(fire func(), b *body) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.state != watchIdle {
		return
	}
	w.state, w.body = watchArmed, b
	if w.timer == nil {
		w.timer = time.AfterFunc(watchDelay, fire)
	} else {
		w.timer.Reset(watchDelay)
	}
}

// begin is the timer's: it reports whether to watch. Not while the body may
// still be read: whoever reads it notices by itself.
func (w *watch) begin() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.state != watchArmed {
		return false
	}
	if w.body != nil && !w.body.over.Load() {
		w.timer.Reset(10 * watchDelay)
		return false
	}
	w.state = watching
	w.done = make(chan struct{})
	return true
}

func (w *watch) end() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.state = watchIdle
	close(w.done)
}

// stop gives the connection's reading side back to the caller.
func (w *watch) stop(l *link) {
	w.mu.Lock()
	state, done := w.state, w.done
	w.body = nil
	if state == watchArmed {
		w.timer.Stop()
		w.state = watchIdle
	}
	w.mu.Unlock()
	if state == watching {
		l.interrupt()
		<-done
		l.resume()
	}
}

// watchNow waits for the client to go away, or to send more.
func (c *conn) watchNow() {
	if !c.watch.begin() {
		return
	}
	defer c.watch.end()
	for {
		_, err := c.br.Peek(1)
		switch {
		case err == nil, c.link.interrupted.Load():
			return
		case !isTimeout(err):
			c.cancel()
			return
		}
		// The idle timeout ran out: a handler may take longer than that.
		if c.link.readUntil(time.Time{}) != nil {
			c.cancel()
			return
		}
	}
}
