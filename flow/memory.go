package flow

import (
	"errors"
	"io"
	"sync/atomic"

	"sluice/faults"
)

// Memory bounds what all requests of a process hold of bodies at a time. Each body has
// a limit of its own, but a client may send many at once, HTTP/2 even over one
// connection. What policies make themselves is not counted.
type Memory struct{ left atomic.Int64 }

// NewMemory returns a bound of so many bytes.
func NewMemory(size int64) *Memory {
	m := &Memory{}
	m.left.Store(size)
	return m
}

// share is what one exchange holds of a Memory; without one, nothing is counted. It
// reads what is to be counted itself, so that nobody has to be made for that.
type share struct {
	memory *Memory
	held   int64
	src    io.Reader
}

// ErrMemory says that all requests together hold as much as they may.
var ErrMemory = errors.New("all requests together hold as many bytes of bodies as they may")

var serviceUnavailable = faults.MustRuntime("ServiceUnavailable")

// counting is r, but for counting what is read of it; s may be nil. There is one such
// reader at a time.
func (s *share) counting(r io.Reader) io.Reader {
	if s == nil || s.memory == nil {
		return r
	}
	s.src = r
	return s
}

// Read gives what it has read also with ErrMemory.
func (s *share) Read(p []byte) (int, error) {
	n, err := s.src.Read(p)
	if s.memory.left.Add(-int64(n)) < 0 {
		s.memory.left.Add(int64(n))
		return n, ErrMemory
	}
	s.held += int64(n)
	return n, err
}

func (s *share) release() {
	if s.memory != nil {
		s.memory.left.Add(s.held)
		s.held, s.src = 0, nil
	}
}

// Share has the exchange count what it holds of bodies, until its End.
func (x *Exchange) Share(m *Memory) { x.share.memory = m }

// Charge has the exchange count what is held of the message's body.
func (x *Exchange) Charge(m *Message) { m.share = &x.share }
