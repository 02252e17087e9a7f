package policies_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/beevik/etree"

	"sluice/flow"
	"sluice/internal/entity"
	"sluice/internal/state"
	"sluice/policies"
)

// oauthv2World is an organization with an app, at a time that stands.
type oauthv2World struct {
	services *flow.Services
	now      time.Time
}

func newOAuthV2World(t testing.TB) *oauthv2World {
	t.Helper()
	w := &oauthv2World{now: time.UnixMilli(1_767_323_045_000)}
	now := func() time.Time { return w.now }
	store := state.Memory(now)
	t.Cleanup(func() { _ = store.Close() })
	w.services = &flow.Services{Now: now}
	store.Services(w.services)
	d := w.services.Entities
	d.PutProduct(&entity.Product{Name: "P", Proxies: []string{"proxy"}, APIResources: []string{"/docs/**"}, Scopes: []string{"read", "write"}, Quota: "5",
		Attributes: []entity.Attribute{{Name: "tier", Value: "gold"}}})
	d.PutDeveloper(&entity.Developer{ID: "d", Email: "ada@acme.test", FirstName: "Ada", Apps: []string{"app"}})
	d.PutApp(&entity.App{ID: "a", Name: "app", DeveloperID: "d", CallbackURL: "https://app.test/", Credentials: []entity.Credential{
		{ConsumerKey: "key", ConsumerSecret: "top-secret", Products: []entity.ProductRef{{Name: "P"}}},
	}})
	return w
}

func (w *oauthv2World) build(t testing.TB, text string) (flow.Policy, *flow.Build) {
	t.Helper()
	doc := etree.NewDocument()
	if err := doc.ReadFromString(text); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	el := doc.Root()
	for _, k := range policies.All() {
		if k.Name == el.Tag {
			b := &flow.Build{Unit: &flow.Unit{Services: w.services}, File: "policies/P.xml", Owner: "P", Kind: k.Name}
			return k.Compile(b, el), b
		}
	}
	t.Fatalf("no policy type %s", el.Tag)
	return nil, nil
}

func (w *oauthv2World) compile(t testing.TB, text string) flow.Policy {
	t.Helper()
	p, b := w.build(t, text)
	if b.Problems.Refused() {
		t.Fatalf("%s\n%v", text, b.Problems)
	}
	return p
}

// request is a form that the app sends, or with a token a GET.
func (w *oauthv2World) request(form, token string) *flow.Exchange {
	m := flow.NewRequest()
	m.Method = "POST"
	m.Header.Set("Content-Type", flow.FormType)
	m.SetContent([]byte(form))
	m.Header.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte("key:top-secret")))
	if token != "" {
		m.Method = "GET"
		m.Header.Set("Authorization", "Bearer "+token)
	}
	x := flow.NewExchange(&flow.ProxyInfo{Organization: "acme", Environment: "test", Name: "proxy", BasePath: "/v1"}, w.services, m)
	x.Path.Suffix = "/docs/1"
	return x
}

const oauthv2Generate = `<OAuthV2><Operation>GenerateAccessToken</Operation>
	<SupportedGrantTypes><GrantType>client_credentials</GrantType><GrantType>password</GrantType><GrantType>authorization_code</GrantType></SupportedGrantTypes></OAuthV2>`

// token runs a policy that issues one, and returns it and its refresh token.
func (w *oauthv2World) token(t testing.TB, p flow.Policy, form string) (access, refresh string, x *flow.Exchange) {
	t.Helper()
	x = w.request(form, "")
	if err := p.Execute(t.Context(), x); err != nil {
		t.Fatal(err)
	}
	return x.Lookup("oauthv2accesstoken.P.access_token").String(), x.Lookup("oauthv2accesstoken.P.refresh_token").String(), x
}

