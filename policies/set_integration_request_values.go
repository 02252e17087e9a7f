package policies

import (
	"encoding/json"
	"io"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"sluice/flow"
)

// integrationType is a type of parameters, and how the API spells its values
// (ValueType, integrations.md 2).
type integrationType struct {
	name   string // as the attribute type has it
	field  string // {"stringValue": ...}
	array  string // {"stringArray": {"stringValues": [...]}}; "" when there is no array
	values string
	// append writes a value as JSON; ok is false when it cannot be read as the type.
	append func(dst []byte, v flow.Value) (out []byte, ok bool)
}

// integrationTypes begins with the default type. The schema demands the attribute,
// the page names string as its default (recalled).
var integrationTypes = [...]integrationType{
	{"string", "stringValue", "stringArray", "stringValues", appendStringValue},
	{"integer", "intValue", "intArray", "intValues", appendIntValue},
	{"double", "doubleValue", "doubleArray", "doubleValues", appendDoubleValue},
	{"boolean", "booleanValue", "booleanArray", "booleanValues", appendBooleanValue},
	{"json", "jsonValue", "", "", appendJSONValue},
}

func integrationTypeNamed(name string) *integrationType {
	for i := range integrationTypes {
		if name == "" || strings.EqualFold(name, integrationTypes[i].name) {
			return &integrationTypes[i]
		}
	}
	return nil
}

const closeArray = "]}}"

func (t *integrationType) openArray(dst []byte) []byte {
	return append(dst, `{"`+t.array+`":{"`+t.values+`":[`...)
}

func (t *integrationType) appendScalar(dst []byte, v flow.Value) ([]byte, bool) {
	dst, ok := t.append(append(dst, `{"`+t.field+`":`...), v)
	return append(dst, '}'), ok
}

// appendArray writes an array from one value: a collection, or text that is a
// JSON array.
func (t *integrationType) appendArray(dst []byte, v flow.Value) ([]byte, bool) {
	dst = t.openArray(dst)
	ok := true
	if v.Type() == flow.Collection {
		for i, item := range v.Items() {
			if dst, ok = t.appendItem(dst, i, flow.Text(item)); !ok {
				return dst, false
			}
		}
	} else {
		dst, ok = t.appendItems(dst, v.String())
	}
	return append(dst, closeArray...), ok
}

// appendItems reads a JSON array token by token, so that a large one costs no more
// than its own text.
func (t *integrationType) appendItems(dst []byte, text string) ([]byte, bool) {
	d := jsontext.NewDecoder(strings.NewReader(text))
	if tok, err := d.ReadToken(); err != nil || tok.Kind() != '[' {
		return dst, false
	}
	for i := 0; d.PeekKind() != ']'; i++ {
		tok, err := d.ReadToken()
		if err != nil {
			return dst, false
		}
		v, ok := scalarOf(tok)
		if ok {
			dst, ok = t.appendItem(dst, i, v)
		}
		if !ok {
			return dst, false
		}
	}
	if _, err := d.ReadToken(); err != nil {
		return dst, false
	}
	_, err := d.ReadToken()
	return dst, err == io.EOF
}

func (t *integrationType) appendItem(dst []byte, i int, v flow.Value) ([]byte, bool) {
	if i > 0 {
		dst = append(dst, ',')
	}
	return t.append(dst, v)
}

// scalarOf makes a value of a token; null, objects and arrays give none.
func scalarOf(tok jsontext.Token) (flow.Value, bool) {
	switch tok.Kind() {
	case '"', '0':
		return flow.Text(tok.String()), true
	case 't', 'f':
		return flow.Bool(tok.Bool()), true
	}
	return flow.Value{}, false
}

// blankIsNull reports whether v is the blank text of something that is read as
// JSON, such as the content of a request without a body: that is null.
func (t *integrationType) blankIsNull(v flow.Value, array bool) bool {
	return (array || t.field == "jsonValue") && v.Type() == flow.String && strings.TrimSpace(v.String()) == ""
}

func appendStringValue(dst []byte, v flow.Value) ([]byte, bool) {
	text := v.String()
	if v.Type() == flow.MessageObject || v.Type() == flow.Object && text == "" {
		return dst, false
	}
	return appendJSONText(dst, text), true
}

// appendIntValue writes an int64, which travels as a string.
func appendIntValue(dst []byte, v flow.Value) ([]byte, bool) {
	n, ok := wholeNumber(v)
	if !ok {
		return dst, false
	}
	return appendJSONText(dst, strconv.FormatInt(n, 10)), true
}

func wholeNumber(v flow.Value) (int64, bool) {
	switch v.Type() {
	case flow.Integer, flow.Long:
		return v.Int(), true
	case flow.Float, flow.Double:
		f, _ := v.Number()
		return int64(f), f == math.Trunc(f) && math.Abs(f) < 1<<63
	case flow.String:
		n, err := strconv.ParseInt(strings.TrimSpace(v.String()), 10, 64)
		return n, err == nil
	}
	return 0, false
}

// appendDoubleValue writes a number as Java does, with its fraction: 1.0.
func appendDoubleValue(dst []byte, v flow.Value) ([]byte, bool) {
	n, ok := v.Number()
	if !ok || v.Type() == flow.Boolean || math.IsInf(n, 0) || math.IsNaN(n) {
		return dst, false
	}
	return append(dst, flow.Float64(n).String()...), true
}

func appendBooleanValue(dst []byte, v flow.Value) ([]byte, bool) {
	switch text := strings.ToLower(strings.TrimSpace(v.String())); text {
	case "true", "false":
		return append(dst, text...), true
	}
	return dst, false
}

// appendJSONValue writes JSON as the text that the API wants.
func appendJSONValue(dst []byte, v flow.Value) ([]byte, bool) {
	text := v.String()
	if v.Type() == flow.Collection {
		list, err := json.Marshal(v.Items())
		if err != nil {
			return dst, false
		}
		text = string(list)
	}
	if !json.Valid([]byte(text)) {
		return dst, false
	}
	return appendJSONText(dst, text), true
}

// appendJSONText writes a JSON string. What is not UTF-8 becomes U+FFFD; the
// error that says so has nobody to hear it.
func appendJSONText(dst []byte, text string) []byte {
	dst, _ = jsontext.AppendQuote(dst, text)
	return dst
}

// scheduleTimes are the forms of ISO 8601 that ScheduleTime takes; a fraction of
// a second may follow the seconds. Without an offset the time is UTC, the zone of
// the runtime.
var scheduleTimes = [...]string{
	time.RFC3339, "2006-01-02T15:04:05Z0700", "2006-01-02T15:04:05Z07", "2006-01-02T15:04Z07:00",
	"2006-01-02T15:04:05", "2006-01-02T15:04", "20060102T150405Z0700",
}

// readScheduleTime returns the time as the API wants it: RFC 3339, in UTC.
func readScheduleTime(text string) (string, bool) {
	text = strings.ToUpper(strings.TrimSpace(text))
	for _, layout := range scheduleTimes {
		t, err := time.Parse(layout, text)
		if t = t.UTC(); err == nil && t.Year() >= 1 && t.Year() <= 9999 {
			return t.Format(time.RFC3339Nano), true
		}
	}
	return "", false
}
