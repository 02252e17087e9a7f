package proxy

import (
	"context"

	"github.com/beevik/etree"

	"sluice/flow"
)

// authentication is a compiled Authentication element of a connection: which
// Google token to send, in which header.
type authentication struct{ token *flow.Authentication }

// newAuthentication compiles el; nil for a missing element and for one that names
// no token.
func newAuthentication(b *flow.Build, el *etree.Element) *authentication {
	if token := b.Authentication(el); token != nil {
		return &authentication{token}
	}
	return nil
}

// apply puts the token into the request. A nil authentication does nothing. The
// URL that may be an ID token's audience is the target's, without the client's
// path and query.
func (a *authentication) apply(ctx context.Context, x *flow.Exchange, o *outgoing) error {
	if a == nil {
		return nil
	}
	m := flow.Message{Header: o.lines}
	err := a.token.Authorize(ctx, x, &m, o.to.scheme+"://"+o.to.hostHeader()+o.to.path)
	o.lines = m.Header
	return err
}
