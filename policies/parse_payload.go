package policies

import (
	"cmp"
	"context"
	"iter"
	"strings"

	"github.com/beevik/etree"

	"sluice/faults"
	"sluice/flow"
	"sluice/internal/ordjson"
)

var _ = register(flow.Kind{
	Name:    "ParsePayload",
	Group:   "extension",
	Compile: compileParsePayload,
	Doc: flow.Doc{
		Title: "tells which operation a payload asks for",
		Text: `Reads the payload of Source, by default the request, as a JSON-RPC 2.0 message of the Model Context Protocol.

parsepayload.POLICY.operation is tools/call/NAME for the call of a tool, prompts/get/NAME for a prompt, and for
everything else the method, such as tools/list. parsepayload.POLICY.json-rpc.request.method and id are the members of
the message, params.NAME those of its params, so that params.arguments.NAME is an argument of a tool; deeper ones
have more dots. Objects and arrays are read as JSON. The same variables are there under apigee.payload, without the
name of the policy. API products with a payloadOperationGroup are matched by the operation: put VerifyAPIKey, or
OAuthV2, after this policy.

The answer of a client to a request of the server is a message as well: it has an id and no operation. A payload that
is no such message ends in InvalidPayload.`,
		Sample: `<ParsePayload name="PP-MCP">
  <Source>request</Source>
  <PayloadType>JSON-RPC-2.0</PayloadType>
  <Protocol>MCP</Protocol>
</ParsePayload>`,
	},
})

// parsePayloadLast is the other prefix of the variables: Google's page of the policy has
// it, and the one on access to MCP tools has parsepayload.POLICY. VerifyAPIKey and OAuthV2
// read apigee.payload.operation.
const parsePayloadLast = "apigee.payload."

// parsePayload is specified by policies-2.md 32 and Google's page of it. The faults are
// ours: no source tells of any.
type parsePayload struct {
	source string
	prefix string // of the variables

	noMessage, invalid *faults.Def
}

func compileParsePayload(b *flow.Build, el *etree.Element) flow.Policy {
	b.Known(el, "Source", "PayloadType", "Protocol")
	b.Enum(el, "PayloadType", "JSON-RPC-2.0")
	b.Enum(el, "Protocol", "MCP")
	source := cmp.Or(b.Text(el, "Source"), "request")
	b.ReadsContent(source)
	return &parsePayload{
		source: source, prefix: "parsepayload." + b.Owner + ".",
		noMessage: b.Fault("SourceMessageNotAvailable"), invalid: b.Fault("InvalidPayload"),
	}
}

func (p *parsePayload) Execute(_ context.Context, x *flow.Exchange) error {
	m := x.Message(p.source)
	if m == nil {
		return p.noMessage.New("variable", p.source)
	}
	content, err := m.Content()
	if err != nil {
		return err
	}
	root, err := ordjson.Parse(content)
	if err != nil {
		return p.invalid.Wrap(err, "reason", "it is not JSON")
	}
	if reason := parsePayloadObjection(root); reason != "" {
		return p.invalid.New("reason", reason)
	}
	parsed := &parsedPayload{root}
	x.PutResults(p.prefix, parsed)
	x.PutResults(parsePayloadLast, parsed)
	return nil
}

// parsePayloadObjection says why a document is no JSON-RPC 2.0 message, "" when it is
// one. Batches are none: MCP has dropped them.
func parsePayloadObjection(root *ordjson.Node) string {
	if root.Kind() != ordjson.Object {
		return "it is no object"
	}
	version, method, params := root.Get("jsonrpc"), root.Get("method"), root.Get("params")
	switch {
	case version == nil || version.Kind() != ordjson.String || version.Text() != "2.0":
		return `it has no "jsonrpc": "2.0"`
	case method == nil && root.Get("result") == nil && root.Get("error") == nil:
		return "it has no method"
	case method != nil && method.Kind() != ordjson.String:
		return "its method is no string"
	case params != nil && params.Kind() != ordjson.Object && params.Kind() != ordjson.Array:
		return "its params are neither an object nor an array"
	}
	return ""
}

// parsedPayload are the variables parsepayload.POLICY.* of one run.
type parsedPayload struct{ root *ordjson.Node }

const (
	parsePayloadOperation = "operation"
	parsePayloadRequest   = "json-rpc.request."
)

// parsePayloadNamed are the methods whose operation has the name of what is meant.
// That of prompts/get is inferred from that of tools/call.
var parsePayloadNamed = map[string]bool{"tools/call": true, "prompts/get": true}

// Result implements flow.Results.
func (r *parsedPayload) Result(name string) flow.Value {
	if name == parsePayloadOperation {
		return r.operation()
	}
	path, ok := strings.CutPrefix(name, parsePayloadRequest)
	if !ok || path != "method" && path != "id" && path != "params" && !strings.HasPrefix(path, "params.") {
		return flow.Value{}
	}
	return parsePayloadValue(parsePayloadFind(r.root, path))
}

func (r *parsedPayload) operation() flow.Value {
	method := r.root.Get("method")
	if method == nil {
		return flow.Value{}
	}
	if name := parsePayloadFind(r.root, "params.name"); parsePayloadNamed[method.Text()] && name != nil && name.Kind() == ordjson.String {
		return flow.Text(method.Text() + "/" + name.Text())
	}
	return flow.Text(method.Text())
}

// parsePayloadFind walks down members whose names are joined by dots. A member whose own
// name has dots is found as well, unless a shorter name leads elsewhere.
func parsePayloadFind(n *ordjson.Node, path string) *ordjson.Node {
	for n != nil && n.Kind() == ordjson.Object {
		if whole := n.Get(path); whole != nil {
			return whole
		}
		name, rest, ok := strings.Cut(path, ".")
		if !ok {
			return nil
		}
		n, path = n.Get(name), rest
	}
	return nil
}

func parsePayloadValue(n *ordjson.Node) flow.Value {
	switch {
	case n == nil || n.Kind() == ordjson.Null:
		return flow.Value{}
	case n.Kind() == ordjson.Bool:
		return flow.Bool(n.Bool())
	case n.Kind() == ordjson.String || n.Kind() == ordjson.Number:
		return flow.Text(n.Text())
	}
	return flow.Text(string(ordjson.Append(nil, n)))
}

// parsePayloadMost bounds how many variables are listed, in the trace and elsewhere.
const parsePayloadMost = 1000

// All implements flow.Results.
func (r *parsedPayload) All() iter.Seq2[string, flow.Value] {
	return func(yield func(string, flow.Value) bool) {
		for _, name := range r.names() {
			if v := r.Result(name); !v.IsNull() && !yield(name, v) {
				return
			}
		}
	}
}

func (r *parsedPayload) names() []string {
	names := []string{parsePayloadOperation, parsePayloadRequest + "method", parsePayloadRequest + "id", parsePayloadRequest + "params.name"}
	arguments := parsePayloadFind(r.root, "params.arguments")
	if arguments == nil || arguments.Kind() != ordjson.Object {
		return names
	}
	for name := range arguments.Members() {
		if len(names) == parsePayloadMost {
			break
		}
		names = append(names, parsePayloadRequest+"params.arguments."+name)
	}
	return names
}
