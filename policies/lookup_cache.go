package policies

import (
	"context"
	"errors"
	"time"

	"github.com/beevik/etree"

	"sluice/flow"
)

var _ = register(flow.Kind{
	Name:    "LookupCache",
	Group:   "traffic",
	Waits:   true,
	Compile: compileLookupCache,
	Doc: flow.Doc{
		Title: "reads a value from a cache into a variable",
		Text: `Looks for the entry of CacheKey and assigns its value to AssignTo. A miss leaves the variable as it is and is no
failure; lookupcache.POLICY.cachehit tells whether there was an entry. What takes longer than
CacheLookupTimeoutInSeconds counts as a miss.

The key is Prefix, or what Scope stands for, and the KeyFragments, joined by two underscores. PopulateCache and
InvalidateCache must have the same CacheResource, Scope, Prefix and fragments; with the scope Exclusive, which is the
default, a flow of a TargetEndpoint does not find what a flow of the ProxyEndpoint stored. Caches need not be declared.`,
		Sample: `<LookupCache name="LC-Token">
  <CacheResource>tokens</CacheResource>
  <CacheKey>
    <Prefix>token</Prefix>
    <KeyFragment ref="request.header.user"/>
  </CacheKey>
  <Scope>Application</Scope>
  <CacheLookupTimeoutInSeconds>2</CacheLookupTimeoutInSeconds>
  <AssignTo>cached.token</AssignTo>
</LookupCache>`,
	},
})

// lookupCache is specified by policies-2.md 1.
type lookupCache struct {
	key     cacheKey
	to      *flow.Name
	timeout time.Duration
	// variables: lookupcache.POLICY.cachename and so on
	cacheName, cacheKey, cacheHit, assignTo string
}

// lookupTimeout is the default of CacheLookupTimeoutInSeconds.
const lookupTimeout = 12 * time.Second

func compileLookupCache(b *flow.Build, el *etree.Element) flow.Policy {
	b.NeedState(el)
	b.Known(el, "CacheKey", "CacheResource", "Scope", "AssignTo", "CacheLookupTimeoutInSeconds")
	variable := "lookupcache." + b.Owner + "."
	return &lookupCache{
		key: compileCacheKey(b, el), to: b.Name(b.Need(el, "AssignTo")), timeout: cacheTimeout(b, el, lookupTimeout),
		cacheName: variable + "cachename", cacheKey: variable + "cachekey", cacheHit: variable + "cachehit", assignTo: variable + "assignto",
	}
}

func (p *lookupCache) Execute(ctx context.Context, x *flow.Exchange) error {
	key := p.key.of(x)
	if broken := x.Err(); broken != nil {
		return broken // a body that cannot be read looks like an unresolved variable
	}
	ctx, cancel := context.WithTimeout(ctx, x.Remaining(p.timeout))
	defer cancel()
	value, hit := x.Services.Caches.Get(ctx, key)
	x.Put(p.cacheName, flow.Text(p.key.resource))
	x.Put(p.cacheKey, flow.Text(key.Key))
	x.Put(p.cacheHit, flow.Bool(hit))
	x.Put(p.assignTo, flow.Text(p.to.String()))
	if !hit {
		return nil
	}
	err := x.Set(p.to, flow.Text(string(value)))
	if denied, ok := errors.AsType[*flow.SetError](err); ok {
		x.Warn(denied.Error()) // what cannot be written keeps its value (runtime.md 6)
		return nil
	}
	return err
}
