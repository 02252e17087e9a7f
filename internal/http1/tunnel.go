package http1

import (
	"bufio"
	"errors"
	"io"
	"net"
)

// upgradeBody is the empty body of a 101 answer, which still holds the connection.
type upgradeBody struct{ x *call }

func (upgradeBody) Read([]byte) (int, error) { return 0, io.EOF }

// Close gives up the connection unless Upgrade has taken it.
func (u *upgradeBody) Close() error {
	u.x.discard()
	return nil
}

// ErrNoUpgrade is what Upgrade returns for answers other than 101, and the
// second time.
var ErrNoUpgrade = errors.New("http1: the target did not switch protocols")

// Upgrade takes the connection of a 101 answer, with what the target has sent
// already. It has no deadlines; it still ends with the context of Do. It also
// has the method CloseWrite if the connection has.
func (r *Response) Upgrade() (io.ReadWriteCloser, error) {
	x := r.call
	if _, ok := r.Body.(*upgradeBody); !ok || !x.over.CompareAndSwap(false, true) {
		return nil, ErrNoUpgrade
	}
	if x.up == nil {
		x.out.close()
	}
	if err := x.conn.release(); err != nil {
		x.conn.abort()
		return nil, &IOError{Op: ReadResponse, Err: err}
	}
	return &tunnel{Conn: x.conn.Conn, br: x.conn.br, stop: x.stop}, nil
}

// tunnel is a connection after 101.
type tunnel struct {
	net.Conn
	br   *bufio.Reader
	stop func() bool
}

func (t *tunnel) Read(p []byte) (int, error) {
	if t.br.Buffered() > 0 {
		return t.br.Read(p)
	}
	return t.Conn.Read(p)
}

func (t *tunnel) Close() error {
	if t.stop != nil {
		t.stop()
	}
	return t.Conn.Close()
}

// CloseWrite tells the target that nothing more comes.
func (t *tunnel) CloseWrite() error {
	if c, ok := t.Conn.(interface{ CloseWrite() error }); ok {
		return c.CloseWrite()
	}
	return errors.ErrUnsupported
}
