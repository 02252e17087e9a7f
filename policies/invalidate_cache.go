package policies

import (
	"context"

	"github.com/beevik/etree"

	"sluice/flow"
)

var _ = register(flow.Kind{
	Name:    "InvalidateCache",
	Group:   "traffic",
	Waits:   true,
	Compile: compileInvalidateCache,
	Doc: flow.Doc{
		Title: "removes entries from a cache",
		Text: `Removes the entry of CacheKey. With PurgeChildEntries all entries go that have its Prefix, or the prefix that Scope
stands for, whatever their fragments. CacheContext names another proxy, ProxyEndpoint or TargetEndpoint for the scope, so that
its entries can be removed. An entry that is not there is no failure. LookupCache says how the key is made.`,
		Sample: `<InvalidateCache name="IC-Token">
  <CacheResource>tokens</CacheResource>
  <CacheKey>
    <Prefix>token</Prefix>
    <KeyFragment ref="request.header.user"/>
  </CacheKey>
  <Scope>Application</Scope>
  <CacheContext>
    <APIProxyName>login</APIProxyName>
    <ProxyName>default</ProxyName>
    <TargetName>default</TargetName>
  </CacheContext>
  <PurgeChildEntries>false</PurgeChildEntries>
</InvalidateCache>`,
	},
})

// invalidateCache is specified by policies-1.md 22.
type invalidateCache struct {
	key      cacheKey
	children bool
}

func compileInvalidateCache(b *flow.Build, el *etree.Element) flow.Policy {
	b.NeedState(el)
	b.Known(el, "CacheKey", "CacheResource", "Scope", "CacheContext", "PurgeChildEntries")
	return &invalidateCache{key: compileCacheKey(b, el), children: b.Bool(el, "PurgeChildEntries", false)}
}

func (p *invalidateCache) Execute(ctx context.Context, x *flow.Exchange) error {
	key := p.key.of(x)
	if broken := x.Err(); broken != nil {
		return broken
	}
	// What could not be removed would go on being served: that is a failure.
	return x.Services.Caches.Remove(ctx, key, p.children)
}
