package policies

import (
	"strings"

	"github.com/beevik/etree"

	"sluice/flow"
	"sluice/internal/graphql"
)

// graphQLDefault is the default of MaxDepth and MaxCount. A summary on the page has 4 for
// MaxDepth; its section and the template of the editor have 10.
const graphQLDefault = 10

// graphQLOperations are the values of OperationType. The page lists the first three, and
// the syntax on it has "all", which is read as subscriptions too.
var graphQLOperations = map[string]map[string]bool{
	"query":          {"query": true},
	"mutation":       {"mutation": true},
	"query_mutation": {"query": true, "mutation": true},
	"all":            {"query": true, "mutation": true, "subscription": true},
}

func compileGraphQL(b *flow.Build, el *etree.Element) flow.Policy {
	b.Known(el, "Source", "OperationType", "MaxDepth", "MaxCount", "MaxPayloadSizeInBytes", "Action", "ResourceURL")
	source := b.Text(el, "Source")
	if source == "" {
		source = "request"
	}
	action := b.Enum(el, "Action", "parse", "verify", "parse_verify")
	p := &graphQL{
		source:     b.Name(source),
		operations: graphQLOperations[b.Enum(el, "OperationType", "query", "mutation", "query_mutation", "all")],
		parse:      action != "verify",
		maxDepth:   b.Int(el, "MaxDepth", graphQLDefault, 1),
		// The page calls it the number of fragments, and once that of queries or fragments.
		maxCount: b.Int(el, "MaxCount", graphQLDefault, 0),
		// The page says kilobytes; the name of the element wins.
		maxBytes: b.Int(el, "MaxPayloadSizeInBytes", 0, 0),
		failed:   b.Fault("ExecutionFailed"),
		missing:  b.Fault("SourceMessageNotAvailable"),
	}
	b.ReadsContent(source)
	if action != "parse" {
		p.schema = compileGraphQLSchema(b, el)
	}
	return p
}

func compileGraphQLSchema(b *flow.Build, el *etree.Element) *graphql.Schema {
	at := b.Child(el, "ResourceURL")
	url := b.Need(el, "ResourceURL")
	if url == "" {
		return nil
	}
	if !strings.HasPrefix(url, "graphql://") || strings.ContainsAny(url, "{}") {
		b.RefuseText(at, "InvalidValue", "ResourceURL "+url+" names no schema", "write <ResourceURL>graphql://NAME.graphql</ResourceURL>")
		return nil
	}
	text, ok := b.Resource(url)
	if !ok {
		b.RefuseText(at, "MissingResource", "resource "+url+" does not exist", "add it to resources/graphql")
		return nil
	}
	schema, err := graphql.CompileSchema(string(text))
	if err != nil {
		b.RefuseText(at, "InvalidValue", url+" cannot be used: "+err.Error(), "write a schema in the schema definition language of GraphQL")
	}
	return schema
}