// TestOAuthV2OnlyOnce lets many spend one code, and one refresh token, at the same
// time: one of them gets a token, and the others are refused.
func TestOAuthV2OnlyOnce(t *testing.T) {
	w := newOAuthV2World(t)
	generate := w.compile(t, oauthv2Generate)
	x := w.request("", "")
	x.Request.Query = "response_type=code&client_id=key"
	if err := w.compile(t, `<OAuthV2><Operation>GenerateAuthorizationCode</Operation></OAuthV2>`).Execute(t.Context(), x); err != nil {
		t.Fatal(err)
	}
	code := x.Lookup("oauthv2authcode.P.code").String()
	w.race(t, generate, "grant_type=authorization_code&code="+code, "Invalid Authorization Code")

	_, refresh, _ := w.token(t, generate, "grant_type=password&username=u&password=p")
	w.race(t, w.compile(t, `<OAuthV2><Operation>RefreshAccessToken</Operation></OAuthV2>`), "grant_type=refresh_token&refresh_token="+refresh, "Invalid Refresh Token")
}

func (w *oauthv2World) race(t *testing.T, p flow.Policy, form, refusal string) {
	t.Helper()
	const clients = 16
	var wait sync.WaitGroup
	errs := make([]error, clients)
	for i := range clients {
		wait.Go(func() { errs[i] = p.Execute(t.Context(), w.request(form, "")) })
	}
	wait.Wait()
	passed := 0
	for _, err := range errs {
		switch {
		case err == nil:
			passed++
		case !strings.Contains(err.Error(), refusal):
			t.Errorf("refused with %v", err)
		}
	}
	if passed != 1 {
		t.Errorf("%s: %d of %d got a token", form, passed, clients)
	}
}

// TestOAuthV2RoundTrip verifies what was issued, with random texts, and refreshes
// it.
func TestOAuthV2RoundTrip(t *testing.T) {
	w := newOAuthV2World(t)
	access, refresh, _ := w.token(t, w.compile(t, oauthv2Generate), "grant_type=password&username=u&password=p&scope=write+read")
	verify := w.compile(t, `<OAuthV2><Operation>VerifyAccessToken</Operation><Scope>read</Scope></OAuthV2>`)
	x := w.request("", access)
	if err := verify.Execute(t.Context(), x); err != nil {
		t.Fatal(err)
	}
	if got := x.Lookup("scope").String(); got != "write read" {
		t.Errorf("scope is %q", got)
	}
	fresh, next, _ := w.token(t, w.compile(t, `<OAuthV2><Operation>RefreshAccessToken</Operation></OAuthV2>`), "grant_type=refresh_token&refresh_token="+refresh)
	if fresh == access || next == refresh || len(next) != 32 {
		t.Errorf("refreshed %q %q as %q %q", access, refresh, fresh, next)
	}
	if err := verify.Execute(t.Context(), w.request("", access)); err == nil || !strings.Contains(err.Error(), "not_approved") {
		t.Errorf("the old token: %v", err)
	}
	if err := verify.Execute(t.Context(), w.request("", fresh)); err != nil {
		t.Errorf("the new token: %v", err)
	}
}

// TestOAuthV2Secrecy looks for secrets in what is stored and in every error.
func TestOAuthV2Secrecy(t *testing.T) {
	w := newOAuthV2World(t)
	generate := w.compile(t, oauthv2Generate)
	access, refresh, _ := w.token(t, generate, "grant_type=password&username=u&password=p")
	found, err := w.services.Tokens.Find(t.Context(), entity.AccessToken, access)
	if err != nil {
		t.Fatal(err)
	}
	stored, err := json.Marshal(found)
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{access, refresh, "top-secret"} {
		if strings.Contains(string(stored), secret) {
			t.Errorf("%s is stored in %s", secret, stored)
		}
	}
	for _, c := range []struct{ policy, form, secret string }{
		{oauthv2Generate, "grant_type=client_credentials&client_secret=sesame&client_id=nobody", "sesame"},
		{oauthv2Generate, "grant_type=authorization_code&code=sesame", "sesame"},
		{`<OAuthV2><Operation>RefreshAccessToken</Operation></OAuthV2>`, "grant_type=refresh_token&refresh_token=sesame", "sesame"},
		{`<GetOAuthV2Info><AccessToken ref="request.formparam.t"/></GetOAuthV2Info>`, "t=sesame", "sesame"},
		{`<DeleteOAuthV2Info><AccessToken ref="request.formparam.t"/></DeleteOAuthV2Info>`, "t=sesame", "sesame"},
		{`<SetOAuthV2Info><AccessToken ref="request.formparam.t"/></SetOAuthV2Info>`, "t=sesame", "sesame"},
		{`<OAuthV2><Operation>InvalidateToken</Operation><Tokens><Token type="accesstoken">request.formparam.t</Token></Tokens></OAuthV2>`, "t=sesame", "sesame"},
	} {
		x := w.request(c.form, "")
		if strings.Contains(c.form, "client_secret") {
			x.Request.Header.Del("Authorization")
		}
		err := w.compile(t, c.policy).Execute(t.Context(), x)
		if err == nil || strings.Contains(err.Error(), c.secret) {
			t.Errorf("%s: %v", c.form, err)
		}
	}
}

