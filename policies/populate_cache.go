package policies

import (
	"context"
	"time"

	"github.com/beevik/etree"

	"sluice/faults"
	"sluice/flow"
)

var _ = register(flow.Kind{
	Name:    "PopulateCache",
	Group:   "traffic",
	Waits:   true,
	Compile: compilePopulateCache,
	Doc: flow.Doc{
		Title: "stores the value of a variable in a cache",
		Text: `Stores the value of the variable Source under CacheKey, for as long as ExpirySettings say: TimeoutInSeconds, else
TimeOfDay (the next hh:mm:ss, UTC), else ExpiryDate (mm-dd-yyyy), each with a ref that comes before its text. Zero or less
seconds, and no settings, stand for 30 days. A Source that does not resolve stores nothing; a message cannot be stored, but
its content can. LookupCache says how the key is made.`,
		Sample: `<PopulateCache name="PC-Token">
  <CacheResource>tokens</CacheResource>
  <CacheKey>
    <Prefix>token</Prefix>
    <KeyFragment ref="request.header.user"/>
  </CacheKey>
  <Scope>Application</Scope>
  <ExpirySettings>
    <TimeoutInSeconds ref="token.life">300</TimeoutInSeconds>
  </ExpirySettings>
  <Source>token</Source>
</PopulateCache>`,
	},
})

// populateCache is specified by policies-2.md 2.
type populateCache struct {
	key     cacheKey
	source  *flow.Name
	expiry  cacheExpiry
	refused *faults.Def
	// variables: populatecache.POLICY.cachename, cachekey
	cacheName, cacheKey string
}

func compilePopulateCache(b *flow.Build, el *etree.Element) flow.Policy {
	b.NeedState(el)
	b.Known(el, "CacheKey", "CacheResource", "Scope", "Source", "ExpirySettings")
	variable := "populatecache." + b.Owner + "."
	return &populateCache{
		key: compileCacheKey(b, el), source: b.Name(b.Need(el, "Source")), expiry: compileCacheExpiry(b, el),
		refused:   b.Fault("EntryCannotBeCached"),
		cacheName: variable + "cachename", cacheKey: variable + "cachekey",
	}
}

func (p *populateCache) Execute(ctx context.Context, x *flow.Exchange) error {
	key, life, v := p.key.of(x), p.expiry.life(x), x.Get(p.source)
	if broken := x.Err(); broken != nil {
		return broken
	}
	if v.Message() != nil {
		return p.refused.New()
	}
	x.Put(p.cacheName, flow.Text(p.key.resource))
	x.Put(p.cacheKey, flow.Text(key.Key))
	if v.IsNull() || life <= 0 {
		return nil
	}
	return p.store(ctx, x, key, []byte(v.String()), life)
}

// store keeps the value. A value that is too large fails the policy; a cache that
// does not answer does not: it is only a cache.
func (p *populateCache) store(ctx context.Context, x *flow.Exchange, k flow.CacheKey, value []byte, life time.Duration) error {
	err := x.Services.Caches.Put(ctx, k, value, life)
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	case len(value) > flow.MaxCached:
		return p.refused.Wrap(err)
	}
	x.Warn("nothing was cached: " + err.Error())
	return nil
}
