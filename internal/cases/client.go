package cases

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"time"
)

// exchangeLimit bounds one exchange. A case that tests timeouts sets
// io.timeout.millis or api.timeout in its bundle.
const exchangeLimit = 30 * time.Second

// client sends requests as they are written and reads what comes back as it
// comes: net/http would do neither.
type client struct {
	conn net.Conn
	got  *message
	err  error
}

// send sends a request on a connection of its own and reads the response. The
// caller closes the connection.
func send(ctx context.Context, addr string, request *wire) *client {
	ctx, cancel := context.WithTimeout(ctx, exchangeLimit)
	defer cancel()
	k := &client{got: &message{}}
	var d net.Dialer
	if k.conn, k.err = d.DialContext(ctx, "tcp", addr); k.err != nil {
		return k
	}
	stop := context.AfterFunc(ctx, func() { _ = k.conn.SetDeadline(time.Unix(1, 0)) }) // wakes Read and Write
	defer stop()
	sent := make(chan error, 1)
	go func() { // beside reading: the answer may come before the request's end
		_, err := k.conn.Write(request.requestBytes())
		sent <- err
	}()
	method, _, _ := strings.Cut(request.first(), " ")
	k.got, k.err = readResponse(bufio.NewReader(k.conn), method)
	if k.err != nil {
		_ = k.conn.Close() // so that Write ends
	}
	if err := <-sent; k.err == nil && len(k.got.head) == 0 {
		k.err = err
	}
	return k
}

func (k *client) close() {
	if k.conn != nil {
		_ = k.conn.Close() // everything was read
	}
}

// problem says what went wrong with the response, "" if it is whole.
func (k *client) problem() string {
	var slow net.Error
	switch {
	case k.err == nil:
		return ""
	case errors.As(k.err, &slow) && slow.Timeout():
		return fmt.Sprintf("no whole response within %s", exchangeLimit)
	case errors.Is(k.err, io.EOF):
		return "the connection was closed without a response"
	case errors.Is(k.err, io.ErrUnexpectedEOF):
		return fmt.Sprintf("the connection was closed inside the body, after %d bytes of it", len(k.got.body))
	}
	return k.err.Error()
}