// TestOAuthV2StoreFails: an engine that does not answer is an error of ours, and
// no token comes of it.
func TestOAuthV2StoreFails(t *testing.T) {
	w := newOAuthV2World(t)
	w.services.Tokens = brokenTokens{}
	for _, c := range []struct{ policy, form, token string }{
		{oauthv2Generate, "grant_type=client_credentials", ""},
		{oauthv2Generate, "grant_type=password&username=u&password=p", ""},
		{oauthv2Generate, "grant_type=authorization_code&code=c", ""},
		{`<OAuthV2><Operation>RefreshAccessToken</Operation></OAuthV2>`, "grant_type=refresh_token&refresh_token=r", ""},
		{`<OAuthV2><Operation>VerifyAccessToken</Operation></OAuthV2>`, "", "t"},
		{`<RevokeOAuthV2><AppId>a</AppId></RevokeOAuthV2>`, "", ""},
		{`<GetOAuthV2Info><RefreshToken>r</RefreshToken></GetOAuthV2Info>`, "", ""},
	} {
		err := w.compile(t, c.policy).Execute(t.Context(), w.request(c.form, c.token))
		if err == nil || flow.FaultOf(err).Code() != "sluice.InternalError" || !strings.Contains(err.Error(), errEngine.Error()) {
			t.Errorf("%s %s: %v", c.policy, c.form, err)
		}
	}
}

// TestOAuthV2LeavesStoredTokensAlone: what the store gives out is shared, and
// must not be changed in place.
func TestOAuthV2LeavesStoredTokensAlone(t *testing.T) {
	w := newOAuthV2World(t)
	w.services.Tokens = sharedTokens{}
	code := &entity.Token{Kind: entity.AuthorizationCode, Status: "approved", ClientID: "key", Attributes: []entity.TokenAttribute{{Name: "level", Value: "1"}}}
	if err := w.services.Tokens.Save(t.Context(), "code", code); err != nil {
		t.Fatal(err)
	}
	shared, err := w.services.Tokens.Find(t.Context(), entity.AuthorizationCode, "code")
	if err != nil {
		t.Fatal(err)
	}
	p := w.compile(t, strings.Replace(oauthv2Generate, "</Operation>", `</Operation><Attributes><Attribute name="level">2</Attribute></Attributes>`, 1))
	access, _, x := w.token(t, p, "grant_type=authorization_code&code=code")
	if got := x.Lookup("oauthv2accesstoken.P.level").String(); got != "2" {
		t.Errorf("the token's attribute is %q", got)
	}
	if got := shared.Attributes[0].Value; got != "1" {
		t.Errorf("the stored code's attribute became %q", got)
	}
	if shared, err = w.services.Tokens.Find(t.Context(), entity.AccessToken, access); err != nil {
		t.Fatal(err)
	}
	set := w.compile(t, `<SetOAuthV2Info><AccessToken ref="t"/><Attributes><Attribute name="level">3</Attribute></Attributes></SetOAuthV2Info>`)
	x.Put("t", flow.Text(access))
	if err := set.Execute(t.Context(), x); err != nil || shared.Attributes[0].Value != "2" {
		t.Errorf("%v, the stored token's attribute became %q", err, shared.Attributes[0].Value)
	}
}

