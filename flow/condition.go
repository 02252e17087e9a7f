package flow

import (
	"fmt"
	"reflect"
	"sync"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/checker"
	"github.com/expr-lang/expr/compiler"
	"github.com/expr-lang/expr/conf"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/parser"
	"github.com/expr-lang/expr/vm"
)

// Condition is a compiled Condition element. It is safe for concurrent use.
//
// Its path: condition_lex.go and condition_parse.go read Apigee's language into
// nodes (condition_node.go), this file turns those into a program of expr, whose
// machine runs and, or and not. A comparison is one call out of that program
// (condition_ops.go), because expr knows neither Apigee's operators nor its
// types (condition_types.go) nor its patterns (condition_path.go).
type Condition struct {
	text    string
	root    *node
	names   []*Name
	program *vm.Program
}

// ConditionOptions say how to compile a condition.
type ConditionOptions struct {
	Name           func(string) *Name // gives the variable of a name; nil is ParseName
	JavaPrecedence bool               // and binds tighter than or
}

// CompileCondition compiles the text of a Condition element. The error is a
// *ConditionError. A blank text is one: the caller knows whether blank is true.
// Warnings are also given with an error.
func CompileCondition(text string, o ConditionOptions) (*Condition, []ConditionWarning, error) {
	root, p, failure := parseCondition(text, o)
	if failure != nil {
		return nil, p.warnings, failure
	}
	program, err := compileProgram(root, text)
	if err != nil {
		return nil, p.warnings, &ConditionError{Message: err.Error(), text: text}
	}
	return &Condition{text: text, root: root, names: p.names, program: program}, p.warnings, nil
}

// String returns the condition as it was written.
func (c *Condition) String() string { return c.text }

// Names returns the variables that the condition may read, each once, in the
// order of the text.
func (c *Condition) Names() []*Name { return c.names }

// Eval evaluates the condition. An unresolved variable is null and no error; the
// errors are those of a regular expression that takes too long or, when a
// variable holds it, is invalid. A body that cannot be read is told by x.Err.
func (c *Condition) Eval(x *Exchange) (bool, error) {
	e := evaluations.Get().(*evaluation)
	e.x = x
	out, err := e.machine.Run(c.program, e)
	if err == nil {
		err = e.err
	}
	e.release()
	if err != nil {
		return false, fmt.Errorf("condition %q: %w", c.text, err)
	}
	result, _ := out.(bool)
	return result, nil
}

// evaluation is what a program runs in: the environment that expr calls $env.
// Its machine and its memory are reused, so that Eval allocates nothing.
type evaluation struct {
	machine     vm.VM
	x           *Exchange
	left, right Value // of the comparison that runs
	err         error // the first one; what is evaluated after it has no effect
}

var evaluations = sync.Pool{New: func() any { return new(evaluation) }}

// release returns the evaluation to the pool without what it held.
func (e *evaluation) release() {
	clear(e.machine.Stack[:cap(e.machine.Stack)])
	e.x, e.err = nil, nil
	e.left, e.right = Value{}, Value{}
	evaluations.Put(e)
}

// run is what a program calls, with the evaluation as $env. The signature is one
// of those that expr calls without reflection; a test watches that it stays so.
func (c *comparison) run(env any) bool {
	e := env.(*evaluation)
	if e.err != nil {
		return false
	}
	ok, err := c.holds(c.left.get(e.x, &e.left), c.right.get(e.x, &e.right))
	if err != nil {
		e.err = fmt.Errorf("%s: %w", c, err)
	}
	return ok
}

// compileProgram builds the tree that expr would have parsed. expr limits the
// nodes of a tree only while it parses; maxComparisons does it here.
func compileProgram(root *node, text string) (*vm.Program, error) {
	tree := &parser.Tree{Node: exprNode(root), Source: file.NewSource(text)}
	config := conf.CreateNew()
	result, err := checker.Check(tree, config)
	if err != nil {
		return nil, err
	}
	if result.Kind() != reflect.Bool {
		return nil, fmt.Errorf("the condition is a %v", result)
	}
	return compiler.Compile(tree, config)
}

func exprNode(n *node) ast.Node {
	switch n.kind {
	case compareNode:
		return &ast.CallNode{
			Callee:    &ast.ConstantNode{Value: n.comparison.run},
			Arguments: []ast.Node{&ast.IdentifierNode{Value: "$env"}},
		}
	case notNode:
		return &ast.UnaryNode{Operator: "not", Node: exprNode(n.kids[0])}
	}
	return exprChain(n.kind.String(), n.kids)
}

// exprChain joins nodes by halves, so that the depth of expr's recursion is the
// logarithm of a chain's length. The order of evaluation stays.
func exprChain(operator string, kids []*node) ast.Node {
	if len(kids) == 1 {
		return exprNode(kids[0])
	}
	half := len(kids) / 2
	return &ast.BinaryNode{
		Operator: operator,
		Left:     exprChain(operator, kids[:half]),
		Right:    exprChain(operator, kids[half:]),
	}
}
