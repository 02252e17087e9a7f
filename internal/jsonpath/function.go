package jsonpath

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"sluice/internal/ordjson"
)

// function is a step .name(arguments). Behind a path that begins with .. it works on the list of all results; behind any
// other path on each result.
type function struct {
	name string
	call func(ev *evaluation, n *ordjson.Node, args []*ordjson.Node) (*ordjson.Node, error)
	args []argument
	over *Path // the path before it, where that begins with ..
}

// argument is JSON, or a path that is evaluated from the root of the document.
type argument struct {
	node *ordjson.Node
	path *Path
}

// functions are Jayway's functions.
var functions = map[string]function{
	"length": {call: length}, "size": {call: length}, "keys": {call: keys},
	"first": {call: first}, "last": {call: last}, "index": {call: index}, "append": {call: appendItems},
	"concat": {call: concat},
	"sum":    {call: aggregation(sum)}, "avg": {call: aggregation(average)}, "stddev": {call: aggregation(deviation)},
	"min": {call: aggregation(slices.Min[[]float64])}, "max": {call: aggregation(slices.Max[[]float64])},
}

// function reads (arguments), the name being read already.
func (p *parser) function(name string, start int) (step, error) {
	f, ok := functions[name]
	if !ok {
		return nil, p.fail(start, "no function is called %q", name)
	}
	if err := p.enter(); err != nil {
		return nil, err
	}
	defer p.leave()
	f.name = name
	p.pos++
	for !p.accept(")") {
		if len(f.args) > 0 {
			if err := p.expect(","); err != nil {
				return nil, err
			}
		}
		arg, err := p.argument(f)
		if err != nil {
			return nil, err
		}
		f.args = append(f.args, arg)
	}
	return f, nil
}

func (p *parser) argument(f function) (arg argument, err error) {
	p.space()
	if c := p.peek(); c != '$' && c != '@' {
		arg.node, err = p.literal()
		return arg, err
	}
	if arg.path, err = p.nested(inArgument); err == nil && f.counts() {
		arg.path.steps, arg.path.definite = children(arg.path.steps), false
	}
	return arg, err
}

// counts tells whether the function is length(), which asks for the children of what its path selects.
func (s function) counts() bool { return s.name == "length" || s.name == "size" }

func children(steps []step) []step { return append(slices.Clip(steps), wildcard{}) }

// inverted turns $..path.function() into function($..path).
func inverted(steps []step) (f function, ok bool) {
	if len(steps) < 2 {
		return f, false
	}
	if _, ok := steps[0].(scan); !ok {
		return f, false
	}
	if f, ok = steps[len(steps)-1].(function); !ok {
		return f, false
	}
	before := steps[:len(steps)-1]
	if f.counts() {
		before = children(before)
	}
	f.over = &Path{steps: before}
	return f, true
}

func (s function) definite() bool { return true }

func (s function) apply(ev *evaluation, n *ordjson.Node, dst []*ordjson.Node) ([]*ordjson.Node, error) {
	if s.over != nil {
		nodes, err := s.over.eval(ev, n)
		if err != nil {
			return nil, err
		}
		n = ordjson.NewArray(nodes...)
	}
	args := make([]*ordjson.Node, len(s.args))
	for i, arg := range s.args {
		var err error
		if args[i], err = arg.evaluate(ev); err != nil {
			return nil, err
		}
	}
	if err := ev.visit(1 + n.Len()); err != nil {
		return nil, err
	}
	result, err := s.call(ev, n, args)
	if err != nil {
		return nil, fmt.Errorf("jsonpath: %s(): %w", s.name, err)
	}
	return append(dst, result), nil
}

func (a argument) evaluate(ev *evaluation) (*ordjson.Node, error) {
	if a.path == nil {
		return a.node, nil
	}
	nodes, err := a.path.eval(ev, ev.root)
	if err != nil {
		return nil, err
	}
	if err := ev.visit(len(nodes)); err != nil {
		return nil, err
	}
	return a.path.result(nodes), nil
}

var (
	errNoNumbers = errors.New("no numbers")
	errNoList    = errors.New("no list")
)

// length is null of anything but a list or an object, strings included.
func length(_ *evaluation, n *ordjson.Node, args []*ordjson.Node) (*ordjson.Node, error) {
	if len(args) > 0 && args[0].Kind() == ordjson.Array {
		n = args[0]
	}
	if n.Kind() < ordjson.Array {
		return ordjson.NewNull(), nil
	}
	return ordjson.NewInt(int64(n.Len())), nil
}