// sharedTokens gives out copies that share their lists, as the contract allows, at
// every look-up: the real store does so only while it holds the token locally.
type sharedTokens map[string]*entity.Token

func (s sharedTokens) Find(_ context.Context, kind entity.TokenKind, text string) (*entity.Token, error) {
	found, ok := s[string(kind)+text]
	if !ok {
		return nil, nil
	}
	c := *found
	return &c, nil
}

func (s sharedTokens) Save(_ context.Context, text string, t *entity.Token) error {
	t.Revision++
	s[string(t.Kind)+text] = t.Clone()
	return nil
}

func (sharedTokens) Revoke(context.Context, entity.Revocation) error { return nil }

// TestOAuthV2UsedStaysUsed: ValidateToken must not make a refresh token good for a
// second use.
func TestOAuthV2UsedStaysUsed(t *testing.T) {
	w := newOAuthV2World(t)
	_, refresh, _ := w.token(t, w.compile(t, oauthv2Generate), "grant_type=password&username=u&password=p")
	p := w.compile(t, `<OAuthV2><Operation>RefreshAccessToken</Operation></OAuthV2>`)
	w.token(t, p, "grant_type=refresh_token&refresh_token="+refresh)
	x := w.request("", "")
	x.Put("t", flow.Text(refresh))
	validate := w.compile(t, `<OAuthV2><Operation>ValidateToken</Operation><Tokens><Token type="refreshtoken">t</Token></Tokens></OAuthV2>`)
	if err := validate.Execute(t.Context(), x); err != nil {
		t.Fatal(err)
	}
	if err := p.Execute(t.Context(), w.request("grant_type=refresh_token&refresh_token="+refresh, "")); err == nil {
		t.Error("a used refresh token gave a second token")
	}
}

// TestOAuthV2VerifyAllocates: the forty variables of an app are made once.
func TestOAuthV2VerifyAllocates(t *testing.T) {
	w := newOAuthV2World(t)
	access, _, _ := w.token(t, w.compile(t, oauthv2Generate), "grant_type=password&username=u&password=p")
	verify := w.compile(t, `<OAuthV2><Operation>VerifyAccessToken</Operation></OAuthV2>`)
	x := w.request("", access)
	allocated := testing.AllocsPerRun(100, func() {
		if err := verify.Execute(t.Context(), x); err != nil {
			t.Fatal(err)
		}
	})
	if allocated > 6 {
		t.Errorf("a verification allocates %v times", allocated)
	}
}

var errEngine = errors.New("the engine is away")

type brokenTokens struct{}

func (brokenTokens) Find(context.Context, entity.TokenKind, string) (*entity.Token, error) {
	return nil, errEngine
}
func (brokenTokens) Save(context.Context, string, *entity.Token) error { return errEngine }
func (brokenTokens) Revoke(context.Context, entity.Revocation) error   { return errEngine }

// TestOAuthV2RSA issues and verifies JWT access tokens with a key pair; the
// public key is no secret that could sign.
func TestOAuthV2RSA(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	public, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	private := string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}))
	open := string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public}))

	w := newOAuthV2World(t)
	x := w.request("grant_type=client_credentials", "")
	x.Put("private.key", flow.Text(private))
	sign := w.compile(t, `<OAuthV2><Operation>GenerateJWTAccessToken</Operation><Algorithm>RS256</Algorithm><PrivateKey><Value ref="private.key"/></PrivateKey>
		<SupportedGrantTypes><GrantType>client_credentials</GrantType></SupportedGrantTypes></OAuthV2>`)
	if err := sign.Execute(t.Context(), x); err != nil {
		t.Fatal(err)
	}
	token := x.Lookup("oauthv2accesstoken.P.access_token").String()
	verify := w.compile(t, `<OAuthV2><Operation>VerifyJWTAccessToken</Operation><Algorithm>RS256</Algorithm><PublicKey><Value ref="public"/></PublicKey></OAuthV2>`)
	for _, text := range []string{token, token} { // the second time with the parsed key
		x = w.request("", text)
		x.Put("public", flow.Text(open))
		if err := verify.Execute(t.Context(), x); err != nil {
			t.Errorf("verification: %v", err)
		}
	}
	x = w.request("", token)
	x.Put("public", flow.Text("no key"))
	if err := verify.Execute(t.Context(), x); err == nil || !strings.Contains(err.Error(), "in variable public") {
		t.Errorf("with a broken key: %v", err)
	}
}

