package policies

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/beevik/etree"

	"sluice/flow"
)

var _ = register(flow.Kind{
	Name:    "SemanticCachePopulate",
	Group:   "traffic",
	Waits:   true,
	Compile: compileSemanticCachePopulate,
	Doc: flow.Doc{
		Title: "stores an answer for prompts that mean the same",
		Text: `Stores the payload of the response for TTLInSeconds (60 without it), and puts the embedding of the prompt, which
SemanticCacheLookup has found out in the request flow, into the index at SimilaritySearch/VertexAI/URL.

Nothing is stored when the answer came from the cache, when no SemanticCacheLookup ran, when the status is not 2xx,
when the payload is above 256 KB, nor when it is streamed. Cache-Control does not count.`,
		Sample: `<SemanticCachePopulate name="SCP-Answer">
  <SimilaritySearch>
    <VertexAI>
      <URL>https://us-central1-aiplatform.googleapis.com/v1/projects/2/locations/us-central1/indexes/4:upsertDatapoints</URL>
    </VertexAI>
  </SimilaritySearch>
  <TTLInSeconds>600</TTLInSeconds>
</SemanticCachePopulate>`,
	},
})

// semanticCachePopulate is specified by policies-2.md 32.
type semanticCachePopulate struct {
	index *vertexMethod
	life  time.Duration
}

func compileSemanticCachePopulate(b *flow.Build, el *etree.Element) flow.Policy {
	b.NeedState(el)
	b.Known(el, "SimilaritySearch", "TTLInSeconds", "IgnoreUnresolvedVariables")
	b.ReadsContent("response")
	b.Known(b.Child(b.Child(el, "SimilaritySearch"), "VertexAI"), "URL")
	return &semanticCachePopulate{
		index: compileVertexMethod(b, el, "SimilaritySearch", ":upsertDatapoints", b.Fault("VectorSearchUpsertAPIFailed")),
		life:  semanticLife(b, el),
	}
}

const (
	// semanticDefaultLife is the life of an answer without TTLInSeconds.
	semanticDefaultLife = 60 * time.Second
	// semanticMostSeconds is how long any cache entry can live (recalled).
	semanticMostSeconds = 30 * 24 * 3600
)

// semanticLife reads TTLInSeconds. As with Threshold a placeholder is not refused.
func semanticLife(b *flow.Build, el *etree.Element) time.Duration {
	text := b.Text(el, "TTLInSeconds")
	if text == "" {
		return semanticDefaultLife
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n <= 0 {
		b.Warn(b.Child(el, "TTLInSeconds"), "InvalidValue", strconv.Quote(text)+" is no number of seconds above 0: 60 are taken", "write, for example, 600")
		return semanticDefaultLife
	}
	return time.Duration(min(n, semanticMostSeconds)) * time.Second
}

func (p *semanticCachePopulate) Execute(ctx context.Context, x *flow.Exchange) error {
	v, _ := x.Held(semanticSearched)
	search, ok := v.Ref().(*semanticSearch)
	if !ok || x.Response == nil || x.InError() || x.Response.Status/100 != 2 {
		return nil
	}
	if x.Response.Streamed && x.Response.Body.Flowing() {
		x.Warn("an answer that is streamed is not cached")
		return nil
	}
	payload, err := x.Response.Content()
	if err != nil {
		return err
	}
	contentType := x.Response.Header.Value("Content-Type")
	if len(payload) > semanticLongest || strings.ContainsAny(contentType, "\r\n") {
		x.Warn("the answer is too large to be cached")
		return nil
	}
	return p.store(ctx, x, search, semanticEntry(contentType, payload))
}

// store caches the answer before the index knows of it: whoever finds the datapoint
// finds the answer.
func (p *semanticCachePopulate) store(ctx context.Context, x *flow.Exchange, search *semanticSearch, entry []byte) error {
	if err := x.Services.Caches.Put(ctx, semanticKey(x.Proxy, search.id), entry, p.life); err != nil {
		x.Warn("nothing was cached: " + err.Error())
		return ctx.Err()
	}
	return p.index.upsert(ctx, x, search.id, search.vector)
}
