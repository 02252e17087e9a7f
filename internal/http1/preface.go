package http1

import (
	"bufio"
	"net"
)

// preface opens an HTTP/2 connection with prior knowledge (RFC 9113, 3.4).
const preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

// isHTTP2 decides on as many bytes as tell the preface from a request.
func (c *conn) isHTTP2() bool {
	if b, _ := c.br.Peek(1); string(b) != preface[:1] {
		return false
	}
	c.link.readTimeout = c.timeouts.Header
	for n := 1; ; {
		b, err := c.br.Peek(n)
		if string(b) != preface[:len(b)] || err != nil {
			return false
		}
		if n == len(preface) {
			return true
		}
		n = min(max(n+1, c.br.Buffered()), len(preface))
	}
}

// replayConn gives first what was read ahead of the connection.
type replayConn struct {
	net.Conn
	br *bufio.Reader
}

func (c *replayConn) Read(p []byte) (int, error) {
	if c.br.Buffered() > 0 {
		return c.br.Read(p)
	}
	return c.Conn.Read(p)
}

// NetConn returns the connection underneath, whose TLS state is of interest.
func (c *replayConn) NetConn() net.Conn { return c.Conn }
