package integrations

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// BadgerFish (http://www.sklar.com/badgerfish/) is the default, and here the only, form of
// parseXml and manifestXml: "$" is the text of an element, "@name" an attribute, an array
// elements of the same name. Namespaces keep their prefixes, as parts of the names. It is written
// by hand: no library at hand knows the form.

const maxXMLDepth = 200

var errXMLFormat = errors.New(`only the format "badgerfish" runs here`)

func parseBadgerfish(args []any) (any, error) {
	s, ok := args[0].(string)
	if args[1] != "badgerfish" {
		return nil, errXMLFormat
	}
	if !ok || len(s) > maxMappedValue {
		return nil, errArguments
	}
	d := xml.NewDecoder(strings.NewReader(s))
	for {
		t, err := d.RawToken()
		if err != nil {
			return nil, fmt.Errorf("the XML has no readable root element: %w", err)
		}
		if start, ok := t.(xml.StartElement); ok {
			root, err := readElement(d, start, 0)
			return map[string]any{xmlName(start.Name): root}, err
		}
	}
}

func xmlName(n xml.Name) string {
	if n.Space != "" {
		return n.Space + ":" + n.Local
	}
	return n.Local
}

func readElement(d *xml.Decoder, start xml.StartElement, depth int) (map[string]any, error) {
	if depth > maxXMLDepth {
		return nil, fmt.Errorf("the XML is nested deeper than %d", maxXMLDepth)
	}
	o := map[string]any{}
	for _, a := range start.Attr {
		o["@"+xmlName(a.Name)] = a.Value
	}
	var chars strings.Builder
	for {
		t, err := d.RawToken()
		switch t := t.(type) {
		case xml.StartElement:
			child, err := readElement(d, t, depth+1)
			if err != nil {
				return nil, err
			}
			addChild(o, xmlName(t.Name), child)
		case xml.CharData:
			chars.Write(t)
		case xml.EndElement:
			if t.Name != start.Name {
				return nil, fmt.Errorf("</%s> ends <%s>", xmlName(t.Name), xmlName(start.Name))
			}
			if s := strings.TrimSpace(chars.String()); s != "" {
				o["$"] = s
			}
			return o, nil
		case nil:
			if errors.Is(err, io.EOF) {
				err = fmt.Errorf("<%s> is not closed", xmlName(start.Name))
			}
			return nil, err
		}
	}
}

func addChild(o map[string]any, name string, child any) {
	switch before := o[name].(type) {
	case nil:
		o[name] = child
	case []any:
		o[name] = append(before, child)
	default:
		o[name] = []any{before, child}
	}
}

func manifestBadgerfish(args []any) (any, error) {
	root, ok := args[0].(map[string]any)
	indent, isBool := args[2].(bool)
	if args[1] != "badgerfish" {
		return nil, errXMLFormat
	}
	if !ok || !isBool || len(root) != 1 {
		return nil, errors.New("an object with one field, the root element, is expected")
	}
	var b strings.Builder
	w := xml.NewEncoder(&b)
	if indent {
		w.Indent("", "  ")
	}
	for name, v := range root {
		if err := writeElement(w, name, v, 0); err != nil {
			return nil, err
		}
	}
	err := w.Flush()
	return b.String(), err
}

func writeElement(w *xml.Encoder, name string, v any, depth int) error {
	if depth > maxXMLDepth {
		return fmt.Errorf("the XML is nested deeper than %d", maxXMLDepth)
	}
	if list, ok := v.([]any); ok {
		for _, e := range list {
			if err := writeElement(w, name, e, depth+1); err != nil {
				return err
			}
		}
		return nil
	}
	o, ok := v.(map[string]any)
	if !ok {
		o = map[string]any{"$": v}
	}
	start := xml.StartElement{Name: xml.Name{Local: name}}
	names := slices.Sorted(maps.Keys(o))
	for _, n := range names {
		if attr, ok := strings.CutPrefix(n, "@"); ok {
			start.Attr = append(start.Attr, xml.Attr{Name: xml.Name{Local: attr}, Value: jsonText(o[n])})
		}
	}
	if err := w.EncodeToken(start); err != nil {
		return err
	}
	if err := writeContent(w, o, names, depth); err != nil {
		return err
	}
	return w.EncodeToken(start.End())
}

func writeContent(w *xml.Encoder, o map[string]any, names []string, depth int) error {
	for _, n := range names {
		var err error
		switch {
		case n == "$":
			err = w.EncodeToken(xml.CharData(jsonText(o[n])))
		case !strings.HasPrefix(n, "@"):
			err = writeElement(w, n, o[n], depth+1)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// jsonText is a scalar as text.
func jsonText(v any) string {
	if f, ok := v.(float64); ok {
		return text(plainNumber(f))
	}
	if s, ok := v.(string); ok || v == nil {
		return s
	}
	return fmt.Sprint(v)
}
