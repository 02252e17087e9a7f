package policies

import (
	"context"
	"strconv"

	"github.com/beevik/etree"

	"sluice/faults"
	"sluice/flow"
	"sluice/internal/xmljson"
)

var _ = register(flow.Kind{
	Name:    "JSONToXML",
	Group:   "mediation",
	Compile: compileJSONToXML,
	Doc: flow.Doc{
		Title: "makes XML of the JSON in a message or a variable",
		Text: `Source is a message, by default that of the flow, or a string. A message whose Content-Type is not JSON stays as it
is, and so does one that the endpoint streams (request.streaming.enabled, response.streaming.enabled); another gets the XML as its payload, and Content-Type text/xml;charset=UTF-8. OutputVariable takes the result elsewhere:
a string needs one, and its type must be that of Source, or there must be nothing in it.

A member of an object becomes an element, an array one for each of its items, null an empty one. An object with a single
member has that one for its root, unless it is an array; other objects have ObjectRootElementName (Root), arrays
ArrayRootElementName (Array) and in it ArrayItemElementName (Item). What no name in XML may contain is replaced by
InvalidCharsReplacement (_).

These give a meaning to names, and have none by themselves: NullValue is a text for nothing, TextNodeName the text of the
element around, AttributeBlockName an object of attributes, AttributePrefix marks attributes, NamespaceBlockName is an
object of namespaces by prefix, with DefaultNamespaceNodeName for the default one; NamespaceSeparator (:) ends a prefix.
OmitXmlDeclaration and Indent are about the text.`,
		Sample: `<JSONToXML name="J2X-Order">
  <Source>request</Source>
  <OutputVariable>request</OutputVariable>
  <Options>
    <TextNodeName>#text</TextNodeName>
    <AttributePrefix>@</AttributePrefix>
    <ObjectRootElementName>Order</ObjectRootElementName>
    <ArrayRootElementName>Orders</ArrayRootElementName>
    <ArrayItemElementName>Order</ArrayItemElementName>
  </Options>
</JSONToXML>`,
	},
})

// jsonToXMLContentType is recalled from the page: "text/xml;charset=UTF-8".
const jsonToXMLContentType = "text/xml;charset=UTF-8"

type jsonToXML struct{ conversion }

func compileJSONToXML(b *flow.Build, el *etree.Element) flow.Policy {
	b.Known(el, "Source", "OutputVariable", "Options")
	p := &jsonToXML{conversion{
		from:        conversionMedia{"JSON", (*flow.Message).IsJSON},
		contentType: jsonToXMLContentType,
		convert:     xmljson.NewToXML(jsonToXMLOptions(b, b.Child(el, "Options"))).Convert,
		said:        jsonToXMLFault,
	}}
	p.compile(b, el)
	return p
}

func (p *jsonToXML) Execute(_ context.Context, x *flow.Exchange) error { return p.run(x) }

func jsonToXMLFault(d *faults.Def, err *xmljson.SyntaxError) *faults.Fault {
	f := d.New("reason", err.Reason, "line", strconv.Itoa(err.Line))
	f.Cause = err
	return f
}

// jsonToXMLOptions reads Options. Without them, and without one of them, names of elements have defaults and nothing else
// has a meaning (recommended): whether Apigee then takes the values that its editor proposes is not known.
func jsonToXMLOptions(b *flow.Build, el *etree.Element) xmljson.XMLOptions {
	b.Known(el, "OmitXmlDeclaration", "Indent", "NullValue", "NamespaceBlockName", "DefaultNamespaceNodeName",
		"NamespaceSeparator", "TextNodeName", "AttributeBlockName", "AttributePrefix", "InvalidCharsReplacement",
		"ObjectRootElementName", "ArrayRootElementName", "ArrayItemElementName")
	return xmljson.XMLOptions{
		OmitXMLDeclaration:       b.Bool(el, "OmitXmlDeclaration", false),
		Indent:                   b.Bool(el, "Indent", false),
		NullValue:                b.Text(el, "NullValue"),
		NamespaceBlockName:       b.Text(el, "NamespaceBlockName"),
		DefaultNamespaceNodeName: b.Text(el, "DefaultNamespaceNodeName"),
		NamespaceSeparator:       b.Text(el, "NamespaceSeparator"),
		TextNodeName:             b.Text(el, "TextNodeName"),
		AttributeBlockName:       b.Text(el, "AttributeBlockName"),
		AttributePrefix:          b.Text(el, "AttributePrefix"),
		InvalidCharsReplacement:  b.Text(el, "InvalidCharsReplacement"),
		ObjectRootElementName:    b.Text(el, "ObjectRootElementName"),
		ArrayRootElementName:     b.Text(el, "ArrayRootElementName"),
		ArrayItemElementName:     b.Text(el, "ArrayItemElementName"),
	}
}
