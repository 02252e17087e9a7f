package proxy

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/beevik/etree"
	"golang.org/x/net/html/charset"

	"sluice/flow"
)

// document is one XML file of a bundle, with the place of each element. etree
// keeps no positions, so encoding/xml walks the file beside it: the n-th start
// element of the one is the n-th of the other.
type document struct {
	file  string
	root  *etree.Element
	place map[*etree.Element]flow.Position
}

const maxXMLDepth = 100

// xmlError is what is wrong with an XML file, and where.
type xmlError struct {
	at  flow.Position
	msg string
}

func (e *xmlError) Error() string { return e.msg }

// readXML parses an XML file. Both parsers refuse DTDs' entities, so that no
// file can name another one or grow without bound.
func readXML(file string, data []byte) (*document, error) {
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	places, err := scanPlaces(data)
	if err != nil {
		return nil, err
	}
	doc := etree.NewDocument()
	doc.ReadSettings.CharsetReader = charset.NewReaderLabel
	doc.ReadSettings.MaxDepth = maxXMLDepth + 1
	if err := doc.ReadFromBytes(data); err != nil {
		return nil, &xmlError{msg: err.Error()}
	}
	d := &document{file: file, root: doc.Root(), place: make(map[*etree.Element]flow.Position, len(places))}
	if d.root == nil {
		return nil, &xmlError{msg: "the file holds no element"}
	}
	d.number(d.root, places)
	return d, nil
}

func (d *document) number(el *etree.Element, places []flow.Position) []flow.Position {
	if len(places) == 0 {
		return nil
	}
	d.place[el], places = places[0], places[1:]
	for _, c := range el.ChildElements() {
		places = d.number(c, places)
	}
	return places
}

// at returns where an element stands, the zero Position if unknown.
func (d *document) at(el *etree.Element) flow.Position { return d.place[el] }

// scanPlaces walks the file and notes where each start element begins.
func scanPlaces(data []byte) ([]flow.Position, error) {
	s := placeScanner{dec: xml.NewDecoder(bytes.NewReader(data))}
	s.dec.CharsetReader = charset.NewReaderLabel
	for {
		s.at.Line, s.at.Column = s.dec.InputPos()
		tok, err := s.dec.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, syntaxError(s.dec, err)
		}
		if why := s.take(tok); why != "" {
			return nil, &xmlError{s.at, why}
		}
	}
	switch {
	case s.roots > 1:
		return nil, &xmlError{msg: "the file has more than one root element"}
	case s.depth > 0:
		return nil, &xmlError{msg: "the file ends inside an element"}
	}
	return s.places, nil
}

type placeScanner struct {
	dec          *xml.Decoder
	at           flow.Position // of the token at hand
	places       []flow.Position
	depth, roots int
}

// take looks at one token; why tells what is wrong with it.
func (s *placeScanner) take(tok xml.Token) (why string) {
	switch t := tok.(type) {
	case xml.StartElement:
		if s.depth == 0 {
			s.roots++
		}
		if s.depth++; s.depth > maxXMLDepth {
			return fmt.Sprintf("elements are nested more than %d deep", maxXMLDepth)
		}
		s.places = append(s.places, s.at)
	case xml.EndElement:
		s.depth--
	case xml.CharData:
		if s.depth == 0 && len(bytes.TrimSpace(t)) > 0 {
			return "text outside of the root element"
		}
	case xml.ProcInst:
		if t.Target == "xml" && s.dec.InputOffset() > int64(len("<?xml ?>")+len(t.Inst)) {
			return "the XML declaration is not at the start of the file"
		}
	case xml.Directive:
		if bytes.Contains(t, []byte("ENTITY")) {
			return "entity declarations are refused"
		}
	}
	return ""
}

func syntaxError(dec *xml.Decoder, err error) error {
	line, col := dec.InputPos()
	msg := err.Error()
	var se *xml.SyntaxError
	if errors.As(err, &se) {
		line, msg = se.Line, se.Msg
		if line != 0 {
			_, col = 0, 1
		}
	}
	return &xmlError{flow.Position{Line: line, Column: col}, strings.TrimPrefix(msg, "xml: ")}
}

// malformedHints tell what to do about what readXML says; the first part of a
// message that is found counts.
var malformedHints = [...]struct{ said, hint string }{
	{"invalid character entity", "operators such as && are written &amp;&amp; in XML"},
	{"expected element name after <", "the operator < is written &lt; in XML"},
	{"unescaped <", "the operator < is written &lt; in XML"},
	{"closed by", "close each element with its own name, the innermost first"},
	{"unexpected end element", "remove the end tag, or add the start tag that it belongs to"},
	{"unexpected EOF", "the file ends early: close each element, comment and CDATA section"},
	{"ends inside", "the file ends early: close each element"},
	{"attribute", `write attributes as name="value"`},
	{"entity declarations", "write the text itself where the entity is named"},
	{"UTF-8", "save the file in the encoding that its XML declaration names"},
	{"no element", "remove the file, or write its element"},
	{"more than one root", "keep one element around all others; a file holds one policy, endpoint or flow"},
	{"XML declaration", "begin the file with <?xml, or remove the declaration"},
}

func malformedHint(message string) string {
	for _, h := range malformedHints {
		if strings.Contains(message, h.said) {
			return h.hint
		}
	}
	return ""
}
