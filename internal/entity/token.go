package entity

import (
	"slices"
	"time"
)

// TokenKind tells what a token is good for.
type TokenKind string

// The kinds.
const (
	AccessToken       TokenKind = "access"
	RefreshToken      TokenKind = "refresh"
	AuthorizationCode TokenKind = "code"
)

// Token is an access token, a refresh token or an authorization code, without
// its text.
type Token struct {
	Kind      TokenKind `json:"kind"`
	Status    string    `json:"status"` // approved, revoked, used, deleted
	TokenType string    `json:"tokenType,omitempty"`
	GrantType string    `json:"grantType,omitempty"`

	ClientID    string   `json:"clientId"`
	AppID       string   `json:"appId,omitempty"`
	DeveloperID string   `json:"developerId,omitempty"`
	EndUser     string   `json:"endUser,omitempty"` // AppEndUser
	Scopes      []string `json:"scopes,omitempty"`
	Products    []string `json:"products,omitempty"`

	IssuedAt  Millis `json:"issuedAt"`
	ExpiresAt Millis `json:"expiresAt,omitempty"` // 0: never

	// IssuedNanos is the part of the time of issue below a millisecond: what tells
	// a token from a revocation in the same millisecond.
	IssuedNanos int64 `json:"issuedNanos,omitempty"`

	RefreshCount     int    `json:"refreshCount,omitempty"`
	RefreshIssuedAt  Millis `json:"refreshIssuedAt,omitempty"` // of the refresh token that came with it
	RefreshExpiresAt Millis `json:"refreshExpiresAt,omitempty"`
	RefreshStatus    string `json:"refreshStatus,omitempty"`
	// Partner is the access token's refresh token, or the refresh token's access
	// token: kept so that only who knows this token's text can read it.
	Partner []byte `json:"partner,omitempty"`

	RedirectURI     string `json:"redirectUri,omitempty"` // codes
	State           string `json:"state,omitempty"`
	Challenge       string `json:"codeChallenge,omitempty"` // PKCE
	ChallengeMethod string `json:"codeChallengeMethod,omitempty"`

	Attributes   []TokenAttribute `json:"attributes,omitempty"`
	RevokeReason string           `json:"revokeReason,omitempty"`
	External     bool             `json:"external,omitempty"` // imported from another system

	Revision uint64 `json:"-"` // of the stored value; 0: not stored yet
}

// TokenAttribute is an attribute of a token. A hidden one is not part of the
// answer that brings the token.
type TokenAttribute struct {
	Name   string `json:"name"`
	Value  string `json:"value"`
	Hidden bool   `json:"hidden,omitempty"`
}

// Clone returns a copy that shares nothing with t.
func (t *Token) Clone() *Token {
	c := *t
	c.Scopes, c.Products = slices.Clone(t.Scopes), slices.Clone(t.Products)
	c.Partner, c.Attributes = slices.Clone(t.Partner), slices.Clone(t.Attributes)
	return &c
}

// Expired reports whether the token's time is over.
func (t *Token) Expired(now time.Time) bool { return t.ExpiresAt.Past(now) }

// Approved reports whether the token was neither revoked nor used up.
func (t *Token) Approved() bool { return approved(t.Status) }

// Set adds or replaces an attribute. Copies of t do not see it.
func (t *Token) Set(a TokenAttribute) {
	t.Attributes = slices.Clone(t.Attributes)
	for i := range t.Attributes {
		if t.Attributes[i].Name == a.Name {
			t.Attributes[i] = a
			return
		}
	}
	t.Attributes = append(t.Attributes, a)
}

// Revocation covers the tokens of an app, of an end user, or of the end user in
// the app, that were issued before a time.
type Revocation struct {
	AppID   string `json:"appId,omitempty"`
	EndUser string `json:"endUser,omitempty"`
	Before  Millis `json:"before"`
	Nanos   int64  `json:"nanos,omitempty"`   // of Before, below a millisecond
	Cascade bool   `json:"cascade,omitempty"` // refresh tokens too
}

// Covers reports whether r revokes t.
func (r Revocation) Covers(t *Token) bool {
	return (r.AppID == "" || r.AppID == t.AppID) && (r.EndUser == "" || r.EndUser == t.EndUser) &&
		r.after(t.IssuedAt, t.IssuedNanos) && (t.Kind == AccessToken || r.Cascade && t.Kind == RefreshToken)
}

// Reaches reports whether r reaches further than another of the same app, end user
// and cascade.
func (r Revocation) Reaches(other Revocation) bool { return r.after(other.Before, other.Nanos) }

func (r Revocation) after(at Millis, nanos int64) bool {
	return at < r.Before || at == r.Before && nanos < r.Nanos
}

// Issue sets the time of issue.
func (t *Token) Issue(now time.Time) { t.IssuedAt, t.IssuedNanos = MillisOf(now), subMillis(now) }

// RevokedUntil makes r cover what was issued up to now, and nothing after.
func (r *Revocation) RevokedUntil(now time.Time) { r.Before, r.Nanos = MillisOf(now), subMillis(now)+1 }

func subMillis(t time.Time) int64 { return int64(t.Nanosecond()) % int64(time.Millisecond) }
