package proxy

import (
	"io"

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

// Ready tells the wire engine whether Read would wait.
func (b *peerBody) Ready() bool {
	r, ok := b.ReadCloser.(http1.Ready)
	return ok && r.Ready()
}
