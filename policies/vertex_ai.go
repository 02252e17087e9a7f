package policies

import (
	"context"
	"encoding/json"
	"errors"
	"strings"

	"github.com/beevik/etree"

	"sluice/faults"
	"sluice/flow"
)

// vertexMethod is a REST method of Vertex AI, at the URL that the bundle names: the
// element VertexAI of the semantic cache's policies. The shapes of what is sent and
// answered are those of the public reference of Vertex AI v1.
type vertexMethod struct {
	call   *googleCall
	url    *flow.Template
	ignore bool // IgnoreUnresolvedVariables
	failed *faults.Def
}

// compileVertexMethod reads VertexAI/URL in the child of root called tag. verb is what the
// URL should end with, such as ":predict".
func compileVertexMethod(b *flow.Build, root *etree.Element, tag, verb string, failed *faults.Def) *vertexMethod {
	m := &vertexMethod{call: compileGoogleCall(b), ignore: b.Bool(root, "IgnoreUnresolvedVariables", false), failed: failed}
	outer := b.Child(root, tag)
	b.Known(outer, "VertexAI")
	vertex := b.Child(outer, "VertexAI")
	switch {
	case outer == nil:
		b.Need(root, tag)
		return m
	case vertex == nil:
		b.Need(outer, "VertexAI")
		return m
	}
	el := b.Child(vertex, "URL")
	url := b.Need(vertex, "URL")
	m.url = b.Template(el, url)
	switch {
	case url == "":
	case !strings.HasPrefix(url, "https://") && url[0] != '{':
		b.RefuseText(el, "InvalidValue", "the URL of Vertex AI is none of https: a token goes there", "write https://...")
	case !strings.HasSuffix(url, verb) && !strings.HasSuffix(url, "}"):
		b.Warn(el, "InvalidValue", "the URL does not end with "+verb+", which is the method that is meant", "copy the URL of the method")
	}
	return m
}

var errNotHTTPS = errors.New("the URL of Vertex AI is none of https")

// post sends a request and reads the answer into result; nil for none.
func (m *vertexMethod) post(ctx context.Context, x *flow.Exchange, request, result any) error {
	url, err := m.url.Expand(x, m.ignore)
	switch {
	case err != nil:
		return m.failed.Wrap(err)
	case !strings.HasPrefix(url, "https://"):
		return m.failed.Wrap(errNotHTTPS)
	}
	body, err := json.Marshal(request)
	if err != nil {
		return m.failed.Wrap(err)
	}
	answer, trouble, err := m.call.post(ctx, x, url, body)
	switch {
	case trouble != googleFine:
		return m.failed.Wrap(err)
	case err != nil || result == nil:
		return err
	}
	if err := json.Unmarshal(answer, result); err != nil {
		return m.failed.Wrap(err)
	}
	return nil
}

// vertexVector is an embedding. The numbers stay as they were written.
type vertexVector []json.Number

// vertexLongest bounds the dimensions of an embedding: those of the models that are
// there have up to 3,072.
const vertexLongest = 16 << 10

type vertexText struct {
	Content string `json:"content"`
}

type vertexPredictRequest struct {
	Instances []vertexText `json:"instances"`
}

type vertexPredictAnswer struct {
	Predictions []struct {
		Embeddings struct {
			Values vertexVector `json:"values"`
		} `json:"embeddings"`
	} `json:"predictions"`
}

var errNoVector = errors.New("the answer has no embedding")

// embed asks a text-embedding model for the vector of a text.
func (m *vertexMethod) embed(ctx context.Context, x *flow.Exchange, text string) (vertexVector, error) {
	var answer vertexPredictAnswer
	if err := m.post(ctx, x, &vertexPredictRequest{[]vertexText{{text}}}, &answer); err != nil {
		return nil, err
	}
	if len(answer.Predictions) == 0 || len(answer.Predictions[0].Embeddings.Values) == 0 || len(answer.Predictions[0].Embeddings.Values) > vertexLongest {
		return nil, m.failed.Wrap(errNoVector)
	}
	return answer.Predictions[0].Embeddings.Values, nil
}

type vertexDatapoint struct {
	ID     string       `json:"datapointId,omitempty"`
	Vector vertexVector `json:"featureVector,omitempty"`
}

type vertexQuery struct {
	Datapoint vertexDatapoint `json:"datapoint"`
	Count     int             `json:"neighborCount"`
}

type vertexNeighborsRequest struct {
	Index   string        `json:"deployedIndexId"`
	Queries []vertexQuery `json:"queries"`
}

// vertexNeighbor is a datapoint of the index, and how far it is from the query.
type vertexNeighbor struct {
	Datapoint vertexDatapoint `json:"datapoint"`
	Distance  float64         `json:"distance"`
}

type vertexNeighborsAnswer struct {
	Nearest []struct {
		Neighbors []vertexNeighbor `json:"neighbors"`
	} `json:"nearestNeighbors"`
}

// nearest asks the deployed index for the datapoint nearest to v; ok is false when the
// index is empty.
func (m *vertexMethod) nearest(ctx context.Context, x *flow.Exchange, index string, v vertexVector) (n vertexNeighbor, ok bool, err error) {
	var answer vertexNeighborsAnswer
	request := vertexNeighborsRequest{index, []vertexQuery{{vertexDatapoint{Vector: v}, 1}}}
	if err := m.post(ctx, x, &request, &answer); err != nil {
		return n, false, err
	}
	if len(answer.Nearest) == 0 || len(answer.Nearest[0].Neighbors) == 0 {
		return n, false, nil
	}
	return answer.Nearest[0].Neighbors[0], true, nil
}

type vertexUpsertRequest struct {
	Datapoints []vertexDatapoint `json:"datapoints"`
}

// upsert puts a datapoint into the index.
func (m *vertexMethod) upsert(ctx context.Context, x *flow.Exchange, id string, v vertexVector) error {
	return m.post(ctx, x, &vertexUpsertRequest{[]vertexDatapoint{{id, v}}}, nil)
}
