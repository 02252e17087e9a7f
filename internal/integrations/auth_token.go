package integrations

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

// A jwtCredential is the profile type JWT: header and payload as JSON text, signed with HS256.
type jwtCredential struct {
	Header  string `json:"jwtHeader"`
	Payload string `json:"jwtPayload"`
	Secret  string `json:"secret"`
}

// authorizer signs once: the profile gives header and payload as they are.
func (c jwtCredential) authorizer() (authorizer, error) {
	var header struct{ Alg string }
	if err := json.Unmarshal([]byte(c.Header), &header); err != nil {
		return nil, fmt.Errorf("jwtHeader is not JSON: %w", err)
	}
	if header.Alg != "HS256" {
		return nil, fmt.Errorf("jwtHeader has the algorithm %q; only HS256 works", header.Alg)
	}
	if !json.Valid([]byte(c.Payload)) {
		return nil, errors.New("jwtPayload is not JSON")
	}
	encode := base64.RawURLEncoding.EncodeToString
	signed := encode([]byte(c.Header)) + "." + encode([]byte(c.Payload))
	mac := hmac.New(sha256.New, []byte(c.Secret))
	mac.Write([]byte(signed))
	token := signed + "." + encode(mac.Sum(nil))
	return func(_ context.Context, req *http.Request) error {
		bearer(req, token)
		return nil
	}, nil
}

// An oauthCredential is one of the OAuth 2.0 profile types. Tokens are asked for here and not by
// a library: requestType has three forms, of which the one with query parameters is in none.
type oauthCredential struct {
	ClientID      string `json:"clientId"`
	ClientSecret  string `json:"clientSecret"`
	TokenEndpoint string `json:"tokenEndpoint"`
	Scope         string `json:"scope"`
	RequestType   string `json:"requestType"`
	Username      string `json:"username"`
	Password      string `json:"password"`
	AccessToken   struct {
		AccessToken     string    `json:"accessToken"`
		AccessTokenTime time.Time `json:"accessTokenExpireTime"`
		RefreshToken    string    `json:"refreshToken"`
	} `json:"accessToken"`
	TokenParams *struct {
		Entries []struct {
			Key, Value struct {
				LiteralValue struct {
					StringValue string `json:"stringValue"`
				} `json:"literalValue"`
			}
		} `json:"entries"`
	} `json:"tokenParams"`
}

// tokenMargin is how long before its end a token is replaced.
const tokenMargin = time.Minute

// A tokenSource keeps the token of one profile.
type tokenSource struct {
	client *http.Client
	c      oauthCredential
	grant  string

	mu      sync.Mutex // guards the rest; held while a token is asked for, so that only one is
	token   string
	expires time.Time
}

func (c oauthCredential) authorizer(client *http.Client, grant string) (authorizer, error) {
	s := &tokenSource{client: client, c: c, grant: grant, token: c.AccessToken.AccessToken, expires: c.AccessToken.AccessTokenTime}
	renewable := grant != "refresh_token" || c.AccessToken.RefreshToken != ""
	switch u, err := url.Parse(c.TokenEndpoint); {
	case !renewable && s.token == "":
		return nil, errors.New("it has neither an access token nor a refresh token: authorize it first")
	case !renewable:
		s.expires = time.Time{}
	case err != nil || u.Host == "":
		return nil, fmt.Errorf("tokenEndpoint %q is not a URL", c.TokenEndpoint)
	}
	return func(ctx context.Context, req *http.Request) error {
		token, err := s.get(ctx)
		if err == nil {
			bearer(req, token)
		}
		return err
	}, nil
}

func (s *tokenSource) get(ctx context.Context) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.token != "" && (s.expires.IsZero() || time.Until(s.expires) > tokenMargin) {
		return s.token, nil
	}
	req, err := s.request(ctx)
	if err != nil {
		return "", err
	}
	resp, err := s.client.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err != nil {
		return "", err
	}
	if resp.StatusCode != http.StatusOK {
		return "", fmt.Errorf("the token endpoint answered %s", statusLine(resp))
	}
	return s.keep(body)
}

func (s *tokenSource) keep(body []byte) (string, error) {
	var answer struct {
		AccessToken string      `json:"access_token"`
		ExpiresIn   json.Number `json:"expires_in"`
	}
	if err := json.Unmarshal(body, &answer); err != nil || answer.AccessToken == "" {
		return "", errors.New("the token endpoint answered without an access_token")
	}
	s.token, s.expires = answer.AccessToken, time.Time{}
	if seconds, err := answer.ExpiresIn.Int64(); err == nil && seconds > 0 {
		s.expires = time.Now().Add(time.Duration(min(seconds, 1e9)) * time.Second)
	}
	return s.token, nil
}

// request asks for a token: ENCODED_HEADER sends the client as Basic credentials and the rest as
// a form, REQUEST_BODY all as a form, QUERY_PARAMETERS all in the URL.
func (s *tokenSource) request(ctx context.Context) (*http.Request, error) {
	form := s.form()
	encoded := s.c.RequestType == "ENCODED_HEADER"
	if !encoded {
		form.Set("client_id", s.c.ClientID)
		form.Set("client_secret", s.c.ClientSecret)
	}
	address, body := s.c.TokenEndpoint, form.Encode()
	if s.c.RequestType == "QUERY_PARAMETERS" {
		separator := "?"
		if strings.Contains(address, "?") {
			separator = "&"
		}
		address, body = address+separator+body, ""
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if encoded {
		req.SetBasicAuth(url.QueryEscape(s.c.ClientID), url.QueryEscape(s.c.ClientSecret))
	}
	return req, nil
}

func (s *tokenSource) form() url.Values {
	form := url.Values{"grant_type": {s.grant}}
	if s.c.Scope != "" {
		form.Set("scope", strings.Join(splitScopes(s.c.Scope), " "))
	}
	switch s.grant {
	case "password":
		form.Set("username", s.c.Username)
		form.Set("password", s.c.Password)
	case "refresh_token":
		form.Set("refresh_token", s.c.AccessToken.RefreshToken)
	}
	if s.c.TokenParams != nil {
		for _, e := range s.c.TokenParams.Entries {
			form.Set(e.Key.LiteralValue.StringValue, e.Value.LiteralValue.StringValue)
		}
	}
	return form
}

// splitScopes takes scopes with spaces or commas between.
func splitScopes(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return r == ' ' || r == ',' || r == '\n' })
}
