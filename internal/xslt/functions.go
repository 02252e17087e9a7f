package xslt

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"sluice/internal/xpath"
)

// function finds a function that XSLT adds to XPath, for an expression at el.
func (c *compiler) function(el *xpath.Node, n name) (*xpath.Function, bool) {
	switch n.space {
	case "", xpath.FunctionSpace:
	case exsltCommon:
		f, ok := exsltFunctions[n.local]
		return f, ok
	default:
		return c.call(n)
	}
	switch n.local {
	case "document":
		return &xpath.Function{Least: 1, Most: 2, Result: xpath.NodeSet, Call: document(c.sheet.tree)}, true
	case "key":
		return &xpath.Function{Least: 2, Most: 3, Result: xpath.NodeSet, Call: c.keyFunction(el)}, true
	case "format-number":
		return &xpath.Function{Least: 2, Most: 3, Result: xpath.String, Call: c.formatNumber(el)}, true
	case "system-property":
		return &xpath.Function{Least: 1, Most: 1, Result: xpath.String, Call: systemProperty(el)}, true
	case "element-available":
		return &xpath.Function{Least: 1, Most: 1, Result: xpath.Boolean, Call: elementAvailable(el)}, true
	case "function-available":
		return &xpath.Function{Least: 1, Most: 2, Result: xpath.Boolean, Call: c.functionAvailable(el)}, true
	}
	if f, ok := dateFunctions[n.local]; ok {
		return f, true
	}
	f, ok := xsltFunctions[n.local]
	return f, ok
}

const exsltCommon = "http://exslt.org/common"

// exsltFunctions: a tree that instructions made can be used as nodes without them.
var exsltFunctions = map[string]*xpath.Function{
	"node-set": {Least: 1, Most: 1, Result: xpath.Any, Call: func(_ *xpath.Context, args []xpath.Result) (xpath.Result, error) { return args[0], nil }},
}

var xsltFunctions = map[string]*xpath.Function{
	"current":              {Result: xpath.NodeSet, Call: current},
	"generate-id":          {Most: 1, Result: xpath.String, Call: generateID},
	"doc":                  {Least: 1, Most: 1, Result: xpath.NodeSet, Call: refuse("doc() is not available: a stylesheet sees its Source only")},
	"unparsed-text":        {Least: 1, Most: 2, Result: xpath.String, Call: refuse("unparsed-text() is not available: a stylesheet sees its Source only")},
	"unparsed-entity-uri":  {Least: 1, Most: 1, Result: xpath.String, Call: func(*xpath.Context, []xpath.Result) (xpath.Result, error) { return xpath.OfString(""), nil }},
	"regex-group":          {Least: 1, Most: 1, Result: xpath.String, Call: regexGroup},
	"current-group":        {Result: xpath.NodeSet, Call: currentGroup},
	"current-grouping-key": {Result: xpath.Any, Call: currentGroupingKey},
}

func refuse(text string) func(*xpath.Context, []xpath.Result) (xpath.Result, error) {
	return func(*xpath.Context, []xpath.Result) (xpath.Result, error) { return xpath.Result{}, errors.New(text) }
}

// document gives the stylesheet itself, which tables of constants are kept in, and nothing else.
func document(stylesheet *xpath.Node) func(*xpath.Context, []xpath.Result) (xpath.Result, error) {
	return func(_ *xpath.Context, args []xpath.Result) (xpath.Result, error) {
		if uri := args[0].String(); uri != "" {
			return xpath.Result{}, fmt.Errorf("document(%.40q) is not available: a stylesheet sees its Source and itself only", uri)
		}
		return xpath.OfNodes(stylesheet), nil
	}
}

// current is the node that the instruction works on, also within a predicate.
func current(c *xpath.Context, _ []xpath.Result) (xpath.Result, error) {
	return xpath.OfNodes(c.Env.(*frame).Node), nil
}

func generateID(c *xpath.Context, args []xpath.Result) (xpath.Result, error) {
	n := c.Node
	if len(args) > 0 {
		list := args[0].Nodes()
		if len(list) == 0 {
			return xpath.OfString(""), nil
		}
		n = list[0]
	}
	return xpath.OfString("N" + strconv.FormatInt(int64(n.Order()), 36)), nil
}

func (c *compiler) keyFunction(el *xpath.Node) func(*xpath.Context, []xpath.Result) (xpath.Result, error) {
	keys := c.sheet.keys
	return func(x *xpath.Context, args []xpath.Result) (xpath.Result, error) {
		r := x.Env.(*frame).run
		n, err := resolveName(el, args[0].String())
		if err == nil && keys[n] == nil {
			err = fmt.Errorf("no key is called %v", n)
		}
		if err != nil {
			return xpath.Result{}, err
		}
		values, err := r.texts(args[1])
		if err != nil {
			return xpath.Result{}, err
		}
		root := x.Node.Root()
		if len(args) == 3 && args[2].Len() > 0 {
			root = args[2].Nodes()[0]
		}
		var all []*xpath.Node
		for _, v := range values {
			found, err := r.keyed(n, root, v)
			if err != nil {
				return xpath.Result{}, err
			}
			all = append(all, found...)
		}
		return xpath.OfNodes(inOrder(all)...), x.Work.Spend(len(all))
	}
}

// inOrder is the list in the order of the document, each node once.
func inOrder(list []*xpath.Node) []*xpath.Node {
	list = slices.Clone(list)
	slices.SortFunc(list, func(a, b *xpath.Node) int { return a.Order() - b.Order() })
	return slices.Compact(list)
}

func systemProperty(el *xpath.Node) func(*xpath.Context, []xpath.Result) (xpath.Result, error) {
	return func(_ *xpath.Context, args []xpath.Result) (xpath.Result, error) {
		n, err := resolveName(el, args[0].String())
		if err != nil {
			return xpath.Result{}, err
		}
		value := ""
		if n.space == Space {
			value = map[string]string{"version": "1.0", "vendor": "sluice", "vendor-url": "", "product-name": "sluice"}[n.local]
		}
		return xpath.OfString(value), nil
	}
}

func elementAvailable(el *xpath.Node) func(*xpath.Context, []xpath.Result) (xpath.Result, error) {
	return func(_ *xpath.Context, args []xpath.Result) (xpath.Result, error) {
		n, err := resolveName(el, args[0].String())
		return xpath.OfBool(n.space == Space && instructions(n.local) != nil), err
	}
}

func (c *compiler) functionAvailable(el *xpath.Node) func(*xpath.Context, []xpath.Result) (xpath.Result, error) {
	return func(_ *xpath.Context, args []xpath.Result) (xpath.Result, error) {
		n, err := resolveName(el, args[0].String())
		if err != nil || strings.HasPrefix(n.local, "document") {
			return xpath.OfBool(false), err
		}
		_, ok := c.function(el, n)
		return xpath.OfBool(ok || xpath.HasFunction(n.space, n.local)), nil
	}
}
