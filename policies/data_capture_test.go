package policies_test

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"sluice/faults"
	"sluice/flow"
)

func dataCapture(collect string) string {
	return "<DataCapture><Capture><DataCollector>dc_x</DataCollector>" + collect + "</Capture></DataCapture>"
}

func TestDataCapturePatterns(t *testing.T) {
	tests := []struct{ element, value, want string }{
		{"<URIPath><Pattern>/a/{$}</Pattern></URIPath>", "/a/b", "b"},
		{"<URIPath><Pattern>a/{$}</Pattern></URIPath>", "/a/b", "b"},
		{"<URIPath><Pattern>/a/{$}</Pattern></URIPath>", "/a/b/c", "none"},
		{"<URIPath><Pattern>/a/{$}</Pattern></URIPath>", "/a/", "none"},
		{"<URIPath><Pattern>/*/{$}.json</Pattern></URIPath>", "/x/y.json", "y"},
		{"<URIPath><Pattern>/**/{$}</Pattern></URIPath>", "/x/y/z", "z"},
		{"<URIPath><Pattern>/A/{$}</Pattern></URIPath>", "/a/b", "none"},
		{"<URIPath><Pattern ignoreCase='true'>/A/{$}</Pattern></URIPath>", "/a/B", "B"},
		{"<URIPath><Pattern>/x/{$}</Pattern><Pattern>/{$}/b</Pattern><Pattern>/a/{$}</Pattern></URIPath>", "/a/b", "a"},
		{"<Header name='h'><Pattern>{$}</Pattern></Header>", "a/b c", "a/b c"},
		{"<Header name='h'><Pattern>%{{$}%}</Pattern></Header>", "{a.b}", "a.b"},
		{"<Header name='h'><Pattern>a.{$}</Pattern></Header>", "axb", "none"},
		{"<Header name='h'><Pattern>*={$}; *</Pattern></Header>", "k=v; w; x", "v"},
	}
	for _, tt := range tests {
		p, b := permissive.compile(t, dataCapture("<Collect default='none'>"+tt.element+"</Collect>"))
		if len(b.Problems) > 0 {
			t.Errorf("%s: %v", tt.element, b.Problems)
			continue
		}
		x := flow.NewExchange(&flow.ProxyInfo{}, &flow.Services{}, flow.NewRequest())
		x.Path.Suffix = tt.value
		x.Request.Header.Add("h", tt.value)
		if err := p.Execute(t.Context(), x); err != nil {
			t.Errorf("%s: %v", tt.element, err)
		}
		if got := x.Captured()[0].Value.String(); got != tt.want {
			t.Errorf("%s of %q: %q, want %q", tt.element, tt.value, got, tt.want)
		}
	}
}

func TestDataCaptureDeployment(t *testing.T) {
	json := func(path string) string {
		return "<Collect><JSONPayload><JSONPath>" + path + "</JSONPath></JSONPayload></Collect>"
	}
	tests := []struct{ text, want string }{
		{"<DataCapture/>", "error MissingElement"},
		{dataCapture(""), "warning MissingElement"},
		{dataCapture("<Collect/>"), "warning MissingElement"},
		{dataCapture("<Collect ref='a'><URIPath/></Collect>"), "warning InvalidValue"},
		{dataCapture("<Collect ref='private.a'/>"), "warning PrivateVariable"},
		{dataCapture(json("$.[")), "error JsonPathCompilationFailed"},
		{dataCapture(json("")), "error MissingElement"},
		{dataCapture("<Collect><XMLPayload><XPath>/p:a</XPath></XMLPayload></Collect>"), "error XPathCompilationFailed"},
		{dataCapture("<Collect><XMLPayload/></Collect>"), "error MissingElement"},
		{dataCapture("<Collect><Header/></Collect>"), "error MissingElement"},
		{dataCapture("<Collect><URIPath><Pattern>/a</Pattern></URIPath></Collect>"), "error PatternCompilationFailed"},
		{dataCapture("<Collect><URIPath><Pattern>/{a}</Pattern></URIPath></Collect>"), "error PatternCompilationFailed"},
		{dataCapture("<Collect><URIPath><Pattern>/{$}/{$}</Pattern></URIPath></Collect>"), "error PatternCompilationFailed"},
		{dataCapture("<Collect><URIPath><Pattern>/{$}" + strings.Repeat("a", 5000) + "</Pattern></URIPath></Collect>"), "error PatternCompilationFailed"},
		{strings.Replace(dataCapture("<Collect ref='a'/>"), "dc_x", "x", 1), "warning InvalidValue"},
		{"<DataCapture><Capture><DataCollector>dc_a</DataCollector><Collect ref='a'/></Capture><Capture><DataCollector>dc_a</DataCollector><Collect ref='a'/></Capture></DataCapture>", "error DuplicateElement"},
	}
	for _, tt := range tests {
		_, b := permissive.compile(t, tt.text)
		if got := strings.Join(calloutProblems(b.Problems), "; "); got != tt.want {
			t.Errorf("%s\n got %s\nwant %s", tt.text, got, tt.want)
		}
	}
}

