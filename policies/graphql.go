package policies

import (
	"context"
	"iter"
	"net/url"

	"sluice/faults"
	"sluice/flow"
	"sluice/internal/graphql"
)

var _ = register(flow.Kind{
	Name:    "GraphQL",
	Group:   "mediation",
	Compile: compileGraphQL,
	Doc: flow.Doc{
		Title: "parses GraphQL requests into variables, and holds them against a schema",
		Text: `Reads the request from the parameter query of a GET, from the member "query" of a payload of application/json, or
from the payload as it is; a Source that is no message is the text of a request. Action parse makes variables of it, verify
holds it against the schema ResourceURL (graphql://NAME, below resources/graphql), parse_verify does both.

It fails with status 400 where an operation is not of OperationType (query, mutation, query_mutation, or all), where there
are more than MaxCount fragments, where fields nest deeper than MaxDepth (with parse and parse_verify), where the payload has
more than MaxPayloadSizeInBytes, where the text is no GraphQL, and where the schema does not have what is asked for. A depth
of 500 and 15000 tokens are the most in any case.

Variables set: graphql.operation.operationType (QUERY, MUTATION), .name, .variableDefinitions, .selectionSet and
graphql.fragment, each with count and, from 1, N.name, .alias, .type, .argument, .directive and .selectionSet, as in
graphql.operation.selectionSet.1.argument.1.value. They are those of the first operation; operationName is ignored.`,
		Sample: `<GraphQL name="GQL-Shop">
  <Source>request</Source>
  <OperationType>query_mutation</OperationType>
  <MaxDepth>4</MaxDepth>
  <MaxCount>10</MaxCount>
  <MaxPayloadSizeInBytes>10240</MaxPayloadSizeInBytes>
  <Action>parse</Action>
</GraphQL>`,
	},
})

// graphQL is specified by policies-1.md 19, and by its page, which documents no faults.
type graphQL struct {
	source     *flow.Name
	operations map[string]bool // allowed types, as they are written in requests
	parse      bool            // makes variables, and looks at the depth
	schema     *graphql.Schema // nil: nothing is verified
	maxDepth   int
	maxCount   int
	maxBytes   int // 0: no limit

	failed, missing *faults.Def
}

// Reasons of ExecutionFailed. The first three stand in public notes of a course about
// Apigee; the others are ours.
const (
	graphQLTooDeep  = "Payload depth exceeds the size set in the policy"
	graphQLTooMany  = "Max count mentioned in the policy has exceeded"
	graphQLInvalid  = "Payload failed schema validation"
	graphQLTooBig   = "Payload exceeds the size set in the policy"
	graphQLType     = "Operation type is not allowed by the policy"
	graphQLSyntax   = "Payload is not a GraphQL request"
	graphQLNoQuery  = "Request has not one parameter query"
	graphQLVariable = "graphql."
)

func (p *graphQL) Execute(_ context.Context, x *flow.Exchange) error {
	text, err := p.text(x)
	if err != nil {
		return err
	}
	d, err := graphql.Parse(text)
	if err != nil {
		return p.wrong(graphQLSyntax, err)
	}
	if err := p.check(d); err != nil {
		return err
	}
	if p.parse {
		x.PutResults(graphQLVariable, graphQLResults{d})
	}
	return nil
}

// check holds a request against the limits, the cheap ones first.
func (p *graphQL) check(d *graphql.Document) error {
	// Every operation counts: which one the target runs, operationName decides there.
	for kind := range d.Kinds() {
		if !p.operations[kind] {
			return p.wrong(graphQLType, nil)
		}
	}
	if d.Fragments > p.maxCount {
		return p.wrong(graphQLTooMany, nil)
	}
	if p.parse && d.Depth > p.maxDepth {
		return p.wrong(graphQLTooDeep, nil)
	}
	if p.schema == nil {
		return nil
	}
	if err := p.schema.Validate(d); err != nil {
		return p.wrong(graphQLInvalid, err)
	}
	return nil
}

// wrong is the fault of a request. What err says of it names fields and places, and
// quotes no values.
func (p *graphQL) wrong(reason string, err error) error {
	if err == nil {
		return p.failed.New("reason", reason)
	}
	return p.failed.New("reason", reason+": "+err.Error())
}

// text is the GraphQL text of the source.
func (p *graphQL) text(x *flow.Exchange) (string, error) {
	name := p.source.String()
	if m := x.Message(name); m != nil {
		return p.textOf(m)
	}
	v := x.Get(p.source)
	if broken := x.Err(); broken != nil {
		return "", broken
	}
	if v.IsNull() {
		return "", p.missing.New("source", name)
	}
	text := v.String()
	return text, p.fits(len(text))
}

// textOf takes the text out of a message. Content types that the page does not list are
// read as application/graphql, so that no Content-Type leads past the policy.
func (p *graphQL) textOf(m *flow.Message) (string, error) {
	if m.Kind == flow.Request && m.Method == "GET" {
		return p.parameter(m)
	}
	data, err := m.Content()
	if err != nil {
		return "", err
	}
	if err := p.fits(len(data)); err != nil {
		return "", err
	}
	if m.MediaType() != "application/json" {
		return string(data), nil
	}
	text, err := graphql.Query(data)
	if err != nil {
		return "", p.wrong(graphQLSyntax, err)
	}
	return text, nil
}

// parameter is the parameter query, decoded as GraphQL servers do, for which "+" is a
// space whatever the endpoint makes of it. Of two of them, servers do not agree which
// one counts.
func (p *graphQL) parameter(m *flow.Message) (string, error) {
	values, err := url.ParseQuery(m.Query)
	if err != nil || len(values["query"]) != 1 {
		return "", p.wrong(graphQLNoQuery, nil)
	}
	text := values.Get("query")
	return text, p.fits(len(text))
}

func (p *graphQL) fits(size int) error {
	if p.maxBytes > 0 && size > p.maxBytes {
		return p.wrong(graphQLTooBig, nil)
	}
	return nil
}

// graphQLResults are the variables of a request.
type graphQLResults struct{ d *graphql.Document }

// Result implements flow.Results.
func (r graphQLResults) Result(name string) flow.Value {
	v, ok := r.d.Variable(name)
	if !ok {
		return flow.Value{}
	}
	return graphQLValue(v)
}

// All implements flow.Results.
func (r graphQLResults) All() iter.Seq2[string, flow.Value] {
	return func(yield func(string, flow.Value) bool) {
		for name, v := range r.d.Variables() {
			if !yield(name, graphQLValue(v)) {
				return
			}
		}
	}
}

func graphQLValue(v graphql.Variable) flow.Value {
	if v.IsCount {
		return flow.Int64(int64(v.Count))
	}
	return flow.Text(v.Text)
}
