package http1

import (
	"context"
	"io"
	"net/http"
	"time"
)

// Client sends requests over connections that it keeps. The zero value is
// ready; the fields must not change once it is used.
type Client struct {
	MaxIdlePerKey int           // connections kept for one Key; default 256
	IdleTimeout   time.Duration // how long an unused one is kept whose Key does not say; default 60 s
	Limits        Limits        // of answers

	pools pools
}

// ClientRequest is a request to be sent as it stands. The engine makes the
// lines Connection, Keep-Alive, Proxy-Connection, Content-Length and
// Transfer-Encoding itself, the framing line in the place of the caller's. One
// line Upgrade with one protocol asks for the switch, and a 101 to any other is
// a *ProtocolError; everything else, Host too, is the caller's. A line Expect
// has no effect but a 100 for Inform: the body does not wait.
type ClientRequest struct {
	Method string
	Target string
	Header []Field
	HTTP10 bool // speak HTTP/1.0: without chunks, on a connection for this call only

	// Content is a body at hand, Body a stream of ContentLength bytes (-1: in
	// chunks). Do closes Body. Streams of more than 64 KiB are read by a goroutine
	// of their own, until the answer's body has ended or is closed; Close may be
	// called while it is in Read, which must then return.
	Content       []byte
	Body          io.ReadCloser
	ContentLength int64

	Trailer   func() []Field                   // asked after the end of Body; nil: none
	Inform    func(status int, header []Field) // called for each 1xx answer but 101, before Do returns; nil: dropped
	IOTimeout time.Duration                    // of one write, or without a byte of the answer; 0: none
}

// Do sends req to the destination that key names and dial reaches, and returns
// the answer once its header section is there. Errors are *IOError,
// *ProtocolError, or what reading req.Body gave, as it was.
//
// A request that fails on a kept connection before a byte of the answer is sent
// once more on a new one, if it has no stream and its method is idempotent, or
// if nothing of it had left.
func (c *Client) Do(ctx context.Context, key Key, dial DialFunc, req *ClientRequest) (*Response, error) {
	if err := req.check(); err != nil {
		req.close()
		return nil, err
	}
	if ctx.Err() != nil {
		req.close()
		return nil, &IOError{Op: Connect, Err: context.Cause(ctx)}
	}
	if t := c.take(key); t != nil {
		x := c.newCall(ctx, t, req)
		err := x.run()
		if err == nil {
			return &x.resp, nil
		}
		if !x.mayRepeat(err) {
			req.close()
			return nil, err
		}
	}
	t, err := connect(ctx, key, dial)
	if err != nil {
		req.close()
		return nil, err
	}
	x := c.newCall(ctx, t, req)
	if err := x.run(); err != nil {
		req.close()
		return nil, err
	}
	return &x.resp, nil
}

// CloseIdle closes the connections that no call uses.
func (c *Client) CloseIdle() { c.pools.closeIdle() }

func connect(ctx context.Context, key Key, dial DialFunc) (*targetConn, error) {
	nc, err := dial(ctx)
	if err != nil {
		return nil, &IOError{Op: Connect, Err: err}
	}
	return newTargetConn(nc, key), nil
}

// take returns a kept connection that is open and silent, or nil.
func (c *Client) take(key Key) *targetConn {
	for {
		t := c.pools.get(key)
		if t == nil {
			return nil
		}
		if time.Now().Before(t.expires) && t.probe.quiet() {
			return t
		}
		_ = t.Close() // nobody uses it
	}
}

const (
	defaultIdle    = 60 * time.Second
	defaultMaxIdle = 256
)

func (c *Client) keep(t *targetConn) {
	if t.key.Idle < 0 {
		_ = t.Close() // nobody uses it
		return
	}
	c.pools.put(t, or(c.MaxIdlePerKey, defaultMaxIdle), or(t.key.Idle, or(c.IdleTimeout, defaultIdle)))
}

func (r *ClientRequest) close() {
	if r.Body != nil {
		_ = r.Body.Close() // what is left of it has no reader
	}
}

// repeatable reports whether sending the request twice is as good as once
// (RFC 9110, 9.2.2) and possible.
func (r *ClientRequest) repeatable() bool {
	if r.Body != nil {
		return false
	}
	switch r.Method {
	case "GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE":
		return true
	}
	return false
}

// check refuses what would not arrive as the one request it is meant to be.
func (r *ClientRequest) check() error {
	switch {
	case !isTokenText(r.Method):
		return badRequest("method cannot be written")
	case r.Method == "CONNECT":
		return badRequest("CONNECT needs a tunnel, not a call")
	case !isTarget(r.Target):
		return badRequest("target cannot be written")
	}
	if r.Body == nil {
		r.ContentLength = int64(len(r.Content))
	}
	if r.HTTP10 && r.ContentLength < 0 {
		return badRequest("HTTP/1.0 needs the size of a body")
	}
	return checkHeader(r.Header)
}

func badRequest(detail string) error {
	return &ProtocolError{Status: http.StatusInternalServerError, Kind: InvalidMessage, Detail: detail}
}
