package xslt

import (
	"cmp"
	"context"
	"fmt"

	"sluice/internal/xpath"
)

// run is one transformation. It belongs to one goroutine.
type run struct {
	*Stylesheet
	options Options
	work    *xpath.Work
	out     *tree
	source  *xpath.Node
	globals []globalValue
	keys    map[keyIndex]map[string][]*xpath.Node
	depth   int // of templates
	nesting int // of bodies
}

// frame is what an instruction runs in. The frames of a template and of what is repeated in it share locals.
type frame struct {
	xpath.Context
	*run
	locals []xpath.Result
	args   []argument // that the template was called with
	rule   *rule      // that applies, nil in a named template and below for-each
	mode   *mode
	group  *group   // of for-each-group
	groups []string // of analyze-string
}

// argument is the value of a with-param.
type argument struct {
	name  name
	value xpath.Result
}

// instruction is a part of a template.
type instruction interface {
	run(f *frame) error
}

// body is a sequence of instructions.
type body []instruction

// run carries the instructions out. How deep bodies stand within each other is counted apart from templates, for the sake of
// Go's stack: a template may be one deep nest of conditions.
func (b body) run(f *frame) error {
	if f.nesting++; f.nesting > maxNesting {
		return ErrTooNested
	}
	for _, i := range b {
		if err := i.run(f); err != nil {
			return err // which ends the run, so that nobody counts on
		}
	}
	f.nesting--
	return nil
}

const maxNesting = 10 * MaxDepth

func newRun(ctx context.Context, s *Stylesheet, o Options) *run {
	r := &run{Stylesheet: s, options: o, work: xpath.NewWork(cmp.Or(o.work, MaxWork), ctx.Err)}
	r.globals = make([]globalValue, len(s.globals))
	r.keys = map[keyIndex]map[string][]*xpath.Node{}
	return r
}

// transform returns the root of the result tree.
func (r *run) transform(source *xpath.Node) (*xpath.Node, error) {
	r.source = source
	r.out = newTree(r.work)
	for i := range r.Stylesheet.globals {
		if _, err := r.global(i); err != nil {
			return nil, err
		}
	}
	f := r.frame(source, 0)
	if err := f.apply([]*xpath.Node{source}, r.modes[name{}], nil); err != nil {
		return nil, err
	}
	return r.out.Root()
}

// frame is one of its own on a node, with room for so many variables.
func (r *run) frame(n *xpath.Node, slots int) *frame {
	f := &frame{run: r}
	if slots > 0 {
		f.locals = make([]xpath.Result, slots)
	}
	f.Context = xpath.Context{Node: n, Position: 1, Size: 1, Env: f, Work: r.work}
	return f
}

// inner is a frame with the same variables on another node.
func (f *frame) inner() *frame {
	inner := *f
	inner.Env = &inner
	inner.rule = nil
	return &inner
}

// enter counts the templates within each other.
func (r *run) enter() error {
	if r.depth++; r.depth > MaxDepth {
		return ErrTooDeep
	}
	return r.work.Spend(workOfCall)
}

// workOfCall is the work that a template costs besides what it does.
const workOfCall = 16

func (r *run) leave() { r.depth-- }

// global is a variable or a parameter at the top.
type global struct {
	name  name
	param bool
	value content
	slots int
	line  int
}

type globalValue struct {
	value xpath.Result
	state uint8 // 0 unknown, 1 being found out, 2 known
}

// global is the value of a variable at the top; it is found out when it is asked for first.
func (r *run) global(i int) (xpath.Result, error) {
	g, v := r.Stylesheet.globals[i], &r.globals[i]
	switch v.state {
	case 1:
		return xpath.Result{}, at(g.line, fmt.Errorf("the variable $%v depends on itself", g.name))
	case 2:
		return v.value, nil
	}
	v.state = 1
	text, given := r.options.Parameters[g.name.local]
	if g.param && given && g.name.space == "" {
		v.value = xpath.OfString(text)
	} else {
		var err error
		if v.value, err = g.value.eval(r.frame(r.source, g.slots)); err != nil {
			return v.value, err
		}
	}
	v.state = 2
	return v.value, nil
}

// content is the value of a variable, a parameter or the like: an expression, or else the tree that instructions make.
type content struct {
	selected *expression // nil: the body counts
	body     body
	typed    bool // it has an as, so that it is a sequence and no tree
}

func (c *content) eval(f *frame) (xpath.Result, error) {
	switch {
	case c.selected != nil:
		return c.selected.eval(f)
	case len(c.body) == 0 && !c.typed:
		return xpath.OfString(""), nil
	}
	if c.typed {
		return c.body.value(f)
	}
	root, err := f.build(c.body)
	return xpath.OfNodes(root), err
}

// build carries instructions out into a tree of their own.
func (f *frame) build(b body) (*xpath.Node, error) {
	outer := f.out
	f.out = newTree(f.run.work)
	defer func() { f.out = outer }()
	if err := f.enter(); err != nil {
		return nil, err
	}
	defer f.leave()
	if err := b.run(f); err != nil {
		return nil, err
	}
	return f.out.Root()
}

// text is what instructions make, as text.
func (f *frame) text(b body) (string, error) {
	if len(b) == 0 {
		return "", nil
	}
	if fixed, ok := b[0].(*fixedText); ok && len(b) == 1 {
		return fixed.text, nil
	}
	root, err := f.build(b)
	if err != nil {
		return "", err
	}
	return f.run.work.Text(xpath.OfNodes(root))
}
