package graphql

import (
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
)

// printValue prints a value as graphql-java's toString does. Documented are IntValue,
// EnumValue and VariableReference; the others are recalled from the library.
func printValue(b *strings.Builder, v *ast.Value) {
	switch v.Kind {
	case ast.Variable:
		b.WriteString("VariableReference{name='" + v.Raw + "'}")
	case ast.IntValue:
		b.WriteString("IntValue{value=" + v.Raw + "}")
	case ast.FloatValue:
		b.WriteString("FloatValue{value=" + v.Raw + "}")
	case ast.StringValue, ast.BlockValue:
		b.WriteString("StringValue{value='" + v.Raw + "'}")
	case ast.BooleanValue:
		b.WriteString("BooleanValue{value=" + v.Raw + "}")
	case ast.NullValue:
		b.WriteString("NullValue{}")
	case ast.EnumValue:
		b.WriteString("EnumValue{name='" + v.Raw + "'}")
	case ast.ListValue:
		b.WriteString("ArrayValue{values=[")
		printChildren(b, v.Children, func(c *ast.ChildValue) { printValue(b, c.Value) })
		b.WriteString("]}")
	case ast.ObjectValue:
		b.WriteString("ObjectValue{objectFields=[")
		printChildren(b, v.Children, func(c *ast.ChildValue) {
			b.WriteString("ObjectField{name='" + c.Name + "', value=")
			printValue(b, c.Value)
			b.WriteString("}")
		})
		b.WriteString("]}")
	}
}

func printChildren(b *strings.Builder, list ast.ChildValueList, one func(*ast.ChildValue)) {
	for i, c := range list {
		if i > 0 {
			b.WriteString(", ")
		}
		one(c)
	}
}

// printType prints a type likewise; ListType is recalled.
func printType(b *strings.Builder, t *ast.Type) {
	if t.NonNull {
		b.WriteString("NonNullType{type=")
		defer b.WriteString("}")
	}
	if t.Elem == nil {
		b.WriteString("TypeName{name='" + t.NamedType + "'}")
		return
	}
	b.WriteString("ListType{type=")
	printType(b, t.Elem)
	b.WriteString("}")
}
