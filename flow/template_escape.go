package flow

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"sluice/internal/ordjson"
)

var escapeFunctions = []templateFunction{
	{name: "escapeJSON", min: 1, max: 1, run: runEscapeJSON},
	{name: "escapeXML", min: 1, max: 1, run: ofText(xmlEscaper.Replace)},
	{name: "escapeXML11", min: 1, max: 1, run: runEscapeXML11},
	{name: "encodeHTML", min: 1, max: 1, run: ofText(htmlEscaper.Replace)},
	// The example of encodeHTML in the documentation calls it escapeHTML.
	{name: "escapeHTML", min: 1, max: 1, run: ofText(htmlEscaper.Replace)},
}

var xmlEscaper = strings.NewReplacer(`&`, "&amp;", `<`, "&lt;", `>`, "&gt;", `"`, "&quot;", `'`, "&apos;")

// htmlEscaper writes a quote as in the documented example. The reference for the
// apostrophe is not documented; &apos; is none in HTML 4.
var htmlEscaper = strings.NewReplacer(`&`, "&amp;", `<`, "&lt;", `>`, "&gt;", `"`, "&quot;", `'`, "&#39;")

// runEscapeJSON escapes what JSON requires inside a string: the quote, the
// backslash, controls. Letters beyond ASCII and the slash stay.
func runEscapeJSON(dst []byte, _ *templateCall, args []string) ([]byte, error) {
	from := len(dst)
	dst = ordjson.AppendString(dst, args[0])
	last := len(dst) - 1
	copy(dst[from:], dst[from+1:last])
	return dst[:last-1], nil
}

// runEscapeXML11 escapes for XML 1.1: the five characters, controls as numeric
// references; NUL and what no XML document may hold is dropped (documented).
func runEscapeXML11(dst []byte, _ *templateCall, args []string) ([]byte, error) {
	s := args[0]
	for i, r := range s {
		switch {
		case r == 0 || r > 0xFFFD && r < 0x10000:
		case isXML11Control(r):
			dst = append(strconv.AppendInt(append(dst, "&#"...), int64(r), 10), ';')
		case r < 0x80:
			dst = append(dst, escapedXML(s[i:i+1])...)
		default:
			dst = utf8.AppendRune(dst, r)
		}
	}
	return dst, nil
}

func escapedXML(char string) string {
	if strings.Contains(`&<>"'`, char) {
		return xmlEscaper.Replace(char)
	}
	return char
}

func isXML11Control(r rune) bool {
	switch {
	case r < 0x20:
		return r != '\t' && r != '\n' && r != '\r'
	case r >= 0x7F && r <= 0x9F:
		return r != 0x85
	}
	return false
}
