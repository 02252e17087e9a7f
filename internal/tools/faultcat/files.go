package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"

	"github.com/goccy/go-yaml"
)

// runtimeElement is the element under which the YAML lists the faults that no
// policy raises; its brackets do not belong in a file name.
const runtimeElement = "(runtime)"

var elementName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9]*$`)

// Files converts the YAML list into file contents by file name. The result is
// a function of the input alone.
func Files(source []byte) (map[string][]byte, error) {
	var entries []yaml.MapSlice
	if err := yaml.UnmarshalWithOptions(source, &entries, yaml.UseOrderedMap()); err != nil {
		return nil, err
	}
	grouped := map[string][]yaml.MapSlice{}
	for i, entry := range entries {
		name, err := fileName(entry)
		if err != nil {
			return nil, fmt.Errorf("entry %d: %w", i+1, err)
		}
		grouped[name] = append(grouped[name], entry)
	}
	files := map[string][]byte{}
	for name, group := range grouped {
		content, err := encode(group)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		files[name] = content
	}
	return files, nil
}

func fileName(entry yaml.MapSlice) (string, error) {
	for _, item := range entry {
		if item.Key != "element" {
			continue
		}
		element, _ := item.Value.(string)
		if element == runtimeElement {
			return "runtime.json", nil
		}
		if !elementName.MatchString(element) {
			return "", fmt.Errorf("element %q is not a policy element", element)
		}
		return element + ".json", nil
	}
	return "", fmt.Errorf("no element")
}

// encode renders one file: an indented JSON array with a final newline.
func encode(entries []yaml.MapSlice) ([]byte, error) {
	compact, err := appendList(nil, entries)
	if err != nil {
		return nil, err
	}
	var pretty bytes.Buffer
	if err := json.Indent(&pretty, compact, "", "  "); err != nil {
		return nil, err
	}
	pretty.WriteByte('\n')
	return pretty.Bytes(), nil
}

// appendValue appends value as JSON. Mappings are written by hand because
// encoding/json keeps no key order for maps.
func appendValue(dst []byte, value any) ([]byte, error) {
	switch v := value.(type) {
	case yaml.MapSlice:
		return appendObject(dst, v)
	case []any:
		return appendList(dst, v)
	default:
		return appendScalar(dst, v)
	}
}

func appendObject(dst []byte, object yaml.MapSlice) ([]byte, error) {
	var err error
	dst = append(dst, '{')
	for i, item := range object {
		if i > 0 {
			dst = append(dst, ',')
		}
		if dst, err = appendScalar(dst, item.Key); err != nil {
			return nil, err
		}
		dst = append(dst, ':')
		if dst, err = appendValue(dst, item.Value); err != nil {
			return nil, err
		}
	}
	return append(dst, '}'), nil
}

func appendList[T any](dst []byte, list []T) ([]byte, error) {
	var err error
	dst = append(dst, '[')
	for i, value := range list {
		if i > 0 {
			dst = append(dst, ',')
		}
		if dst, err = appendValue(dst, value); err != nil {
			return nil, err
		}
	}
	return append(dst, ']'), nil
}

// appendScalar leaves <, > and & readable: the files are data, not HTML.
func appendScalar(dst []byte, value any) ([]byte, error) {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(value); err != nil {
		return nil, err
	}
	return append(dst, bytes.TrimSpace(buf.Bytes())...), nil
}
