package policies

import (
	"strings"

	"github.com/beevik/etree"

	"sluice/flow"
)

// cacheKey is CacheKey, CacheResource, Scope and CacheContext, as the four cache
// policies share them (policies-2.md 1, policies-1.md 22).
type cacheKey struct {
	resource  string // CacheResource; "" is the shared default cache
	prefix    string // Prefix; "" leaves it to the scope
	scope     string
	fragments []*flow.TextOrRef
	// proxy, endpoint and target stand for the names of the running exchange:
	// InvalidateCache's CacheContext.
	proxy, endpoint, target string
}

// cacheScopes: Exclusive is the default (recalled).
var cacheScopes = []string{"Exclusive", "Global", "Application", "Proxy", "Target"}

// cacheSeparator joins the parts of a key (recalled).
const cacheSeparator = "__"

func compileCacheKey(b *flow.Build, el *etree.Element) cacheKey {
	key := b.Child(el, "CacheKey")
	if key == nil {
		b.RefuseText(el, "MissingElement", "element CacheKey is missing", `add <CacheKey><KeyFragment ref="variable"/></CacheKey>`)
	}
	b.Known(key, "Prefix", "KeyFragment")
	context := b.Child(el, "CacheContext")
	b.Known(context, "APIProxyName", "ProxyName", "TargetName")
	k := cacheKey{
		resource: b.Text(el, "CacheResource"), prefix: b.Text(key, "Prefix"), scope: b.Enum(el, "Scope", cacheScopes...),
		proxy: b.Text(context, "APIProxyName"), endpoint: b.Text(context, "ProxyName"), target: b.Text(context, "TargetName"),
	}
	for _, f := range flow.Children(key, "KeyFragment") {
		k.fragments = append(k.fragments, b.TextOrRef(f))
	}
	return k
}

// of returns the key for x; more is appended as further fragments. A fragment
// that does not resolve is empty (inferred).
func (k *cacheKey) of(x *flow.Exchange, more ...string) flow.CacheKey {
	prefix := k.prefix
	if prefix == "" {
		prefix = k.scoped(x)
	}
	parts := []string{prefix}
	for _, f := range k.fragments {
		v, _ := f.Value(x)
		parts = append(parts, v.String())
	}
	return flow.CacheKey{
		// A cache belongs to an environment, whatever Prefix says.
		Resource: x.Proxy.Organization + "/" + x.Proxy.Environment + "/" + k.resource,
		Prefix:   prefix,
		Key:      strings.Join(append(parts, more...), cacheSeparator),
	}
}

// scoped is the prefix that Scope stands for (recalled; policies-2.md 1).
func (k *cacheKey) scoped(x *flow.Exchange) string {
	p := x.Proxy
	parts := []string{p.Organization, p.Environment}
	if k.scope != "Global" {
		parts = append(parts, orElse(k.proxy, p.Name))
	}
	switch {
	case k.scope == "Proxy" || k.scope == "Exclusive" && !inTarget(x):
		parts = append(parts, p.Revision, orElse(k.endpoint, p.Endpoint))
	case k.scope == "Target" || k.scope == "Exclusive":
		parts = append(parts, p.Revision, orElse(k.target, x.Target.Name))
	}
	return strings.Join(parts, cacheSeparator)
}

// inTarget reports whether the policy runs in a flow of a TargetEndpoint.
func inTarget(x *flow.Exchange) bool {
	return x.Phase == flow.TargetRequest || x.Phase == flow.TargetResponse
}

func orElse(s, otherwise string) string {
	if s != "" {
		return s
	}
	return otherwise
}
