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
// is not known.
func normalize(attrs []xml.Attr, source []byte) {
	for i := range attrs {
		if !strings.ContainsAny(attrs[i].Value, notSpace) {
			continue
		}
		value := toSpaces.Replace(attrs[i].Value)
		if bytes.Contains(source, []byte("&#")) {
			value = normalized(quoted(source, i), value)
		}
		attrs[i].Value = value
	}
}

// quoted is the i-th quoted text of a tag, with its quotes.
func quoted(tag []byte, i int) []byte {
	for {
		start := bytes.IndexAny(tag, `"'`)
		if start < 0 {
			return nil
		}
		end := bytes.IndexByte(tag[start+1:], tag[start])
		if end < 0 {
			return nil
		}
		if i == 0 {
			return tag[start : start+end+2]
		}
		tag, i = tag[start+end+2:], i-1
	}
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