func keys(_ *evaluation, n *ordjson.Node, _ []*ordjson.Node) (*ordjson.Node, error) {
	if n.Kind() != ordjson.Object {
		return ordjson.NewNull(), nil
	}
	names := ordjson.NewArray()
	for name := range n.Members() {
		names.Push(ordjson.NewString(name))
	}
	return names, nil
}

func first(_ *evaluation, n *ordjson.Node, _ []*ordjson.Node) (*ordjson.Node, error) {
	return item(n, 0)
}

func last(_ *evaluation, n *ordjson.Node, _ []*ordjson.Node) (*ordjson.Node, error) {
	return item(n, -1)
}

func index(_ *evaluation, n *ordjson.Node, args []*ordjson.Node) (*ordjson.Node, error) {
	at := numbers(nil, args)
	if len(at) == 0 {
		return nil, errNoNumbers
	}
	return item(n, int(max(math.MinInt32, min(at[0], math.MaxInt32))))
}

func item(list *ordjson.Node, at int) (*ordjson.Node, error) {
	if list.Kind() != ordjson.Array {
		return nil, errNoList
	}
	if at < 0 {
		at += list.Len()
	}
	if at < 0 || at >= list.Len() {
		return nil, ErrNotFound
	}
	return list.At(at), nil
}

// appendItems leaves the document as it is: it returns a longer copy.
func appendItems(_ *evaluation, n *ordjson.Node, args []*ordjson.Node) (*ordjson.Node, error) {
	if n.Kind() != ordjson.Array {
		return n, nil
	}
	return ordjson.NewArray(slices.Concat(n.Items(), args)...), nil
}

// concat joins the strings of a list, and all arguments. Its text is charged like nodes are: an argument may be repeated.
func concat(ev *evaluation, n *ordjson.Node, args []*ordjson.Node) (*ordjson.Node, error) {
	var text strings.Builder
	add := func(s string) error {
		text.WriteString(s)
		return ev.visit(1 + len(s)/16)
	}
	for _, item := range n.Items() {
		if n.Kind() == ordjson.Array && item.Kind() == ordjson.String {
			if err := add(item.Text()); err != nil {
				return nil, err
			}
		}
	}
	for _, arg := range args {
		for _, item := range spread(arg) {
			if item.Kind() == ordjson.Null {
				continue
			}
			if err := add(item.Text()); err != nil {
				return nil, err
			}
		}
	}
	return ordjson.NewString(text.String()), nil
}

// spread is the items of a list, and anything else alone.
func spread(n *ordjson.Node) []*ordjson.Node {
	if n.Kind() == ordjson.Array {
		return n.Items()
	}
	return []*ordjson.Node{n}
}

// numbers are those of a list, and those of the arguments.
func numbers(n *ordjson.Node, args []*ordjson.Node) []float64 {
	var found []float64
	add := func(items []*ordjson.Node) {
		for _, item := range items {
			if f, ok := item.Float(); ok {
				found = append(found, f)
			}
		}
	}
	if n != nil && n.Kind() == ordjson.Array {
		add(n.Items())
	}
	for _, arg := range args {
		add(spread(arg))
	}
	return found
}

// aggregation makes a function of one that reduces numbers, of which there is at least one, to a number.
func aggregation(reduce func([]float64) float64) func(*evaluation, *ordjson.Node, []*ordjson.Node) (*ordjson.Node, error) {
	return func(_ *evaluation, n *ordjson.Node, args []*ordjson.Node) (*ordjson.Node, error) {
		found := numbers(n, args)
		if len(found) == 0 {
			return nil, errNoNumbers
		}
		f := reduce(found)
		if math.IsNaN(f) || math.IsInf(f, 0) {
			return nil, errors.New("the result is too large")
		}
		return ordjson.NewNumber(javaDouble(f)), nil
	}
}

func sum(list []float64) float64 {
	total := 0.0
	for _, f := range list {
		total += f
	}
	return total
}

func average(list []float64) float64 { return sum(list) / float64(len(list)) }

// deviation is the population's standard deviation, by Jayway's formula, which rounds as that does.
func deviation(list []float64) float64 {
	squares, count := 0.0, float64(len(list))
	for _, f := range list {
		squares += f * f
	}
	total := sum(list)
	return math.Sqrt(squares/count - total*total/count/count)
}
