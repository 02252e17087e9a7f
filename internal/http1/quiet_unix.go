//go:build unix

package http1

import (
	"net"
	"syscall"
)

// probe looks at an idle connection without waiting.
type probe struct {
	raw    syscall.RawConn // nil: it cannot be looked at; writing will tell
	look   func(fd uintptr)
	silent bool
}

func newProbe(c net.Conn) *probe {
	p := &probe{}
	if t, ok := c.(interface{ NetConn() net.Conn }); ok { // TLS
		c = t.NetConn()
	}
	if s, ok := c.(syscall.Conn); ok {
		p.raw, _ = s.SyscallConn() // fails only on a closed connection
	}
	p.look = func(fd uintptr) {
		var b [1]byte
		_, _, err := syscall.Recvfrom(int(fd), b[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
		p.silent = err == syscall.EAGAIN
	}
	return p
}

// quiet reports whether the connection is still open and silent. A target that
// closed it, or sent something nobody asked for, has made it useless: the next
// caller would take that for an answer.
func (p *probe) quiet() bool {
	if p.raw == nil {
		return true
	}
	p.silent = false
	err := p.raw.Control(p.look) // not Read, which would heed the deadline of the call before
	return err == nil && p.silent
}
