package policies_test

import (
	"context"
	"strings"
	"testing"

	"sluice/flow"
)

const parsePayloadMCP = "<ParsePayload><PayloadType>JSON-RPC-2.0</PayloadType><Protocol>MCP</Protocol></ParsePayload>"

func TestParsePayloadDeployment(t *testing.T) {
	for text, want := range map[string]string{
		parsePayloadMCP: "",
		"<ParsePayload><PayloadType>XML-RPC</PayloadType></ParsePayload>": "error InvalidValue",
		"<ParsePayload><Protocol>A2A</Protocol></ParsePayload>":           "error InvalidValue",
		"<ParsePayload><Sauce>request</Sauce></ParsePayload>":             "warning UnknownElement",
	} {
		_, b := permissive.compile(t, text)
		if got := strings.Join(calloutProblems(b.Problems), ", "); got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
}

// FuzzParsePayload: no payload breaks anything, and what passes has an operation, or is
// the answer of a client.
func FuzzParsePayload(f *testing.F) {
	for _, body := range []string{`{"jsonrpc":"2.0","method":"tools/call","params":{"name":"a","arguments":{"b":{"c":1}}}}`, `[]`, `null`, `{"jsonrpc":"2.0","error":{}}`, `{"jsonrpc":"2.0","method":"tools/call","params":[]}`} {
		f.Add(body, "params.arguments.b.c")
	}
	p, _ := compileTraffic(f, &flow.Unit{Services: &flow.Services{}}, parsePayloadMCP)
	f.Fuzz(func(t *testing.T, body, name string) {
		x := client()
		x.Request.SetContent([]byte(body))
		err := p.Execute(t.Context(), x)
		_ = x.Lookup("parsepayload.P.json-rpc.request." + name)
		operation := x.Lookup("parsepayload.P.operation")
		if err != nil && !operation.IsNull() || err == nil && operation.IsNull() && strings.Contains(body, `"method":"`) && !strings.Contains(body, `"result"`) && !strings.Contains(body, `"error"`) {
			t.Errorf("%s: %v, operation %q", body, err, operation.String())
		}
	})
}

func BenchmarkParsePayload(b *testing.B) {
	p, build := permissive.compile(b, parsePayloadMCP)
	if build.Problems.Refused() {
		b.Fatal(build.Problems)
	}
	x := client()
	x.Request.SetContent([]byte(`{"jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": {"name": "add", "arguments": {"a": 1, "b": "two"}}}`))
	b.ReportAllocs()
	for b.Loop() {
		if err := p.Execute(context.Background(), x); err != nil || x.Lookup("parsepayload.P.operation").String() != "tools/call/add" {
			b.Fatal(err)
		}
	}
}
