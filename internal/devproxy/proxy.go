package devproxy

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
)

const headerPatience = 10 * time.Second // for a request's header and for a TLS handshake

// Proxy is an HTTP proxy that answers for some names itself and refuses all others.
type Proxy struct {
	ca    *CA
	route func(host string) http.Handler

	outer http.Server // hears CONNECT
	inner http.Server // hears the requests inside
	tube  *tube
}

// New returns a proxy whose certificates ca signs. route returns who answers for a host name in
// lower case, nil for nobody; it is called concurrently.
func New(ca *CA, route func(host string) http.Handler) *Proxy {
	p := &Proxy{ca: ca, route: route, tube: &tube{conns: make(chan net.Conn), closed: make(chan struct{})}}
	p.outer = http.Server{Handler: http.HandlerFunc(p.connect), ReadHeaderTimeout: headerPatience}
	p.inner = http.Server{
		Handler:           http.HandlerFunc(p.serve),
		ReadHeaderTimeout: headerPatience,
		ConnContext: func(ctx context.Context, c net.Conn) context.Context {
			return context.WithValue(ctx, hostKey{}, c.(*tls.Conn).NetConn().(*tunnel).host)
		},
	}
	return p
}

// Serve answers on l until Close, after which it returns http.ErrServerClosed. It is called once.
func (p *Proxy) Serve(l net.Listener) error {
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = p.inner.Serve(p.tube) // ends with Close only
	}()
	err := p.outer.Serve(l)
	_ = p.Close() // errors of closing what is abandoned tell nothing
	<-ended
	return err
}

// Close ends the listener and all connections.
func (p *Proxy) Close() error {
	_ = p.tube.Close() // it has no errors
	return errors.Join(p.outer.Close(), p.inner.Close())
}

// hostKey is the key of the name that a tunnel was asked for, in the context of its requests.
type hostKey struct{}

func (p *Proxy) serve(w http.ResponseWriter, r *http.Request) {
	host, _ := r.Context().Value(hostKey{}).(string)
	if h := p.route(host); h != nil {
		h.ServeHTTP(w, r)
		return
	}
	http.Error(w, "sluice does not answer for "+host, http.StatusMisdirectedRequest)
}

// connect opens a tunnel.
func (p *Proxy) connect(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodConnect {
		http.Error(w, "This is sluice's proxy for *."+domain+": use it as HTTPS_PROXY. Plain HTTP is not passed on.", http.StatusMethodNotAllowed)
		return
	}
	host, port, err := net.SplitHostPort(r.Host)
	host = strings.ToLower(host)
	if err != nil || port != "443" || p.route(host) == nil {
		http.Error(w, fmt.Sprintf("sluice does not answer for %q, and passes nothing on.", r.Host), http.StatusForbidden)
		return
	}
	leaf, err := p.ca.sign(host, time.Now())
	if err != nil {
		http.Error(w, "sluice cannot make a certificate: "+err.Error(), http.StatusBadGateway)
		return
	}
	conn, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		http.Error(w, "CONNECT needs HTTP/1.1.", http.StatusHTTPVersionNotSupported)
		return
	}
	if _, err := conn.Write([]byte("HTTP/1.1 200 Connection established\r\n\r\n")); err != nil {
		_ = conn.Close() // the client has left
		return
	}
	config := &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{*leaf}, NextProtos: []string{"h2", "http/1.1"}}
	p.tube.push(tls.Server(&tunnel{conn, buffered.Reader, host}, config))
}

// tunnel is a client's connection from behind its CONNECT on.
type tunnel struct {
	net.Conn
	reader *bufio.Reader // may hold what the client sent before it had the answer
	host   string
}

func (t *tunnel) Read(b []byte) (int, error) { return t.reader.Read(b) }

// tube is the listener whose connections are those that push gives it.
type tube struct {
	conns  chan net.Conn
	once   sync.Once
	closed chan struct{}
}

func (t *tube) push(c net.Conn) {
	select {
	case t.conns <- c:
	case <-t.closed:
		_ = c.Close() // nobody waits for it
	}
}

func (t *tube) Accept() (net.Conn, error) {
	select {
	case c := <-t.conns:
		return c, nil
	case <-t.closed:
		return nil, net.ErrClosed
	}
}

func (t *tube) Close() error {
	t.once.Do(func() { close(t.closed) })
	return nil
}

func (t *tube) Addr() net.Addr { return &net.TCPAddr{} }
