package graphql

import (
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/validator"
	"github.com/vektah/gqlparser/v2/validator/rules"
)

// Schema is a compiled schema, for any number of documents at once.
type Schema struct {
	schema *ast.Schema
	rules  []validator.Rule
}

// CompileSchema reads the definition of a schema (SDL). The error is an *Error.
func CompileSchema(text string) (*Schema, error) {
	schema, err := gqlparser.LoadSchema(&ast.Source{Input: text})
	if err != nil {
		return nil, schemaError(err)
	}
	return &Schema{schema, quietRules()}, nil
}

// schemaError keeps the sentence: schemas are the bundle's, and hold no secrets.
func schemaError(err error) *Error {
	wrong, ok := errors.AsType[*gqlerror.Error](err)
	if !ok {
		return &Error{Text: err.Error()}
	}
	e := &Error{Text: strings.TrimSuffix(wrong.Message, ".")}
	if len(wrong.Locations) > 0 {
		e.Line, e.Column = wrong.Locations[0].Line, wrong.Locations[0].Column
	}
	return e
}

// valueRule is the rule whose sentences quote values.
const valueRule = "ValuesOfCorrectType"

// quietRules are those of the specification, without suggestions, in the order of their
// names.
func quietRules() []validator.Rule {
	byName := rules.NewDefaultRules()
	for _, quiet := range []validator.Rule{
		rules.FieldsOnCorrectTypeRuleWithoutSuggestions, rules.KnownArgumentNamesRuleWithoutSuggestions,
		rules.KnownTypeNamesRuleWithoutSuggestions, rules.ScalarLeafsRuleWithoutSuggestions,
		rules.ValuesOfCorrectTypeRuleWithoutSuggestions,
	} {
		byName.ReplaceRule(strings.TrimSuffix(quiet.Name, "WithoutSuggestions"), quiet.RuleFunc)
	}
	var list []validator.Rule
	for name, rule := range byName.GetInner() {
		list = append(list, validator.Rule{Name: name, RuleFunc: rule})
	}
	slices.SortFunc(list, func(a, b validator.Rule) int { return strings.Compare(a.Name, b.Name) })
	return list
}

// InvalidError says how a document breaks the rules: the first problems, in the order of
// the rules, and how many there are.
type InvalidError struct {
	Problems []*Error
	Total    int
}

func (e *InvalidError) Error() string {
	list := make([]string, len(e.Problems), len(e.Problems)+1)
	for i, p := range e.Problems {
		list[i] = p.Error()
	}
	if more := e.Total - len(e.Problems); more > 0 {
		list = append(list, strconv.Itoa(more)+" more")
	}
	return strings.Join(list, "; ")
}

// maxProblems bounds what is told of a document.
const maxProblems = 5

// Validate holds d against the schema. It fails with an *InvalidError, or with an *Error
// for a document that it would take too long to validate. The variables of d are not to
// be read until it is done.
func (s *Schema) Validate(d *Document) error {
	if d.work.visits > MaxVisits || d.work.pairs > MaxPairs {
		return &Error{Text: "too many fields to validate"}
	}
	// ValidateWithRules, without sources, would sort the rules for each document.
	found := validator.ValidateWithSources(s.schema, d.query, s.rules...)
	if len(found) == 0 {
		return nil
	}
	invalid := &InvalidError{Total: len(found)}
	for _, wrong := range found[:min(len(found), maxProblems)] {
		invalid.Problems = append(invalid.Problems, problem(wrong))
	}
	return invalid
}

func problem(wrong *gqlerror.ErrorWithSources) *Error {
	e := &Error{Text: strings.TrimSuffix(wrong.Message, ".")}
	if wrong.Rule == valueRule {
		e.Text = "a value is not of the type that stands there"
	}
	if len(wrong.Locations) > 0 {
		e.Line, e.Column = wrong.Locations[0].Line, wrong.Locations[0].Column
	}
	return e
}
