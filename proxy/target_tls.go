package proxy

import (
	"context"
	"crypto/tls"
	"net"

	"github.com/beevik/etree"

	"sluice/flow"
)

// tlsSettings is a compiled SSLInfo.
type tlsSettings struct{ info *SSLInfo }

func newTLSSettings(k *compilation, b *flow.Build, el *etree.Element, r propertyReader) *tlsSettings {
	return &tlsSettings{}
}

// identity tells connections apart that may not be mixed.
func (t *tlsSettings) identity(o *outgoing) string { return o.to.host }

// handshake speaks TLS on c. Its error is a *handshakeError.
func (t *tlsSettings) handshake(ctx context.Context, c net.Conn, o *outgoing) (net.Conn, error) {
	s := tls.Client(c, &tls.Config{ServerName: o.to.host})
	if err := s.HandshakeContext(ctx); err != nil {
		_ = c.Close()
		return nil, &handshakeError{err}
	}
	return s, nil
}

type handshakeError struct{ err error }

func (e *handshakeError) Error() string { return e.err.Error() }
func (e *handshakeError) Unwrap() error { return e.err }
