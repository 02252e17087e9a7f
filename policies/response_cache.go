package policies

import (
	"context"
	"strings"
	"time"

	"github.com/beevik/etree"

	"sluice/flow"
)

var _ = register(flow.Kind{
	Name:    "ResponseCache",
	Group:   "traffic",
	Waits:   true,
	Compile: compileResponseCache,
	Once:    &flow.Once{Request: "ResponseCacheStepAttachmentNotAllowedReq", Response: "ResponseCacheStepAttachmentNotAllowedResp"},
	Doc: flow.Doc{
		Title: "answers from a cache instead of the target",
		Text: `One policy, attached twice: in a request flow it looks for the response of CacheKey, in a response flow it stores
it. After a hit the rest of the request flows and the target are skipped, and the response flows go on at the policy's
step there: what comes before it does not run. responsecache.POLICY.cachehit tells which way was taken.

SkipCacheLookup and SkipCachePopulation are conditions. UseAcceptHeader makes the client's Accept headers part of the key.
UseResponseCacheHeaders lets Cache-Control and Expires of the response shorten its life, or forbid to store it.
ExcludeErrorResponse, true unless it says false, stores only responses of status 200 to 205. A response above 512 KB is not
stored, nor one that is streamed. ExpirySettings are as in PopulateCache, the key is as in LookupCache; any verb is cached,
so put request.verb into the key or a Condition on the step where it matters.`,
		Sample: `<ResponseCache name="RC-Products">
  <CacheKey>
    <KeyFragment ref="request.uri"/>
  </CacheKey>
  <Scope>Exclusive</Scope>
  <ExpirySettings>
    <TimeoutInSeconds>600</TimeoutInSeconds>
  </ExpirySettings>
  <CacheLookupTimeoutInSeconds>30</CacheLookupTimeoutInSeconds>
  <ExcludeErrorResponse>true</ExcludeErrorResponse>
  <SkipCacheLookup>request.header.bypass-cache = "true"</SkipCacheLookup>
  <SkipCachePopulation>request.verb != "GET"</SkipCachePopulation>
  <UseAcceptHeader>true</UseAcceptHeader>
  <UseResponseCacheHeaders>true</UseResponseCacheHeaders>
</ResponseCache>`,
	},
})

// responseCache is specified by policies-2.md 3.
type responseCache struct {
	name                       string
	key                        cacheKey
	expiry                     cacheExpiry
	timeout                    time.Duration
	skipLookup, skipPopulation *flow.Condition // nil is false
	excludeErrors              bool
	acceptHeaders              bool
	responseHeaders            bool
	// variables: responsecache.POLICY.cachename and so on
	cacheName, cacheKey, cacheHit, invalidEntry string
	lookedFor                                   string // holds the flow.CacheKey for the response flow
}

// responseTimeout is the default of CacheLookupTimeoutInSeconds.
const responseTimeout = 30 * time.Second

func compileResponseCache(b *flow.Build, el *etree.Element) flow.Policy {
	b.NeedState(el)
	b.Known(el, "CacheKey", "CacheResource", "Scope", "ExpirySettings", "CacheLookupTimeoutInSeconds", "ExcludeErrorResponse",
		"SkipCacheLookup", "SkipCachePopulation", "UseAcceptHeader", "UseResponseCacheHeaders")
	b.ReadsContent("response")
	variable := "responsecache." + b.Owner + "."
	return &responseCache{
		name: b.Owner, key: compileCacheKey(b, el), expiry: compileCacheExpiry(b, el), timeout: cacheTimeout(b, el, responseTimeout),
		skipLookup: compileSkip(b, el, "SkipCacheLookup"), skipPopulation: compileSkip(b, el, "SkipCachePopulation"),
		// On Edge the default is false (policies-2.md 3).
		excludeErrors: b.Bool(el, "ExcludeErrorResponse", true),
		acceptHeaders: b.Bool(el, "UseAcceptHeader", false), responseHeaders: b.Bool(el, "UseResponseCacheHeaders", false),
		cacheName: variable + "cachename", cacheKey: variable + "cachekey", cacheHit: variable + "cachehit", invalidEntry: variable + "invalidentry",
		lookedFor: variable + "lookup",
	}
}

// compileSkip reads SkipCacheLookup or SkipCachePopulation. One that does not parse
// has the code that Apigee shows for it, and the reason that Apigee does not show:
// there the code's own message pattern is the invalid one (playbook).
func compileSkip(b *flow.Build, el *etree.Element, tag string) *flow.Condition {
	before := len(b.Problems)
	c := b.Condition(b.Child(el, tag))
	for i := before; i < len(b.Problems); i++ {
		if p := &b.Problems[i]; p.Severity == flow.Error.String() {
			p.Code = "InvalidMessagePatternForErrorCode"
		}
	}
	return c
}

