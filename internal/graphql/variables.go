package graphql

import (
	"iter"
	"strconv"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
)

// Variable is the value of a flow variable: a text, or a count.
type Variable struct {
	Text    string
	Count   int
	IsCount bool
}

// node is a place in the tree that the names of variables go down: a variable, a list,
// whose children are called count, 1, 2 and so on, or an object.
type node struct {
	leaf    *Variable
	members []member
	item    func(i int) node // of a list, from 0
	count   int
}

type member struct {
	name string
	node node
}

func (n node) isList() bool { return n.item != nil }

// Variable returns the variable called name, which is without "graphql.": as
// operation.selectionSet.1.name. ok is false where there is none.
func (d *Document) Variable(name string) (v Variable, ok bool) {
	at := d.root()
	for step := range strings.SplitSeq(name, ".") {
		if at, ok = at.child(step); !ok {
			return Variable{}, false
		}
	}
	if at.leaf == nil {
		return Variable{}, false
	}
	return *at.leaf, true
}

func (n node) child(step string) (node, bool) {
	if n.isList() {
		if step == "count" {
			return count(n.count), true
		}
		i, err := strconv.Atoi(step)
		if err != nil || i < 1 || i > n.count || step[0] == '+' || step[0] == '0' {
			return node{}, false
		}
		return n.item(i - 1), true
	}
	for i := range n.members {
		if n.members[i].name == step {
			return n.members[i].node, true
		}
	}
	return node{}, false
}

// maxNames bounds the bytes of all names that Variables gives: deep documents have long
// ones.
const maxNames = 4 << 20

// Variables gives all variables with their names, as far as the names are not longer than
// four megabytes together.
func (d *Document) Variables() iter.Seq2[string, Variable] {
	return func(yield func(string, Variable) bool) {
		left := maxNames
		d.root().each(nil, func(name string, v Variable) bool {
			left -= len(name)
			return left >= 0 && yield(name, v)
		})
	}
}

func (n node) each(path []byte, yield func(string, Variable) bool) bool {
	if n.leaf != nil {
		return yield(string(path[1:]), *n.leaf)
	}
	down := func(step string, child node) bool {
		return child.each(append(append(path, '.'), step...), yield)
	}
	if n.isList() && !down("count", count(n.count)) {
		return false
	}
	for i := range n.count {
		if !down(strconv.Itoa(i+1), n.item(i)) {
			return false
		}
	}
	for _, m := range n.members {
		if !down(m.name, m.node) {
			return false
		}
	}
	return true
}

func text(s string) node { return node{leaf: &Variable{Text: s}} }

func count(n int) node { return node{leaf: &Variable{Count: n, IsCount: true}} }

func list(n int, item func(i int) node) node { return node{count: n, item: item} }

// object drops members without a text: an operation without a name has no variable for it.
func object(members ...member) node {
	kept := members[:0]
	for _, m := range members {
		if m.node.leaf == nil || m.node.leaf.IsCount || m.node.leaf.Text != "" {
			kept = append(kept, m)
		}
	}
	return node{members: kept}
}

// root has the operation, which is the first of the document, as Apigee ignores
// operationName, and the fragments.
func (d *Document) root() node {
	fragments := d.query.Fragments
	return object(
		member{"operation", operation(d.query.Operations[0])},
		// One of the two samples of the page has the count 1 for a request without
		// fragments, the other 0; the text says that it is the number of fragments.
		member{"fragment", list(len(fragments), func(i int) node { return fragment(fragments[i]) })},
	)
}

func operation(op *ast.OperationDefinition) node {
	defs := op.VariableDefinitions
	return object(
		member{"operationType", text(strings.ToUpper(string(op.Operation)))},
		member{"name", text(op.Name)},
		member{"variableDefinitions", list(len(defs), func(i int) node { return definition(defs[i]) })},
		member{"directive", directives(op.Directives)},
		member{"selectionSet", selections(op.SelectionSet)},
	)
}

func definition(v *ast.VariableDefinition) node {
	var b strings.Builder
	printType(&b, v.Type)
	return object(member{"name", text(v.Variable)}, member{"type", text(b.String())})
}

func fragment(f *ast.FragmentDefinition) node {
	return object(
		member{"name", text(f.Name)},
		member{"typeCondition", text(f.TypeCondition)},
		member{"directive", directives(f.Directives)},
		member{"selectionSet", selections(f.SelectionSet)},
	)
}

func selections(set ast.SelectionSet) node {
	return list(len(set), func(i int) node { return selection(set[i]) })
}

// alias is "" for a field without one, for which the parser has the name.
func alias(f *ast.Field) string {
	if f.Alias == f.Name {
		return ""
	}
	return f.Alias
}

// selection is a field, or a fragment in its place, for which nothing is documented: one
// that is spread has its name, one that stands there has no name and its own selection
// set.
func selection(s ast.Selection) node {
	switch s := s.(type) {
	case *ast.FragmentSpread:
		return object(member{"name", text(s.Name)}, member{"directive", directives(s.Directives)})
	case *ast.InlineFragment:
		return object(
			member{"typeCondition", text(s.TypeCondition)},
			member{"directive", directives(s.Directives)},
			member{"selectionSet", selections(s.SelectionSet)},
		)
	case *ast.Field:
		return object(
			member{"name", text(s.Name)},
			member{"alias", text(alias(s))},
			member{"argument", arguments(s.Arguments)},
			member{"directive", directives(s.Directives)},
			member{"selectionSet", selections(s.SelectionSet)},
		)
	}
	return node{}
}

func directives(all ast.DirectiveList) node {
	return list(len(all), func(i int) node {
		return object(member{"name", text(all[i].Name)}, member{"argument", arguments(all[i].Arguments)})
	})
}

func arguments(args ast.ArgumentList) node {
	return list(len(args), func(i int) node {
		var b strings.Builder
		printValue(&b, args[i].Value)
		return object(member{"name", text(args[i].Name)}, member{"value", text(b.String())})
	})
}
