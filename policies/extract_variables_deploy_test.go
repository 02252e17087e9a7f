package policies_test

import (
	"strings"
	"testing"
)

// TestExtractReads checks what the deployment learns: which payloads must be
// held.
func TestExtractReads(t *testing.T) {
	tests := []struct{ elements, reads string }{
		{extractA, "message.content"},
		{"<Source>request</Source>" + extractA, "request.content"},
		{"<Source>request.content</Source>" + extractA, "request.content"},
		{"<FormParam name='f'><Pattern>{x}</Pattern></FormParam>", "message.formparam.f"},
		{"<Variable name='response.content'><Pattern>{x}</Pattern></Variable>", "response.content"},
		{"<Header name='h'><Pattern>{x}</Pattern></Header>", ""},
	}
	for _, tt := range tests {
		_, b := compileExtract(t, "<ExtractVariables>"+tt.elements+"</ExtractVariables>")
		var reads []string
		for text, name := range b.Own {
			if name.ReadsBody() {
				reads = append(reads, text)
			}
		}
		if got := strings.Join(reads, " "); got != tt.reads {
			t.Errorf("%s reads %q, want %q", tt.elements, got, tt.reads)
		}
	}
}

func TestExtractDeployment(t *testing.T) {
	const xml = "<XMLPayload><Namespaces>%</Namespaces><Variable name='x'><XPath>/a</XPath></Variable></XMLPayload>"
	namespace := func(s string) string { return strings.Replace(xml, "%", s, 1) }
	xpath := func(typ, s string) string {
		return strings.Replace(strings.Replace(xml, "/a", s, 1), "name='x'", "name='x' type='"+typ+"'", 1)
	}
	tests := []struct{ elements, want string }{
		{"<Source>request</Source>", "error NothingToExtract: ExtractVariables EV: at least one of URIPath, QueryParam, Header, FormParam, XMLPayload, JSONPayload is mandatory."},
		{"<Variable name='a'><Pattern>{b}</Pattern></Variable>", ""},
		{"<QueryParam name='a'/>", ""},
		{namespace("<Namespace prefix='p'/>"), "error NONEmptyPrefixMappedToEmptyURI: ExtractVariables EV: Non-empty prefix p cannot be mapped to empty uri."},
		{namespace("<Namespace prefix='p'>a</Namespace><Namespace prefix='p'>b</Namespace>"), "error DuplicatePrefix: ExtractVariables EV: Duplicate prefix p."},
		{namespace("<Namespace>a</Namespace><Namespace/>"), "warning UnknownElement: a Namespace without a prefix is ignored"},
		{strings.Replace(xml, "<XPath>/a</XPath>", "", 1), "error NoXPathsToEvaluate: ExtractVariables EV: no xpaths to evaluate in variable name."},
		{strings.Replace(xml, "/a", " ", 1), "error EmptyXPathExpression: ExtractVariables EV: XPath expression is empty in variable name."},
		{xpath("", "/p:a"), "error XPathCompilationFailed: ExtractVariables EV: Failed to compile xpath /p:a. Context Revision:2;APIProxy:test;Organization:acme;Environment:eval."},
		{xpath("", "/a["), "error XPathCompilationFailed: ExtractVariables EV: Failed to compile xpath /a[. Context Revision:2;APIProxy:test;Organization:acme;Environment:eval."},
		{xpath("nodeset", "count(/a)"), "error CannotBeConvertedToNodeset: ExtractVariables EV: Result of xpath count(/a) cannot be converted to nodeset. Context Revision:2;APIProxy:test;Organization:acme;Environment:eval."},
		{xpath("text", "/a"), "error InstantiationFailed: "},
		{strings.Replace(extractA, "<JSONPath>$.a</JSONPath>", "", 1), "error NoJSONPathsToEvaluate: ExtractVariables EV: no jsonpaths to evaluate in variable name."},
		{strings.Replace(extractA, "$.a", "", 1), "error EmptyJSONPathExpression: ExtractVariables EV: JSONPath expression is empty in variable name."},
		{strings.Replace(extractA, "$.a", "$.{nofunction(a)}", 1), "error UnknownStringFunction: "},
		{strings.Replace(extractA, "$.a", "$.a[", 1), "error JSONPathCompilationFailed: "},
		{strings.Replace(extractA, ` name="x"`, "", 1), "error MissingName: Error occurred while validation of bean EV.xml. Reason: - Required attribute name is missing in Variable"},
		{"<QueryParam><Pattern>{a}</Pattern></QueryParam>", "error MissingName: Error occurred while validation of bean EV.xml. Reason: - Required attribute name is missing in QueryParam"},
		{"<Header name=''/>", "error MissingName: Error occurred while validation of bean EV.xml. Reason: - Required attribute name is missing in Header"},
		{"<FormParam/>", "error MissingName: Error occurred while validation of bean EV.xml. Reason: - Required attribute name is missing in FormParam"},
		{"<Variable/>", "error MissingName: Error occurred while validation of bean EV.xml. Reason: - Required attribute name is missing in Variable"},
		{"<URIPath><Pattern>/a</Pattern></URIPath>", "error PatternWithoutVariable: Pattern /a should have atleast one variable in ExtractVariables stepDefinition EV."},
		{"<URIPath><Pattern/></URIPath>", "error PatternWithoutVariable: Pattern  should have atleast one variable in ExtractVariables stepDefinition EV."},
		{"<URIPath><Pattern>/{*}</Pattern></URIPath>", "error InvalidPattern: Pattern /{*} is invalid in ExtractVariables stepDefinition EV."},
		{"<URIPath><Pattern>" + strings.Repeat("/{a}", 2000) + "</Pattern></URIPath>", "error InvalidPattern: "},
		{"<URIPath><Pattern>a/{b}</Pattern></URIPath>", "warning InvalidPattern: "},
		{"<URIPath name='x'><Pattern>/{b}</Pattern></URIPath>", "warning UnknownAttribute: "},
		{"<URIPath><URIPath><Pattern>/{b}</Pattern></URIPath></URIPath>", "warning UnknownElement: "},
		{"<Source>a</Source><Source>b</Source>" + extractA, "warning DuplicateElement: "},
		{"<Nonsense/>" + extractA, "warning UnknownElement: "},
	}
	for _, tt := range tests {
		_, b := compileExtract(t, "<ExtractVariables name='EV'>"+tt.elements+"</ExtractVariables>")
		var got []string
		for _, p := range b.Problems {
			got = append(got, p.Severity+" "+p.Code+": "+p.Message)
		}
		if all := strings.Join(got, "\n"); !strings.HasPrefix(all, tt.want) || len(got) > 1 || tt.want == "" && all != "" {
			t.Errorf("%s\n got %s\nwant %s", tt.elements, all, tt.want)
		}
	}
	if _, b := compileExtract(t, "<ExtractVariables match='some'>"+extractA+"</ExtractVariables>"); len(b.Problems) != 1 || b.Problems.Refused() {
		t.Errorf("match='some': %v", b.Problems)
	}
}