func (p *responseCache) Execute(ctx context.Context, x *flow.Exchange) error {
	if x.Phase <= flow.TargetRequest {
		return p.lookup(ctx, x)
	}
	return p.populate(ctx, x)
}

// lookup answers with the cached response, if there is one.
func (p *responseCache) lookup(ctx context.Context, x *flow.Exchange) error {
	key := p.key.of(x, p.accepted(x)...)
	skip, err := skips(x, p.skipLookup, p.name)
	if err != nil {
		return err
	}
	if broken := x.Err(); broken != nil {
		return broken
	}
	x.Put(p.cacheName, flow.Text(p.key.resource))
	x.Put(p.cacheKey, flow.Text(key.Key))
	x.Put(p.cacheHit, flow.Bool(false))
	x.Put(p.invalidEntry, flow.Bool(false))
	x.Put(p.lookedFor, flow.ObjectValue(key))
	if skip {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, x.Remaining(p.timeout))
	defer cancel()
	data, hit := x.Services.Caches.Get(ctx, key)
	if !hit {
		return nil
	}
	m, err := decodeResponse(data)
	if err != nil {
		x.Put(p.invalidEntry, flow.Bool(true)) // of an older version, say: the target's answer replaces it
		return nil
	}
	x.Put(p.cacheHit, flow.Bool(true))
	return &flow.Served{Step: p.name, Response: unlessFresh(x.Request, m)}
}

// skips evaluates SkipCacheLookup or SkipCachePopulation; absent means false.
func skips(x *flow.Exchange, c *flow.Condition, owner string) (bool, error) {
	if c == nil {
		return false, nil
	}
	return c.Holds(x, owner)
}

// accepted is what UseAcceptHeader appends to the key.
func (p *responseCache) accepted(x *flow.Exchange) []string {
	if !p.acceptHeaders {
		return nil
	}
	var parts []string
	for _, name := range [...]string{"Accept", "Accept-Encoding", "Accept-Language", "Accept-Charset"} {
		all, _ := x.Request.Header.Joined(name)
		parts = append(parts, all)
	}
	return parts
}

// populate stores the response, unless it came from the cache.
func (p *responseCache) populate(ctx context.Context, x *flow.Exchange) error {
	if hit, ok := x.Held(p.cacheHit); ok && hit.True() || x.Response == nil || x.InError() {
		return nil
	}
	skip, err := skips(x, p.skipPopulation, p.name)
	if err != nil || skip {
		return err
	}
	key := p.keyOfLookup(x)
	life := p.life(x)
	if broken := x.Err(); broken != nil {
		return broken
	}
	if life <= 0 || p.excludeErrors && (x.Response.Status < 200 || x.Response.Status > 205) {
		return nil
	}
	if x.Response.Streamed && x.Response.Body.Flowing() {
		x.Warn("a response that is streamed is not cached")
		return nil
	}
	data, err := encodeResponse(x.Response)
	if err != nil {
		return err
	}
	if len(data) > flow.MaxCached {
		x.Warn("the response is too large to be cached")
		return nil
	}
	if err := x.Services.Caches.Put(ctx, key, data, life); err != nil {
		x.Warn("nothing was cached: " + err.Error())
	}
	return ctx.Err()
}

// keyOfLookup is the key that the request flow looked for: since then policies may
// have changed what it is made of, and the scope Exclusive means another prefix in
// a TargetEndpoint.
func (p *responseCache) keyOfLookup(x *flow.Exchange) flow.CacheKey {
	if v, ok := x.Held(p.lookedFor); ok {
		if key, ok := v.Ref().(flow.CacheKey); ok {
			return key
		}
	}
	return p.key.of(x, p.accepted(x)...)
}

// life is how long the response may be kept; zero or less is not at all.
func (p *responseCache) life(x *flow.Exchange) time.Duration {
	life := p.expiry.life(x)
	if !p.responseHeaders {
		return life
	}
	if allowed, said := freshness(x.Response.Header, x.Now()); said {
		life = min(life, allowed)
	}
	return life
}

// unlessFresh is the cached response, or 304 when the client has it already
// (supported in part, policies-2.md 3: If-None-Match with GET and HEAD).
func unlessFresh(request, m *flow.Message) *flow.Message {
	tag := strings.TrimPrefix(m.Header.Value("ETag"), "W/")
	if tag == "" || m.Status != 200 || request.Method != "GET" && request.Method != "HEAD" {
		return m
	}
	for _, have := range request.Header.Items("If-None-Match") {
		if have == "*" || strings.TrimPrefix(have, "W/") == tag {
			m.Status, m.Reason = 304, ""
			m.ClearContent()
			return m
		}
	}
	return m
}
