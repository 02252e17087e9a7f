package policies

import (
	"context"

	"github.com/beevik/etree"

	"sluice/faults"
	"sluice/flow"
)

var _ = register(flow.Kind{
	Name:    "RegularExpressionProtection",
	Group:   "security",
	Compile: compileRegexProtection,
	Doc: flow.Doc{
		Title: "refuses messages in which a regular expression finds a threat",
		Text: `Looks for each Pattern, a Java regular expression, anywhere in a part of Source (by default message: the request in
request flows, the response in response flows). What is not there has nothing to look at. The parts are looked at in this
order, whatever the order of the file:

URIPath, the path as received and once more with its escapes resolved; QueryParam, Header and FormParam, each value of that
name, and of a header that lists values each of them too; Variable, which must resolve unless IgnoreUnresolvedVariables is
true; XMLPayload, each node that an XPath selects, and with Type nodeset also the XML text of elements, of a message whose
Content-Type is text/xml, application/xml or any +xml; JSONPayload, each value that a JSONPath selects, objects and arrays
as JSON text, of a message whose Content-Type is application/json, text/json or any +json. With escapeSlashCharacter the
JSON text is looked at in a second form too, in which \/ stands for each slash. URIPath, QueryParam and FormParam do nothing
when the source is a response. Of a payload that the endpoint streams (request.streaming.enabled,
response.streaming.enabled) nothing is read.

The first match fails the policy with ThreatDetected, whose text names the pattern and, as Apigee does, what was looked at:
answer it with a fault rule where clients must not see that. A pattern that takes more than a tenth of a second for one
text, or all patterns more than two for a message, end in ExecutionFailed. So does JSON in which an object has one member
twice: those who read it later differ in which of the two they take.

Variables set: regularexpressionprotection.POLICY.failed and regularexpressionprotection.failed.`,
		Sample: `<RegularExpressionProtection name="REP-Injection">
  <Source>request</Source>
  <IgnoreUnresolvedVariables>true</IgnoreUnresolvedVariables>
  <URIPath><Pattern ignoreCase="true">drop\s+table</Pattern></URIPath>
  <QueryParam name="query">
    <Pattern>[\s]*(?i)((delete)|(exec)|(drop\s*table)|(insert)|(shutdown)|(update)|(\bor\b))</Pattern>
  </QueryParam>
  <Header name="User-Agent"><Pattern>sqlmap</Pattern></Header>
  <FormParam name="comment"><Pattern>&lt;\s*script</Pattern></FormParam>
  <Variable name="request.content"><Pattern>Exception in thread</Pattern></Variable>
  <XMLPayload>
    <Namespaces><Namespace prefix="o">urn:example:order</Namespace></Namespaces>
    <XPath>
      <Expression>/o:order/o:note</Expression>
      <Type>string</Type>
      <Pattern>&lt;\s*script</Pattern>
    </XPath>
  </XMLPayload>
  <JSONPayload>
    <JSONPath><Expression>$.order.note</Expression><Pattern>&lt;\s*script</Pattern></JSONPath>
  </JSONPayload>
</RegularExpressionProtection>`,
	},
})

// regexProtection is specified by policies-2.md 19.
type regexProtection struct {
	source threatSource
	reads  bool // something reads the source, so that it must exist
	ignore bool // IgnoreUnresolvedVariables
	checks []regexProtectionCheck

	threat, failed, unresolved *faults.Def
}

// regexProtectionCheck is one element that has patterns.
type regexProtectionCheck interface {
	check(r *regexProtectionRun) error
}

func compileRegexProtection(b *flow.Build, el *etree.Element) flow.Policy {
	b.Known(el, "Source", "IgnoreUnresolvedVariables", "URIPath", "QueryParam", "Header", "FormParam", "Variable", "XMLPayload", "JSONPayload")
	p := &regexProtection{
		source:     compileThreatSource(b, el, "message", "SourceMessageNotAvailable"),
		ignore:     b.Bool(el, "IgnoreUnresolvedVariables", false),
		threat:     b.Fault("ThreatDetected"),
		failed:     b.Fault("ExecutionFailed"),
		unresolved: b.Fault("VariableResolutionFailed"),
	}
	c := &regexProtectionCompiler{Build: b, source: p.source.name.String()}
	p.checks = c.compile(el)
	p.reads = c.reads
	return p
}

func (p *regexProtection) Execute(ctx context.Context, x *flow.Exchange) error {
	r := newRegexProtectionRun(ctx, p, x)
	if p.reads {
		var err error
		if r.message, err = p.source.message(x); err != nil {
			return err
		}
	}
	for _, c := range p.checks {
		if err := c.check(r); err != nil {
			return err
		}
	}
	return nil
}
