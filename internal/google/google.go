package google

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"golang.org/x/oauth2"

	"sluice/flow"
)

// cloudPlatform is the scope that IAM Credentials and Application Integration ask for.
const cloudPlatform = "https://www.googleapis.com/auth/cloud-platform"

// Options says where Google is, and who we are. The zero value is Google itself and the
// application default credentials.
type Options struct {
	// Client makes the outgoing calls, but for those to the metadata server, which must never go
	// through a proxy. Redirects are not followed, whatever it says. Default http.DefaultClient.
	Client *http.Client
	// Credentials returns the runtime's own access tokens. It is called for each token that is made,
	// at first use and not in New, with a context that ends with that token. The default looks for
	// application default credentials: GOOGLE_APPLICATION_CREDENTIALS, gcloud's file, the metadata
	// server. With another one there are no ID tokens without a service account.
	Credentials func(ctx context.Context, scopes []string) (oauth2.TokenSource, error)
	// Now is the clock for the life of tokens. Default time.Now.
	Now func() time.Time
	// IAMEndpoint is where IAM Credentials is. Default https://iamcredentials.googleapis.com
	IAMEndpoint string
	// IntegrationsEndpoint is where Application Integration is; %s stands for the region. Default
	// https://%s-integrations.googleapis.com
	IntegrationsEndpoint string
	// Region serves calls that name none.
	Region string
}

// Google is a flow.Identity and a flow.Integrations. It is safe for concurrent use.
type Google struct {
	client       *http.Client
	find         func(ctx context.Context, scopes []string) (*credentials, error)
	iam          string
	integrations string
	region       string
	answerLimit  int64

	// own holds access tokens of the runtime itself, made holds all others. They are apart because
	// making one of the second waits for one of the first, which must not be crowded out.
	own, made *cache
}

var (
	_ flow.Identity     = (*Google)(nil)
	_ flow.Integrations = (*Google)(nil)
)

// New returns a Google. It calls nobody and reads nothing.
func New(o Options) *Google {
	client := *cmp.Or(o.Client, http.DefaultClient)
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	now := o.Now
	if now == nil {
		now = time.Now
	}
	g := &Google{
		client:       &client,
		find:         findDefault,
		iam:          endpoint(o.IAMEndpoint, "https://iamcredentials.googleapis.com"),
		integrations: endpoint(o.IntegrationsEndpoint, "https://%s-integrations.googleapis.com"),
		region:       o.Region,
		answerLimit:  answerLimit,
		own:          newCache(now),
		made:         newCache(now),
	}
	if o.Credentials != nil {
		g.find = findWith(o.Credentials)
	}
	return g
}

func endpoint(given, standard string) string { return strings.TrimRight(cmp.Or(given, standard), "/") }

// Limits of a request, so that what a client has a hand in cannot fill the cache with megabytes.
const (
	maxAudience = 2 << 10
	maxScopes   = 8 << 10
)

// Token returns the token wanted, without the word Bearer. Its error is a *flow.TokenError that
// says what to do about it; with ctx over, it unwraps to ctx.Err().
//
// Without an account the token is the runtime's own: an access token then lives as long as its
// issuer likes, whatever Lifetime says.
func (g *Google) Token(ctx context.Context, want flow.TokenRequest) (string, error) {
	text, err := g.token(ctx, &want)
	if err != nil {
		return "", &flow.TokenError{Err: err}
	}
	return text, nil
}

func (g *Google) token(ctx context.Context, want *flow.TokenRequest) (string, error) {
	k := keyOf(want)
	switch {
	case len(k.audience) > maxAudience:
		return "", errBadAudience
	case len(k.scopes) > maxScopes:
		return "", errBadScopes
	}
	switch {
	case k.account == "" && k.audience == "":
		return g.own.get(ctx, k, g.ownAccessToken)
	case k.account == "":
		return g.made.get(ctx, k, g.ownIDToken)
	case k.audience == "":
		return g.made.get(ctx, k, g.accessTokenOf)
	}
	return g.made.get(ctx, k, g.idTokenOf)
}

// key tells tokens apart. Members that make no difference to a kind of token are zero.
type key struct {
	account  string
	scopes   string // sorted, each once, with spaces between
	lifetime time.Duration
	audience string // an ID token when not empty
	email    bool
}

func keyOf(want *flow.TokenRequest) key {
	k := key{account: want.Account}
	if want.Audience != "" {
		k.audience, k.email = want.Audience, want.IncludeEmail
		return k
	}
	k.scopes = joinScopes(want.Scopes)
	if k.account != "" {
		k.lifetime = cmp.Or(want.Lifetime, time.Hour)
	}
	return k
}

func (k *key) scopeList() []string { return strings.Fields(k.scopes) }

func joinScopes(scopes []string) string {
	switch len(scopes) {
	case 0:
		return cloudPlatform
	case 1:
		return scopes[0]
	}
	sorted := slices.Sorted(slices.Values(scopes))
	return strings.Join(slices.Compact(sorted), " ")
}
