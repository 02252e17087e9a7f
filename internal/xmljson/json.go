package xmljson

import (
	"cmp"
	"errors"
	"io"

	"sluice/internal/ordjson"
)

// JSONOptions say how XML becomes JSON. They are those of XMLToJSON, under the names of its elements. The zero value is an
// empty Options element on Apigee X: every value is a string, attributes and namespaced elements go by their local names,
// and declarations of namespaces are left out. (Apigee Edge and SAP recognize numbers and booleans unless told otherwise.)
type JSONOptions struct {
	// RecognizeNumber makes a JSON number of a text that is written like one, and keeps how it is written: 1.10 stays, and
	// so do twenty digits. 007, +1 and .5 are no JSON and stay strings.
	RecognizeNumber bool
	// RecognizeBoolean makes booleans of true and false.
	RecognizeBoolean bool
	// RecognizeNull makes NullValue of an element without attributes and content, which is {} otherwise.
	RecognizeNull bool
	NullValue     string // a text; "" and "null" are the JSON null

	// With NamespaceBlockName the declarations of an element become an object of that name, with prefixes as names and
	// DefaultNamespaceNodeName for the default namespace; without the latter that one is left out. With NamespaceSeparator
	// the names of elements and attributes keep their prefixes, in front of it.
	NamespaceBlockName, DefaultNamespaceNodeName, NamespaceSeparator string

	// TextNodeName is the name of the text of an element that has more than text; "" stands for #text (recalled). Several
	// texts, between other elements, are an array. With TextAlwaysAsProperty it names the text of every element.
	TextNodeName         string
	TextAlwaysAsProperty bool

	// AttributeBlockName is the name of an object that takes the attributes, "" for none. AttributePrefix goes before the
	// name of each. What then is called the same as a child element forms an array with it.
	AttributeBlockName, AttributePrefix string

	OutputPrefix, OutputSuffix string // go around the JSON, as they are

	// StripLevels takes that many elements away from the outside: 1 is the root. It goes on only while there is one
	// element at a level, and takes attributes and text with it.
	StripLevels int

	TreatAsArray []ArrayPath
}

// formats are the conventions of XMLToJSON's Format, whose values for JSONOptions are recalled from its page.
var formats = map[string]JSONOptions{
	"xml.com": {RecognizeNull: true, TextNodeName: "#text", AttributePrefix: "@"},
	"yahoo":   {RecognizeNumber: true, TextNodeName: "content"},
	"google":  {TextNodeName: "$t", NamespaceSeparator: "$", TextAlwaysAsProperty: true},
	"badgerFish": {TextNodeName: "$", TextAlwaysAsProperty: true, AttributePrefix: "@", NamespaceSeparator: ":",
		NamespaceBlockName: "@xmlns", DefaultNamespaceNodeName: "$"},
}

// Format returns the options of a convention: xml.com, yahoo, google or badgerFish.
func Format(name string) (o JSONOptions, ok bool) {
	o, ok = formats[name]
	return o, ok
}

// ToJSON converts XML to JSON. It is immutable and safe for concurrent use.
type ToJSON struct {
	o      JSONOptions
	null   *ordjson.Node
	arrays *arrayStep
}

// NewToJSON prepares a conversion.
func NewToJSON(o JSONOptions) *ToJSON {
	o.TextNodeName = cmp.Or(o.TextNodeName, "#text")
	t := &ToJSON{o: o, null: ordjson.NewNull(), arrays: newArrays(o.TreatAsArray)}
	if o.NullValue != "" && o.NullValue != "null" {
		t.null = ordjson.NewString(o.NullValue)
	}
	return t
}

var errSecondRoot = errors.New("a second root element")

// Convert makes JSON of an XML document. charset is the encoding of src as its Content-Type names it; "" or an unknown one
// leaves it to the XML declaration, and "utf-8" is right for text whatever its declaration says. A byte order mark wins over
// both. The only error is a *SyntaxError.
func (t *ToJSON) Convert(src []byte, charset string) ([]byte, error) {
	text, decoded, err := decode(src, charset)
	if err != nil {
		return nil, &SyntaxError{Line: 1, Column: 1, Reason: err.Error()}
	}
	r := &jsonReader{ToJSON: t, tokens: newTokens(text, decoded)}
	root, err := r.document()
	if err != nil {
		return nil, r.locate(err)
	}
	dst := make([]byte, 0, len(text)+len(t.o.OutputPrefix)+len(t.o.OutputSuffix))
	dst = append(dst, t.o.OutputPrefix...)
	dst = ordjson.Append(dst, root)
	return append(dst, t.o.OutputSuffix...), nil
}

// jsonReader is one conversion.
type jsonReader struct {
	*ToJSON
	*tokens
	nodes  int
	text   []byte  // of the innermost open element, since its last child
	levels []level // what StripLevels may leave, outermost first
}

// level is the content of the last element at a depth, and how many children it has.
type level struct {
	content  *ordjson.Node
	children int
}

func (r *jsonReader) document() (*ordjson.Node, error) {
	tag, err := r.outside()
	if errors.Is(err, io.EOF) {
		return nil, errPremature
	}
	if err != nil {
		return nil, err
	}
	r.levels = make([]level, min(r.o.StripLevels, MaxDepth))
	var whole members
	if err := r.child(&whole, tag, 1, r.arrays); err != nil {
		return nil, err
	}
	switch _, err := r.outside(); {
	case err == nil:
		return nil, errSecondRoot
	case !errors.Is(err, io.EOF):
		return nil, err
	}
	if content := r.stripped(); content != nil {
		return content, nil
	}
	if array, _ := whole.unwrapped(); array != nil {
		return array, nil
	}
	return whole.object(), nil
}

// stripped is what StripLevels leaves, nil if it leaves all.
func (r *jsonReader) stripped() (content *ordjson.Node) {
	for _, l := range r.levels {
		content = l.content
		if l.children != 1 {
			break
		}
	}
	return content
}