// TestOAuthV2KeyBeforeCode: a policy without its key must not spend what a client
// brings.
func TestOAuthV2KeyBeforeCode(t *testing.T) {
	w := newOAuthV2World(t)
	_, refresh, _ := w.token(t, w.compile(t, oauthv2Generate), "grant_type=password&username=u&password=p")
	form := "grant_type=refresh_token&refresh_token=" + refresh
	keyless := w.compile(t, `<OAuthV2><Operation>RefreshJWTAccessToken</Operation><Algorithm>HS256</Algorithm><SecretKey><Value ref="private.none"/></SecretKey></OAuthV2>`)
	if err := keyless.Execute(t.Context(), w.request(form, "")); err == nil || !strings.Contains(err.Error(), "private.none") {
		t.Errorf("without a key: %v", err)
	}
	w.token(t, w.compile(t, `<OAuthV2><Operation>RefreshAccessToken</Operation></OAuthV2>`), form)
}

// TestOAuthV2Deployment: what a policy is refused for when it is deployed.
func TestOAuthV2Deployment(t *testing.T) {
	w := newOAuthV2World(t)
	for _, c := range []struct{ policy, want string }{
		{`<OAuthV2><Operation/></OAuthV2>`, "error OperationRequired"},
		{`<OAuthV2/>`, "warning OperationRequired"},
		{`<OAuthV2><Operation>Nonsense</Operation></OAuthV2>`, "error InvalidOperation"},
		{`<OAuthV2><Operation>GenerateAccessToken</Operation><SupportedGrantTypes><GrantType>magic</GrantType></SupportedGrantTypes></OAuthV2>`, "error InvalidGrantType"},
		{`<OAuthV2><Operation>VerifyAccessToken</Operation><SupportedGrantTypes><GrantType>password</GrantType></SupportedGrantTypes></OAuthV2>`, "error GrantTypesNotApplicableForOperation"},
		{`<OAuthV2><Operation>VerifyAccessToken</Operation><ExpiresIn>1</ExpiresIn></OAuthV2>`, "error ExpiresInNotApplicableForOperation"},
		{`<OAuthV2><Operation>GenerateAuthorizationCode</Operation><RefreshTokenExpiresIn>1</RefreshTokenExpiresIn></OAuthV2>`, "error RefreshTokenExpiresInNotApplicableForOperation"},
		{`<OAuthV2><Operation>GenerateAccessToken</Operation><ExpiresIn>0</ExpiresIn></OAuthV2>`, "error InvalidValueForExpiresIn"},
		{`<OAuthV2><Operation>GenerateAccessToken</Operation><ExpiresIn>-2</ExpiresIn></OAuthV2>`, "error InvalidValueForExpiresIn"},
		{`<OAuthV2><Operation>GenerateAccessToken</Operation><ExpiresIn ref="x"/><RefreshTokenExpiresIn>-1</RefreshTokenExpiresIn></OAuthV2>`, ""},
		{`<OAuthV2><Operation>GenerateAccessToken</Operation><RefreshTokenExpiresIn>1 day</RefreshTokenExpiresIn></OAuthV2>`, "error InvalidValueForRefreshTokenExpiresIn"},
		{`<OAuthV2><Operation>InvalidateToken</Operation><Tokens/></OAuthV2>`, "error TokenValueRequired"},
		{`<OAuthV2><Operation>InvalidateToken</Operation><Tokens><Token type="accesstoken"/></Tokens></OAuthV2>`, "error TokenValueRequired"},
		{`<OAuthV2><Operation>InvalidateToken</Operation><Tokens><Token type="id">x</Token></Tokens></OAuthV2>`, "warning InvalidTokenType"},
		{`<OAuthV2><Operation>VerifyJWTAccessToken</Operation></OAuthV2>`, "error InvalidValueForAlgorithm"},
		{`<OAuthV2><Operation>VerifyJWTAccessToken</Operation><Algorithm>ES256</Algorithm></OAuthV2>`, "error InvalidValueForAlgorithm"},
		{`<OAuthV2><Operation>VerifyJWTAccessToken</Operation><Algorithm>HS256</Algorithm></OAuthV2>`, "error MissingKeyConfiguration"},
		{`<OAuthV2><Operation>VerifyJWTAccessToken</Operation><Algorithm>HS256</Algorithm><PublicKey><Value ref="x"/></PublicKey></OAuthV2>`, "error InvalidKeyConfiguration"},
		{`<OAuthV2><Operation>VerifyJWTAccessToken</Operation><Algorithm>HS256</Algorithm><SecretKey/></OAuthV2>`, "error EmptyValueElementForKeyConfiguration"},
		{`<OAuthV2><Operation>VerifyJWTAccessToken</Operation><Algorithm>HS256</Algorithm><SecretKey><Value/></SecretKey></OAuthV2>`, "error EmptyRefAttributeForKeyconfiguration"},
		{`<OAuthV2><Operation>VerifyJWTAccessToken</Operation><Algorithm>HS256</Algorithm><SecretKey><Value ref="key"/></SecretKey></OAuthV2>`, "error InvalidVariableNameForKey"},
		{`<OAuthV2><Operation>VerifyJWTAccessToken</Operation><Algorithm>RS512</Algorithm><PublicKey><Value>PEM</Value></PublicKey></OAuthV2>`, ""},
		{`<OAuthV2><Operation>GenerateAccessToken</Operation><Attributes><Attribute>x</Attribute></Attributes></OAuthV2>`, "error MissingAttribute"},
		{`<GetOAuthV2Info><AccessToken ref="a"/><ClientId ref="b"/></GetOAuthV2Info>`, "error InvalidParameter"},
		{`<DeleteOAuthV2Info/>`, "error MissingElement"},
		{`<SetOAuthV2Info><AccessToken/></SetOAuthV2Info>`, "error MissingElement"},
		{`<SetOAuthV2Info><AccessToken ref="x"/><Attributes><Attribute name="scope">all</Attribute></Attributes></SetOAuthV2Info>`, "warning FixedAttribute"},
		{`<RevokeOAuthV2/>`, "error MissingElement"},
		{`<RevokeOAuthV2><AppId>a</AppId><RevokeBeforeTimestamp>yesterday</RevokeBeforeTimestamp></RevokeOAuthV2>`, "error InvalidValue"},
	} {
		_, b := w.build(t, c.policy)
		if got := strings.Join(calloutProblems(b.Problems), ", "); got != c.want {
			t.Errorf("%s\n%s, want %s", c.policy, got, c.want)
		}
	}
}

func BenchmarkOAuthV2Verify(b *testing.B) {
	w := newOAuthV2World(b)
	access, _, _ := w.token(b, w.compile(b, oauthv2Generate), "grant_type=password&username=u&password=p")
	verify := w.compile(b, `<OAuthV2><Operation>VerifyAccessToken</Operation><Scope>read</Scope></OAuthV2>`)
	x := w.request("", access)
	info, request := x.Proxy, x.Request
	b.ReportAllocs()
	for b.Loop() {
		x.Reset() // as the runtime does between requests
		x.Proxy, x.Services, x.Request, x.Path.Suffix = info, w.services, request, "/docs/1"
		if err := verify.Execute(b.Context(), x); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkOAuthV2Generate(b *testing.B) {
	w := newOAuthV2World(b)
	generate := w.compile(b, oauthv2Generate)
	x := w.request("grant_type=client_credentials", "")
	b.ReportAllocs()
	for b.Loop() {
		if err := generate.Execute(b.Context(), x); err != nil {
			b.Fatal(err)
		}
	}
}
