package oas

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// operation is what a description says of a verb on a path.
type operation struct {
	verb, path string // path is the template
	parameters []*parameter
	pathNames  []string           // of the parameters in the path, in the order of the path
	body       *content           // nil: no body
	required   bool               // the body
	answers    map[string]*answer // by status: 200, 2XX, default
	keys       [][]apiKey         // alternatives, each of keys that it takes; none: nothing is needed
}

// content is the types that a body may have, in their order.
type content struct {
	types   []string
	schemas map[string]*Schema // of the types that are looked into
	shapes  map[string]*shape
}

// answer is what a description says of a response.
type answer struct {
	content *content
	headers []*parameter
}

type apiKey struct{ in, name string }

// compilation makes a Spec of a document.
type compilation struct {
	doc  *openapi3.T
	tree map[string]any // the document as JSON: what schemas refer into
	sets [2]*schemaSet  // of requests and responses
}

func newCompilation(doc *openapi3.T) (*compilation, error) {
	text, err := json.Marshal(doc)
	if err != nil {
		return nil, oneLine(err)
	}
	tree, err := decode(text)
	if err != nil {
		return nil, oneLine(err)
	}
	c := &compilation{doc: doc, tree: tree.(map[string]any)}
	draft4 := strings.HasPrefix(doc.OpenAPI, "3.0")
	c.sets = [2]*schemaSet{newSchemaSet(c.tree, draft4, requests), newSchemaSet(c.tree, draft4, responses)}
	return c, nil
}

func (c *compilation) paths(t *pathTable) error {
	*t = pathTable{}
	for _, template := range sortedKeys(c.doc.Paths.Map()) {
		item := c.doc.Paths.Value(template)
		p := newPathItem(template)
		for _, verb := range sortedKeys(item.Operations()) {
			op, err := c.operation(p, verb, item, item.GetOperation(verb))
			if err != nil {
				return fmt.Errorf("%s %s: %w", verb, template, err)
			}
			p.operations[verb] = op
		}
		t.add(p)
	}
	t.sort()
	for _, set := range c.sets {
		if err := set.compile(); err != nil {
			return err
		}
	}
	return nil
}

func (c *compilation) operation(p *pathItem, verb string, item *openapi3.PathItem, o *openapi3.Operation) (*operation, error) {
	op := &operation{verb: verb, path: p.template, answers: map[string]*answer{}}
	for _, s := range p.segments {
		op.pathNames = append(op.pathNames, s.names...)
	}
	// Those of the operation stand for those of the path.
	for _, ref := range append(append(openapi3.Parameters{}, o.Parameters...), item.Parameters...) {
		if ref.Value == nil || find(op.parameters, ref.Value.In, ref.Value.Name) {
			continue
		}
		made, err := c.parameter(ref.Value, ref.Value.In, requests)
		if err != nil {
			return nil, err
		}
		op.parameters = append(op.parameters, made)
	}
	if o.RequestBody != nil && o.RequestBody.Value != nil {
		op.required = o.RequestBody.Value.Required
		var err error
		if op.body, err = c.content(o.RequestBody.Value.Content, requests); err != nil {
			return nil, err
		}
	}
	op.keys = c.keys(o)
	return op, c.answers(op, o)
}

func (c *compilation) answers(op *operation, o *openapi3.Operation) error {
	for status, ref := range o.Responses.Map() {
		if ref.Value == nil {
			continue
		}
		made := &answer{}
		var err error
		if made.content, err = c.content(ref.Value.Content, responses); err != nil {
			return err
		}
		for _, name := range sortedKeys(ref.Value.Headers) {
			h := ref.Value.Headers[name].Value
			if h == nil {
				continue
			}
			own := h.Parameter
			own.Name = name
			p, err := c.parameter(&own, "header", responses)
			if err != nil {
				return err
			}
			made.headers = append(made.headers, p)
		}
		op.answers[strings.ToUpper(status)] = made
	}
	return nil
}

func (c *compilation) content(types openapi3.Content, s side) (*content, error) {
	made := &content{schemas: map[string]*Schema{}, shapes: map[string]*shape{}}
	for _, name := range sortedKeys(types) {
		made.types = append(made.types, name)
		if types[name] == nil || !isRead(name) {
			continue
		}
		schema, shape, err := c.schema(types[name].Schema, s)
		if err != nil {
			return nil, err
		}
		made.schemas[name], made.shapes[name] = schema, shape
	}
	return made, nil
}

// schema is the compiled form of a schema of the document, nil for none.
func (c *compilation) schema(ref *openapi3.SchemaRef, s side) (*Schema, *shape, error) {
	if ref == nil {
		return nil, &shape{}, nil
	}
	text, err := json.Marshal(ref)
	if err != nil {
		return nil, nil, oneLine(err)
	}
	root, err := decode(text)
	if err != nil {
		return nil, nil, oneLine(err)
	}
	return c.sets[s].add(root), shapeOf(c.tree, root), nil
}

// keys are the API keys that an operation needs. Other security schemes ask for
// tokens and certificates, which other policies verify.
func (c *compilation) keys(o *openapi3.Operation) (alternatives [][]apiKey) {
	needed := c.doc.Security
	if o.Security != nil {
		needed = *o.Security
	}
	for _, requirement := range needed {
		var keys []apiKey
		for _, name := range sortedKeys(requirement) {
			if key, ok := c.key(name); ok {
				keys = append(keys, key)
			}
		}
		alternatives = append(alternatives, keys)
	}
	return alternatives
}

func (c *compilation) key(name string) (apiKey, bool) {
	if c.doc.Components == nil {
		return apiKey{}, false
	}
	ref := c.doc.Components.SecuritySchemes[name]
	if ref == nil || ref.Value == nil || ref.Value.Type != "apiKey" {
		return apiKey{}, false
	}
	return apiKey{in: ref.Value.In, name: ref.Value.Name}, true
}
