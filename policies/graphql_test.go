package policies_test

import (
	"strings"
	"testing"

	"sluice/flow"
)

func TestGraphQLAtDeployment(t *testing.T) {
	schemas := map[string]string{"graphql://good.graphql": "type Query {a: Int}", "graphql://bad.graphql": "type Query {a: Absent}"}
	w := permissive
	w.resource = func(url string) ([]byte, bool) {
		text, ok := schemas[url]
		return []byte(text), ok
	}
	tests := []struct{ elements, want string }{
		{"", ""},
		{"<Action>parse</Action><ResourceURL>graphql://absent.graphql</ResourceURL>", ""},
		{"<Action>parse_verify</Action><ResourceURL> graphql://good.graphql </ResourceURL>", ""},
		{"<Action>verify</Action>", "error MissingElement"},
		{"<Action>verify</Action><ResourceURL/>", "error MissingElement"},
		{"<Action>verify</Action><ResourceURL>graphql://absent.graphql</ResourceURL>", "error MissingResource"},
		{"<Action>verify</Action><ResourceURL>good.graphql</ResourceURL>", "error InvalidValue"},
		{"<Action>verify</Action><ResourceURL>graphql://bad.graphql</ResourceURL>", "error InvalidValue"},
		{"<Action>run</Action>", "error InvalidValue"},
		{"<OperationType>subscription</OperationType>", "error InvalidValue"},
		{"<MaxDepth>0</MaxDepth>", "error InvalidValue"},
		{"<MaxCount>many</MaxCount>", "error InvalidValue"},
		{"<MaxPayloadSizeInBytes>-1</MaxPayloadSizeInBytes>", "error InvalidValue"},
		{"<MaxPayloadSizeInByte>1</MaxPayloadSizeInByte>", "warning UnknownElement"},
	}
	for _, tt := range tests {
		_, b := w.compile(t, "<GraphQL>"+tt.elements+"</GraphQL>")
		if got := strings.Join(calloutProblems(b.Problems), ", "); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.elements, got, tt.want)
		}
	}
}

// TestGraphQLDefaults: depth 10 and ten fragments, and no limit of size but the library's.
func TestGraphQLDefaults(t *testing.T) {
	nested := func(n int) string { return strings.Repeat("{a", n) + strings.Repeat("}", n) }
	tests := []struct{ text, fault string }{
		{nested(10), ""},
		{nested(11), "ExecutionFailed"},
		{"{a}" + strings.Repeat(" fragment F on T {a}", 10), ""},
		{"{a}" + strings.Repeat(" fragment F on T {a}", 11), "ExecutionFailed"},
		{"{a}" + strings.Repeat(" ", 1<<20-3), ""},
		{"{a}" + strings.Repeat(" ", 1<<20), "ExecutionFailed"},
		{"mutation {a}", "ExecutionFailed"},
	}
	for _, tt := range tests {
		x := client()
		x.Request.SetContent([]byte(tt.text))
		if got := calloutFault(t, permissive.run(t, x, "<GraphQL/>")); got != tt.fault {
			t.Errorf("%.40s: fault %q, want %q", tt.text, got, tt.fault)
		}
	}
}

// TestGraphQLSources: a response is read too, and of a text variable the text.
func TestGraphQLSources(t *testing.T) {
	x := answered()
	x.Response.SetContent([]byte("{b}"))
	x.Request.SetContent([]byte(`query Q {a}`))
	for source, want := range map[string]string{"response": "b", "request": "a", "request.content": "a"} {
		if err := permissive.run(t, x, "<GraphQL><Source>"+source+"</Source></GraphQL>"); err != nil {
			t.Errorf("%s: %v", source, err)
		}
		if got := x.Lookup("graphql.operation.selectionSet.1.name"); got.String() != want {
			t.Errorf("%s: %s, want %s", source, got, want)
		}
	}
}

func BenchmarkGraphQL(b *testing.B) {
	w := permissive
	w.resource = func(string) ([]byte, bool) { return []byte("type Query {a(b: Int): Query d: Int}"), true }
	name := flow.ParseName("graphql.operation.selectionSet.1.argument.1.value")
	for _, action := range []string{"parse", "parse_verify"} {
		p, _ := w.compile(b, "<GraphQL><Action>"+action+"</Action><ResourceURL>graphql://s</ResourceURL></GraphQL>")
		b.Run(action, func(b *testing.B) {
			x := client()
			x.Request.SetContent([]byte("query Q {a(b: 1) {c: a(b: 2) {d}}}"))
			b.ReportAllocs()
			for b.Loop() {
				if err := p.Execute(b.Context(), x); err != nil || x.Get(name).IsNull() {
					b.Fatal(err)
				}
			}
		})
	}
}
