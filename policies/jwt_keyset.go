package policies

import (
	"context"
	"crypto"
	"crypto/rsa"
	"errors"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/beevik/etree"

	"sluice/flow"
	"sluice/internal/jose"
)

const (
	// jwtMaxKeySet bounds an answer that should be a key set, in bytes.
	jwtMaxKeySet = 1 << 20
	// jwtFetchLimit is the time for fetching a key set. Apigee documents none.
	jwtFetchLimit = 10 * time.Second
)

// jwtKeySet is a compiled JWKS element: the set itself, or where to fetch it. A
// key named inside a token (jku, jwk, x5u, x5c) is never used.
type jwtKeySet struct {
	text *flow.TextOrRef // the set, or
	uri  *flow.TextOrRef // its address
	last atomic.Pointer[jwtParsedSet]

	connection flow.Connection // for the uri
	sets       flow.KeySets
}

// jwtParsedSet is the set that the variable held last.
type jwtParsedSet struct {
	text string
	keys []flow.PublicKey
}

// jwtCompileKeySet reads a JWKS element; nil when it is refused.
func jwtCompileKeySet(b *flow.Build, el *etree.Element) *jwtKeySet {
	uri, uriRef := b.Attr(el, "uri"), b.Ref(el, "uriRef")
	if uri == "" && uriRef == nil {
		text := b.TextOrRef(el)
		if text.Ref == nil && text.Text == "" {
			b.RefuseText(el, "EmptyElementForKeyConfiguration", "JWKS is empty", "write the key set, or its variable with ref, or its address with uri or uriRef")
			return nil
		}
		return &jwtKeySet{text: text}
	}
	s := &jwtKeySet{uri: &flow.TextOrRef{Ref: uriRef, Text: uri}}
	if uri != "" && !jwtIsURL(uri) {
		b.RefuseText(el, "InvalidValueForElement", "uri "+strconv.Quote(uri)+" is no absolute http or https address", "write, for example, https://idp.example.com/jwks.json")
		return nil
	}
	if b.Services == nil || b.Services.KeySets == nil {
		b.RefuseText(el, "MissingService", b.Kind+" needs a cache for key sets, and this program has none", "run the bundle with sluice serve or sluice test")
		return nil
	}
	s.sets, s.connection = b.Services.KeySets, b.Connection(jwtConnection(uri))
	return s
}

// jwtConnection is the element of the connection to a key set, so that proxies,
// TLS and permitted hosts are those of any HTTPTargetConnection. With uriRef the
// address comes with each call.
func jwtConnection(uri string) *etree.Element {
	if uri == "" {
		uri = "https://jwks.invalid/"
	}
	el := etree.NewElement("HTTPTargetConnection")
	el.CreateElement("URL").SetText(uri)
	return el
}

func jwtIsURL(text string) bool {
	u, err := url.Parse(text)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" && !strings.ContainsAny(text, "{}")
}

// keys returns the public keys of the set, fetched anew if it seems not to hold
// the one called kid.
func (s *jwtKeySet) keys(ctx context.Context, x *flow.Exchange, kid string) ([]flow.PublicKey, error) {
	if s.uri == nil {
		return s.held(x)
	}
	v, ok := s.uri.Value(x)
	if !ok {
		return nil, jwtUnresolved(s.uri.Ref.String())
	}
	uri := v.String()
	if !jwtIsURL(uri) {
		return nil, jwtFailCause("UnknownException", errors.New("the address of the key set is no absolute http or https address"))
	}
	keys, err := s.sets.KeySet(ctx, uri, kid, func(ctx context.Context) ([]byte, error) { return s.fetch(ctx, x, uri) })
	switch {
	case err == nil:
		return keys, nil
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case errors.Is(err, jose.ErrKey):
		return nil, jwtFailCause("KeyParsingFailed", err)
	}
	// Which fault Apigee raises is unknown.
	return nil, jwtFailCause("UnknownException", err)
}

// held returns the set that the element or its variable holds.
func (s *jwtKeySet) held(x *flow.Exchange) ([]flow.PublicKey, error) {
	v, ok := s.text.Value(x)
	if !ok {
		return nil, jwtUnresolved(s.text.Ref.String())
	}
	text := v.String()
	if last := s.last.Load(); last != nil && last.text == text {
		return last.keys, nil
	}
	if len(text) > jwtMaxKeySet {
		return nil, jwtFail("KeyParsingFailed")
	}
	parsed, err := jose.ParseKeySet([]byte(text))
	if err != nil {
		return nil, jwtFailCause("KeyParsingFailed", err)
	}
	keys := make([]flow.PublicKey, len(parsed))
	for i, k := range parsed {
		keys[i] = flow.PublicKey{ID: k.ID, Algorithm: k.Algorithm, Use: k.Use, Key: k.Public}
	}
	s.last.Store(&jwtParsedSet{strings.Clone(text), keys})
	return keys, nil
}

func (s *jwtKeySet) fetch(ctx context.Context, x *flow.Exchange, uri string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, jwtFetchLimit)
	defer cancel()
	request := flow.NewRequest()
	request.Header.Set("Accept", "application/json")
	answer, err := s.connection.Call(ctx, x, flow.Call{Request: request, URL: uri, Timeout: jwtFetchLimit})
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	if answer.Status != 200 {
		return nil, errors.New("the key set was answered with status " + strconv.Itoa(answer.Status))
	}
	answer.Limit, answer.Streamed = jwtMaxKeySet, false
	return answer.Content()
}

// jwtPick chooses the key called kid that fits the use, which is "sig" or "enc",
// and the algorithm. Without kid there is no choosing: KeyIdMissing.
func jwtPick(keys []flow.PublicKey, kid, use, algorithm string, rsaKey bool) (crypto.PublicKey, error) {
	if kid == "" {
		return nil, jwtFail("KeyIdMissing")
	}
	wrong := false
	for i := range keys {
		k := &keys[i]
		switch {
		case k.ID != kid || k.Use != "" && k.Use != use || k.Algorithm != "" && k.Algorithm != algorithm:
			continue
		case jwtIsRSA(k.Key) != rsaKey:
			wrong = true
			continue
		}
		return k.Key, nil
	}
	if wrong {
		return nil, jwtFail("WrongKeyType")
	}
	return nil, jwtFail("NoMatchingPublicKey")
}

func jwtIsRSA(key crypto.PublicKey) bool {
	_, ok := key.(*rsa.PublicKey)
	return ok
}
