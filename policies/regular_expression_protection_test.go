package policies_test

import (
	"strings"
	"testing"

	"sluice/flow"
)

func TestProtectionDeployment(t *testing.T) {
	const context = " Context Revision:;APIProxy:test;Organization:;Environment:."
	pattern := func(s string) string { return "<URIPath>" + s + "</URIPath>" }
	xml := func(s string) string { return "<XMLPayload>" + s + "</XMLPayload>" }
	xpath := func(s string) string { return xml("<XPath>" + s + "<Pattern>x</Pattern></XPath>") }
	json := func(s string) string {
		return "<JSONPayload><JSONPath>" + s + "<Pattern>x</Pattern></JSONPath></JSONPayload>"
	}
	namespace := func(s string) string {
		return xml("<Namespaces>" + s + "</Namespaces><XPath><Expression>/a</Expression><Pattern>x</Pattern></XPath>")
	}
	tests := []struct{ elements, want string }{
		{"<Source>request</Source>", "error NothingToEnforce: RegularExpressionProtection P: at least one of URIPath, QueryParam, Header, FormParam, XMLPayload, JSONPayload is mandatory"},
		{"<Variable name='a'><Pattern>x</Pattern></Variable>", ""},
		{pattern(""), "error NoPatternsToEnforce: RegularExpressionProtection P: No patterns to enforce in URIPath"},
		{"<QueryParam name='q'/>", "error NoPatternsToEnforce: RegularExpressionProtection P: No patterns to enforce in QueryParam"},
		{"<Header name='q'/>", "error NoPatternsToEnforce: "},
		{"<FormParam name='q'/>", "error NoPatternsToEnforce: "},
		{"<Variable name='q'/>", "error NoPatternsToEnforce: "},
		{xml(""), "error NoPatternsToEnforce: RegularExpressionProtection P: No patterns to enforce in XMLPayload"},
		{"<JSONPayload/>", "error NoPatternsToEnforce: RegularExpressionProtection P: No patterns to enforce in JSONPayload"},
		{xml("<XPath><Expression>/a</Expression></XPath>"), "error NoPatternsToEnforce: RegularExpressionProtection P: No patterns to enforce in XPath"},
		{"<JSONPayload><JSONPath><Expression>$</Expression></JSONPath></JSONPayload>", "error NoPatternsToEnforce: RegularExpressionProtection P: No patterns to enforce in JSONPath"},
		{pattern("<Pattern>(?/x)</Pattern>"), "error InvalidRegularExpression: RegularExpressionProtection P: Invalid Regular Expression (?/x)," + context},
		{pattern("<Pattern>foo){2}</Pattern>"), "error InvalidRegularExpression: "},
		{pattern(`<Pattern>(?=x)(a)\1++</Pattern>`), ""},
		{pattern("<Pattern> </Pattern>"), "warning EmptyPattern: "},
		{pattern("<Pattern ignoreCase='maybe'>x</Pattern>"), "error InvalidValue: "},
		{"<QueryParam><Pattern>x</Pattern></QueryParam>", "error MissingName: attribute name is missing in QueryParam"},
		{"<Variable name=' '><Pattern>x</Pattern></Variable>", "error MissingName: attribute name is missing in Variable"},
		{xpath(""), "error EmptyXPathExpression: RegularExpressionProtection P: Empty XPath expression"},
		{xpath("<Expression>/a[</Expression>"), "error XPathCompilationFailed: RegularExpressionProtection P: Failed to compile xpath /a[." + context},
		{xpath("<Expression>/p:a</Expression>"), "error XPathCompilationFailed: RegularExpressionProtection P: Failed to compile xpath /p:a." + context},
		{xpath("<Expression>count(/a)</Expression><Type>nodeset</Type>"), "error CannotBeConvertedToNodeset: RegularExpressionProtection P: Result of xpath count(/a) cannot be converted to nodeset." + context},
		{xpath("<Expression>count(/a)</Expression><Type>integer</Type>"), ""},
		{xpath("<Expression>/a</Expression><Type>text</Type>"), "error InvalidValue: "},
		{namespace("<Namespace prefix='p'/>"), "error NONEmptyPrefixMappedToEmptyURI: RegularExpressionProtection P: Non-empty prefix p cannot be mapped to empty uri"},
		{namespace("<Namespace prefix='p'>a</Namespace><Namespace prefix='p'>b</Namespace>"), "error DuplicatePrefix: RegularExpressionProtection P: Duplicate prefix p"},
		{namespace("<Namespace>a</Namespace><Namespace/>"), "warning UnknownElement: a Namespace without a prefix is ignored"},
		{json(""), "error EmptyJSONPathExpression: RegularExpressionProtection P: Empty JSONPath expression"},
		{json("<Expression>$.a[</Expression>"), "error JSONPathCompilationFailed: RegularExpressionProtection P: Failed to compile jsonpath $.a[." + context},
		{json("<Expression>^(rooster|hen)$</Expression>"), "warning UnknownFunction: the path selects nothing: "},
		{json("<Expression>expression</Expression>"), ""},
		{"<Nonsense/>" + pattern("<Pattern>x</Pattern>"), "warning UnknownElement: "},
	}
	for _, tt := range tests {
		_, b := permissive.compile(t, protect(tt.elements))
		var got []string
		for _, p := range b.Problems {
			got = append(got, p.Severity+" "+p.Code+": "+p.Message)
		}
		if all := strings.Join(got, "\n"); !strings.HasPrefix(all, tt.want) || len(got) > 1 || tt.want == "" && all != "" {
			t.Errorf("%s\n got %s\nwant %s", tt.elements, all, tt.want)
		}
	}
}

// TestProtectionShows: what a fault shows of a text is cut, and not in the middle of a character.
func TestProtectionShows(t *testing.T) {
	x := threatExchange("text/plain", "x"+strings.Repeat("ä", 1<<20))
	err := permissive.run(t, x, protect("<Variable name='request.content'><Pattern>^x</Pattern></Variable>"))
	const begin = "Regular Expression Threat Detected in P: regex: ^x input: xää"
	if said := faultText(err); !strings.Contains(said, begin) || !strings.Contains(said, "ää...") || len(said) > 1200 {
		t.Errorf("%.200s (%d bytes)", said, len(said))
	}
}

// TestProtectionValues: variables that are lists and messages are looked at too.
func TestProtectionValues(t *testing.T) {
	own := flow.NewResponse()
	own.SetContent([]byte("a threat"))
	for name, v := range map[string]flow.Value{"list": flow.List([]string{"no", "threat"}), "message": flow.MessageValue(own), "text": flow.Text("no\nthreat")} {
		x := threatExchange("text/plain", "")
		x.Put("own", v)
		if err := permissive.run(t, x, protect(`<Variable name="own"><Pattern>(?m)\bthreat$</Pattern></Variable>`)); err == nil {
			t.Errorf("%s: no threat found", name)
		}
		if err := permissive.run(t, x, protect(`<Variable name="own"><Pattern>(?m)^eat</Pattern></Variable>`)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
