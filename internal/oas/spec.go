package oas

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// Spec is an OpenAPI description, compiled. It is immutable, and safe for any
// number of messages at once.
type Spec struct {
	paths pathTable
	// keys are the names of all query parameters and headers that carry an API key.
	queryKeys, headerKeys, cookieKeys []string
	// Notes say what is wrong with the description and does not keep it from being
	// used, each in one line.
	Notes []string
}

// maxDocuments bounds how many files one description may be spread over.
const maxDocuments = 200

// Parse compiles an OpenAPI 3.0 or 3.1 description in YAML or JSON. others returns
// files that it refers to, by their path relative to its own; nil for none.
// The error says what is wrong in one line.
func Parse(data []byte, others func(path string) ([]byte, bool)) (s *Spec, err error) {
	defer func() {
		if broken := recover(); broken != nil { // of a library, on a document that it did not foresee
			s, err = nil, oneLine(fmt.Errorf("the document cannot be read: %v", broken))
		}
	}()
	doc, err := load(data, others)
	if err != nil {
		return nil, err
	}
	c, err := newCompilation(doc)
	if err != nil {
		return nil, err
	}
	s = &Spec{Notes: notes(doc)}
	if err := c.paths(&s.paths); err != nil {
		return nil, err
	}
	s.collectKeys(doc)
	return s, nil
}

// load reads a description of a version that is supported.
func load(data []byte, others func(path string) ([]byte, bool)) (*openapi3.T, error) {
	doc, err := read(data, others)
	switch {
	case err != nil:
		return nil, err
	case doc.Extensions["swagger"] != nil:
		return nil, errors.New("the document is Swagger 2.0; convert it to OpenAPI 3.0")
	case doc.OpenAPI == "":
		return nil, errors.New("the document has no field \"openapi\" with its version, such as 3.0.3")
	case !strings.HasPrefix(doc.OpenAPI, "3."):
		return nil, fmt.Errorf("OpenAPI %q is not supported; 3.0 and 3.1 are", doc.OpenAPI)
	}
	doc.InternalizeRefs(context.Background(), nil)
	return doc, nil
}

// read reads a document of any version, and what it refers to.
func read(data []byte, others func(path string) ([]byte, bool)) (*openapi3.T, error) {
	if tooDeep(data) {
		return nil, errDepth
	}
	loader := openapi3.NewLoader()
	loader.ReadFromURIFunc = bounded(others)
	doc, err := loader.LoadFromDataWithPath(data, &url.URL{Path: "description"})
	if err != nil {
		return nil, oneLine(err)
	}
	return doc, nil
}

// bounded keeps $ref within what others knows: no network, no disk.
func bounded(others func(path string) ([]byte, bool)) openapi3.ReadFromURIFunc {
	left := maxDocuments
	return func(_ *openapi3.Loader, at *url.URL) ([]byte, error) {
		if left--; left < 0 {
			return nil, fmt.Errorf("more than %d documents are referred to", maxDocuments)
		}
		if at.Scheme == "" && at.Host == "" && others != nil {
			switch data, ok := others(at.Path); {
			case ok && tooDeep(data):
				return nil, errDepth
			case ok:
				return data, nil
			}
		}
		return nil, fmt.Errorf("%q is not a resource of the bundle", at.String())
	}
}

// notes are what the library finds against the specification. Apigee takes
// descriptions that break it in small ways, so none of it refuses one.
func notes(doc *openapi3.T) []string {
	err := doc.Validate(context.Background(), openapi3.DisableExamplesValidation(), openapi3.DisableSchemaDefaultsValidation(),
		openapi3.DisableSchemaPatternValidation(), openapi3.EnableMultiError())
	if err == nil {
		return nil
	}
	many, ok := errors.AsType[openapi3.MultiError](err)
	if !ok {
		return []string{oneLine(err).Error()}
	}
	var list []string
	for _, one := range many {
		list = append(list, oneLine(one).Error())
	}
	slices.Sort(list)
	list = slices.Compact(list)
	if more := len(list) - maxNotes; more > 0 {
		list = append(list[:maxNotes], fmt.Sprintf("and %d findings more", more))
	}
	return list
}

// maxNotes bounds how many findings a user is told.
const maxNotes = 10

func oneLine(err error) error {
	return errors.New(shorten(strings.Join(strings.Fields(err.Error()), " ")))
}

// collectKeys remembers how the description passes API keys: they are no
// unspecified parameters, on whichever operation.
func (s *Spec) collectKeys(doc *openapi3.T) {
	if doc.Components == nil {
		return
	}
	for _, ref := range doc.Components.SecuritySchemes {
		if ref.Value == nil || ref.Value.Type != "apiKey" {
			continue
		}
		switch name := ref.Value.Name; ref.Value.In {
		case "query":
			s.queryKeys = append(s.queryKeys, name)
		case "header":
			s.headerKeys = append(s.headerKeys, name)
		case "cookie":
			s.cookieKeys = append(s.cookieKeys, name)
		}
	}
}

// sortedKeys are the keys of a map in their order.
func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K {
	keys := make([]K, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
