package policies

import (
	"context"
	"errors"
	"strings"

	"github.com/beevik/etree"

	"sluice/faults"
	"sluice/flow"
	"sluice/internal/xslt"
)

var _ = register(flow.Kind{
	Name:    "XSL",
	Group:   "mediation",
	Compile: compileXSL,
	Doc: flow.Doc{
		Title: "transforms XML with an XSLT stylesheet",
		Text: `Transforms the payload of Source, a message (by default the one of the flow: message), with the stylesheet
that ResourceURL names, a file below resources/xsl. The result goes to the variable OutputVariable; without one it
replaces the payload of Source, whose headers stay as they are. A payload that the endpoint streams
(request.streaming.enabled, response.streaming.enabled) is not transformed.

Each Parameter gives a value to the xsl:param of its name at the top of the stylesheet, as a string: of the variable
ref, or value. A ref that does not resolve fails the policy, unless ignoreUnresolvedVariables is true: then value, or
else the default of the xsl:param, counts.

XSLT 1.0 is complete but for documents other than Source and the stylesheet itself, and, as on Apigee, xsl:include and
xsl:import. Of XSLT 2.0 there are xsl:sequence, xsl:function, xsl:for-each-group, xsl:analyze-string, xsl:next-match,
separator, sequences of XPath with if, for, some and every, regular expressions and dates; what else a stylesheet of
version 2.0 uses is named at deployment, and fails the policy only where it is reached. Payloads with a document type
declaration are refused. What xsl:message says is logged by serve --log-level debug; with terminate="yes" it fails the
policy.`,
		Sample: `<XSL name="XSL-Order">
  <Source>request</Source>
  <ResourceURL>xsl://order.xsl</ResourceURL>
  <Parameters ignoreUnresolvedVariables="true">
    <Parameter name="customer" ref="request.queryparam.customer"/>
    <Parameter name="currency" value="EUR"/>
  </Parameters>
  <OutputVariable>order.html</OutputVariable>
</XSL>`,
	},
})

// xslTransform is specified by policies-2.md 31.
type xslTransform struct {
	source     string
	resource   string           // xsl://file
	stylesheet *xslt.Stylesheet // nil: the resource does not exist
	parameters []xslParameter
	ignore     bool       // ignoreUnresolvedVariables
	output     *flow.Name // nil: the result replaces the payload of the source

	unavailable, failed, unresolved *faults.Def
}

// xslParameter is a Parameter: a variable, or a value.
type xslParameter struct {
	name  string
	ref   *flow.Name // may be nil
	value string
	fixed bool // there is a value
}

func compileXSL(b *flow.Build, el *etree.Element) flow.Policy {
	b.Known(el, "Source", "ResourceURL", "OutputVariable", "Parameters")
	p := &xslTransform{
		source:      xslSource(b, el),
		unavailable: b.Fault("XSLSourceMessageNotAvailable"),
		failed:      b.Fault("XSLEvaluationFailed"),
		unresolved:  b.Fault("XSLVariableResolutionFailed"),
	}
	b.ReadsContent(p.source)
	p.readStylesheet(b, el)
	p.readParameters(b, b.Child(el, "Parameters"))
	if output := b.Text(el, "OutputVariable"); output != "" {
		p.output = xslOutput(b, b.Child(el, "OutputVariable"), output)
	}
	return p
}

func xslSource(b *flow.Build, el *etree.Element) string {
	if source := b.Text(el, "Source"); source != "" {
		return source
	}
	return "message"
}

// xslOutput refuses a message, which the page forbids. What Apigee does then is unknown.
func xslOutput(b *flow.Build, el *etree.Element, output string) *flow.Name {
	switch output {
	case "message", "request", "response", "error":
		b.RefuseText(el, "InvalidValue", "OutputVariable cannot be a message", "leave OutputVariable out to replace the payload of Source")
	}
	return b.Name(output)
}

