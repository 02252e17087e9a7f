package http1

import "time"

// Limits bounds the header sections that a peer may send. A zero field means
// the default.
type Limits struct {
	Line        int // bytes of the request or status line, without CRLF; default 8192
	HeaderBytes int // bytes of all header lines of one section with their CRLFs; default 65536
	HeaderLines int // header lines of one section; default 200
	ChunkLine   int // bytes of one chunk-size line with its extension; default 256
}

// Timeouts of a Server. A zero field means the default, a negative one none.
// All but Header count inactivity: they start anew with each read or write and
// end between once and 9/8 of their value (see link).
type Timeouts struct {
	Header time.Duration // from the first byte of a request to the end of its header section; default 20 s
	Idle   time.Duration // between two requests of a connection; default 75 s
	Read   time.Duration // one read of a request body; default 60 s
	Write  time.Duration // one write of an answer; default 60 s
}

const (
	// drainLimit is how many bytes of a request body that the handler left
	// unread are read to keep the connection, and drainTime for how long; beyond,
	// closing is cheaper.
	drainLimit = 256 << 10
	drainTime  = 5 * time.Second
	// inlineBody is the largest streamed request body that Client.Do sends
	// from the caller's goroutine before it looks for the answer.
	inlineBody = 64 << 10
	// maxInterim bounds the 1xx answers before one final answer.
	maxInterim = 100
	// maxExtensions bounds the bytes that all chunk extensions of a body take.
	maxExtensions = 64 << 10
	// lingerTime is how long a closing connection waits for the client to
	// have read the answer, when unread input would otherwise reset it.
	lingerTime = 500 * time.Millisecond
	// watchDelay is how long Watch waits before it watches, so that requests
	// answered sooner pay a timer instead of a goroutine and two system calls.
	watchDelay = 10 * time.Millisecond
)

func (l Limits) orDefault() Limits {
	return Limits{
		Line:        or(l.Line, 8192),
		HeaderBytes: or(l.HeaderBytes, 64<<10),
		HeaderLines: or(l.HeaderLines, 200),
		ChunkLine:   min(or(l.ChunkLine, 256), readBuffer), // the line is looked at inside the read buffer
	}
}

func (t Timeouts) orDefault() Timeouts {
	return Timeouts{
		Header: or(t.Header, 20*time.Second),
		Idle:   or(t.Idle, 75*time.Second),
		Read:   or(t.Read, 60*time.Second),
		Write:  or(t.Write, 60*time.Second),
	}
}

func or[T int | time.Duration](v, def T) T {
	if v == 0 {
		return def
	}
	return v
}
