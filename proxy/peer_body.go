package proxy

import (
	"io"
	"time"

	"sluice/faults"
	"sluice/internal/http1"
)

// peerBody is a body as it comes from a client or a target. Its errors are the
// faults that Apigee has for them.
type peerBody struct {
	io.ReadCloser
	fault func(error) *faults.Fault
}

func (b *peerBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err == nil || err == io.EOF {
		return n, err
	}
	return n, b.fault(err)
}

// requestBody is a body as it comes from a client. Policies wait for it no longer than
// for anything else: until the request has used up its api.timeout.
type requestBody struct {
	peerBody
	reads interface{ ReadUntil(time.Time) } // bounds all of them together; the zero time takes the bound off
	until time.Time
}

var apiTimedOut = faults.MustRuntime("APITimedOut")

// readUntil is called while nobody reads; b may be nil.
func (b *requestBody) readUntil(t time.Time) {
	if b != nil {
		b.until = t
		b.reads.ReadUntil(t)
	}
}

func (b *requestBody) Read(p []byte) (int, error) {
	n, err := b.peerBody.Read(p)
	if err != nil && err != io.EOF && !b.until.IsZero() && !time.Now().Before(b.until) {
		return n, apiTimedOut.Wrap(err)
	}
	return n, err
}

// Ready tells the wire engine whether Read would wait.
func (b *peerBody) Ready() bool {
	r, ok := b.ReadCloser.(http1.Ready)
	return ok && r.Ready()
}
