package integrations

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime/metrics"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/go-jsonnet"
	"github.com/google/go-jsonnet/ast"
	"github.com/google/go-jsonnet/toolutils"
)

// Bounds of one Data Transformer task; the time and the places are ours.
const (
	jsonnetLimit  = 20 * time.Second
	jsonnetMemory = 300 << 20 // bytes by which the live heap may grow (reference: integrations.md 1)
	jsonnetStack  = 500
	jsonnetPlaces = 64 // evaluations at a time, those included that outlived their task
	jsonnetTick   = 256
)

// A jsonnetTemplate is a compiled template. Evaluations share it.
//
// The library cannot be interrupted. So every function of the template is compiled to ask first,
// by a native function named tick, whether it may go on: no template loops without calling one. What
// still runs after its time - a value that doubles a hundred times without a function, as it is
// written out - is left behind: the task fails in time, and the evaluation keeps one of
// jsonnetPlaces until it ends.
type jsonnetTemplate struct{ root ast.Node }

// jsonnetFile is the name of the template in errors.
const jsonnetFile = "template"

func compileJsonnet(source string) (*jsonnetTemplate, error) {
	// On the same line, so that the lines of errors are those of the author.
	node, err := jsonnet.SnippetToAST(jsonnetFile, `local std = import "guarded"; `+source)
	if err != nil {
		return nil, err
	}
	return &jsonnetTemplate{withTicks(node)}, nil
}

const tickName = ast.Identifier("$tick") // no name that a template could use

// withTicks binds $tick around the template and calls it in every function.
func withTicks(root ast.Node) ast.Node {
	addTicks(root)
	native := &ast.Apply{
		Target:    &ast.Index{Target: &ast.Var{Id: "$std", NodeBase: free("$std")}, Index: &ast.LiteralString{Value: "native"}, NodeBase: free("$std")},
		Arguments: ast.Arguments{Positional: []ast.CommaSeparatedExpr{{Expr: &ast.LiteralString{Value: "tick"}}}},
		NodeBase:  free("$std"),
	}
	return &ast.Local{
		Binds:    ast.LocalBinds{{Variable: tickName, Body: native}},
		Body:     root,
		NodeBase: free("std", "$std"),
	}
}

func free(names ...ast.Identifier) ast.NodeBase {
	return ast.NewNodeBase(ast.LocationRange{}, nil, names)
}

// addTicks changes the functions under n, and makes $tick free everywhere.
func addTicks(n ast.Node) {
	for _, child := range toolutils.Children(n) {
		addTicks(child)
	}
	n.SetFreeVariables(append(n.FreeVariables(), tickName))
	f, ok := n.(*ast.Function)
	if !ok {
		return
	}
	base := ast.NewNodeBase(*f.Body.Loc(), nil, f.Body.FreeVariables())
	f.Body = &ast.Conditional{
		Cond:        &ast.Apply{Target: &ast.Var{Id: tickName, NodeBase: free(tickName)}, NodeBase: free(tickName)},
		BranchTrue:  f.Body,
		BranchFalse: &ast.LiteralNull{},
		NodeBase:    base,
	}
}

var (
	jsonnetRunning atomic.Int64

	errJsonnetTime   = fmt.Errorf("the template ran longer than %s", jsonnetLimit)
	errJsonnetMemory = fmt.Errorf("the template used more than %d MB", jsonnetMemory>>20)
	errJsonnetBusy   = errors.New("too many templates are being evaluated")
)