// TestDataCaptureReads: a payload that Source names is known to be read.
func TestDataCaptureReads(t *testing.T) {
	for element, want := range map[string]string{
		"<Source>request</Source><JSONPayload><JSONPath>$.a</JSONPath></JSONPayload>": "request.content",
		"<XMLPayload><XPath>/a</XPath></XMLPayload>":                                  "message.content",
		"<Source>request</Source><FormParam name='f'/>":                               "request.formparam.f",
	} {
		_, b := permissive.compile(t, dataCapture("<Collect>"+element+"</Collect>"))
		if n := b.Own[want]; n == nil || !n.ReadsBody() {
			t.Errorf("%s: %s is not known to be read", element, want)
		}
	}
}

// TestDataCaptureUnreadable: a message that cannot be read fails the policy with the fault
// of the message, whatever the default is.
func TestDataCaptureUnreadable(t *testing.T) {
	for _, collect := range []string{
		"<Collect default='0'><JSONPayload><JSONPath>$.a</JSONPath></JSONPayload></Collect>",
		"<Collect default='0' ref='request.content'/>",
	} {
		p, _ := permissive.compile(t, dataCapture(collect))
		x := flow.NewExchange(&flow.ProxyInfo{}, &flow.Services{}, flow.NewRequest())
		x.Request.Header.Add("Content-Type", "application/json")
		x.Request.Limit = 4
		x.Request.Body.SetStream(io.NopCloser(strings.NewReader(`{"a":1}`)), -1)
		f, ok := errors.AsType[*faults.Fault](p.Execute(t.Context(), x))
		if !ok || f.At("", "", "").Name() != "TooBigBody" {
			t.Errorf("%s: %v", collect, f)
		}
	}
}

func FuzzDataCapturePattern(f *testing.F) {
	f.Add("/a/{$}", "/a/b", true)
	f.Add("*{$}%{**", "x{y", false)
	f.Fuzz(func(t *testing.T, pattern, value string, path bool) {
		element := "<Header name='h'><Pattern>P</Pattern></Header>"
		if path {
			element = "<URIPath><Pattern>P</Pattern></URIPath>"
		}
		escape := strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", "\r", "", "\x00", "")
		text := dataCapture("<Collect default=''>" + strings.Replace(element, ">P<", ">"+escape.Replace(strings.ToValidUTF8(pattern, ""))+"<", 1) + "</Collect>")
		if strings.ContainsFunc(text, func(r rune) bool { return r < ' ' && r != '\t' && r != '\n' || r >= 0xD7FF }) {
			return // no XML
		}
		p, b := compileCallout(t, text, nil)
		if b.Problems.Refused() {
			return
		}
		x := flow.NewExchange(&flow.ProxyInfo{}, &flow.Services{}, flow.NewRequest())
		x.Path.Suffix = value
		x.Request.Header.Add("h", value)
		_ = p.Execute(context.Background(), x)
	})
}

func BenchmarkDataCapture(b *testing.B) {
	p, _ := permissive.compile(b, dataCapture("<Collect><URIPath><Pattern>/a/{$}</Pattern></URIPath></Collect>"))
	x := flow.NewExchange(&flow.ProxyInfo{}, &flow.Services{}, flow.NewRequest())
	x.Path.Suffix = "/a/1"
	b.ReportAllocs()
	for b.Loop() {
		if err := p.Execute(context.Background(), x); err != nil {
			b.Fatal(err)
		}
	}
}
