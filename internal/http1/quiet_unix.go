//go:build unix

package http1

import (
	"net"
	"syscall"
)

// quiet reports whether a kept connection is still open and silent: a target
// that closed it, or sent something nobody asked for, has made it useless.
// It does not wait.
func quiet(c net.Conn) bool {
	if t, ok := c.(interface{ NetConn() net.Conn }); ok {
		c = t.NetConn()
	}
	s, ok := c.(syscall.Conn)
	if !ok {
		return true // it cannot be seen; writing will tell
	}
	raw, err := s.SyscallConn()
	if err != nil {
		return false
	}
	silent := false
	err = raw.Control(func(fd uintptr) { // Read would heed the deadline of the call before
		var b [1]byte
		_, _, err := syscall.Recvfrom(int(fd), b[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
		silent = err == syscall.EAGAIN
	})
	return err == nil && silent
}
