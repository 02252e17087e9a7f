package proxy

import (
	"bytes"
	"io"
	"net/http"
	"net/url"
	"sync"

	"sluice/flow"
	"sluice/internal/http1"
)

// h2Request makes the request. net/http reads the body in a goroutine of its own.
func (o *outgoing) h2Request(addr string, secure bool, call *h2Call) (*http.Request, error) {
	if o.stream != nil {
		call.upload = &h2Upload{src: o.stream, dog: call.dog}
	}
	path, err := url.PathUnescape(o.path)
	if err != nil {
		return nil, badPath.Wrap(err, "path", o.path)
	}
	if path == "" {
		path = "/"
	}
	req := &http.Request{
		Method: o.method, URL: &url.URL{Scheme: "http", Host: addr, Path: path, RawPath: o.path, RawQuery: o.query},
		Header: http.Header{}, ContentLength: o.size,
	}
	if secure {
		req.URL.Scheme = "https"
	}
	for _, f := range o.lines {
		switch {
		case equalHost(f.Name):
			req.Host = f.Value
		case !hopByHop(f.Name):
			req.Header.Add(f.Name, f.Value)
		}
	}
	req.Header.Set("Te", "trailers") // gRPC servers insist on it
	if req.Body = io.NopCloser(bytes.NewReader(o.content)); call.upload != nil {
		req.Body = call.upload
		req.Trailer = o.h2Trailer(call.upload)
	}
	return req, nil
}

// h2Trailer makes the trailer of the request: until the end of the body only the
// names are known that the client announced. A map, even an empty one, makes
// net/http look for fields at the end.
func (o *outgoing) h2Trailer(upload *h2Upload) http.Header {
	if o.trailer == nil {
		return nil
	}
	trailer := http.Header{}
	for _, name := range o.announced {
		if !hopByHop(name) {
			trailer[http.CanonicalHeaderKey(name)] = nil
		}
	}
	upload.finish = func() {
		for _, f := range o.trailer() {
			trailer.Add(f.Name, f.Value)
		}
	}
	return trailer
}

// h2Upload is a request's body that flows. net/http reads and closes it in
// goroutines that may outlive the call, but the body does not: it belongs to the
// client's request. So detach ends their hold on it.
type h2Upload struct {
	src    io.ReadCloser
	dog    *dog
	finish func() // runs at the end; nil when there can be no trailer

	reading sync.Mutex // held during Read
	mu      sync.Mutex // guards over, and src against a late Close
	over    bool
}

func (u *h2Upload) Read(p []byte) (int, error) {
	u.reading.Lock()
	defer u.reading.Unlock()
	if u.isOver() {
		return 0, http1.ErrBodyClosed
	}
	n, err := u.src.Read(p)
	u.dog.pat()
	if err == io.EOF && u.finish != nil {
		u.finish()
	}
	return n, err
}

func (u *h2Upload) isOver() bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.over
}

// Close interrupts a Read.
func (u *h2Upload) Close() error {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.over {
		return nil
	}
	return u.src.Close()
}

// detach closes the body and waits for a Read to return.
func (u *h2Upload) detach() {
	u.mu.Lock()
	if !u.over {
		_ = u.src.Close() // nobody reads it any more
	}
	u.over = true
	u.mu.Unlock()
	u.reading.Lock()
	defer u.reading.Unlock()
}

// h2Call is what a call holds on to until the answer's body is closed.
type h2Call struct {
	*dog
	upload *h2Upload // nil when the request's body is at hand
}

func (c *h2Call) end() {
	c.dog.end()
	if c.upload != nil {
		c.upload.detach()
	}
}

// message makes a message of the answer. Its size is unknown unless the target
// ended the stream with the header.
func (c *h2Call) message(resp *http.Response) *flow.Message {
	c.watch(false)
	c.guard(resp.Body)
	m := &flow.Message{Kind: flow.Response, Status: resp.StatusCode, Version: "2.0"}
	for _, f := range fromHTTP(resp.Header, "") {
		if !hopByHop(f.Name) {
			m.Header = append(m.Header, f)
		}
	}
	m.Trailer = func() flow.Header { return fromHTTP(resp.Trailer, "") }
	m.Body.SetStream(&peerBody{&h2Body{resp.Body, c}, transportFault}, resp.ContentLength)
	return m
}

// h2Body is an answer's body.
type h2Body struct {
	io.ReadCloser
	call *h2Call
}

func (b *h2Body) Read(p []byte) (int, error) {
	b.call.watch(true)
	n, err := b.ReadCloser.Read(p)
	b.call.watch(false)
	if err == nil || err == io.EOF {
		return n, err
	}
	return n, b.call.cause(err)
}

func (b *h2Body) Close() error {
	err := b.ReadCloser.Close()
	b.call.end()
	return err
}
