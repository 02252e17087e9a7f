package google

import (
	"context"
	"errors"
	"net/url"

	"cloud.google.com/go/compute/metadata"
	"golang.org/x/oauth2"
	adc "golang.org/x/oauth2/google"
)

// credentials is what the runtime found about itself.
type credentials struct {
	source   oauth2.TokenSource // access tokens
	file     []byte             // the credentials file, nil if there is none
	metadata bool               // they are the metadata server's
}

// findDefault looks for application default credentials. It is asked for every token that is made
// and keeps nothing, so that a key that was replaced on disk counts.
func findDefault(ctx context.Context, scopes []string) (*credentials, error) {
	c, err := adc.FindDefaultCredentials(ctx, scopes...)
	if err != nil {
		return nil, err
	}
	return &credentials{source: c.TokenSource, file: c.JSON, metadata: c.JSON == nil}, nil
}

func findWith(source func(context.Context, []string) (oauth2.TokenSource, error)) func(context.Context, []string) (*credentials, error) {
	return func(ctx context.Context, scopes []string) (*credentials, error) {
		s, err := source(ctx, scopes)
		if err != nil {
			return nil, err
		}
		return &credentials{source: s}, nil
	}
}

// ownAccessToken makes an access token of the runtime itself.
func (g *Google) ownAccessToken(ctx context.Context, k key) (token, error) {
	ctx = context.WithValue(ctx, oauth2.HTTPClient, g.client)
	c, err := g.find(ctx, k.scopeList())
	if err != nil {
		return token{}, notFound(err)
	}
	return fromSource(ctx, c.source)
}

// ownIDToken makes an ID token of the runtime itself. A token of a service account's key always has
// the email, whether it was asked for or not.
func (g *Google) ownIDToken(ctx context.Context, k key) (token, error) {
	ctx = context.WithValue(ctx, oauth2.HTTPClient, g.client)
	c, err := g.find(ctx, []string{cloudPlatform})
	if err != nil {
		return token{}, notFound(err)
	}
	if c.metadata {
		return metadataIDToken(ctx, k)
	}
	conf, err := adc.JWTConfigFromJSON(c.file)
	if err != nil {
		return token{}, errNoIDToken
	}
	conf.PrivateClaims = map[string]any{"target_audience": k.audience}
	conf.UseIDToken = true
	return fromSource(ctx, conf.TokenSource(ctx))
}

// fromSource takes a token from a source of x/oauth2. The metadata server's does not listen to ctx;
// its library gives up after about a minute.
func fromSource(ctx context.Context, s oauth2.TokenSource) (token, error) {
	t, err := s.Token()
	switch {
	case err != nil && ctx.Err() != nil:
		return token{}, unanswered("the Google token service", ctx.Err())
	case err != nil:
		return token{}, refused(err)
	case t == nil || t.AccessToken == "":
		return token{}, refused(errors.New("its answer has no token"))
	}
	return token{t.AccessToken, t.Expiry}, nil
}

// metadataIDToken asks the metadata server. Compute Engine puts the email only into the full format
// (recalled); Cloud Run and GKE always do.
func metadataIDToken(ctx context.Context, k key) (token, error) {
	query := url.Values{"audience": {k.audience}}
	if k.email {
		query.Set("format", "full")
	}
	text, err := metadata.GetWithContext(ctx, "instance/service-accounts/default/identity?"+query.Encode())
	switch {
	case err != nil && ctx.Err() != nil:
		return token{}, unanswered("the metadata server", ctx.Err())
	case err != nil:
		return token{}, refused(err)
	}
	return idToken(text)
}
