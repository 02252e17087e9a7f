package policies

import (
	"context"
	"errors"
	"strings"

	"github.com/beevik/etree"

	"sluice/faults"
	"sluice/flow"
)

var _ = register(flow.Kind{
	Name:    "ExtractVariables",
	Group:   "mediation",
	Compile: compileExtractVariables,
	Doc: flow.Doc{
		Title: "takes messages and variables apart into variables",
		Text: `Every element below is tried, in the order of the file; what does not match sets nothing. The names of
the variables begin with VariablePrefix and a dot, if there is one.

URIPath, QueryParam, Header, FormParam and Variable match Patterns: {name} takes text into a variable, "*" stands
for any text, "%" before a brace, a star or itself takes that literally. A pattern must match the whole value. In
URIPath, which looks at proxy.pathsuffix, {name} and "*" stay within one segment, "**" stands for one or more
segments, and of several patterns that match only the one with the most segments counts.

JSONPayload and XMLPayload read a message whose Content-Type is application/json, or text/xml, application/xml or
application/*+xml; a message of another type they leave alone. A Source that is no message, such as request.content,
is read as it is. A JSONPath is a message template; without a result it fails the policy, unless
IgnoreUnresolvedVariables is true. An XPath without a result sets nothing.`,
		Sample: `<ExtractVariables name="EV-Order">
  <Source>request</Source>
  <VariablePrefix>order</VariablePrefix>
  <IgnoreUnresolvedVariables>true</IgnoreUnresolvedVariables>
  <URIPath><Pattern ignoreCase="true">/customers/{customer}/orders/{id}</Pattern></URIPath>
  <Header name="Authorization"><Pattern>Bearer {token}</Pattern></Header>
  <JSONPayload>
    <Variable name="quantity" type="integer"><JSONPath>$.items[0].quantity</JSONPath></Variable>
  </JSONPayload>
  <XMLPayload>
    <Namespaces><Namespace prefix="o">urn:example:order</Namespace></Namespaces>
    <Variable name="note"><XPath>/o:order/o:note</XPath></Variable>
  </XMLPayload>
</ExtractVariables>`,
	},
})

// extractVariables is specified by policies-1.md 13.
type extractVariables struct {
	source  *flow.Name
	reads   bool // something reads the source, so that it must exist
	clear   bool // clearPayload
	ignore  bool // IgnoreUnresolvedVariables
	missing *faults.Def
	parts   []extraction // in the order of the file

	failed, immutable, belowLeaf, noResult, badCast, unresolved, unsupported *faults.Def
}

// extraction is one element that extracts.
type extraction interface {
	extract(p *extractVariables, x *flow.Exchange, in extractInput) error
}

// extractInput is what Source names: a message, or the value of any other
// variable.
type extractInput struct {
	message *flow.Message
	value   flow.Value
}

func compileExtractVariables(b *flow.Build, el *etree.Element) flow.Policy {
	b.Known(el, "Source", "VariablePrefix", "IgnoreUnresolvedVariables", "URIPath", "QueryParam", "Header", "FormParam", "Variable", "JSONPayload", "XMLPayload")
	source := extractSource(b, el)
	p := &extractVariables{
		clear:       b.BoolAttr(source, "clearPayload", false),
		ignore:      b.Bool(el, "IgnoreUnresolvedVariables", false),
		failed:      b.Fault("ExecutionFailed"),
		immutable:   b.Fault("ImmutableVariable"),
		belowLeaf:   b.Fault("SetVariableFailed"),
		noResult:    b.Fault("InvalidJSONPath"),
		badCast:     b.Fault("UnableToCast"),
		unresolved:  b.Fault("VariableResolutionFailed"),
		unsupported: b.Fault("UnsupportedOperation"),
	}
	c := &extractCompiler{Build: b, source: flow.TextOf(source), prefix: b.Text(el, "VariablePrefix"), first: extractFirst(b, el)}
	if c.source == "" {
		c.source = "message"
	}
	p.source = b.Name(c.source)
	p.missing = b.Fault(extractMissing(el, c.source))
	p.parts = c.compile(el)
	p.reads = c.reads
	return p
}

// extractSource returns the last Source: public bundles have two, and a Java
// reader keeps the last.
func extractSource(b *flow.Build, el *etree.Element) *etree.Element {
	list := flow.Children(el, "Source")
	if len(list) == 0 {
		return nil
	}
	last := list[len(list)-1]
	if len(list) > 1 {
		b.Warn(list[0], "DuplicateElement", "there are several Source elements; the last one counts", "keep one")
	}
	return last
}

// extractFirst reads the attribute match. It is in Apigee's schema and its
// meaning is documented nowhere; sluice reads "first" as: of the patterns of an
// element only the first that matches counts.
func extractFirst(b *flow.Build, el *etree.Element) bool {
	switch match := b.Attr(el, "match"); match {
	case "first":
		return true
	case "", "all":
	default:
		b.Warn(el, "InvalidValue", "match "+match+" is not known and taken for all", "write all or first")
	}
	return false
}

// extractMissing names the fault for a Source that is not there. Documented are
// "response" and "mymessage" for the first, "request.content" with a JSONPayload
// for the second; hence the dot. Sluice's reading.
func extractMissing(el *etree.Element, source string) string {
	if strings.Contains(source, ".") && flow.Child(el, "JSONPayload") != nil {
		return "JsonPathParsingFailure"
	}
	return "SourceMessageNotAvailable"
}

func (p *extractVariables) Execute(_ context.Context, x *flow.Exchange) error {
	var in extractInput
	if p.reads || p.clear {
		var err error
		if in, err = p.input(x); err != nil {
			return err
		}
	}
	for _, part := range p.parts {
		if err := part.extract(p, x, in); err != nil {
			return err
		}
	}
	return p.clearSource(x, in)
}

func (p *extractVariables) input(x *flow.Exchange) (extractInput, error) {
	name := p.source.String()
	if m := x.Message(name); m != nil {
		return extractInput{message: m}, nil
	}
	v := x.Get(p.source)
	if broken := x.Err(); broken != nil {
		return extractInput{}, broken
	}
	if v.IsNull() {
		return extractInput{}, p.missing.New("source", name, "variable", name)
	}
	return extractInput{value: v}, nil
}

// payload is the text of the input. ok is false for a message whose media type
// is not wanted.
func (in extractInput) payload(wanted func(mediaType string) bool) (data []byte, ok bool, err error) {
	switch {
	case in.message == nil:
		return []byte(in.value.String()), true, nil
	case !wanted(in.message.MediaType()):
		return nil, false, nil
	}
	data, err = in.message.Content()
	return data, err == nil, err
}

// set gives a variable its value, with the documented faults of the policy.
func (p *extractVariables) set(x *flow.Exchange, n *flow.Name, v flow.Value) error {
	if x.BelowLeaf(n) {
		return p.belowLeaf.New("variable", n.String(), "value", v.String())
	}
	err := x.Set(n, v)
	if refused := (*flow.SetError)(nil); errors.As(err, &refused) {
		return p.immutable.Wrap(err, "variable", n.String())
	}
	return err
}

// clearSource does what clearPayload asks for. A variable that is no message is
// all payload, so it goes.
func (p *extractVariables) clearSource(x *flow.Exchange, in extractInput) error {
	switch {
	case !p.clear:
		return nil
	case in.message != nil:
		in.message.ClearContent()
		return nil
	}
	return p.set(x, p.source, flow.Value{})
}
