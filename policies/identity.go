package policies

import (
	"cmp"
	"sync"

	"sluice/flow"
	"sluice/internal/entity"
)

// identityVariables sets what VerifyAPIKey and OAuthV2 tell of a caller:
// app.*, developer.*, apiproduct.* under a prefix, and the unprefixed ones
// that analytics reads (policies-2.md 8.4 and 25).
//
// These are forty variables, and the same ones at every request of a caller. So
// the names and values are made once per caller and once per product, and kept
// as long as their entities, which are replaced and never changed, keep coming.
type identityVariables struct {
	prefix   string // "" or "verifyapikey.POLICY."
	llm      string // prefix of apiproduct.developer.llmQuota.*
	callers  identityMemo[identityCaller, *flow.SharedVariables]
	products identityMemo[entity.Match, *flow.SharedVariables]
}

type identityCaller struct {
	organization string
	credential   *entity.Credential
	app          *entity.App
	developer    *entity.Developer
}

type identityVariable struct {
	name  string
	value flow.Value
}

// newIdentityVariables is for one policy. prefix is "" or ends in a dot, llm
// too: VerifyAPIKey gives the same for both, OAuthV2 has the LLM quota under
// oauthv2accesstoken.POLICY.
func newIdentityVariables(prefix, llm string) *identityVariables {
	return &identityVariables{prefix: prefix, llm: llm}
}

// set tells who calls, and which product lets him.
func (v *identityVariables) set(x *flow.Exchange, h entity.Holder, m entity.Match) {
	who := identityCaller{x.Proxy.Organization, h.Credential, h.App, h.Developer}
	caller, ok := v.callers.get(who)
	if !ok {
		caller = v.callers.keep(who, identityShared(v.ofCaller(who)))
	}
	x.PutAll(caller)
	if m.Product == nil {
		return
	}
	product, ok := v.products.get(m)
	if !ok {
		product = v.products.keep(m, identityShared(v.ofProduct(m)))
	}
	x.PutAll(product)
}

// identityShared makes a set of a list, in which a later variable wins.
func identityShared(list []identityVariable) *flow.SharedVariables {
	values := make(map[string]flow.Value, len(list))
	for _, v := range list {
		values[v.name] = v.value
	}
	return flow.NewSharedVariables(values)
}

func (v *identityVariables) ofCaller(who identityCaller) []identityVariable {
	app, c := who.app, who.credential
	l := identityList{prefix: v.prefix + "app."}
	l.attributes(app.Attributes)
	l.text("name", app.Name)
	l.text("id", app.ID)
	l.text("accessType", app.AccessType)
	l.text("callbackUrl", app.CallbackURL)
	l.text("DisplayName", cmp.Or(app.DisplayName, identityAttribute(app.Attributes, "DisplayName")))
	l.text("status", cmp.Or(app.Status, "approved"))
	l.text("appFamily", app.AppFamily)
	l.list("scopes", cmp.Or(len(c.Scopes), len(app.Scopes)) > 0, identityScopes(who))
	l.list("apiproducts", true, identityProducts(c))
	l.stamp(app.Stamp)
	l.parent(app, who.developer)

	l.prefix = v.prefix
	l.global("client_id", c.ConsumerKey)
	l.global("developer.app.name", app.Name)
	l.global("developer.app.id", app.ID) // without the prefix: as official samples print it
	if who.developer != nil {
		l.developer(who.organization, who.developer)
	}
	return append(l.made, identityApigee(who)...)
}

// identityApigee are apigee.* of a caller, which no page lists. Public bundles read
// them after OAuthV2 and GetOAuthV2Info, and a public trace of the latter shows them.
// That VerifyAPIKey sets them too is inferred from less: a public shared flow reads
// apigee.apiproduct.name after either check. That the ID has the form of developer.id
// is a guess.
func identityApigee(who identityCaller) []identityVariable {
	l := identityList{prefix: "apigee."}
	l.text("client_id", who.credential.ConsumerKey)
	l.text("developer.app.name", who.app.Name)
	if who.developer != nil {
		l.text("developer.email", who.developer.Email)
		l.text("developer.id", identityDeveloper(who.organization, who.developer.ID))
	}
	return l.made
}

// identityPutApigee sets them where nothing else of the caller is set.
func identityPutApigee(x *flow.Exchange, h entity.Holder) {
	for _, v := range identityApigee(identityCaller{x.Proxy.Organization, h.Credential, h.App, h.Developer}) {
		x.Put(v.name, v.value)
	}
}

const (
	identityApigeeToken   = "apigee.access_token"
	identityApigeeProduct = "apigee.apiproduct.name"
)

// parent tells whose app it is: a developer's, or an app group's. App groups have
// no status of their own here.
func (l *identityList) parent(app *entity.App, d *entity.Developer) {
	if d == nil {
		l.text("appType", "AppGroup")
		l.text("appParentId", app.AppGroup)
		l.text("appParentStatus", "active")
		return
	}
	l.text("appType", "Developer")
	l.text("appParentId", d.ID)
	l.text("appParentStatus", cmp.Or(d.Status, "active"))
}

