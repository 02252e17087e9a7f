package proxy

import (
	"context"
	"errors"

	"github.com/beevik/etree"

	"sluice/flow"
)

// authentication is a compiled Authentication element of a connection: which
// Google token to send, in which header.
type authentication struct{ token *flow.Authentication }

// newAuthentication compiles el; nil for a missing element. Apigee refuses to
// deploy a bundle with it when no service account is given. Here the bundle
// loads, so that the rest of it can be worked on, and the call fails.
func newAuthentication(b *flow.Build, el *etree.Element) *authentication {
	if el == nil {
		return nil
	}
	if reason := noToken(b); reason != "" {
		b.Warn(el, "MissingServiceAccount", b.Kind+" "+quoted(b.Owner)+" requires a service account identity, but "+reason+": its calls will end in GoogleTokenGenerationFailure",
			"give the runtime Google credentials (GOOGLE_APPLICATION_CREDENTIALS) and --service-account")
		defer lend(b, nobody{errors.New(reason)})()
	}
	return &authentication{b.Authentication(el)}
}

// noToken says why no token can be made, or nothing.
func noToken(b *flow.Build) string {
	switch {
	case b.Services == nil || b.Services.Identity == nil:
		return "the runtime has no Google credentials"
	case b.Account == "":
		return "the deployment names no service account"
	}
	return ""
}

// lend gives the compilation an identity until the returned function is called.
func lend(b *flow.Build, id flow.Identity) func() {
	services, account := b.Services, b.Account
	lent := flow.Services{}
	if services != nil {
		lent = *services
	}
	lent.Identity = id
	b.Services, b.Account = &lent, "none"
	return func() { b.Services, b.Account = services, account }
}

// nobody is an identity without credentials.
type nobody struct{ reason error }

func (n nobody) Token(context.Context, flow.TokenRequest) (string, error) {
	return "", &flow.TokenError{Err: n.reason}
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
