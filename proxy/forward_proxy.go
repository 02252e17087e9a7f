package proxy

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// connect opens a connection to addr: through a tunnel of the forward proxy if
// there is one and the target uses it (property use.proxy), for http targets
// too. retries repeats attempts that time out.
func (n *Network) connect(ctx context.Context, addr string, timeout time.Duration, retries int, useProxy bool) (net.Conn, error) {
	if n.proxy == nil || !useProxy {
		return n.dial(ctx, addr, timeout, retries)
	}
	c, err := n.dial(ctx, proxyAddr(n.proxy), timeout, retries)
	if err != nil {
		return nil, err
	}
	if n.proxy.Scheme == "https" {
		c = tls.Client(c, &tls.Config{ServerName: n.proxy.Hostname()})
	}
	return tunnel(ctx, c, n.proxy, addr, timeout)
}

// proxyAddr is where the forward proxy listens.
func proxyAddr(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = "80"
		if u.Scheme == "https" {
			port = "443"
		}
	}
	return net.JoinHostPort(u.Hostname(), port)
}

// tunnelError says that the forward proxy refused CONNECT.
type tunnelError struct{ status int }

func (e *tunnelError) Error() string {
	return "the forward proxy answered CONNECT with " + strconv.Itoa(e.status)
}

// tunnel asks the forward proxy on c for a connection to addr, and closes c when
// it does not get one within timeout.
func tunnel(ctx context.Context, c net.Conn, via *url.URL, addr string, timeout time.Duration) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	release := context.AfterFunc(ctx, func() { _ = c.SetDeadline(time.Unix(1, 0)) }) // wakes what waits below
	err := askTunnel(c, via, addr)
	if !release() && err == nil {
		err = ctx.Err()
	}
	if err != nil {
		_ = c.Close() // the proxy's refusal is the error to tell
		var refused *tunnelError
		if errors.As(err, &refused) {
			return nil, err
		}
		return nil, &net.OpError{Op: "dial", Net: "tcp", Addr: c.RemoteAddr(), Err: err}
	}
	return c, nil
}

func askTunnel(c net.Conn, via *url.URL, addr string) error {
	ask := "CONNECT " + addr + " HTTP/1.1\r\nHost: " + addr + "\r\n"
	if via.User != nil {
		password, _ := via.User.Password()
		ask += "Proxy-Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte(via.User.Username()+":"+password)) + "\r\n"
	}
	if _, err := c.Write([]byte(ask + "\r\n")); err != nil {
		return err
	}
	head, err := readHead(c)
	if err != nil {
		return err
	}
	resp, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(head)), &http.Request{Method: http.MethodConnect})
	if err != nil {
		return err
	}
	_ = resp.Body.Close() // there is none
	if resp.StatusCode/100 != 2 {
		return &tunnelError{resp.StatusCode}
	}
	return nil
}

// maxTunnelHead bounds the proxy's answer.
const maxTunnelHead = 16 << 10

// readHead reads a header section and not one byte more: what follows belongs to
// the target. One byte at a time is slow, but a tunnel is made once for many
// requests.
func readHead(c net.Conn) ([]byte, error) {
	head := make([]byte, 0, 512)
	var b [1]byte
	for !bytes.HasSuffix(head, []byte("\r\n\r\n")) {
		if len(head) == maxTunnelHead {
			return nil, errors.New("the forward proxy's answer to CONNECT is too long")
		}
		if _, err := c.Read(b[:]); err != nil {
			return nil, err
		}
		head = append(head, b[0])
	}
	return head, nil
}
