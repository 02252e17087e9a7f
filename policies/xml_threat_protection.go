package policies

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strconv"

	"github.com/beevik/etree"

	"sluice/faults"
	"sluice/flow"
	"sluice/internal/xmllimits"
)

var _ = register(flow.Kind{
	Name:    "XMLThreatProtection",
	Group:   "security",
	Compile: compileXMLThreatProtection,
	Doc: flow.Doc{
		Title: "refuses XML payloads that exceed structural limits",
		Text: `Reads the payload of Source (request by default; response and message are the others) if its Content-Type is
text/xml, application/xml or any +xml, and fails where a limit is exceeded or the payload is not well-formed. A
document type declaration is refused, and with it every entity but the five of XML. An empty payload passes, unless
FailOnEmptyXml is true; one that the endpoint streams (request.streaming.enabled, response.streaming.enabled) is not read. A
limit that is absent or negative does not exist.

The lengths of names count the part after the prefix, the prefix has a limit of its own; all lengths count characters, of
which an emoji is two, as in Java. NodeDepth is 1 for the root element, and 10000 at most also without a limit. Declarations
of namespaces count as namespaces and not as attributes. ChildCount counts elements, comments, processing instructions and
texts, each unless its include attribute is false. White space between tags is no text.

The fault is called ExecutionFailed; its text says which limit it was, in which line, and around which character. Variables
set: xmlattack.POLICY.failed and xmlattack.failed.`,
		Sample: `<XMLThreatProtection name="XTP-Order">
  <Source>request</Source>
  <NameLimits>
    <Element>50</Element>
    <Attribute>50</Attribute>
    <NamespacePrefix>10</NamespacePrefix>
    <ProcessingInstructionTarget>10</ProcessingInstructionTarget>
  </NameLimits>
  <StructureLimits>
    <NodeDepth>10</NodeDepth>
    <AttributeCountPerElement>5</AttributeCountPerElement>
    <NamespaceCountPerElement>3</NamespaceCountPerElement>
    <ChildCount includeComment="false">100</ChildCount>
  </StructureLimits>
  <ValueLimits>
    <Text>500</Text>
    <Attribute>100</Attribute>
    <NamespaceURI>100</NamespaceURI>
    <Comment>100</Comment>
    <ProcessingInstructionData>100</ProcessingInstructionData>
  </ValueLimits>
</XMLThreatProtection>`,
	},
})

// xmlThreatProtection is specified by policies-2.md 29.
type xmlThreatProtection struct {
	source      threatSource
	limits      xmllimits.Limits
	failOnEmpty bool // FailOnEmptyXml; that it is false by default is inferred
	exceeded    map[xmllimits.Limit]*faults.Def
	invalid     *faults.Def // not well-formed
}

// xmlThreatLimit is a limit with its element and its fault.
type xmlThreatLimit struct {
	limit            xmllimits.Limit
	group, tag, name string
}

var xmlThreatLimits = []xmlThreatLimit{
	{xmllimits.ElementName, "NameLimits", "Element", "ElementNameExceeded"},
	{xmllimits.AttributeName, "NameLimits", "Attribute", "AttributeNameExceeded"},
	{xmllimits.NamespacePrefix, "NameLimits", "NamespacePrefix", "NSPrefixExceeded"},
	{xmllimits.ProcessingInstructionTarget, "NameLimits", "ProcessingInstructionTarget", "PITargetExceeded"},
	{xmllimits.NodeDepth, "StructureLimits", "NodeDepth", "NodeDepthExceeded"},
	{xmllimits.AttributeCount, "StructureLimits", "AttributeCountPerElement", "AttributeCountExceeded"},
	{xmllimits.NamespaceCount, "StructureLimits", "NamespaceCountPerElement", "NSCountExceeded"},
	{xmllimits.ChildCount, "StructureLimits", "ChildCount", "ChildCountExceeded"},
	{xmllimits.Text, "ValueLimits", "Text", "TextExceeded"},
	{xmllimits.AttributeValue, "ValueLimits", "Attribute", "AttributeValueExceeded"},
	{xmllimits.NamespaceURI, "ValueLimits", "NamespaceURI", "NSURIExceeded"},
	{xmllimits.Comment, "ValueLimits", "Comment", "CommentExceeded"},
	{xmllimits.ProcessingInstructionData, "ValueLimits", "ProcessingInstructionData", "PIDataExceeded"},
}

