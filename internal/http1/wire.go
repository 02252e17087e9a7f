package http1

import (
	"bufio"
	"io"
	"net"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

const (
	readBuffer   = 4 << 10  // of a client's connection, kept while it is open
	targetBuffer = 16 << 10 // of a target's connection, kept while a call is on
	writeBuffer  = 32 << 10 // of either, kept while a message is being written
)

var (
	readers       = sync.Pool{New: func() any { return bufio.NewReaderSize(nil, readBuffer) }}
	targetReaders = sync.Pool{New: func() any { return bufio.NewReaderSize(nil, targetBuffer) }}
	writeBuffers  = sync.Pool{New: func() any { b := make([]byte, 0, writeBuffer); return &b }}
)

// link is a connection with inactivity timeouts. Setting a deadline costs as
// much as parsing a header section, so a deadline once set stays while it is
// between one and 9/8 timeouts away; on a busy connection that is one call in
// thousands. One goroutine reads and one writes at a time.
type link struct {
	net.Conn
	readTimeout, writeTimeout time.Duration // 0 or less: none
	readBy, writeBy           time.Time     // deadlines set on Conn
	readEnd                   time.Time     // no read lasts longer, whatever readTimeout is; zero: none
	interrupted               atomic.Bool
}

func (l *link) Read(p []byte) (int, error) {
	by, change := renew(l.readBy, l.readTimeout)
	if !l.readEnd.IsZero() && (by.IsZero() || by.After(l.readEnd)) {
		by, change = l.readEnd, true
	}
	if change {
		l.readBy = by
		if err := l.Conn.SetReadDeadline(by); err != nil {
			return 0, err
		}
	}
	// After the deadline, so that an interrupt is seen here or ends the read.
	if l.interrupted.Load() {
		return 0, os.ErrDeadlineExceeded
	}
	return l.Conn.Read(p)
}

func (l *link) Write(p []byte) (int, error) {
	if by, change := renew(l.writeBy, l.writeTimeout); change {
		l.writeBy = by
		if err := l.Conn.SetWriteDeadline(by); err != nil {
			return 0, err
		}
	}
	return l.Conn.Write(p)
}

// renew returns the deadline for an operation that starts now, and whether it
// differs from the one that is set.
func renew(by time.Time, timeout time.Duration) (time.Time, bool) {
	if timeout <= 0 {
		return time.Time{}, !by.IsZero()
	}
	earliest := time.Now().Add(timeout)
	latest := earliest.Add(timeout / 8)
	if by.Before(earliest) || by.After(latest) {
		return latest, true
	}
	return by, false
}

// readUntil sets an absolute deadline for all reads to come.
func (l *link) readUntil(by time.Time) error {
	l.readTimeout = -1
	l.readBy, l.readEnd = time.Time{}, time.Time{}
	return l.Conn.SetReadDeadline(by)
}

// interrupt ends the read that another goroutine is in or about to begin.
func (l *link) interrupt() {
	l.interrupted.Store(true)
	_ = l.Conn.SetReadDeadline(time.Unix(1, 0)) // fails only on a closed connection, where no read waits
}

// resume allows reads again, once the interrupted goroutine has returned.
func (l *link) resume() {
	l.interrupted.Store(false)
	l.readBy = time.Unix(1, 0)
}

// release takes all deadlines off, for a connection that is handed over.
func (l *link) release() error {
	l.readTimeout, l.writeTimeout = 0, 0
	l.readBy, l.writeBy, l.readEnd = time.Time{}, time.Time{}, time.Time{}
	return l.Conn.SetDeadline(time.Time{})
}

// sink collects what is written to a connection, so that a head and a small
// body leave in one system call, and so that bodies are read straight into the
// buffer they are sent from. bufio.Writer has no room for chunk sizes around
// what ReadFrom reads, and cannot tell the bytes that left from those that wait.
type sink struct {
	to   *link
	op   Op
	pool *[]byte
	b    []byte
	sent int64 // bytes handed to the kernel
	err  error // first write error; sticky
}

func (s *sink) open(to *link, op Op) {
	s.to, s.op = to, op
	s.pool = writeBuffers.Get().(*[]byte)
	s.b = *s.pool
}

// close gives the buffer back; what was not flushed is lost.
func (s *sink) close() {
	if s.pool != nil {
		writeBuffers.Put(s.pool)
		s.pool, s.b = nil, nil
	}
}

func (s *sink) flush() error {
	if s.err == nil && len(s.b) > 0 {
		s.push(s.b)
	}
	s.b = s.b[:0]
	return s.err
}

func (s *sink) push(p []byte) {
	n, err := s.to.Write(p)
	s.sent += int64(n)
	if err != nil {
		s.err = &IOError{Op: s.op, Err: err}
	}
}

func (s *sink) free() int { return cap(s.b) - len(s.b) }

// text appends any amount of text, flushing what does not fit.
func (s *sink) text(t string) {
	for len(t) > s.free() {
		n := s.free()
		s.b = append(s.b, t[:n]...)
		t = t[n:]
		_ = s.flush() // kept in s.err
	}
	s.b = append(s.b, t...)
}

func (s *sink) field(name, value string) {
	s.text(name)
	s.text(": ")
	s.text(value)
	s.text("\r\n")
}

func (s *sink) number(n int64, base int) {
	if s.free() < 24 {
		_ = s.flush() // kept in s.err
	}
	s.b = strconv.AppendInt(s.b, n, base)
}

// data appends p; what is too big for the buffer goes to the connection as it is.
func (s *sink) data(p []byte) error {
	if len(p) <= s.free() {
		s.b = append(s.b, p...)
		return s.err
	}
	if len(s.b) > 0 { // fill up, so that the head does not travel alone
		n := s.free()
		s.b = append(s.b, p[:n]...)
		p = p[n:]
		_ = s.flush() // kept in s.err
	}
	if len(p) < cap(s.b)/2 {
		s.b = append(s.b, p...)
	} else if s.err == nil {
		s.push(p)
	}
	return s.err
}

// chunk appends p as one chunk.
func (s *sink) chunk(p []byte) error {
	if len(p) == 0 {
		return s.err
	}
	s.number(int64(len(p)), 16)
	s.text("\r\n")
	_ = s.data(p) // kept in s.err
	s.text("\r\n")
	return s.err
}

const (
	chunkHead = 6       // four hex digits and CRLF: a chunk is never longer than the buffer
	smallRead = 4 << 10 // a read into less room than this is not worth its system call
)

// copy sends n bytes of r (all if n is negative) as chunks or as they are.
// What was read is flushed before a Read that would wait, so streams flow and
// bursts are sent together. An error of r is returned as it is; one of the
// connection is an *IOError and stays in s.err.
func (s *sink) copy(r io.Reader, n int64, chunked bool) (int64, error) {
	var done int64
	for stalls := 0; n < 0 || done < n; {
		if err := s.prepare(r, n-done); err != nil {
			return done, err
		}
		m, err := r.Read(s.room(chunked, n-done))
		s.commit(m, chunked)
		done += int64(m)
		switch {
		case err == io.EOF && done < n:
			return done, io.ErrUnexpectedEOF
		case err == io.EOF:
			return done, nil
		case err != nil:
			return done, err
		case m > 0:
			stalls = 0
		default:
			if stalls++; stalls > 100 {
				return done, io.ErrNoProgress
			}
		}
	}
	return done, s.err
}

// prepare flushes if the next Read of r may wait or would find little room.
func (s *sink) prepare(r io.Reader, left int64) error {
	want := int64(smallRead)
	if left >= 0 && left < want {
		want = left
	}
	if int64(s.free()) < want+chunkHead+2 || !ready(r) {
		return s.flush()
	}
	return s.err
}

// room is where the next Read puts its bytes.
func (s *sink) room(chunked bool, left int64) []byte {
	p := s.b[len(s.b):cap(s.b)]
	if chunked {
		p = p[chunkHead : len(p)-2]
	}
	if left >= 0 && int64(len(p)) > left {
		p = p[:left]
	}
	return p
}

// commit takes the n bytes that were read into room into the buffer.
func (s *sink) commit(n int, chunked bool) {
	if n == 0 || !chunked {
		s.b = s.b[:len(s.b)+n]
		return
	}
	start := len(s.b) + chunkHead
	body := s.b[start : start+n]
	s.b = strconv.AppendInt(s.b, int64(n), 16)
	s.b = append(s.b, '\r', '\n')
	if len(s.b) == start {
		s.b = s.b[:start+n]
	} else {
		s.b = append(s.b, body...) // fewer than 4096 bytes move down by up to three
	}
	s.b = append(s.b, '\r', '\n')
}

// Ready is what a body may offer so that a copy knows whether the next Read
// returns without waiting; bodies of this package do. Wrappers should pass it on.
type Ready interface{ Ready() bool }

func ready(r io.Reader) bool {
	switch r := r.(type) {
	case *body:
		return r.Ready()
	case Ready:
		return r.Ready()
	case interface{ Len() int }: // bytes.Reader, bytes.Buffer, strings.Reader
		return true
	}
	return false
}
