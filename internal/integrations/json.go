package integrations

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// parseJSON reads JSON as leniently as Google's console does: besides JSON proper it takes
// single-quoted strings with \' escapes, unquoted names and words, and U+00A0 as white space
// (real exports need the first and the last; the page of TO_JSON shows the second). A text
// after the value is an error. It is written by hand because the decoders at hand are strict,
// and the lenient ones (JSON5, HJSON) keep neither field order nor 64-bit integers.
func parseJSON(s string) (value, error) {
	p := &jsonParser{text: s}
	v, err := p.value(0)
	if err == nil && p.skip() < len(s) {
		err = p.fail("text after the end of the JSON value")
	}
	if err != nil {
		return nil, err
	}
	return v, nil
}

const maxJSONDepth = 200

type jsonParser struct {
	text string
	at   int
}

func (p *jsonParser) fail(problem string) error {
	line := 1 + strings.Count(p.text[:min(p.at, len(p.text))], "\n")
	return fmt.Errorf("invalid JSON at byte %d (line %d): %s", p.at, line, problem)
}

// skip passes white space and returns where it ended.
func (p *jsonParser) skip() int {
	for p.at < len(p.text) {
		r, n := utf8.DecodeRuneInString(p.text[p.at:])
		if !isSpace(r) {
			break
		}
		p.at += n
	}
	return p.at
}

func isSpace(r rune) bool {
	return r == ' ' || r == '\t' || r == '\n' || r == '\r' || r == '\u00a0' || r == '\ufeff'
}

// peek is the next byte after white space, 0 at the end.
func (p *jsonParser) peek() byte {
	if p.skip() < len(p.text) {
		return p.text[p.at]
	}
	return 0
}

func (p *jsonParser) accept(c byte) bool {
	if p.peek() != c || p.at >= len(p.text) {
		return false
	}
	p.at++
	return true
}

func (p *jsonParser) value(depth int) (value, error) {
	if depth > maxJSONDepth {
		return nil, p.fail(fmt.Sprintf("nested deeper than %d", maxJSONDepth))
	}
	switch c := p.peek(); {
	case c == '{':
		return p.object(depth)
	case c == '[':
		return p.array(depth)
	case c == '"' || c == '\'':
		return p.quoted()
	case isWordByte(c):
		return p.word(), nil
	}
	return nil, p.fail("a value is missing")
}

func (p *jsonParser) object(depth int) (value, error) {
	p.at++
	o := newObject()
	if p.accept('}') {
		return o, nil
	}
	for {
		name, err := p.name()
		if err != nil {
			return nil, err
		}
		if !p.accept(':') {
			return nil, p.fail("':' is missing after a name")
		}
		v, err := p.value(depth + 1)
		if err != nil {
			return nil, err
		}
		o.put(name, v)
		if p.accept('}') {
			return o, nil
		}
		if !p.accept(',') {
			return nil, p.fail("',' or '}' is missing in an object")
		}
	}
}

func (p *jsonParser) name() (string, error) {
	switch c := p.peek(); {
	case c == '"' || c == '\'':
		return p.quoted()
	case isWordByte(c):
		return p.bare(), nil
	}
	return "", p.fail("a name is missing")
}

func (p *jsonParser) array(depth int) (value, error) {
	p.at++
	list := []any{}
	if p.accept(']') {
		return list, nil
	}
	for {
		v, err := p.value(depth + 1)
		if err != nil {
			return nil, err
		}
		list = append(list, v)
		if p.accept(']') {
			return list, nil
		}
		if !p.accept(',') {
			return nil, p.fail("',' or ']' is missing in an array")
		}
	}
}

func isWordByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' ||
		c == '_' || c == '-' || c == '+' || c == '.' || c == '$'
}

func (p *jsonParser) bare() string {
	start := p.at
	for p.at < len(p.text) && isWordByte(p.text[p.at]) {
		p.at++
	}
	return p.text[start:p.at]
}

func (p *jsonParser) word() value {
	w := p.bare()
	switch w {
	case "true":
		return true
	case "false":
		return false
	case "null":
		return nil
	}
	if n, ok := parseNumber(w); ok {
		return n
	}
	return w
}

// parseNumber takes what JSON calls a number. It refuses 007, so that codes written without
// quotes keep their zeros, and numbers beyond a double.
func parseNumber(s string) (value, bool) {
	if !jsontext.Value(s).IsValid() || s == "" || s[0] != '-' && (s[0] < '0' || s[0] > '9') {
		return nil, false
	}
	if i, err := strconv.ParseInt(s, 10, 64); err == nil {
		return i, true
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return nil, false
	}
	return plainNumber(f), true
}

