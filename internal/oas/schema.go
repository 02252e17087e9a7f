package oas

import (
	"errors"
	"fmt"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// Schema is a JSON schema, compiled. It is safe for any number of values at once.
type Schema struct {
	plain   *compiled // nil for a schema that needs a meter
	metered *metered
	tree    map[string]any // what was compiled: sentences tell how many alternatives there are
}

var errCostly = errors.New("the value takes too much time to compare with the schema")

func (s *Schema) validate(v any, brief bool) error {
	if s.plain != nil {
		return s.plain.validate(v, brief)
	}
	return s.metered.validate(v, brief)
}

// compiled is a schema in the library's form.
type compiled struct {
	full  *jsonschema.Schema
	brief *jsonschema.Schema // matches what full does not
}

var errBrief = errors.New("the value does not match the schema, and is too large to tell where")

// validate compares a value with the schema. brief tells only whether there are
// problems: a list of all that a large value has can take many times its memory.
func (c *compiled) validate(v any, brief bool) error {
	switch {
	case !brief:
		return c.full.Validate(v)
	case c.brief.Validate(v) == nil:
		return errBrief
	}
	return nil
}

const resource = "oas:///schema"

// schemaSet compiles schemas of one document.
type schemaSet struct {
	doc    map[string]any
	draft4 bool
	side   side
	costs  costs
	roots  []any
	made   []*Schema
}

func newSchemaSet(doc map[string]any, draft4 bool, s side) *schemaSet {
	return &schemaSet{doc: doc, draft4: draft4, side: s, costs: costs{doc: doc, known: map[string]int{}}}
}

// add remembers a schema of the document. What it returns can be used after
// compile.
func (s *schemaSet) add(root any) *Schema {
	made := &Schema{}
	s.roots, s.made = append(s.roots, root), append(s.made, made)
	return made
}

// compile compiles the schemas that were added: those that need no meter together,
// so that what they share is compiled once.
func (s *schemaSet) compile() error {
	var plain []any
	var made []*Schema
	for i, root := range s.roots {
		if s.costs.needsMeter(root) {
			if err := s.meter(s.made[i], root); err != nil {
				return err
			}
			continue
		}
		plain, made = append(plain, root), append(made, s.made[i])
	}
	tree := newLowering(s.doc, s.draft4, s.side, false).tree(plain)
	lib, err := s.compiler(tree, nil)
	for i := 0; err == nil && i < len(made); i++ {
		made[i].tree = tree
		made[i].plain, err = compileRoot(lib, i)
	}
	return schemaError(err)
}

func (s *schemaSet) meter(made *Schema, root any) (err error) {
	made.tree = newLowering(s.doc, s.draft4, s.side, true).tree([]any{root})
	made.metered, err = newMetered(func(m *meter) (*compiled, error) {
		lib, err := s.compiler(made.tree, m)
		if err != nil {
			return nil, err
		}
		return compileRoot(lib, 0)
	})
	return schemaError(err)
}

func (s *schemaSet) compiler(tree map[string]any, m *meter) (*jsonschema.Compiler, error) {
	lib := jsonschema.NewCompiler()
	lib.DefaultDraft(jsonschema.Draft2020)
	if s.draft4 {
		lib.DefaultDraft(jsonschema.Draft4)
	}
	lib.AssertFormat()
	lib.UseLoader(noLoader{})
	for _, f := range numberFormats {
		lib.RegisterFormat(f)
	}
	lib.RegisterFormat(uniqueItems(m))
	if m != nil {
		lib.RegisterFormat(m.format())
		lib.RegisterFormat(m.regexFormat())
	}
	lib.UseRegexpEngine(func(source string) (jsonschema.Regexp, error) { return compilePattern(source, m) })
	return lib, lib.AddResource(resource, tree)
}

func compileRoot(lib *jsonschema.Compiler, i int) (*compiled, error) {
	full, err := lib.Compile(resource + rootPointer(i))
	if err != nil {
		return nil, err
	}
	brief, err := lib.Compile(resource + briefPointer(i))
	return &compiled{full, brief}, err
}

// noLoader keeps references within the document.
type noLoader struct{}

func (noLoader) Load(url string) (any, error) {
	return nil, fmt.Errorf("%s is not part of the document", url)
}

func schemaError(err error) error {
	if err == nil {
		return nil
	}
	return oneLine(errors.New(strings.ReplaceAll(err.Error(), resource, "")))
}
