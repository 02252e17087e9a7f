package features

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"sluice/internal/jsonpath"
	"sluice/internal/ordjson"
	"sluice/internal/xpath"
)

// found is what a path selects in a body, as JavaScript sees it.
type found struct {
	text  string // String(value)
	items int    // of an array, -1 for anything else
	truth bool   // Boolean(value)
}

var null = found{text: "null", items: -1}

// evaluate evaluates a JSONPath or an XPath, as the body is JSON or XML. What
// selects nothing is null, in a body that is neither too.
func evaluate(path, body string) (found, error) {
	if root, err := ordjson.Parse([]byte(body)); err == nil {
		return evaluateJSON(path, root)
	}
	if doc, err := xpath.ParseDocument([]byte(body)); err == nil {
		return evaluateXML(path, doc)
	}
	return null, nil
}

func evaluateJSON(path string, root *ordjson.Node) (found, error) {
	p, err := jsonpath.Compile(path)
	if err != nil {
		return null, fmt.Errorf("the body is JSON, and %q is no JSONPath: %w", path, err)
	}
	nodes, err := p.Eval(root)
	switch {
	case errors.Is(err, jsonpath.ErrTooMuchWork):
		return null, err
	case err != nil || len(nodes) == 0:
		return null, nil
	}
	n := nodes[0]
	f := found{text: script(n), items: -1, truth: true}
	switch n.Kind() {
	case ordjson.Array:
		f.items = n.Len()
	case ordjson.Null:
		f.truth = false
	case ordjson.Bool:
		f.truth = n.Bool()
	case ordjson.Number, ordjson.String:
		f.truth = f.text != "" && f.text != "0"
	}
	return f, nil
}

func evaluateXML(path string, doc *xpath.Document) (found, error) {
	e, err := xpath.Compile(path, nil)
	if err != nil {
		return null, fmt.Errorf("the body is XML, and %q is no XPath: %w", path, err)
	}
	r, err := e.Eval(doc)
	if err != nil {
		return null, err
	}
	if r.Kind() == xpath.NodeSet && r.Len() == 0 {
		return null, fmt.Errorf("%s selects nothing in the body", path)
	}
	text := r.String()
	return found{text: text, items: -1, truth: text != ""}, nil
}

// script is a value as JavaScript makes text of it.
func script(n *ordjson.Node) string {
	switch n.Kind() {
	case ordjson.Null:
		return "null"
	case ordjson.Bool:
		return strconv.FormatBool(n.Bool())
	case ordjson.String:
		return n.Text()
	case ordjson.Number:
		return scriptNumber(n)
	case ordjson.Array:
		items := make([]string, n.Len())
		for i, item := range n.Items() {
			if item.Kind() != ordjson.Null {
				items[i] = script(item)
			}
		}
		return strings.Join(items, ",")
	}
	return "[object Object]"
}

// scriptNumber writes a number as ECMAScript's Number::toString does.
func scriptNumber(n *ordjson.Node) string {
	f, _ := strconv.ParseFloat(n.Text(), 64) // one that is too large is infinite, as in JavaScript
	switch size := math.Abs(f); {
	case math.IsInf(f, 0):
		return strings.TrimPrefix(fmt.Sprintf("%vinity", f), "+")
	case f == 0:
		return "0"
	case size >= 1e-6 && size < 1e21:
		return strconv.FormatFloat(f, 'f', -1, 64)
	}
	digits, exponent, _ := strings.Cut(strconv.FormatFloat(f, 'e', -1, 64), "e")
	return digits + "e" + exponent[:1] + strings.TrimLeft(exponent[1:], "0")
}

// kindOf tells whether a body is "json", "xml" or neither: "null", as apickli
// calls it.
func kindOf(body string) string {
	if _, err := ordjson.Parse([]byte(body)); err == nil {
		return "json"
	}
	if _, err := xpath.ParseDocument([]byte(body)); err == nil {
		return "xml"
	}
	return "null"
}