// plainNumber turns integral doubles into int64, within the range that doubles count exactly.
func plainNumber(f float64) value {
	if f == math.Trunc(f) && math.Abs(f) <= 1<<53 {
		return int64(f)
	}
	return f
}

func (p *jsonParser) quoted() (string, error) {
	quote := p.text[p.at]
	p.at++
	var b strings.Builder
	for p.at < len(p.text) {
		c := p.text[p.at]
		p.at++
		switch c {
		case quote:
			return b.String(), nil
		case '\\':
			if err := p.escape(&b); err != nil {
				return "", err
			}
		default:
			b.WriteByte(c)
		}
	}
	return "", p.fail("a string is not closed")
}

func (p *jsonParser) escape(b *strings.Builder) error {
	if p.at >= len(p.text) {
		return p.fail("a string is not closed")
	}
	c := p.text[p.at]
	p.at++
	switch c {
	case '"', '\'', '\\', '/', '\n':
		b.WriteByte(c)
	case 'b':
		b.WriteByte('\b')
	case 'f':
		b.WriteByte('\f')
	case 'n':
		b.WriteByte('\n')
	case 'r':
		b.WriteByte('\r')
	case 't':
		b.WriteByte('\t')
	case 'u':
		return p.unicode(b)
	default:
		return p.fail("unknown escape \\" + string(rune(c)))
	}
	return nil
}

func (p *jsonParser) unicode(b *strings.Builder) error {
	r, err := p.hex4()
	if err != nil {
		return err
	}
	if utf16.IsSurrogate(r) && strings.HasPrefix(p.text[p.at:], `\u`) {
		p.at += 2
		low, err := p.hex4()
		if err != nil {
			return err
		}
		r = utf16.DecodeRune(r, low)
	}
	b.WriteRune(r)
	return nil
}

func (p *jsonParser) hex4() (rune, error) {
	if p.at+4 > len(p.text) {
		return 0, p.fail("\\u needs four hexadecimal digits")
	}
	n, err := strconv.ParseUint(p.text[p.at:p.at+4], 16, 32)
	if err != nil {
		return 0, p.fail("\\u needs four hexadecimal digits")
	}
	p.at += 4
	return rune(n), nil
}

// appendJSON writes v as compact JSON. Text that is not UTF-8 gets U+FFFD.
func appendJSON(b []byte, v value) []byte {
	switch v := v.(type) {
	case bool:
		return strconv.AppendBool(b, v)
	case int64:
		return strconv.AppendInt(b, v, 10)
	case float64:
		return appendDouble(b, v)
	case string:
		return appendString(b, v)
	case []any:
		return appendArray(b, v)
	case *object:
		return appendObject(b, v)
	}
	return append(b, "null"...)
}

func appendDouble(b []byte, f float64) []byte {
	if !finite(f) {
		return appendString(b, strconv.FormatFloat(f, 'g', -1, 64))
	}
	if a := math.Abs(f); a != 0 && (a < 1e-6 || a >= 1e21) {
		return strconv.AppendFloat(b, f, 'e', -1, 64)
	}
	return strconv.AppendFloat(b, f, 'f', -1, 64)
}

func appendString(b []byte, s string) []byte {
	out, err := jsontext.AppendQuote(b, s)
	if err == nil {
		return out
	}
	out, _ = jsontext.AppendQuote(b, strings.ToValidUTF8(s, "\ufffd"))
	return out
}

func appendArray(b []byte, list []any) []byte {
	b = append(b, '[')
	for i, e := range list {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendJSON(b, e)
	}
	return append(b, ']')
}

func appendObject(b []byte, o *object) []byte {
	b = append(b, '{')
	for i, n := range o.names {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(appendString(b, n), ':')
		b = appendJSON(b, o.fields[n])
	}
	return append(b, '}')
}

var errNotObject = errors.New("a JSON object is expected")

// parseObject is parseJSON for text that must be an object.
func parseObject(s string) (*object, error) {
	v, err := parseJSON(s)
	if err != nil {
		return nil, err
	}
	o, ok := v.(*object)
	if !ok {
		return nil, errNotObject
	}
	return o, nil
}

// readJSON is a text read as JSON where it is meant as JSON: text that does not begin like an
// object or an array and is no JSON value either is a JSON string, as real mappings rely on
// ("readme-" + id + ".txt" converted with TO_JSON).
func readJSON(s string) (value, error) {
	v, err := parseJSON(s)
	if err == nil {
		return v, nil
	}
	if t := strings.TrimSpace(s); strings.HasPrefix(t, "{") || strings.HasPrefix(t, "[") {
		return nil, err
	}
	return s, nil
}