// readStylesheet compiles the stylesheet. One that does not exist is a warning, which the check of resources gives: public
// bundles with one are taken for loadable. The policy fails then.
func (p *xslTransform) readStylesheet(b *flow.Build, el *etree.Element) {
	at := b.Child(el, "ResourceURL")
	p.resource = flow.TextOf(at)
	switch {
	case at == nil:
		b.Refuse(el, "XSLEmptyResourceUrl")
		return
	case p.resource == "":
		b.Refuse(at, "XSLEmptyResourceUrl")
		return
	case !strings.HasPrefix(p.resource, "xsl://"):
		b.Refuse(at, "XSLInvalidResourceType")
		return
	}
	text, ok := b.Resource(p.resource)
	if !ok {
		return
	}
	var err error
	p.stylesheet, err = xslt.Compile(text)
	if wrong := (*xslt.Error)(nil); errors.As(err, &wrong) {
		for _, problem := range wrong.Problems {
			b.RefuseText(at, "XSLCompilationFailed", p.resource+" does not compile: "+problem.String(), problem.Hint)
		}
		return
	}
	for _, problem := range p.stylesheet.Warnings() {
		b.Warn(at, "XSLNotSupported", p.resource+": "+problem.String(), problem.Hint)
	}
}

func (p *xslTransform) readParameters(b *flow.Build, el *etree.Element) {
	b.Known(el, "Parameter")
	p.ignore = b.BoolAttr(el, "ignoreUnresolvedVariables", false)
	for _, child := range flow.Children(el, "Parameter") {
		value := child.SelectAttr("value")
		parameter := xslParameter{name: b.Attr(child, "name"), ref: b.Ref(child, "ref"), fixed: value != nil}
		if value != nil {
			parameter.value = value.Value
		}
		switch {
		case parameter.name == "":
			b.RefuseText(child, "MissingAttribute", "a Parameter has no name", `add name="..."`)
		case parameter.ref == nil && !parameter.fixed:
			b.RefuseText(child, "MissingAttribute", "Parameter "+parameter.name+" has neither ref nor value", `add ref="..." or value="..."`)
		case parameter.ref != nil && parameter.fixed:
			// A comment in a public bundle says that Apigee X refuses this; the bundle, which does it, is taken for loadable.
			b.Warn(child, "InvalidValue", "Parameter "+parameter.name+" has both ref and value: value counts only when ref does not resolve", "keep one of them")
		}
		p.parameters = append(p.parameters, parameter)
	}
}

func (p *xslTransform) Execute(ctx context.Context, x *flow.Exchange) error {
	m := x.Message(p.source)
	if m == nil {
		return p.unavailable.New("source", p.source)
	}
	if _, held := m.Body.Held(); m.Streamed && !held {
		x.Warn("the payload is streamed: nothing is transformed")
		return nil
	}
	parameters, err := p.values(x)
	if err != nil {
		return err
	}
	payload, err := m.Content()
	if err != nil {
		return err
	}
	if p.stylesheet == nil {
		return p.fail(errors.New("the stylesheet does not exist"))
	}
	result, err := p.stylesheet.Transform(ctx, payload, xslt.Options{Parameters: parameters, Now: x.Now(), Message: xslMessage(x)})
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		return p.fail(err)
	case p.output == nil:
		return p.replace(m, result)
	}
	if err := x.Set(p.output, flow.Text(result.Text)); err != nil {
		return p.fail(err)
	}
	return nil
}

func (p *xslTransform) replace(m *flow.Message, result xslt.Output) error {
	data, err := result.Encode()
	if err != nil {
		return p.fail(err)
	}
	m.SetContent(data)
	return nil
}

func (p *xslTransform) fail(err error) error {
	return p.failed.Wrap(err, "resource", p.resource, "reason", err.Error())
}

// values are those of the parameters. One whose variable does not resolve is left to the stylesheet's default; that Apigee does
// so too is not documented.
func (p *xslTransform) values(x *flow.Exchange) (map[string]string, error) {
	values := make(map[string]string, len(p.parameters))
	for i := range p.parameters {
		parameter := &p.parameters[i]
		v := flow.Value{}
		if parameter.ref != nil {
			v = x.Get(parameter.ref)
		}
		if broken := x.Err(); broken != nil {
			return nil, broken
		}
		switch {
		case !v.IsNull():
			values[parameter.name] = v.String()
		case parameter.fixed:
			values[parameter.name] = parameter.value
		case !p.ignore:
			return nil, p.unresolved.New("variable", parameter.ref.String())
		}
	}
	return values, nil
}

// xslMessage takes what xsl:message says; nil: nobody looks.
func xslMessage(x *flow.Exchange) func(string) {
	switch {
	case x.Traced():
		return x.Warn
	case x.Services == nil || x.Services.Printed == nil:
		return nil
	}
	return func(line string) { x.Services.Printed(x.Proxy.Name, x.Flow.Step, line) }
}