// run evaluates the template on the variables of a and returns its result as JSON.
func (t *jsonnetTemplate) run(ctx context.Context, a *attempt) (string, error) {
	if jsonnetRunning.Add(1) > jsonnetPlaces {
		jsonnetRunning.Add(-1)
		return "", errJsonnetBusy
	}
	ctx, cancel := context.WithTimeoutCause(ctx, jsonnetLimit, errJsonnetTime)
	defer cancel()
	m := jsonnetMachines.Get().(*jsonnetMachine)
	m.begin(ctx, a)
	type result struct {
		text string
		err  error
	}
	done := make(chan result, 1)
	go func() {
		defer jsonnetRunning.Add(-1)
		text, err := m.vm.Evaluate(t.root)
		done <- result{text, err}
	}()
	select {
	case r := <-done:
		m.begin(context.Background(), nil) // holds on to nothing of the run
		jsonnetMachines.Put(m)
		return r.text, jsonnetError(ctx, r.err)
	case <-ctx.Done(): // the machine may still be running, and is not used again
		return "", context.Cause(ctx)
	}
}

// A jsonnetMachine evaluates one template after another. What it keeps between them are the
// parsed libraries, which cost more than most templates.
type jsonnetMachine struct {
	vm    *jsonnet.VM
	ctx   context.Context
	a     *attempt
	scope *scope // a copy of that of a, which the evaluation may outlive
	calls int    // of tick
	base  uint64 // live heap at the first look
}

var jsonnetMachines = sync.Pool{New: func() any { return newJsonnetMachine() }}

func newJsonnetMachine() *jsonnetMachine {
	m := &jsonnetMachine{vm: jsonnet.MakeVM()}
	m.vm.MaxStack = jsonnetStack
	m.vm.SetTraceOut(io.Discard)
	m.vm.Importer(jsonnetLibraries)
	m.vm.ErrorFormatter.SetMaxStackTraceSize(4)
	for _, n := range m.natives() {
		m.vm.NativeFunction(n)
	}
	return m
}

func (m *jsonnetMachine) begin(ctx context.Context, a *attempt) {
	m.ctx, m.a, m.scope, m.calls, m.base = ctx, a, nil, 0, 0
	if a != nil {
		m.scope = a.scope.forTask()
	}
}

// tick lets a template go on, or ends it.
func (m *jsonnetMachine) tick([]any) (any, error) {
	if m.calls++; m.calls%jsonnetTick != 0 {
		return true, nil
	}
	if m.ctx.Err() != nil {
		return nil, context.Cause(m.ctx)
	}
	live := liveHeap()
	if m.base == 0 {
		m.base = live
	}
	if live > m.base+jsonnetMemory {
		return nil, errJsonnetMemory
	}
	return true, nil
}

// liveHeap is what the last garbage collection left of the whole process: the library keeps no
// account of its own. Few templates run long enough for the rest to matter.
func liveHeap() uint64 {
	sample := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(sample)
	if sample[0].Value.Kind() != metrics.KindUint64 {
		return 0 // a Go without this metric
	}
	return sample[0].Value.Uint64()
}

// jsonnetError is err in one line. A crash of the library comes with a stack of ours.
func jsonnetError(ctx context.Context, err error) error {
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return context.Cause(ctx)
	}
	text, _, _ := strings.Cut(err.Error(), "\ngoroutine ")
	text = strings.TrimPrefix(strings.TrimPrefix(text, "RUNTIME ERROR: "), "(CRASH) ")
	return errors.New(strings.Join(strings.Fields(shorten(text)), " "))
}

// jsonnetLibraries are what a template can import: the functions of Google, and the standard
// library with bounds, under which every template runs.
var jsonnetLibraries = &jsonnet.MemoryImporter{Data: map[string]jsonnet.Contents{
	"functions": jsonnet.MakeContents(jsonnetFunctions),
	"guarded":   jsonnet.MakeContents(jsonnetGuarded),
}}

// jsonnetGuarded is std without what makes a huge array or text out of a number. extVar gives
// the variables of the execution.
const jsonnetGuarded = `
local most = 1000000;
local bounded(n, f) = if std.type(n) == 'number' && n > most then error 'more than %d elements' % most else f;
std {
  extVar(name):: std.native('extVar')(name),
  makeArray(sz, func):: bounded(sz, std.makeArray(sz, func)),
  range(from, to):: bounded(to - from, std.range(from, to)),
  repeat(what, count):: bounded(std.length(what) * count, std.repeat(what, count)),
}
`
