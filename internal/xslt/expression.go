package xslt

import (
	"fmt"
	"regexp"
	"strings"

	"sluice/internal/xpath"
)

// scope is what expressions at el may name.
func (c *compiler) scope(el *xpath.Node) *xpath.Scope {
	spaces := map[string]string{}
	el.InScope(func(prefix, space string) { spaces[prefix] = space })
	return &xpath.Scope{
		Namespaces:   spaces,
		ElementSpace: elementSpace(el),
		Variable:     c.variable,
		Function:     func(space, local string) (*xpath.Function, bool) { return c.function(el, name{space, local}) },
		Extended:     true,
	}
}

// elementSpace is what the nearest xpath-default-namespace says, which XSLT 2.0 has.
func elementSpace(el *xpath.Node) string {
	for ; el != nil; el = el.Parent() {
		for _, a := range el.Attributes() {
			if a.Local() == "xpath-default-namespace" && (a.Space() == Space || a.Space() == "" && el.Space() == Space) {
				return a.Value()
			}
		}
	}
	return ""
}

// variable finds one in sight.
func (c *compiler) variable(space, local string) (xpath.Variable, bool) {
	n := name{space, local}
	for i := len(c.locals) - 1; i >= 0; i-- {
		if c.locals[i].name == n {
			return localVariable(c.locals[i].slot), true
		}
	}
	if i := c.globalIndex(n); i >= 0 {
		return globalVariable(i), true
	}
	return nil, false
}

func localVariable(slot int) xpath.Variable {
	return func(env any) (xpath.Result, error) { return env.(*frame).locals[slot], nil }
}

func globalVariable(i int) xpath.Variable {
	return func(env any) (xpath.Result, error) { return env.(*frame).global(i) }
}

// expression compiles an XPath. One that cannot be read is refused, or in a stylesheet of a later version fails where it is
// evaluated.
func (c *compiler) expression(el *xpath.Node, text string) *expression {
	e, err := xpath.CompileIn(strings.TrimSpace(text), c.scope(el))
	if err != nil {
		c.badExpression(el, err)
		e, _ = xpath.CompileIn("unsupported()", &xpath.Scope{Function: func(string, string) (*xpath.Function, bool) { return failing(err), true }})
	}
	if otherDocument.MatchString(text) {
		c.warn(el, "%s: %s reads another document, which is not available: the transformation fails there", el.Name(), text)
	}
	return &expression{e, el.Line()}
}

// otherDocument finds a document that is spelled out; the empty name is that of the stylesheet.
var otherDocument = regexp.MustCompile(`\b(?:doc|document|unparsed-text)\s*\(\s*(?:'[^']|"[^"])`)

func failing(err error) *xpath.Function {
	return &xpath.Function{Result: xpath.Any, Call: func(*xpath.Context, []xpath.Result) (xpath.Result, error) { return xpath.Result{}, err }}
}

func (c *compiler) badExpression(el *xpath.Node, err error) {
	if version(el) > 1 {
		c.warn(el, "%s: %v", el.Name(), err)
		return
	}
	c.fail(el, "", "%s: %v", el.Name(), err)
}

// selected compiles the expression of an attribute that must be there.
func (c *compiler) selected(el *xpath.Node, attr string) *expression {
	return c.expression(el, c.needOr(el, attr, "."))
}

// expression is an XPath with its place.
type expression struct {
	*xpath.Expr
	line int
}

func (e *expression) eval(f *frame) (xpath.Result, error) {
	r, err := e.EvalIn(&f.Context)
	return r, at(e.line, err)
}

func (e *expression) text(f *frame) (string, error) {
	r, err := e.eval(f)
	if err != nil {
		return "", err
	}
	s, err := f.run.work.Text(r)
	return s, at(e.line, err)
}

// nodes are those that the expression selects.
func (e *expression) nodes(f *frame) ([]*xpath.Node, error) {
	r, err := e.eval(f)
	if err == nil && r.Kind() != xpath.NodeSet {
		err = at(e.line, fmt.Errorf("%s selects a %v where nodes are needed", e, r.Kind()))
	}
	return r.Nodes(), err
}

// values are the texts of all nodes, or the text of what is none.
func (e *expression) values(f *frame) ([]string, error) {
	r, err := e.eval(f)
	if err != nil {
		return nil, err
	}
	return f.run.texts(r)
}

func (r *run) texts(v xpath.Result) ([]string, error) {
	if v.Kind() != xpath.NodeSet {
		return []string{v.String()}, nil
	}
	list := make([]string, 0, v.Len())
	for _, n := range v.Nodes() {
		s, err := r.work.Text(xpath.OfNodes(n))
		if err != nil {
			return nil, err
		}
		list = append(list, s)
	}
	return list, nil
}
