package main

import (
	"context"

	"sluice/flow"
)

// Where Google tokens come from: --google-tokens.
const (
	googleTokens = "google"
	localTokens  = "local"
)

// localAccount is the service account of deployments that have local tokens.
const localAccount = "local@sluice.invalid"

// localIdentity makes tokens that no service of Google takes, for what stands in for
// them: an access token is always the same text, an ID token is signed by the issuer
// of Cloud Tasks, whose keys its handlers can find.
type localIdentity struct{ of *backends }

// Token implements flow.Identity.
func (l localIdentity) Token(ctx context.Context, want flow.TokenRequest) (string, error) {
	if want.Audience == "" {
		return "local-access-token", nil
	}
	account := want.Account
	if account == "" {
		account = localAccount
	}
	token, err := l.of.tasks.IDToken(ctx, account, want.Audience)
	if err != nil {
		return "", &flow.TokenError{Err: err}
	}
	return token, nil
}