// developer has the ID as ORGANIZATION@@@ID, as documented.
func (l *identityList) developer(organization string, d *entity.Developer) {
	prefix := l.prefix
	l.prefix += "developer."
	l.attributes(d.Attributes)
	l.text("userName", d.UserName)
	l.text("firstName", d.FirstName)
	l.text("lastName", d.LastName)
	l.text("email", d.Email)
	l.text("status", cmp.Or(d.Status, "active"))
	l.list("apps", true, d.Apps)
	l.stamp(d.Stamp)
	l.prefix = prefix
	l.global("developer.id", identityDeveloper(organization, d.ID))
}

func identityDeveloper(organization, id string) string { return organization + "@@@" + id }

func (v *identityVariables) ofProduct(m entity.Match) []identityVariable {
	p := m.Product
	l := identityList{prefix: v.prefix + "apiproduct."}
	l.attributes(p.Attributes)
	l.quota("developer.quota.", m.Quota())
	l.operation(m)
	l.prefix = "apiproduct."
	l.operation(m)
	l.prefix = v.llm + "apiproduct."
	l.quota("developer.llmQuota.", identityLLMQuota(m))
	l.prefix = v.prefix
	l.global("apiproduct.name", p.Name)
	l.prefix = ""
	l.text(identityApigeeProduct, p.Name)
	return l.made
}

// identityPayload is where ParsePayload tells the operation of the payload, which
// products may name instead of a path.
const identityPayload = "apigee.payload.operation"

// operation has variables under the prefix and without, as runtime.md 6.2 has them.
// Operations of a REST proxy have no name; that their resource is
// apiproduct.operation, documented as the name, is inferred.
func (l *identityList) operation(m entity.Match) {
	if m.Operation != nil {
		l.text("operation", m.Resource)
		l.text("operation.resource", m.Resource)
		l.list("operation.methods", len(m.Operation.Methods) > 0, m.Operation.Methods)
	}
	if m.Config == nil {
		return
	}
	for _, a := range m.Config.Attributes {
		l.text("operation.attributes."+a.Name, a.Value)
	}
}

func identityLLMQuota(m entity.Match) entity.QuotaLimit {
	if m.Config != nil && m.Config.LLMQuota != nil && m.Config.LLMQuota.Limit != "" {
		return *m.Config.LLMQuota
	}
	return entity.QuotaLimit{Limit: m.Product.LLMQuota, Interval: m.Product.LLMInterval, TimeUnit: m.Product.LLMTimeUnit}
}

// identityScopes are the credential's, or those that the app asked for.
func identityScopes(who identityCaller) []string {
	if len(who.credential.Scopes) > 0 {
		return who.credential.Scopes
	}
	return who.app.Scopes
}

func identityProducts(c *entity.Credential) []string {
	names := make([]string, len(c.Products))
	for i, ref := range c.Products {
		names[i] = ref.Name
	}
	return names
}

func identityAttribute(list []entity.Attribute, name string) string {
	value, _ := entity.ValueOf(list, name)
	return value
}

// identityList collects variables. What is empty stays unset; a later one wins,
// so custom attributes come before what is documented.
type identityList struct {
	prefix string
	made   []identityVariable
}

func (l *identityList) add(name string, v flow.Value) {
	l.made = append(l.made, identityVariable{l.prefix + name, v})
}

func (l *identityList) text(name, text string) {
	if text != "" {
		l.add(name, flow.Text(text))
	}
}

func (l *identityList) list(name string, is bool, items []string) {
	if is {
		l.add(name, flow.List(items))
	}
}

// global sets the variable under the prefix and without.
func (l *identityList) global(name, text string) {
	l.text(name, text)
	if l.prefix != "" {
		l.made = append(l.made, identityVariable{name, flow.Text(text)})
	}
}

func (l *identityList) attributes(list []entity.Attribute) {
	for _, a := range list {
		l.add(a.Name, flow.Text(a.Value))
	}
}

func (l *identityList) quota(name string, q entity.QuotaLimit) {
	l.text(name+"limit", string(q.Limit))
	l.text(name+"interval", string(q.Interval))
	l.text(name+"timeunit", q.TimeUnit)
}

func (l *identityList) stamp(s entity.Stamp) {
	l.text("created_by", s.CreatedBy)
	l.text("last_modified_by", s.LastModifiedBy)
	if s.CreatedAt.Set() {
		l.add("created_at", flow.Int64(int64(s.CreatedAt)))
	}
	if s.LastModifiedAt.Set() {
		l.add("last_modified_at", flow.Int64(int64(s.LastModifiedAt)))
	}
}

// identityMemo remembers what was made of entities.
type identityMemo[K comparable, V any] struct {
	mu   sync.RWMutex // guards made
	made map[K]V
}

// identityMemoSize bounds the memory of a policy: with so many callers that it
// is not enough, remembering starts anew, which also lets go of replaced
// entities.
const identityMemoSize = 4096

func (m *identityMemo[K, V]) get(k K) (V, bool) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	v, ok := m.made[k]
	return v, ok
}

func (m *identityMemo[K, V]) keep(k K, v V) V {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.made == nil || len(m.made) >= identityMemoSize {
		m.made = map[K]V{}
	}
	m.made[k] = v
	return v
}
