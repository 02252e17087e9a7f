package proxy

import (
	"context"

	"github.com/beevik/etree"

	"sluice/flow"
)

// authentication is a compiled Authentication element: which Google token to
// send, in which header.
type authentication struct{}

func newAuthentication(b *flow.Build, el *etree.Element) *authentication { return nil }

// apply puts the token into the request. A nil authentication does nothing.
func (a *authentication) apply(ctx context.Context, x *flow.Exchange, o *outgoing) error { return nil }
