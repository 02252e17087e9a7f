package xslt

import (
	"fmt"

	"sluice/internal/xpath"
)

// declared is an xsl:function of XSLT 2.0.
type declared struct {
	name   name
	params int
	body   body
	slots  int
	line   int
}

// declareFunction remembers a function before its body is read: functions call each other.
func (c *compiler) declareFunction(el *xpath.Node) {
	d := &declared{name: c.nameAttr(el, "name"), line: el.Line()}
	for _, child := range el.Children() {
		if isXSL(child, "param") {
			d.params++
		}
	}
	if d.name.space == "" {
		c.fail(el, `write name="f:`+d.name.local+`" with a namespace for f`, "the function %v is in no namespace", d.name)
	}
	c.functions = append(c.functions, d)
}

func (c *compiler) declaredFunction(n name, params int) *declared {
	for _, d := range c.functions {
		if d.name == n && (params < 0 || d.params == params) {
			return d
		}
	}
	return nil
}

// functionBody reads an xsl:function.
func (c *compiler) functionBody(el *xpath.Node) {
	c.knows(el, "name", "as", "override", "visibility", "cache", "new-each-time")
	params := 0
	for _, child := range el.Children() {
		if isXSL(child, "param") {
			params++
		}
	}
	if d := c.declaredFunction(c.nameAttr(el, "name"), params); d != nil {
		d.body = c.body(el)
		d.slots = c.slots
	}
}

// call is the function for expressions. Functions of one name with different numbers of parameters are told apart by the call.
func (c *compiler) call(n name) (*xpath.Function, bool) {
	if c.declaredFunction(n, -1) == nil {
		return nil, false
	}
	least, most := maxParams, 0
	for _, d := range c.functions {
		if d.name == n {
			least, most = min(least, d.params), max(most, d.params)
		}
	}
	return &xpath.Function{Least: least, Most: most, Result: xpath.Any, Call: func(x *xpath.Context, args []xpath.Result) (xpath.Result, error) {
		d := c.declaredFunction(n, len(args))
		if d == nil {
			return xpath.Result{}, fmt.Errorf("no function %v takes %d arguments", n, len(args))
		}
		return d.call(x.Env.(*frame), args)
	}}, true
}

const maxParams = 1000

func (d *declared) call(f *frame, args []xpath.Result) (xpath.Result, error) {
	if err := f.enter(); err != nil {
		return xpath.Result{}, at(d.line, err)
	}
	defer f.leave()
	called := f.run.frame(f.Node, d.slots)
	copy(called.locals, args) // the parameters come first
	return d.body[d.params:].value(called)
}

// value is what instructions give that need not add to a tree: that of xsl:sequence at their end, also within conditions, or
// else the nodes that they make.
func (b body) value(f *frame) (xpath.Result, error) {
	for len(b) > 0 {
		v, ok := b[0].(*variable)
		if !ok {
			break
		}
		if err := v.run(f); err != nil {
			return xpath.Result{}, err
		}
		b = b[1:]
	}
	if len(b) == 1 {
		switch i := b[0].(type) {
		case *copyOf:
			return i.selected.eval(f)
		case choose:
			chosen, err := i.chosen(f)
			if err != nil {
				return xpath.Result{}, err
			}
			return chosen.value(f)
		}
	}
	if len(b) == 0 {
		return xpath.OfNodes(), nil
	}
	root, err := f.build(b)
	if err != nil {
		return xpath.Result{}, err
	}
	return xpath.OfNodes(root.Children()...), nil
}
