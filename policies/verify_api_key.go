package policies

import (
	"context"

	"github.com/beevik/etree"

	"sluice/faults"
	"sluice/flow"
	"sluice/internal/entity"
)

var _ = register(flow.Kind{
	Name:    "VerifyAPIKey",
	Group:   "security",
	Compile: compileVerifyAPIKey,
	Doc: flow.Doc{
		Title: "lets a request pass when its API key is in force and one of the key's products has the requested resource",
		Text: `APIKey says which variable holds the key. The key must be known, approved and not expired, its app approved, its
developer active. Of the products that the key is approved for, the first one counts that has this environment, proxy,
path and, in an operation group, method, or the operation that ParsePayload found in the payload, if the product names
such for the proxy; without such a product the request is refused with InvalidApiKeyForGivenResource.

The variables begin with verifyapikey.POLICY: client_id, client_secret, redirection_uris, developer.app.id,
developer.app.name, developer.id, app.*, developer.*, and of the product apiproduct.name, apiproduct.operation.resource,
methods and attributes.NAME, apiproduct.developer.quota.limit, interval and timeunit, which are those of the operation
when it has a quota of its own. Custom attributes of the app and of the key have their name there, those of the product
are apiproduct.NAME. client_id, developer.app.name, developer.app.id, developer.id, apiproduct.name and
apiproduct.operation.* are also set without the prefix, and so are apigee.client_id, apigee.developer.app.name, email and
id and apigee.apiproduct.name. verifyapikey.POLICY.failed tells how it went; after a failure nothing else is set.

CacheExpiryInSeconds has no effect: keys are always read from the store, and a revoked one is refused at once.`,
		Sample: `<VerifyAPIKey name="VA-Key">
  <APIKey ref="request.header.x-apikey"/>
</VerifyAPIKey>`,
	},
})

type verifyAPIKey struct {
	key      *flow.TextOrRef
	variable string // that APIKey names
	flag     string // verifyapikey.POLICY.failed
	identity *identityVariables
	own      *verifyAPIKeyVariables

	unresolved, unknown, noProducts, noMatch *faults.Def

	states [entity.DeveloperInactive + 1]*faults.Def // by obstacle
}

func compileVerifyAPIKey(b *flow.Build, el *etree.Element) flow.Policy {
	b.NeedState(el)
	b.Known(el, "APIKey", "CacheExpiryInSeconds")
	verifyAPIKeyCheckCacheExpiry(b, el)
	at := b.Child(el, "APIKey")
	prefix := "verifyapikey." + b.Owner + "."
	p := &verifyAPIKey{
		key:        b.TextOrRef(at),
		variable:   b.Attr(at, "ref"),
		flag:       prefix + "failed",
		identity:   newIdentityVariables(prefix, prefix),
		own:        &verifyAPIKeyVariables{prefix: prefix},
		unresolved: b.Fault("FailedToResolveAPIKey"),
		unknown:    b.Fault("InvalidApiKey"),
		noProducts: b.Fault("consumer_key_missing_api_product_association"),
		noMatch:    b.Fault("InvalidApiKeyForGivenResource"),
	}
	p.states[entity.CredentialRevoked] = b.Fault("ApiKeyNotApproved")
	p.states[entity.CredentialExpired] = b.Fault("consumer_key_expired")
	p.states[entity.AppRevoked] = b.Fault("invalid_client-app_not_approved")
	p.states[entity.DeveloperInactive] = b.Fault("DeveloperStatusNotActive")
	if p.key == nil || p.key.Ref == nil && p.key.Text == "" {
		if at == nil {
			at = el
		}
		b.Refuse(at, "SpecifyValueOrRefApiKey")
	}
	return p
}

// verifyAPIKeyCheckCacheExpiry checks an element that has no effect, see Doc.Text.
func verifyAPIKeyCheckCacheExpiry(b *flow.Build, el *etree.Element) {
	b.Ref(b.Child(el, "CacheExpiryInSeconds"), "ref")
	b.Int(el, "CacheExpiryInSeconds", 0, -1)
}

