package xmljson

import (
	"unicode/utf8"

	"sluice/internal/ordjson"
)

// text is the text of a scalar; nulls have none. An object or an array in a block of attributes is JSON.
func (w *xmlWriter) text(n *ordjson.Node) string {
	if n.Kind() == ordjson.Null {
		return ""
	}
	text := n.Text()
	if n.Kind() == ordjson.String && text == w.o.NullValue {
		return ""
	}
	return text
}

// appendText writes character data. What a parser would make a space of stands as a reference in an attribute; a carriage
// return does everywhere. Characters that XML has not become U+FFFD.
func appendText(dst []byte, s string, attribute bool) []byte {
	done := 0 // s[:done] is written
	for i, r := range s {
		escape := escaped(r, attribute)
		if escape == "" {
			continue
		}
		_, size := utf8.DecodeRuneInString(s[i:]) // an invalid byte is U+FFFD too, of size 1
		dst = append(append(dst, s[done:i]...), escape...)
		done = i + size
	}
	return append(dst, s[done:]...)
}

// escaped is what is written in place of r, "" for r itself.
func escaped(r rune, attribute bool) string {
	switch r {
	case '&':
		return "&amp;"
	case '<':
		return "&lt;"
	case '>':
		return "&gt;" // needed after ]] only
	case '\r':
		return "&#13;"
	case utf8.RuneError, 0xFFFE, 0xFFFF:
		return "\uFFFD"
	}
	switch {
	case attribute && r == '"':
		return "&quot;"
	case attribute && r == '\t':
		return "&#9;"
	case attribute && r == '\n':
		return "&#10;"
	case r < ' ' && r != '\t' && r != '\n':
		return "\uFFFD"
	}
	return ""
}
