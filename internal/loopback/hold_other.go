//go:build !linux

package loopback

import "net"

// hold finds a port that is free now. Other systems refuse a second socket at an
// address, so that nothing holds it here.
func hold() (address string, release func(), err error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	return l.Addr().String(), func() {}, l.Close()
}
