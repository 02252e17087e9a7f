package google

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// IAM Credentials, REST: projects.serviceAccounts.generateAccessToken and generateIdToken. By hand:
// google.golang.org/api would bring a few hundred packages for these two calls.

// iamAnswerLimit is how much of an answer of IAM is read; tokens have a few kilobytes.
const iamAnswerLimit = 256 << 10

// accountName is the address of a service account, or its unique number: letters that need no
// escape in a path.
var accountName = regexp.MustCompile(`^([A-Za-z0-9][A-Za-z0-9._-]{0,127}@[A-Za-z0-9.-]{1,190}|[0-9]{1,32})$`)

// accessTokenOf makes an access token of a service account.
func (g *Google) accessTokenOf(ctx context.Context, k key) (token, error) {
	ask := struct {
		Scope    []string `json:"scope"`
		Lifetime string   `json:"lifetime"`
	}{k.scopeList(), strconv.FormatFloat(k.lifetime.Seconds(), 'f', -1, 64) + "s"}
	var answer struct {
		AccessToken string    `json:"accessToken"`
		ExpireTime  time.Time `json:"expireTime"`
	}
	if err := g.impersonate(ctx, k.account, "generateAccessToken", ask, &answer); err != nil {
		return token{}, err
	}
	if answer.AccessToken == "" || answer.ExpireTime.IsZero() {
		return token{}, errNotIAM
	}
	return token{answer.AccessToken, answer.ExpireTime}, nil
}

// idTokenOf makes an ID token of a service account.
func (g *Google) idTokenOf(ctx context.Context, k key) (token, error) {
	ask := struct {
		Audience     string `json:"audience"`
		IncludeEmail bool   `json:"includeEmail"`
	}{k.audience, k.email}
	var answer struct {
		Token string `json:"token"`
	}
	if err := g.impersonate(ctx, k.account, "generateIdToken", ask, &answer); err != nil {
		return token{}, err
	}
	return idToken(answer.Token)
}

// impersonate calls a method of the account with the runtime's own access token.
func (g *Google) impersonate(ctx context.Context, account, method string, ask, answer any) error {
	if !accountName.MatchString(account) {
		return errBadAccount
	}
	bearer, err := g.own.get(ctx, key{scopes: cloudPlatform}, g.ownAccessToken)
	if err != nil {
		return err
	}
	body, err := json.Marshal(ask)
	if err != nil {
		return err
	}
	response, err := g.post(ctx, g.iam+"/v1/projects/-/serviceAccounts/"+account+":"+method, bearer, body)
	if err != nil {
		return unanswered("IAM Credentials at "+g.iam, err)
	}
	defer response.Body.Close()
	data, err := io.ReadAll(io.LimitReader(response.Body, iamAnswerLimit))
	if err != nil {
		return unanswered("IAM Credentials at "+g.iam, err)
	}
	if response.StatusCode != http.StatusOK {
		return iamRefused(account, response.StatusCode, data, bearer)
	}
	if json.Unmarshal(data, answer) != nil {
		return errNotIAM
	}
	return nil
}

// post sends JSON. The caller closes the answer's body.
func (g *Google) post(ctx context.Context, url, bearer string, body []byte) (*http.Response, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Authorization", "Bearer "+bearer)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("User-Agent", "sluice")
	return g.client.Do(r)
}

// idToken reads the end of an ID token. The signature is not checked: who receives the token does
// that, and it came from Google over TLS, or from the metadata server.
func idToken(text string) (token, error) {
	text = strings.TrimSpace(text)
	parts := strings.Split(text, ".")
	if len(parts) != 3 {
		return token{}, errNotJWT
	}
	payload, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(parts[1], "="))
	var claims struct {
		Expiry float64 `json:"exp"`
	}
	if err != nil || json.Unmarshal(payload, &claims) != nil || claims.Expiry < 1 || claims.Expiry > 1<<40 {
		return token{}, errNotJWT
	}
	return token{text, time.Unix(int64(claims.Expiry), 0)}, nil
}
