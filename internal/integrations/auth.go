package integrations

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"
)

// An authorizer puts credentials into a request.
type authorizer func(ctx context.Context, req *http.Request) error

// An authConfig is an authentication profile: AuthConfig of the API, as far as it is used
// (https://cloud.google.com/application-integration/docs/configure-authentication-profiles).
type authConfig struct {
	DisplayName         string     `json:"displayName"`
	CredentialType      string     `json:"credentialType"`
	DecryptedCredential credential `json:"decryptedCredential"`
	ClientCertificate   *struct {
		SSLCertificate      string `json:"sslCertificate"`      // PEM
		EncryptedPrivateKey string `json:"encryptedPrivateKey"` // PEM
	} `json:"clientCertificate"`
}

type credential struct {
	CredentialType string `json:"credentialType"`
	AuthToken      struct {
		Type  string `json:"type"`
		Token string `json:"token"`
	} `json:"authToken"`
	OIDCToken struct {
		ServiceAccountEmail string `json:"serviceAccountEmail"`
		Audience            string `json:"audience"`
	} `json:"oidcToken"`
	ServiceAccount struct {
		ServiceAccount string `json:"serviceAccount"`
		Scope          string `json:"scope"`
	} `json:"serviceAccountCredentials"`
	JWT               jwtCredential   `json:"jwt"`
	ClientCredentials oauthCredential `json:"oauth2ClientCredentials"`
	ResourceOwner     oauthCredential `json:"oauth2ResourceOwnerCredentials"`
	AuthorizationCode oauthCredential `json:"oauth2AuthorizationCode"`
}

// cloudPlatform is the scope of Google's APIs.
const cloudPlatform = "https://www.googleapis.com/auth/cloud-platform"

// auth is how a task authenticates: with the profile that it names, or else as the service
// account of the version, or else not at all. Google's pages differ on the last: one says that
// the default service agent is used, one that the execution fails.
func (b *build) auth(p parameters, errs *[]error) (authorizer, *http.Client) {
	name := constant(p, "authConfigName", toText, errs)
	if v, _ := p.typed("authConfig"); v != nil {
		if o, ok := v.(*object); ok && text(o.get("authConfigId")) != "" {
			name = text(o.get("authConfigId"))
		}
	}
	if name == "" {
		return b.asAccount(b.account), nil
	}
	a, client, err := b.profile(name)
	if err != nil {
		*errs = append(*errs, &Problem{Reason: AuthProfile, Text: fmt.Sprintf("authentication profile %q: %v", name, err)})
	}
	return a, client
}

// asAccount authenticates as a service account, if tokens can be had.
func (b *build) asAccount(account string) authorizer {
	if b.outside.Token == nil || account == "" {
		return nil
	}
	return b.token(account, "", cloudPlatform)
}

// token gets a token for each request; caching is for who makes them.
func (b *build) token(account, audience string, scopes ...string) authorizer {
	return func(ctx context.Context, req *http.Request) error {
		t, err := b.outside.Token(ctx, account, audience, scopes)
		if err == nil {
			bearer(req, t)
		}
		return err
	}
}

func bearer(req *http.Request, token string) { req.Header.Set("Authorization", "Bearer "+token) }

var (
	errNoProfile = errors.New("it does not exist; create it under authConfigs")
	errNoTokens  = errors.New("needs tokens of Google, and there is no source of them here")
)

// profile compiles a profile. A client certificate comes as a client of its own.
func (b *build) profile(name string) (authorizer, *http.Client, error) {
	var text []byte
	ok := false
	if b.outside.AuthProfile != nil {
		text, ok = b.outside.AuthProfile(name)
	}
	if !ok {
		return nil, nil, errNoProfile
	}
	var c authConfig
	if err := json.Unmarshal(text, &c); err != nil {
		return nil, nil, err
	}
	cred := c.DecryptedCredential
	if cred.CredentialType == "" {
		cred.CredentialType = c.CredentialType
	}
	if cred.CredentialType == "CLIENT_CERTIFICATE_ONLY" {
		client, err := b.withCertificate(c)
		return nil, client, err
	}
	a, err := b.credential(cred)
	return a, nil, err
}

func (b *build) credential(c credential) (authorizer, error) {
	switch c.CredentialType {
	case "AUTH_TOKEN":
		return func(_ context.Context, req *http.Request) error {
			req.Header.Set("Authorization", c.AuthToken.Type+" "+c.AuthToken.Token)
			return nil
		}, nil
	case "JWT":
		return c.JWT.authorizer()
	case "OAUTH2_CLIENT_CREDENTIALS":
		return c.ClientCredentials.authorizer(b.clients.plain, "client_credentials")
	case "OAUTH2_RESOURCE_OWNER_CREDENTIALS":
		return c.ResourceOwner.authorizer(b.clients.plain, "password")
	case "OAUTH2_AUTHORIZATION_CODE":
		return c.AuthorizationCode.authorizer(b.clients.plain, "refresh_token")
	case "SERVICE_ACCOUNT", "OIDC_TOKEN":
		return b.googleCredential(c)
	}
	return nil, fmt.Errorf("profiles of type %q do not work with this task", c.CredentialType)
}

func (b *build) googleCredential(c credential) (authorizer, error) {
	if b.outside.Token == nil {
		return nil, errNoTokens
	}
	if c.CredentialType == "OIDC_TOKEN" {
		return b.token(c.OIDCToken.ServiceAccountEmail, c.OIDCToken.Audience), nil
	}
	scopes := splitScopes(c.ServiceAccount.Scope)
	if len(scopes) == 0 {
		scopes = []string{cloudPlatform}
	}
	return b.token(c.ServiceAccount.ServiceAccount, "", scopes...), nil
}

// withCertificate is the client of tasks with a client certificate.
func (b *build) withCertificate(c authConfig) (*http.Client, error) {
	if c.ClientCertificate == nil {
		return nil, errors.New("the profile carries no client certificate")
	}
	pair, err := tls.X509KeyPair([]byte(c.ClientCertificate.SSLCertificate), []byte(c.ClientCertificate.EncryptedPrivateKey))
	if err != nil {
		return nil, fmt.Errorf("the client certificate: %w", err)
	}
	plain := b.clients.plain
	t, ok := transportOf(plain)
	if !ok {
		return nil, errors.New("the HTTP client takes no client certificates")
	}
	t = t.Clone()
	if t.TLSClientConfig == nil {
		t.TLSClientConfig = &tls.Config{}
	}
	t.TLSClientConfig.Certificates = []tls.Certificate{pair}
	t.IdleConnTimeout = min(t.IdleConnTimeout, time.Minute) // nobody closes it
	own := *plain
	own.Transport = t
	return &own, nil
}
