package flow

import (
	"errors"
	"math"
	"strconv"
	"strings"

	"sluice/internal/jsonpath"
	"sluice/internal/ordjson"
	"sluice/internal/xpath"
)

var queryFunctions = []templateFunction{
	{name: "jsonPath", min: 2, max: 3, check: compilesArgument(0, jsonpath.Compile), run: runJSONPath},
	// The documentation allows ten namespaces; the type may stand among them.
	{name: "xpath", min: 2, max: 13, check: checkXPath, run: runXPath},
}

// runJSONPath is jsonPath(path,json[,wantArray]). No match, and a text that is
// not JSON, give the empty string.
func runJSONPath(dst []byte, c *templateCall, args []string) ([]byte, error) {
	path, err := compiled(c, args[0], jsonpath.Compile)
	if err != nil {
		return dst, err
	}
	root, err := ordjson.Parse([]byte(args[1]))
	if err != nil {
		return dst, nil
	}
	found, err := path.Value(root)
	if errors.Is(err, jsonpath.ErrTooMuchWork) {
		return dst, err
	}
	if err != nil {
		return dst, nil
	}
	return appendFound(dst, found, !path.Definite(), strings.EqualFold(optional(args, 2, ""), "true")), nil
}

// appendFound appends a result. Of an array it is the first item, also when the
// array stands in the document, unless the whole is wanted. list tells that the
// array is the list of what matched.
func appendFound(dst []byte, n *ordjson.Node, list, wantArray bool) []byte {
	if n.Kind() == ordjson.Array && (!wantArray || list && n.Len() == 0) {
		if n.Len() == 0 {
			return dst
		}
		n = n.At(0)
	}
	switch n.Kind() {
	case ordjson.Null:
		return dst
	case ordjson.String:
		return append(dst, n.Text()...)
	}
	return ordjson.Append(dst, n)
}

func checkXPath(c *templateCall) error {
	var key []string
	for i := range c.args {
		text, fixed := c.args[i].literal()
		if i != 1 && !fixed {
			return nil
		}
		key = append(key, text)
	}
	if _, err := compiled(c, xpathKey(key), compileXPath); err != nil {
		return &argumentError{0, err}
	}
	return nil
}

// xpathQuery is a compiled expression and what its result shall be.
type xpathQuery struct {
	expr *xpath.Expr
	want string // "nodeset", "node", "number", "boolean", "string"
}

// xpathKey joins the arguments other than the document.
func xpathKey(args []string) string {
	if len(args) == 2 {
		return args[0]
	}
	return args[0] + "\x00" + strings.Join(args[2:], "\x00")
}

// compileXPath compiles the expression of an xpathKey. An argument with a colon
// is a namespace, any other one the type; an unknown type is nodeset.
func compileXPath(key string) (*xpathQuery, error) {
	args := strings.Split(key, "\x00")
	q := &xpathQuery{want: "nodeset"}
	ns := map[string]string{}
	for _, arg := range args[1:] {
		if prefix, uri, ok := strings.Cut(arg, ":"); ok {
			ns[strings.TrimSpace(prefix)] = strings.TrimSpace(uri)
			continue
		}
		q.want = strings.ToLower(strings.TrimSpace(arg))
	}
	var err error
	q.expr, err = xpath.Compile(args[0], ns)
	if err == nil && q.want == "node" && q.expr.IsNodeSet() {
		q.expr, err = xpath.Compile("("+args[0]+")[1]", ns)
	}
	return q, err
}

// runXPath is xpath(expression,xml[,namespace or type...]). No match, and a text
// that is not XML, give the empty string.
func runXPath(dst []byte, c *templateCall, args []string) ([]byte, error) {
	q, err := compiled(c, xpathKey(args), compileXPath)
	if err != nil {
		return dst, err
	}
	doc, err := xpath.ParseDocument([]byte(args[1]))
	if err != nil {
		return dst, nil
	}
	found, err := q.expr.Eval(doc)
	if err != nil {
		return dst, err
	}
	text, err := q.text(found)
	return append(dst, text...), err
}

// text is a result as the wanted type. How Apigee writes numbers is not
// documented; here it is as XPath does: 3, not 3.0.
func (q *xpathQuery) text(r xpath.Result) (string, error) {
	switch q.want {
	case "number":
		if n := r.Number(); !math.IsNaN(n) {
			return strconv.FormatFloat(n, 'f', -1, 64), nil
		}
		return "", nil
	case "boolean":
		return strconv.FormatBool(r.Bool()), nil
	case "string":
		return r.String(), nil
	}
	return r.XML()
}
