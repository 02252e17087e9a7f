package main

import (
	"errors"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"sync"
	"time"
)

// reverseProxyRole is the yardstick: what the standard library gives for passing
// requests through, tuned as its users tune it. Arguments: the address to listen on
// and the upstream's.
func reverseProxyRole(args []string) error {
	if len(args) != 2 {
		return errors.New("reverseproxy takes an address to listen on and the upstream's")
	}
	l, err := net.Listen("tcp", args[0])
	if err != nil {
		return err
	}
	go untilStdinEnds(l)
	target := &url.URL{Scheme: "http", Host: args[1]}
	err = http.Serve(l, &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(target)
			r.SetXForwarded()
		},
		Transport: &http.Transport{
			MaxIdleConns: 1024, MaxIdleConnsPerHost: 512, IdleConnTimeout: 10 * time.Minute, DisableCompression: true,
		},
		BufferPool: &buffers{},
	})
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

// buffers keeps the copy buffers of ReverseProxy.
type buffers struct{ pool sync.Pool }

// Get returns a buffer of 32 KB, the size that ReverseProxy itself makes.
func (b *buffers) Get() []byte {
	if p, ok := b.pool.Get().(*[]byte); ok {
		return *p
	}
	return make([]byte, 32<<10)
}

// Put takes a buffer back.
func (b *buffers) Put(p []byte) { b.pool.Put(&p) }
