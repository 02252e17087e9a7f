package policies

import (
	"context"
	"strconv"
	"strings"

	"github.com/beevik/etree"

	"sluice/faults"
	"sluice/flow"
	"sluice/internal/xmljson"
)

var _ = register(flow.Kind{
	Name:    "XMLToJSON",
	Group:   "mediation",
	Compile: compileXMLToJSON,
	Doc: flow.Doc{
		Title: "makes JSON of the XML in a message or a variable",
		Text: `Source is a message, by default that of the flow, or a string. A message whose Content-Type is not XML stays as it
is, and so does one that the endpoint streams (request.streaming.enabled, response.streaming.enabled); another gets the JSON as its payload, and Content-Type application/json. OutputVariable takes the result elsewhere: a
string needs one, and its type must be that of Source, or there must be nothing in it.

An element becomes a member of an object, several of one name an array, one without content {}. Either Format says the rest
(xml.com, yahoo, google, badgerFish), or Options, which may be empty. Then every value is a string and prefixes are left
out, unless these say otherwise:

RecognizeNumber, RecognizeBoolean make numbers and booleans, RecognizeNull with NullValue makes null of what is empty.
TextNodeName (#text) is the text beside attributes and elements, and with TextAlwaysAsProperty all text. AttributeBlockName
and AttributePrefix are for attributes, NamespaceBlockName, DefaultNamespaceNodeName and NamespaceSeparator for namespaces.
StripLevels drops that many elements from the root on, OutputPrefix and OutputSuffix go around the JSON.
Each Path of TreatAsArray makes an array of what may occur once, with unwrap="true" in place of the element around.`,
		Sample: `<XMLToJSON name="X2J-Teachers">
  <Source>response</Source>
  <OutputVariable>response</OutputVariable>
  <Options>
    <RecognizeNumber>true</RecognizeNumber>
    <RecognizeBoolean>true</RecognizeBoolean>
    <AttributePrefix>@</AttributePrefix>
    <TreatAsArray>
      <Path unwrap="true">teachers/teacher/studentnames/name</Path>
    </TreatAsArray>
  </Options>
</XMLToJSON>`,
	},
})

type xmlToJSON struct{ conversion }

func compileXMLToJSON(b *flow.Build, el *etree.Element) flow.Policy {
	b.Known(el, "Source", "OutputVariable", "Options", "Format")
	p := &xmlToJSON{conversion{
		from:        conversionMedia{"XML", (*flow.Message).IsXML},
		contentType: "application/json",
		convert:     xmljson.NewToJSON(xmlToJSONFormat(b, el)).Convert,
	}}
	p.said = func(d *faults.Def, err *xmljson.SyntaxError) *faults.Fault { return xmlToJSONFault(d, b.Owner, err) }
	p.compile(b, el)
	return p
}

func (p *xmlToJSON) Execute(_ context.Context, x *flow.Exchange) error { return p.run(x) }

// xmlToJSONFault tells in the catalogue's words what is wrong; those are for a text that ends too early, the only one of
// Apigee's parser that is known.
func xmlToJSONFault(d *faults.Def, policy string, err *xmljson.SyntaxError) *faults.Fault {
	f := d.Wrap(err, "policy", policy, "line", strconv.Itoa(err.Line), "char", strconv.Itoa(err.Column-1))
	if !err.Premature {
		f.Reason = strings.Replace(f.Reason, "Premature end of document while parsing", err.Reason, 1)
	}
	return f
}

// xmlToJSONFormat reads Format or Options: one must be there, and not both. Options without anything in it beside a Format
// say nothing.
func xmlToJSONFormat(b *flow.Build, el *etree.Element) xmljson.JSONOptions {
	format, options := b.Child(el, "Format"), b.Child(el, "Options")
	name := flow.TextOf(format)
	switch {
	case format == nil && options == nil, name != "" && options != nil && len(options.ChildElements()) > 0:
		b.RefuseText(el, "EitherOptionOrFormat", "XMLToJSON["+b.Owner+"]: Either Options or Format must be specified.",
			"write <Options/> or <Format>yahoo</Format>, and not both")
	case name == "" && options == nil: // what raises it is inferred: SAP lists it without a cause
		b.RefuseText(format, "FormatUnavailable", "Format is empty", xmlToJSONKnown)
	case name == "":
		return xmlToJSONOptions(b, options)
	default:
		return xmlToJSONNamed(b, format, name)
	}
	return xmljson.JSONOptions{}
}

const xmlToJSONKnown = "write xml.com, yahoo, google or badgerFish"

// xmlToJSONNamed are the options of a format. Its letter case is not held against anybody.
func xmlToJSONNamed(b *flow.Build, el *etree.Element, name string) xmljson.JSONOptions {
	for _, known := range []string{"xml.com", "yahoo", "google", "badgerFish"} {
		if o, ok := xmljson.Format(known); ok && strings.EqualFold(known, name) {
			return o
		}
	}
	b.RefuseText(el, "UnknownFormat", "format "+name+" is not known", xmlToJSONKnown)
	return xmljson.JSONOptions{}
}

// xmlToJSONOptions reads Options, with the defaults of Apigee X. (SAP has true for RecognizeNumber and RecognizeBoolean.)
func xmlToJSONOptions(b *flow.Build, el *etree.Element) xmljson.JSONOptions {
	b.Known(el, "RecognizeNumber", "RecognizeBoolean", "RecognizeNull", "NullValue", "NamespaceBlockName",
		"DefaultNamespaceNodeName", "NamespaceSeparator", "TextNodeName", "TextAlwaysAsProperty", "AttributeBlockName",
		"AttributePrefix", "OutputPrefix", "OutputSuffix", "StripLevels", "TreatAsArray")
	return xmljson.JSONOptions{
		RecognizeNumber:          b.Bool(el, "RecognizeNumber", false),
		RecognizeBoolean:         b.Bool(el, "RecognizeBoolean", false),
		RecognizeNull:            b.Bool(el, "RecognizeNull", false),
		NullValue:                b.Text(el, "NullValue"),
		NamespaceBlockName:       b.Text(el, "NamespaceBlockName"),
		DefaultNamespaceNodeName: b.Text(el, "DefaultNamespaceNodeName"),
		NamespaceSeparator:       b.Text(el, "NamespaceSeparator"),
		TextNodeName:             b.Text(el, "TextNodeName"),
		TextAlwaysAsProperty:     b.Bool(el, "TextAlwaysAsProperty", false),
		AttributeBlockName:       b.Text(el, "AttributeBlockName"),
		AttributePrefix:          b.Text(el, "AttributePrefix"),
		OutputPrefix:             flow.RawText(b.Child(el, "OutputPrefix")),
		OutputSuffix:             flow.RawText(b.Child(el, "OutputSuffix")),
		StripLevels:              b.Int(el, "StripLevels", 0, 0),
		TreatAsArray:             xmlToJSONArrays(b, b.Child(el, "TreatAsArray")),
	}
}

func xmlToJSONArrays(b *flow.Build, el *etree.Element) []xmljson.ArrayPath {
	b.Known(el, "Path")
	var paths []xmljson.ArrayPath
	for _, child := range flow.Children(el, "Path") {
		p := xmljson.ArrayPath{
			Path:   flow.TextOf(child),
			Unwrap: b.BoolAttr(child, "unwrap", false),
			Name:   b.Attr(child, "overrideArrayName"),
		}
		if p.Path == "" {
			b.Warn(child, "MissingElement", "a Path without text is ignored", "write the names of the elements from the root on: <Path>teachers/teacher</Path>")
			continue
		}
		paths = append(paths, p)
	}
	return paths
}
