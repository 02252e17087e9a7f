package flow

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/beevik/etree"

	"sluice/faults"
)

// Authentication is a compiled Authentication element: it puts a Google token
// for the service account of the deployment into a header (runtime.md 2.4).
type Authentication struct {
	identity Identity
	header   *TextOrRef
	want     TokenRequest
	lifetime *TextOrRef
	idToken  bool
	audience *TextOrRef
	email    *TextOrRef
	useURL   bool
}

// nobody is the identity of a runtime that can make no tokens.
type nobody struct{}

func (nobody) Token(context.Context, TokenRequest) (string, error) {
	return "", &TokenError{Err: errors.New("the runtime has no Google credentials")}
}

// maxTokenSeconds is the longest life of a Google access token; what asks for
// more, or for nothing sensible, gets the default of an hour.
const maxTokenSeconds = 12 * 3600

var tokenFailure = faults.MustRuntime("GoogleTokenGenerationFailure")

// Authentication compiles el; nil for a missing element. Apigee refuses to deploy
// without a service account. Here that is a warning, so that the rest of the
// bundle can be worked on: application default credentials may stand in for the
// account, and without any the call ends in GoogleTokenGenerationFailure.
func (b *Build) Authentication(el *etree.Element) *Authentication {
	if el == nil {
		return nil
	}
	b.Known(el, "HeaderName", "GoogleAccessToken", "GoogleIDToken")
	a := &Authentication{
		identity: b.Services.Identity,
		header:   b.TextOrRef(Child(el, "HeaderName")),
		want:     TokenRequest{Account: b.Account},
	}
	switch {
	case a.identity == nil:
		a.identity = nobody{}
		b.Warn(el, "MissingService", b.Kind+" needs Google tokens, and the runtime has no Google credentials: its calls end in GoogleTokenGenerationFailure", "set GOOGLE_APPLICATION_CREDENTIALS, and --service-account")
	case b.Account == "":
		b.WarnText(el, "MissingServiceAccount", "start with --service-account; without it the runtime's own credentials are used", "revision", b.Bundle)
	}
	access, id := Child(el, "GoogleAccessToken"), Child(el, "GoogleIDToken")
	switch {
	case access != nil:
		if id != nil {
			b.Warn(id, "UnusedElement", "GoogleIDToken beside GoogleAccessToken is ignored", "leave one of them")
		}
		a.accessToken(b, access)
	case id != nil:
		a.idTokenOf(b, id)
	default:
		b.Warn(el, "MissingElement", "Authentication names no token and does nothing", "add GoogleAccessToken or GoogleIDToken")
		return nil
	}
	return a
}

func (a *Authentication) accessToken(b *Build, el *etree.Element) {
	b.Known(el, "Scopes", "LifetimeInSeconds")
	for _, s := range Children(Child(el, "Scopes"), "Scope") {
		if text := TextOf(s); text != "" {
			a.want.Scopes = append(a.want.Scopes, text)
		}
	}
	if a.want.Scopes == nil {
		b.RefuseText(el, "MissingElement", "GoogleAccessToken has no Scope", "add Scopes/Scope, such as https://www.googleapis.com/auth/cloud-platform")
	}
	a.lifetime = b.TextOrRef(Child(el, "LifetimeInSeconds"))
}

func (a *Authentication) idTokenOf(b *Build, el *etree.Element) {
	b.Known(el, "Audience", "IncludeEmail")
	audience := Child(el, "Audience")
	a.idToken = true
	a.audience = b.TextOrRef(audience)
	a.useURL = b.BoolAttr(audience, "useTargetUrl", false)
	a.email = b.TextOrRef(Child(el, "IncludeEmail"))
	if a.audience == nil || a.audience.Ref == nil && a.audience.Text == "" && !a.useURL {
		b.RefuseText(el, "MissingElement", "GoogleIDToken has no Audience", `write the audience, or <Audience useTargetUrl="true"/>`)
	}
}

// Authorize sets the header of m. url is the address that m is sent to: without
// its query it is the audience of an ID token when nothing else is. It fails
// with GoogleTokenGenerationFailure, or with the error of ctx.
func (a *Authentication) Authorize(ctx context.Context, x *Exchange, m *Message, url string) error {
	want := a.want
	if v, ok := a.lifetime.Value(x); ok {
		if seconds, _ := v.Number(); seconds > 0 && seconds <= maxTokenSeconds {
			want.Lifetime = time.Duration(seconds) * time.Second
		}
	}
	if a.idToken {
		v, _ := a.email.Value(x)
		want.IncludeEmail = v.True()
		if want.Audience = a.audienceFor(x, url); want.Audience == "" {
			return tokenFailure.New("audience", strconv.Quote(""))
		}
	}
	token, err := a.identity.Token(ctx, want)
	if err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return tokenFailure.Wrap(err)
	}
	name := "Authorization"
	if v, ok := a.header.Value(x); ok && v.String() != "" {
		name = v.String()
	}
	m.Header.Set(name, "Bearer "+token)
	return nil
}

func (a *Authentication) audienceFor(x *Exchange, url string) string {
	if v, ok := a.audience.Value(x); ok && v.String() != "" {
		return v.String()
	}
	if !a.useURL {
		return ""
	}
	url, _, _ = strings.Cut(url, "?")
	return url
}

// authEdit is Set/Authentication.
type authEdit struct {
	auth   *Authentication
	url    *Template // of the callout; nil stands for the target's
	target *Name     // target.url
}

func (e *authEdit) apply(ctx context.Context, r editRun) error {
	url := ""
	switch {
	case !e.auth.useURL:
	case e.url != nil:
		var err error
		if url, err = r.expand(e.url); err != nil {
			return err
		}
	default:
		url = r.x.Get(e.target).String()
	}
	return e.auth.Authorize(ctx, r.x, r.m, url)
}
