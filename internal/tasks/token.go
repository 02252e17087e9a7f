package tasks

import (
	"context"
	"net/http"
	"strings"

	pb "cloud.google.com/go/cloudtasks/apiv2/cloudtaskspb"
	"google.golang.org/grpc/codes"

	"sluice/flow"
)

// cloudScope is the scope of OAuth tokens that name none.
const cloudScope = "https://www.googleapis.com/auth/cloud-platform"

// wantedToken returns the token that a task's request has: that of the queue, else its own.
func wantedToken(t *pb.Task, q *pb.Queue) (oauth *pb.OAuthToken, oidc *pb.OidcToken) {
	target := q.GetHttpTarget()
	if target.GetOauthToken() != nil || target.GetOidcToken() != nil {
		return target.GetOauthToken(), target.GetOidcToken()
	}
	return t.GetHttpRequest().GetOauthToken(), t.GetHttpRequest().GetOidcToken()
}

// authorize sets the Authorization of a request.
func (s *Service) authorize(ctx context.Context, r *http.Request, t *pb.Task, q *pb.Queue) error {
	oauth, oidc := wantedToken(t, q)
	var token string
	var err error
	switch {
	case oauth != nil:
		token, err = s.accessToken(ctx, r, oauth)
	case oidc != nil:
		token, err = s.idToken(ctx, r, oidc)
	default:
		return nil
	}
	if err != nil {
		return err
	}
	r.Header.Set("Authorization", "Bearer "+token)
	return nil
}

// isGoogle tells whether a host may be shown access tokens of Google.
func isGoogle(host string) bool {
	return strings.HasSuffix(strings.ToLower(strings.TrimSuffix(host, ".")), ".googleapis.com")
}

func (s *Service) accessToken(ctx context.Context, r *http.Request, want *pb.OAuthToken) (string, error) {
	if !isGoogle(r.URL.Hostname()) || r.URL.Scheme != "https" {
		return "", &refusedError{codes.PermissionDenied, "an OAuth token is sent to https://*.googleapis.com only, not to " + r.URL.Host + ": use oidcToken"}
	}
	if s.options.Identity == nil {
		return "", &refusedError{codes.Unauthenticated, "no Google credentials to make an OAuth token for " + want.ServiceAccountEmail}
	}
	token, err := s.options.Identity.Token(ctx, flow.TokenRequest{Account: want.ServiceAccountEmail, Scopes: []string{first(want.Scope, cloudScope)}})
	if err != nil {
		return "", &refusedError{codes.Unauthenticated, err.Error()}
	}
	return token, nil
}

// IDToken returns an OIDC token of our own issuer.
func (s *Service) IDToken(ctx context.Context, email, audience string) (string, error) {
	return s.issuer.token(ctx, email, audience, s.now())
}

func (s *Service) idToken(ctx context.Context, r *http.Request, want *pb.OidcToken) (string, error) {
	audience := first(want.Audience, r.URL.String())
	if s.options.Identity == nil {
		return s.IDToken(ctx, want.ServiceAccountEmail, audience)
	}
	token, err := s.options.Identity.Token(ctx, flow.TokenRequest{Account: want.ServiceAccountEmail, Audience: audience, IncludeEmail: true})
	if err != nil {
		return "", &refusedError{codes.Unauthenticated, err.Error()}
	}
	return token, nil
}
