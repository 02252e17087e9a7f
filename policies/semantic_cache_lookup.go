package policies

import (
	"context"
	"math"
	"strconv"

	"github.com/beevik/etree"

	"sluice/flow"
)

var _ = register(flow.Kind{
	Name:    "SemanticCacheLookup",
	Group:   "traffic",
	Waits:   true,
	Compile: compileSemanticCacheLookup,
	Doc: flow.Doc{
		Title: "answers a prompt from the cache when one that means the same was answered before",
		Text: `Asks the model at Embeddings/VertexAI/URL for the embedding of the prompt, and the index at
SimilaritySearch/VertexAI/URL for the nearest prompt that SemanticCachePopulate put there. When that is as near as
Threshold says (0.9 without one), and its answer still is in the cache, the answer is served with the
header Cached-Content: true: the target and the flows of the target are skipped, the response flow of the
ProxyEndpoint runs. Otherwise the request goes on, and SemanticCachePopulate stores what the target answers.

UserPromptSource gives the prompt; without it that is the last text of a request to a Gemini model. The key is the
prompt alone: put the policy where the rest of the request does not matter. DistanceMeasureType is that of the index: with
DOT_PRODUCT_DISTANCE, the default, 1 is the same, and a Threshold the least that is near; with COSINE_DISTANCE,
SQUARED_L2_DISTANCE and L1_DISTANCE 0 is the same, and a Threshold the most. A prompt above 256 KB is not looked for.

Both URLs are called with the token of the deployment's service account. To run without Google, serve something that
answers alike and lead the policy there: --map-host NAME=127.0.0.1:9000 --google-tokens local`,
		Sample: `<SemanticCacheLookup name="SCL-Prompt">
  <UserPromptSource>{jsonPath('$.contents[-1].parts[-1].text',request.content,true)}</UserPromptSource>
  <Embeddings>
    <VertexAI>
      <URL>https://us-central1-aiplatform.googleapis.com/v1/projects/acme/locations/us-central1/publishers/google/models/text-embedding-005:predict</URL>
    </VertexAI>
  </Embeddings>
  <SimilaritySearch>
    <VertexAI>
      <URL>https://1.us-central1-2.vdb.vertexai.goog/v1/projects/2/locations/us-central1/indexEndpoints/3:findNeighbors</URL>
      <DeployedIndexID>prompts</DeployedIndexID>
      <Threshold>0.95</Threshold>
    </VertexAI>
  </SimilaritySearch>
</SemanticCacheLookup>`,
	},
})

// semanticCacheLookup is specified by policies-2.md 32.
type semanticCacheLookup struct {
	prompt            *llmSource
	embeddings, index *vertexMethod
	deployed          string // DeployedIndexID
	threshold         float64
	near              func(distance, threshold float64) bool
}

func compileSemanticCacheLookup(b *flow.Build, el *etree.Element) flow.Policy {
	b.NeedState(el)
	b.Known(el, "UserPromptSource", "Embeddings", "SimilaritySearch", "IgnoreUnresolvedVariables")
	noPrompt := b.Fault("FailedToExtractUserPrompt")
	at := b.Child(b.Child(el, "SimilaritySearch"), "VertexAI")
	b.Known(b.Child(b.Child(el, "Embeddings"), "VertexAI"), "URL")
	b.Known(at, "URL", "DeployedIndexID", "DeployedIndexId", "Threshold", "DistanceMeasureType")
	p := &semanticCacheLookup{
		prompt:     compileLLMSource(b, el, "UserPromptSource", llmUserPrompt, noPrompt, noPrompt),
		embeddings: compileVertexMethod(b, el, "Embeddings", ":predict", b.Fault("EmbeddingsAPIFailed")),
		index:      compileVertexMethod(b, el, "SimilaritySearch", ":findNeighbors", b.Fault("VectorSearchAPIFailed")),
		deployed:   b.Text(at, "DeployedIndexId"), // as Google's tutorial spells it
		threshold:  semanticThreshold(b, at),
		near:       semanticMeasures[b.Enum(at, "DistanceMeasureType", semanticMeasureNames...)],
	}
	if p.deployed == "" && at != nil {
		p.deployed = b.Need(at, "DeployedIndexID")
	}
	return p
}

// semanticDefaultThreshold is the Threshold of a policy without one.
const semanticDefaultThreshold = 0.9

// semanticThreshold reads Threshold. Samples have a placeholder there, which somebody
// fills in before they are deployed: it is told of, and not refused. Since September
// 2026 a Threshold may be above 1, as L2 distances are.
func semanticThreshold(b *flow.Build, el *etree.Element) float64 {
	text := b.Text(el, "Threshold")
	if text == "" {
		return semanticDefaultThreshold
	}
	n, err := strconv.ParseFloat(text, 64)
	if err != nil || !(n >= 0) || math.IsInf(n, 0) {
		b.Warn(b.Child(el, "Threshold"), "InvalidValue", strconv.Quote(text)+" is no number of at least 0: 0.9 is taken", "write, for example, 0.95")
		return semanticDefaultThreshold
	}
	return n
}

var semanticMeasureNames = []string{"DOT_PRODUCT_DISTANCE", "COSINE_DISTANCE", "SQUARED_L2_DISTANCE", "L1_DISTANCE"}

// semanticMeasures say whether a prompt at that distance is near enough. An index of
// DOT_PRODUCT_DISTANCE answers the product itself, which is 1 for the same unit vector;
// with the others the same is at distance 0, and the threshold is compared in that
// direction (release notes of September 2026).
var semanticMeasures = map[string]func(distance, threshold float64) bool{
	"DOT_PRODUCT_DISTANCE": semanticAbove, "COSINE_DISTANCE": semanticBelow, "SQUARED_L2_DISTANCE": semanticBelow, "L1_DISTANCE": semanticBelow,
}

func semanticAbove(distance, threshold float64) bool { return distance >= threshold }
func semanticBelow(distance, threshold float64) bool { return distance <= threshold }

func (p *semanticCacheLookup) Execute(ctx context.Context, x *flow.Exchange) error {
	prompt, err := p.prompt.text(x)
	if err != nil {
		return err
	}
	if len(prompt) > semanticLongest {
		x.Warn("a prompt of more than 256 KB is not looked for")
		return nil
	}
	vector, err := p.embeddings.embed(ctx, x, prompt)
	if err != nil {
		return err
	}
	x.Put(semanticSearched, flow.ObjectValue(&semanticSearch{semanticID(prompt), vector}))
	near, ok, err := p.index.nearest(ctx, x, p.deployed, vector)
	if err != nil || !ok || !p.near(near.Distance, p.threshold) {
		return err
	}
	return p.serve(ctx, x, near.Datapoint.ID)
}

// serve answers with what is cached for a datapoint. The index does not forget with the
// cache: a datapoint without an answer is a miss.
func (p *semanticCacheLookup) serve(ctx context.Context, x *flow.Exchange, id string) error {
	entry, hit := x.Services.Caches.Get(ctx, semanticKey(x.Proxy, id))
	if !hit {
		return ctx.Err()
	}
	answer, err := semanticResponse(entry)
	if err != nil {
		return nil // of an older version, say: the target's answer replaces it
	}
	x.Put(semanticSearched, flow.Value{})
	return &flow.Served{Response: answer}
}
