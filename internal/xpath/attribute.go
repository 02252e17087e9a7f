package xpath

import (
	"bytes"
	"encoding/xml"
	"slices"
	"strings"
)

// White space in the value of an attribute becomes spaces, unless a character reference wrote it (XML 1.0, section 3.3.3).
// encoding/xml leaves that to others, and its tokens no longer tell the two apart: the source of the tag does.

const notSpace = "\t\r\n"

var toSpaces = strings.NewReplacer("\r\n", " ", "\r", " ", "\n", " ", "\t", " ")

// normalize brings the values of a tag's attributes into the form of the data model. source is the text of the tag, nil if it
// is not known. It walks source once, however many attributes there are.
func normalize(attrs []xml.Attr, source []byte) {
	if !bytes.Contains(source, reference) {
		source = nil
	}
	for i := range attrs {
		var text []byte
		text, source = quoted(source)
		if !strings.ContainsAny(attrs[i].Value, notSpace) {
			continue
		}
		value := toSpaces.Replace(attrs[i].Value)
		if bytes.Contains(text, reference) {
			value = normalized(text, value)
		}
		attrs[i].Value = value
	}
}

// reference begins a character reference.
var reference = []byte("&#")

// quoted cuts the first quoted text, with its quotes, from a piece of a tag; nil if there is none.
func quoted(tag []byte) (text, rest []byte) {
	start := bytes.IndexAny(tag, `"'`)
	if start < 0 {
		return nil, nil
	}
	end := bytes.IndexByte(tag[start+1:], tag[start])
	if end < 0 {
		return nil, nil
	}
	end += start + 2
	return tag[start:end], tag[end:]
}

// normalized reads a quoted text again with its own white space replaced; otherwise is the value if that fails.
func normalized(text []byte, otherwise string) string {
	tag := slices.Concat([]byte("<a v="), []byte(toSpaces.Replace(string(text))), []byte("/>"))
	token, err := xml.NewDecoder(bytes.NewReader(tag)).RawToken()
	if start, ok := token.(xml.StartElement); ok && err == nil && len(start.Attr) == 1 {
		return start.Attr[0].Value
	}
	return otherwise
}
