package xpath

import (
	"errors"
	"fmt"
)

// Scope is what an expression may name besides the core library, when a host
// language such as XSLT carries it. Its functions are called by [CompileIn] only.
type Scope struct {
	// Namespaces gives the URI of each prefix; xml is known.
	Namespaces map[string]string
	// ElementSpace is the URI for names of elements without a prefix, "" as XPath 1.0 has it.
	ElementSpace string
	// Variable finds a variable. nil: there are none.
	Variable func(space, local string) (Variable, bool)
	// Function finds a function that is none of the core library. nil: there are none.
	Function func(space, local string) (*Function, bool)
	// Extended allows the parts of XPath 2.0 that this package knows (extended.go).
	Extended bool
}

// Variable gives the value of a variable. env is the Context's.
type Variable func(env any) (Result, error)

// Function is a function of the host language.
type Function struct {
	Result      Kind // Any if it depends
	Least, Most int  // arguments
	Positional  bool // depends on the context's position or size
	Call        func(c *Context, args []Result) (Result, error)
}

// Context is what an expression of a host language is evaluated in.
type Context struct {
	Node           *Node
	Position, Size int
	Env            any // handed to variables and functions
	Work           *Work
}

// CompileIn is Compile with all that a scope offers.
func CompileIn(text string, s *Scope) (*Expr, error) {
	p, err := newParser(text, s)
	if err != nil {
		return nil, err
	}
	root, err := p.parse()
	if err != nil {
		return nil, err
	}
	return &Expr{text: text, root: root}, nil
}

// EvalIn evaluates the expression in a context. Errors are ErrTooMuchWork, what the context's Work, its variables and its
// functions return, and values of the wrong kind, where only the evaluation can tell.
func (e *Expr) EvalIn(c *Context) (r Result, err error) {
	defer catch(&err)
	inner := context{Work: c.Work, node: c.Node, position: c.Position, size: c.Size, env: c.Env}
	return Result{e.root.eval(&inner)}, nil
}

// ErrNotNodes says that a variable or a function gave a string, number or boolean where nodes are needed.
var ErrNotNodes = errors.New("xpath: a node-set is needed here, and the value is none")

// stop ends an evaluation. The work is counted in the innermost loops; a panic that never leaves the package keeps the fifty
// functions between free of error returns that they could do nothing about.
type stop struct{ err error }

func catch(err *error) {
	switch p := recover().(type) {
	case nil:
	case stop:
		*err = p.err
	default:
		panic(p)
	}
}

func fail(format string, args ...any) { panic(stop{fmt.Errorf("xpath: "+format, args...)}) }

// variable is $name of the scope.
type variable struct{ get Variable }

func (variable) kind() Kind { return Any }

func (v variable) eval(c *context) any {
	r, err := v.get(c.env)
	if err != nil {
		panic(stop{err})
	}
	return r.value
}

// hostCall is a call of a function of the scope.
type hostCall struct {
	*Function
	args []expr
}

func (h hostCall) kind() Kind { return h.Result }

func (h hostCall) eval(c *context) any {
	args := make([]Result, len(h.args))
	for i, arg := range h.args {
		args[i] = Result{arg.eval(c)}
	}
	r, err := h.Call(&Context{Node: c.node, Position: c.position, Size: c.size, Env: c.env, Work: c.Work}, args)
	if err != nil {
		panic(stop{err})
	}
	return r.value
}

// nodes are the nodes that v is: static types cannot tell of variables.
func (c *context) nodes(v any) nodes {
	set, ok := v.(nodes)
	if !ok {
		panic(stop{ErrNotNodes})
	}
	return set
}

// mayBeNodes tells whether the expression can be used where nodes are needed.
func mayBeNodes(e expr) bool { return e.kind() == NodeSet || e.kind() == Any }