func compileXMLThreatProtection(b *flow.Build, el *etree.Element) flow.Policy {
	b.Known(el, "Source", "NameLimits", "StructureLimits", xmlThreatAlias, "ValueLimits", "FailOnEmptyXml")
	p := &xmlThreatProtection{
		source:      compileThreatSource(b, el, "request", "SourceUnavailable"),
		limits:      xmllimits.NoLimits(),
		failOnEmpty: b.Bool(el, "FailOnEmptyXml", false),
		exceeded:    map[xmllimits.Limit]*faults.Def{},
		invalid:     b.Fault("ExecutionFailed/InvalidXMLPayload"),
	}
	for _, l := range xmlThreatLimits {
		p.limits.Max[l.limit] = b.Int(xmlThreatGroup(b, el, l.group), l.tag, -1, math.MinInt)
		p.exceeded[l.limit] = b.Fault("ExecutionFailed/" + l.name)
	}
	p.limits.Children = compileXMLThreatChildren(b, b.Child(xmlThreatGroup(b, el, "StructureLimits"), "ChildCount"))
	xmlThreatKnown(b, el)
	b.ReadsContent(p.source.name.String())
	return p
}

// xmlThreatAlias is how an old page and a public bundle spell StructureLimits.
const xmlThreatAlias = "StructuralLimits"

func xmlThreatGroup(b *flow.Build, el *etree.Element, tag string) *etree.Element {
	group := b.Child(el, tag)
	if group == nil && tag == "StructureLimits" {
		group = b.Child(el, xmlThreatAlias)
	}
	return group
}

// xmlThreatKnown warns of unknown limits in each group.
func xmlThreatKnown(b *flow.Build, el *etree.Element) {
	for _, group := range []string{"NameLimits", "StructureLimits", "ValueLimits"} {
		var tags []string
		for _, l := range xmlThreatLimits {
			if l.group == group {
				tags = append(tags, l.tag)
			}
		}
		b.Known(xmlThreatGroup(b, el, group), tags...)
	}
}

func compileXMLThreatChildren(b *flow.Build, el *etree.Element) xmllimits.Children {
	var counted xmllimits.Children
	for _, kind := range [...]struct {
		attr string
		kind xmllimits.Children
	}{
		{"includeElement", xmllimits.Elements}, {"includeComment", xmllimits.Comments},
		{"includeProcessingInstruction", xmllimits.ProcessingInstructions}, {"includeText", xmllimits.Texts},
	} {
		if b.BoolAttr(el, kind.attr, true) {
			counted |= kind.kind
		}
	}
	return counted
}

func (p *xmlThreatProtection) Execute(_ context.Context, x *flow.Exchange) error {
	m, err := p.source.message(x)
	if err != nil || !m.IsXML() {
		return err
	}
	data, ok, err := threatPayload(m)
	if !ok || len(data) == 0 && !p.failOnEmpty {
		return err
	}
	return p.fault(xmllimits.Check(data, &p.limits))
}

func (p *xmlThreatProtection) fault(err error) error {
	if exceeded, ok := errors.AsType[*xmllimits.ExceededError](err); ok {
		return p.exceeded[exceeded.Limit].Wrap(err,
			"limit", strconv.Itoa(exceeded.Max), "line", strconv.Itoa(exceeded.Line), "char", strconv.Itoa(exceeded.Char))
	}
	if invalid, ok := errors.AsType[*xmllimits.SyntaxError](err); ok {
		// The two spaces are Apigee's.
		said := fmt.Sprintf("%s at line %d(possibly  around char %d)", invalid.Reason, invalid.Line, invalid.Char)
		return p.invalid.Wrap(err, "parser_error", said)
	}
	return err
}
