package http1

import (
	"fmt"
	"runtime/debug"
	"sync/atomic"
	"time"
)

// upload sends a request body from a goroutine of its own, so that an answer
// that comes early is seen while the body still goes up.
type upload struct {
	done    chan struct{} // closed when the goroutine ends
	allRead atomic.Bool   // the body is at its end, only the last write is left
	ended   atomic.Int64  // Unix nanoseconds; 0: still going up
	err     error         // valid once ended is set; nil: all was sent
	source  bool          // err is the body's, not the connection's
}

// recent reports whether the upload goes on or ended less than d ago. The
// latter matters to a read that timed out just when the upload ended.
func (u *upload) recent(d time.Duration) bool {
	ended := u.ended.Load()
	return ended == 0 || time.Now().UnixNano()-ended < int64(d)
}

// run owns the sink from now on. If the body fails, nobody needs the answer:
// closing the connection ends the wait for it.
func (u *upload) run(x *call) {
	defer close(u.done)
	u.err, u.source = u.send(x)
	x.out.close()
	u.ended.Store(time.Now().UnixNano())
	if d := x.req.IOTimeout; d > 0 { // the wait for the answer begins now
		_ = x.conn.Conn.SetReadDeadline(time.Now().Add(d + d/8)) // fails only on a closed connection
	}
	if u.source || isTimeout(u.err) {
		x.conn.abort()
	}
}

// send is sendBody. A panic in the body's Read is its error: nobody above this
// goroutine could keep it from ending the process.
func (u *upload) send(x *call) (err error, source bool) {
	defer func() {
		if v := recover(); v != nil {
			err, source = fmt.Errorf("http1: panic reading the body of a request: %v\n%s", v, debug.Stack()), true
		}
	}()
	return x.sendBody(u)
}

// finished reports whether everything was sent. The answer to the last bytes
// may be faster than the goroutine that wrote them, so it gets a moment.
func (u *upload) finished() bool {
	if u.allRead.Load() {
		select {
		case <-u.done:
		case <-time.After(50 * time.Millisecond):
		}
	}
	select {
	case <-u.done:
		return u.err == nil
	default:
		return false
	}
}