func (p *verifyAPIKey) Execute(_ context.Context, x *flow.Exchange) error {
	err := p.verify(x)
	x.Put(p.flag, flow.Bool(err != nil))
	return err
}

// verify takes a key that does not exist through the same checks as one that
// does, so that a bundle which gives one answer to all failures does not tell by
// its time which keys exist.
func (p *verifyAPIKey) verify(x *flow.Exchange) error {
	key, err := p.resolve(x)
	if err != nil {
		return err
	}
	h, known := x.Services.Entities.Holder(key)
	if !known {
		h = verifyAPIKeyNobody
	}
	obstacle := h.Obstacle(x.Now())
	m, matched := h.Match(verifyAPIKeyCall(x), nil)
	switch {
	case !known:
		return p.unknown.New()
	case obstacle != entity.NoObstacle:
		return p.states[obstacle].New()
	case len(h.Credential.Products) == 0:
		return p.noProducts.New()
	case !matched:
		return p.noMatch.New()
	}
	p.own.set(x, h)
	p.identity.set(x, h, m)
	return nil
}

// resolve is the key. An empty one is none: nothing was sent that could be wrong
// (recalled, the page only speaks of a variable that does not exist).
func (p *verifyAPIKey) resolve(x *flow.Exchange) (string, error) {
	v, _ := p.key.Value(x)
	if err := x.Err(); err != nil {
		return "", err
	}
	if key := v.String(); key != "" {
		return key, nil
	}
	return "", p.unresolved.New("variable", p.variable)
}

func verifyAPIKeyCall(x *flow.Exchange) entity.Call {
	payload, _ := x.Held(identityPayload)
	return entity.Call{
		Environment: x.Proxy.Environment, Proxy: x.Proxy.Name, BasePath: x.Proxy.BasePath,
		Suffix: x.Path.Suffix, Method: x.Request.Method, Operation: payload.String(),
	}
}

// verifyAPIKeyNobody stands for the holder of a key that nobody has: in force,
// with one product, which lets no request through.
var verifyAPIKeyNobody = func() entity.Holder {
	const nobody = "\x00"
	d := entity.NewDirectory()
	d.PutProduct(&entity.Product{Name: nobody, APIResources: []string{"/" + nobody}})
	d.PutDeveloper(&entity.Developer{ID: nobody})
	d.PutApp(&entity.App{ID: nobody, DeveloperID: nobody, Credentials: []entity.Credential{{
		ConsumerKey: nobody, ExpiresAt: 1 << 62, Products: []entity.ProductRef{{Name: nobody}}}}})
	h, _ := d.Holder(nobody)
	return h
}()

// verifyAPIKeyVariables are the variables that this policy alone sets, right
// below its prefix; like those of identityVariables they are made once per caller.
type verifyAPIKeyVariables struct {
	prefix string
	memo   identityMemo[verifyAPIKeyCaller, *flow.SharedVariables]
}

type verifyAPIKeyCaller struct {
	app        *entity.App
	credential *entity.Credential
}

func (v *verifyAPIKeyVariables) set(x *flow.Exchange, h entity.Holder) {
	who := verifyAPIKeyCaller{h.App, h.Credential}
	own, ok := v.memo.get(who)
	if !ok {
		own = v.memo.keep(who, identityShared(v.of(who)))
	}
	x.PutAll(own)
}

func (v *verifyAPIKeyVariables) of(who verifyAPIKeyCaller) []identityVariable {
	l := identityList{prefix: v.prefix}
	l.attributes(who.app.Attributes)
	l.attributes(who.credential.Attributes)
	l.text("DisplayName", who.app.DisplayName)
	l.text("client_secret", who.credential.ConsumerSecret)
	l.text("redirection_uris", who.app.CallbackURL)
	return l.made
}
