package policies_test

import (
	"context"
	"strings"
	"testing"

	"sluice/flow"
)

func semanticLookup(search string) string {
	return "<SemanticCacheLookup><UserPromptSource>{prompt}</UserPromptSource><Embeddings><VertexAI><URL>https://e.example/m:predict</URL></VertexAI></Embeddings>" +
		"<SimilaritySearch><VertexAI><URL>https://i.example/i:findNeighbors</URL>" + search + "</VertexAI></SimilaritySearch></SemanticCacheLookup>"
}

const semanticPopulate = "<SemanticCachePopulate><SimilaritySearch><VertexAI><URL>https://i.example/i:upsertDatapoints</URL></VertexAI></SimilaritySearch>"

func TestSemanticCacheDeployment(t *testing.T) {
	const index = "<DeployedIndexID>i</DeployedIndexID>"
	for text, want := range map[string]string{
		semanticLookup(index): "",
		semanticLookup("<DeployedIndexId>i</DeployedIndexId>"): "",
		semanticLookup(""): "error MissingElement",
		semanticLookup(index + "<Threshold>near</Threshold>"):                                             "warning InvalidValue",
		semanticLookup(index + "<Threshold>1.5</Threshold>"):                                              "",
		semanticLookup(index + "<Threshold>NaN</Threshold>"):                                              "warning InvalidValue",
		semanticLookup(index + "<DistanceMeasureType>MILES</DistanceMeasureType>"):                        "error InvalidValue",
		strings.Replace(semanticLookup(index), "https://e", "http://e", 1):                                "error InvalidValue",
		strings.Replace(semanticLookup(index), ":predict", "", 1):                                         "warning InvalidValue",
		"<SemanticCacheLookup/>":                                                                          "error MissingElement, error MissingElement",
		semanticPopulate + "</SemanticCachePopulate>":                                                     "",
		semanticPopulate + "<TTLInSeconds>0</TTLInSeconds></SemanticCachePopulate>":                       "warning InvalidValue",
		"<SemanticCachePopulate><SimilaritySearch><VertexAI/></SimilaritySearch></SemanticCachePopulate>": "error MissingElement",
	} {
		_, b := permissive.compile(t, text)
		if got := strings.Join(calloutProblems(b.Problems), ", "); got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
}

// vertex answers for the model and for the index.
func vertex(embedding, neighbors string) *callee {
	return &callee{answer: func(ctx context.Context, x *flow.Exchange, c flow.Call) (*flow.Message, error) {
		switch {
		case strings.HasSuffix(c.URL, ":predict"):
			return says(200, embedding)(ctx, x, c)
		case strings.HasSuffix(c.URL, ":findNeighbors"):
			return says(200, neighbors)(ctx, x, c)
		}
		return says(200, "{}")(ctx, x, c)
	}}
}

const semanticVector = `{"predictions": [{"embeddings": {"values": [0.25, -1e-3]}}]}`

// TestSemanticCacheMeasures: what counts as near depends on how the index measures.
func TestSemanticCacheMeasures(t *testing.T) {
	for _, tt := range []struct {
		search, distance string
		hit              bool
	}{
		{"", "0.91", true}, {"", "0.89", false},
		{"<Threshold>0.8</Threshold>", "0.81", true},
		{"<Threshold>0.1</Threshold><DistanceMeasureType>COSINE_DISTANCE</DistanceMeasureType>", "0.05", true},
		{"<Threshold>0.1</Threshold><DistanceMeasureType>COSINE_DISTANCE</DistanceMeasureType>", "0.91", false},
		{"<Threshold>1.5</Threshold><DistanceMeasureType>SQUARED_L2_DISTANCE</DistanceMeasureType>", "1.4", true},
		{"<Threshold>1.5</Threshold><DistanceMeasureType>SQUARED_L2_DISTANCE</DistanceMeasureType>", "1.6", false},
		{"<Threshold>3</Threshold><DistanceMeasureType>L1_DISTANCE</DistanceMeasureType>", "2.9", true},
		{"<Threshold>3</Threshold><DistanceMeasureType>L1_DISTANCE</DistanceMeasureType>", "3.1", false},
	} {
		w, x := permissive, client()
		called := vertex(semanticVector, `{"nearestNeighbors": [{"neighbors": [{"datapoint": {"datapointId": "d"}, "distance": `+tt.distance+`}]}]}`)
		w.connection = called
		asked := &askedCaches{}
		x.Services.Caches = asked
		x.Put("prompt", flow.Text("hello"))
		if err := w.run(t, x, semanticLookup("<DeployedIndexID>i</DeployedIndexID>"+tt.search)); err != nil {
			t.Fatal(err)
		}
		if got := asked.key != (flow.CacheKey{}); got != tt.hit {
			t.Errorf("%s at distance %s: near is %v", tt.search, tt.distance, got)
		}
	}
}

// askedCaches are empty, and remember what was asked for.
type askedCaches struct {
	flow.Caches
	key flow.CacheKey
}

func (c *askedCaches) Get(_ context.Context, k flow.CacheKey) ([]byte, bool) {
	c.key = k
	return nil, false
}

// TestSemanticCachePopulateAlone: without a lookup, or with an answer that is no
// success, nothing is called.
func TestSemanticCachePopulateAlone(t *testing.T) {
	w, x := permissive, answered()
	called := vertex(semanticVector, "{}")
	w.connection = called
	if err := w.run(t, x, semanticPopulate+"</SemanticCachePopulate>"); err != nil || len(called.calls) > 0 {
		t.Errorf("%v, calls %v", err, called.calls)
	}
}

// FuzzSemanticCacheLookup: no answer of the model or of the index breaks anything.
func FuzzSemanticCacheLookup(f *testing.F) {
	f.Add(semanticVector, `{"nearestNeighbors": [{"neighbors": [{"datapoint": {"datapointId": "d"}, "distance": 1}]}]}`)
	f.Add(`{"predictions": [{"embeddings": {"values": ["1"]}}]}`, `{"nearestNeighbors": [{"neighbors": []}]}`)
	f.Add(`{"predictions": null}`, `[]`)
	w := permissive
	called := &callee{}
	w.connection = called
	p, _ := w.compile(f, semanticLookup("<DeployedIndexID>i</DeployedIndexID>"))
	f.Fuzz(func(t *testing.T, embedding, neighbors string) {
		called.answer, called.calls = vertex(embedding, neighbors).answer, nil
		x := client()
		x.Services.Caches = &askedCaches{}
		x.Put("prompt", flow.Text("hello"))
		if err := p.Execute(t.Context(), x); err != nil && !strings.Contains(faultText(err), "steps.semanticcache.lookup.") {
			t.Error(err)
		}
	})
}
