package policies_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"sluice/flow"
	"sluice/internal/entity"
)

func TestAccessEntityDeployment(t *testing.T) {
	const key = `<EntityIdentifier ref="k" type="consumerkey"/>`
	for _, tt := range []struct {
		elements string
		want     []string
	}{
		{`<EntityType value="app"/>` + key, nil},
		{`<EntityType value="apiproduct"/><EntityIdentifier ref="p"/><OutputFormat>json</OutputFormat>`, nil},
		{`<EntityType value="app"/><Identifiers><Identifier>` + key + `</Identifier></Identifiers>`, nil},
		{`<EntityType value="person"/>` + key, []string{"error InvalidEntityType"}},
		{`<EntityType/>` + key, []string{"error InvalidEntityType"}},
		{key, []string{"error InvalidEntityType"}},
		{`<EntityType value="app"/>`, []string{"error MissingElement"}},
		{`<EntityType value="app"/><EntityIdentifier type="appid"/>`, []string{"error MissingElement"}},
		{`<EntityType value="app"/><EntityIdentifier ref="k" type="verifier"/>`, []string{"warning UnknownIdentifier"}},
		{`<EntityType value="requesttoken"/><EntityIdentifier ref="k" type="requesttoken"/>`, []string{"warning EntityNotKept"}},
		{`<EntityType value="consumerkey_scope"/><EntityIdentifier ref="k"/>`, nil},
		{`<EntityType value="authorizationcode"/><EntityIdentifier ref="k"/>`, nil},
		{`<EntityType value="company"/><EntityIdentifier ref="k" type="companyname"/>`, []string{"warning UnknownIdentifier"}},
		{`<EntityType value="app"/><OutputFormat>YAML</OutputFormat>` + key, []string{"error InvalidValue"}},
		{`<EntityType value="app"/><Cache/>` + key, []string{"warning UnknownElement"}},
	} {
		_, b := permissive.compile(t, "<AccessEntity>"+tt.elements+"</AccessEntity>")
		if got := calloutProblems(b.Problems); !slices.Equal(got, tt.want) {
			t.Errorf("%s\n got %v\nwant %v", tt.elements, b.Problems, tt.want)
		}
	}
}

// TestAccessEntityIsBounded: an app with very many keys does not fill an exchange
// with variables; the XML has them all.
func TestAccessEntityIsBounded(t *testing.T) {
	x := knownCaller(func(a *entity.App) {
		for i := range 1000 {
			a.Credentials = append(a.Credentials, entity.Credential{ConsumerKey: fmt.Sprint("more-", i), ConsumerSecret: "s"})
		}
	})
	err := permissive.run(t, x, `<AccessEntity><EntityType value="app"/><EntityIdentifier ref="key" type="consumerkey"/></AccessEntity>`)
	if err != nil {
		t.Fatal(err)
	}
	name := func(i int) string {
		return fmt.Sprintf("AccessEntity.ChildNodes.P.App.Credentials.Credential.%d.ConsumerKey", i)
	}
	if first, last := x.Lookup(name(2)).String(), x.Lookup(name(1001)); first != "more-0" || !last.IsNull() {
		t.Errorf("the second key is %q, the last %q, which should be in the XML alone", first, last.String())
	}
	if !strings.Contains(x.Lookup("AccessEntity.P").String(), "<ConsumerKey>more-999</ConsumerKey>") {
		t.Error("the XML does not have the last key")
	}
}

// TestAccessEntityUnfitText: an entity may hold what XML cannot.
func TestAccessEntityUnfitText(t *testing.T) {
	x := knownCaller(func(a *entity.App) { a.Attributes[0].Value = "a\x01]]>&\xff" })
	err := permissive.run(t, x, `<AccessEntity><EntityType value="app"/><EntityIdentifier ref="key" type="consumerkey"/></AccessEntity>`)
	if err != nil {
		t.Fatal(err)
	}
	err = permissive.run(t, x, `<ExtractVariables><Source>AccessEntity.P</Source><XMLPayload>
		<Variable name="found" type="string"><XPath>/App/Attributes/Attribute[1]/Value</XPath></Variable></XMLPayload></ExtractVariables>`)
	if got := x.Lookup("found").String(); err != nil || got != "a\uFFFD]]>&\uFFFD" {
		t.Errorf("read back %q, %v", got, err)
	}
}

// tokenStore finds one token, or fails.
type tokenStore struct {
	flow.Tokens
	token *entity.Token
	err   error
}

func (s tokenStore) Find(context.Context, entity.TokenKind, string) (*entity.Token, error) {
	return s.token, s.err
}

// TestAccessEntityFindsNoCode: a code that was deleted is no code, and a store that
// does not answer is no fault, unless nobody waits any more.
func TestAccessEntityFindsNoCode(t *testing.T) {
	const text = `<AccessEntity><EntityType value="authorizationcode"/><EntityIdentifier ref="key"/></AccessEntity>`
	approved, deleted := &entity.Token{Status: "approved", ClientID: "c"}, &entity.Token{Status: "deleted", ClientID: "c"}
	p, _ := permissive.compile(t, text)
	over, end := context.WithCancel(t.Context())
	end()
	for _, tt := range []struct {
		name  string
		ctx   context.Context
		store tokenStore
		found bool
		err   error
	}{
		{"approved", t.Context(), tokenStore{token: approved}, true, nil},
		{"unknown", t.Context(), tokenStore{}, false, nil},
		{"deleted", t.Context(), tokenStore{token: deleted}, false, nil},
		{"no answer", t.Context(), tokenStore{err: errors.New("no answer")}, false, nil},
		{"too late", over, tokenStore{err: context.Canceled}, false, context.Canceled},
	} {
		x := knownCaller(nil)
		x.Services.Tokens = tt.store
		err := p.Execute(tt.ctx, x)
		if found := !x.Lookup("AccessEntity.P").IsNull(); found != tt.found || !errors.Is(err, tt.err) {
			t.Errorf("%s: found %v, error %v", tt.name, found, err)
		}
	}
}

func BenchmarkAccessEntity(b *testing.B) {
	p, _ := permissive.compile(b, `<AccessEntity><EntityType value="app"/><EntityIdentifier ref="key" type="consumerkey"/></AccessEntity>`)
	x := knownCaller(nil)
	b.ReportAllocs()
	for b.Loop() {
		x.Remove("AccessEntity.P") // as in a new request
		if err := p.Execute(b.Context(), x); err != nil {
			b.Fatal(err)
		}
	}
}
