package graphql

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

const shop = `
type Query { employee(id: Int!): Employee, users(role: Role, first: Float, in: [Filter!]): [User!]!, node: Node }
type Mutation { hire(name: String!): Employee }
enum Role { ADMIN ACCOUNTANT }
input Filter { city: String, open: Boolean }
interface Node { id: ID! }
type Employee implements Node { id: ID!, firstName: String, boss: Employee, login(password: Int): String }
type User implements Node { id: ID!, lastName: String }
`

func mustParse(t testing.TB, text string) *Document {
	t.Helper()
	d, err := Parse(text)
	if err != nil {
		t.Fatalf("%.200s: %v", text, err)
	}
	return d
}

func mustCompile(t testing.TB, text string) *Schema {
	t.Helper()
	s, err := CompileSchema(text)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestVariables: the samples of Apigee's page, and what it leaves open. A variable that
// must not be there is "-".
func TestVariables(t *testing.T) {
	tests := []struct{ text, want string }{
		{`{ employee(id: 123) { id firstName lastName } }`, `
			operation.operationType QUERY
			operation.name -
			operation.selectionSet.count 1
			operation.variableDefinitions.count 0
			operation.selectionSet.1.name employee
			operation.selectionSet.1.alias -
			operation.selectionSet.1.argument.count 1
			operation.selectionSet.1.argument.1.name id
			operation.selectionSet.1.argument.1.value IntValue{value=123}
			operation.selectionSet.1.argument.2.name -
			operation.selectionSet.1.directive.count 0
			operation.selectionSet.1.selectionSet.count 3
			operation.selectionSet.1.selectionSet.1.name id
			operation.selectionSet.1.selectionSet.3.name lastName
			fragment.count 0`},
		{`query Characters($episode: Episode, $withFriends: Boolean!) { friends @include(if: $withFriends) { friendsName } }`, `
			operation.name Characters
			operation.variableDefinitions.count 2
			operation.variableDefinitions.1.name episode
			operation.variableDefinitions.1.type TypeName{name='Episode'}
			operation.variableDefinitions.2.type NonNullType{type=TypeName{name='Boolean'}}
			operation.selectionSet.1.argument.count 0
			operation.selectionSet.1.directive.count 1
			operation.selectionSet.1.directive.1.name include
			operation.selectionSet.1.directive.1.argument.1.name if
			operation.selectionSet.1.directive.1.argument.1.value VariableReference{name='withFriends'}`},
		{`query getUsers { admins: users(role: ADMIN) { lastName } accountants: users(role: ACCOUNTANT) { firstName } }`, `
			operation.selectionSet.count 2
			operation.selectionSet.1.name users
			operation.selectionSet.1.alias admins
			operation.selectionSet.1.argument.1.value EnumValue{name='ADMIN'}
			operation.selectionSet.2.alias accountants
			operation.selectionSet.2.directive.1.argument.1.value -`},
		{`mutation M($l: [Int!]!) { a(s: "it's", f: 1.5, b: true, n: null, l: [1, $l], o: {k: "v", m: []}) }`, `
			operation.operationType MUTATION
			operation.variableDefinitions.1.type NonNullType{type=ListType{type=NonNullType{type=TypeName{name='Int'}}}}
			operation.selectionSet.1.argument.1.value StringValue{value='it's'}
			operation.selectionSet.1.argument.2.value FloatValue{value=1.5}
			operation.selectionSet.1.argument.3.value BooleanValue{value=true}
			operation.selectionSet.1.argument.4.value NullValue{}
			operation.selectionSet.1.argument.5.value ArrayValue{values=[IntValue{value=1}, VariableReference{name='l'}]}
			operation.selectionSet.1.argument.6.value ObjectValue{objectFields=[ObjectField{name='k', value=StringValue{value='v'}}, ObjectField{name='m', value=ArrayValue{values=[]}}]}`},
		{`query A { node { ...F ... on User { lastName } ... @skip(if: true) { id } } } query B { b } fragment F on Node { id }`, `
			operation.name A
			operation.selectionSet.1.selectionSet.1.name F
			operation.selectionSet.1.selectionSet.1.selectionSet.count -
			operation.selectionSet.1.selectionSet.2.name -
			operation.selectionSet.1.selectionSet.2.typeCondition User
			operation.selectionSet.1.selectionSet.2.selectionSet.1.name lastName
			operation.selectionSet.1.selectionSet.3.directive.1.name skip
			fragment.count 1
			fragment.1.name F
			fragment.1.typeCondition Node
			fragment.1.selectionSet.1.name id`},
		{`{ a }`, `
			operation -
			operation.selectionSet -
			operation.selectionSet.0.name -
			operation.selectionSet.01.name -
			operation.selectionSet.+1.name -
			operation.selectionSet.1.name.x -
			operation.selectionSet.99999999999999999999.name -
			x -`},
	}
	for _, tt := range tests {
		d := mustParse(t, tt.text)
		all := maps.Collect(d.Variables())
		for line := range strings.Lines(strings.TrimSpace(tt.want)) {
			name, want, _ := strings.Cut(strings.TrimSpace(line), " ")
			v, ok := d.Variable(name)
			if got := shown(v, ok); got != want {
				t.Errorf("%s\n%s = %s, want %s", tt.text, name, got, want)
			}
			if listed, there := all[name]; listed != v || there != ok {
				t.Errorf("%s\n%s is %v among all, %v alone", tt.text, name, listed, v)
			}
		}
	}
}

func shown(v Variable, ok bool) string {
	switch {
	case !ok:
		return "-"
	case v.IsCount:
		return fmt.Sprint(v.Count)
	}
	return v.Text
}

func TestParse(t *testing.T) {
	deep := strings.Repeat("{a", MaxDepth) + strings.Repeat("}", MaxDepth)
	tests := []struct{ text, want string }{
		{"{a}", "depth 1, fragments 0"},
		{"{a{b{c}} d}", "depth 3, fragments 0"},
		{"{a ... {b {c}}}", "depth 2, fragments 0"},
		{"{a{...F}} fragment F on T {b{c}}", "depth 3, fragments 1"},
		{"{a{...Unknown}}", "depth 1, fragments 0"},
		{"{a} {b{c}}", "depth 2, fragments 0"},
		{"{a} fragment F on T {b ...G} fragment G on T {c{d}} fragment G on T {e{f{g}}}", "depth 2, fragments 3"},
		{deep, "depth 500, fragments 0"},
		{"{a" + deep + "}", "fields nest deeper than 500 levels"},
		{"{...F} fragment F on T {a ...F}", "fragments spread each other in a circle in line 1, column 8"},
		{"{a} fragment F on T {...G}\nfragment G on T {...F}", "fragments spread each other in a circle in line 1, column 5"},
		{"", "no operation"},
		{"fragment F on T {a}", "no operation"},
		{"type T {a: Int}", "syntax error in line 1, column 1"},
		{"{a(password: \"secret\" ]}", "syntax error in line 1, column 23"},
		{"{", "syntax error in line 1, column 2"},
		{strings.Repeat("{", 100_000), "syntax error in line 1, column 2"},
		{"{a(l:" + strings.Repeat("[", 10_000), "syntax error in line 1, column 1005"},
		{"{" + strings.Repeat("a ", MaxTokens) + "}", "more than 15000 tokens"},
		{strings.Repeat(" ", MaxBytes+1), "more than 1048576 bytes"},
	}
	for _, tt := range tests {
		got := ""
		if d, err := Parse(tt.text); err != nil {
			got = err.Error()
		} else {
			got = fmt.Sprintf("depth %d, fragments %d", d.Depth, d.Fragments)
		}
		if got != tt.want {
			t.Errorf("%.80q: %s, want %s", tt.text, got, tt.want)
		}
	}
}

func TestKinds(t *testing.T) {
	kinds := mustParse(t, "query A {a} mutation B {b}").Kinds()
	if want := map[string]bool{"query": true, "mutation": true}; !maps.Equal(kinds, want) {
		t.Error(kinds)
	}
	if kinds := mustParse(t, "{a}").Kinds(); !kinds["query"] || len(kinds) != 1 {
		t.Error(kinds)
	}
}

func TestQuery(t *testing.T) {
	tests := []struct{ payload, want string }{
		{`{"query": "{a}", "operationName": null, "variables": {"a": [1]}}`, "{a}"},
		{`{"query": ""}`, ""},
		{`{"Query": "{a}"}`, "!"},
		{`{"query": "{a}", "query": "{b}"}`, "!"},
		{`{"query": null}`, "!"},
		{`{"query": 1}`, "!"},
		{`[{"query": "{a}"}]`, "!"},
		{`{"query": "{a}"} x`, "!"},
		{`{a}`, "!"},
		{``, "!"},
	}
	for _, tt := range tests {
		got, err := Query([]byte(tt.payload))
		if err != nil {
			got = "!"
		}
		if got != tt.want {
			t.Errorf("%s: %q, want %q", tt.payload, got, tt.want)
		}
	}
}

func TestCompileSchema(t *testing.T) {
	for text, want := range map[string]string{
		shop:                       "",
		"type Query { a: Absent }": "Undefined type Absent in line 1, column 17",
		"type Query {":             "Expected Name, found <EOF> in line 1, column 13",
		"":                         "",
	} {
		_, err := CompileSchema(text)
		if got := fmt.Sprint(err); got != want && (want != "" || err != nil) {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
}

func TestValidate(t *testing.T) {
	s := mustCompile(t, shop)
	tests := []struct{ text, want string }{
		{`{ employee(id: 1) { id boss { firstName } } }`, ""},
		{`mutation { hire(name: "Ada") { id } }`, ""},
		{`query($r: Role) { users(role: $r, in: [{city: "Ulm"}]) { ...U } } fragment U on User { lastName }`, ""},
		{`{ __schema { types { name } } __typename }`, ""},
		{`{ employee(id: 1) { mass } }`, `Cannot query field "mass" on type "Employee" in line 1, column 21`},
		{`{ employee(id: 1) { firstNam } }`, `Cannot query field "firstNam" on type "Employee" in line 1, column 21`},
		{`{ employee { id } }`, `Field "employee" argument "id" of type "Int!" is required, but it was not provided in line 1, column 3`},
		{`{ employee(id: 1) { login(password: "hunter2") } }`, "a value is not of the type that stands there in line 1, column 38"},
		{`subscription { a }`, "Schema does not support operation type \"subscription\" in line 1, column 1"},
		{`{ employee(id: 1) { a b c d e f g } }`, "…2 more"},
	}
	for _, tt := range tests {
		got := ""
		if err := s.Validate(mustParse(t, tt.text)); err != nil {
			got = err.Error()
		}
		if rest, ok := strings.CutPrefix(tt.want, "…"); ok && strings.HasSuffix(got, rest) {
			continue
		}
		if got != tt.want {
			t.Errorf("%s\n got %s\nwant %s", tt.text, got, tt.want)
		}
	}
}

// TestValidateAtOnce is for the race detector: requests share a schema.
func TestValidateAtOnce(t *testing.T) {
	s := mustCompile(t, shop)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for _, text := range []string{asked, `{ __schema { types { name } } employee { mass } }`} {
				if d, err := Parse(text); err != nil || (s.Validate(d) == nil) != (text == asked) {
					t.Errorf("%s: %v", text, err)
				}
			}
		})
	}
	all.Wait()
}

// TestHostile: what costs a multiple of its size ends soon, refused or not.
func TestHostile(t *testing.T) {
	s := mustCompile(t, shop+"extend type Query { "+manyFields(500)+" }")
	bomb, flat, ids := "{...F0}", "", strings.Repeat("id ", 600)
	for i := range 60 {
		bomb += fmt.Sprintf(" fragment F%d on Query {...F%d ...F%d a: node {id}}", i, i+1, i+1)
	}
	for i := range 700 {
		flat += fmt.Sprintf("query Q%d {...A} ", i)
	}
	tests := map[string]string{
		"fragments that double":  bomb + " fragment F60 on Query {node {id}}",
		"operations that spread": flat + "fragment A on Query {" + manyUses(700) + "}",
		"one name":               "{" + strings.Repeat("node{id} ", 3500) + "}",
		"one name in fragments":  "{node{" + ids + "...A}} fragment A on Node{" + ids + "}",
		"one name in place":      "{node{" + ids + "...{" + ids + "}}}",
		"one name, few":          "{" + strings.Repeat("node{id} ", 600) + "}",
		"names":                  "{" + manyUses(3500) + "}",
		"unknown":                "{" + strings.Repeat("fild1 ", 600) + "}",
		"arguments":              "{a(" + strings.Repeat("b:1 ", 4900) + ")}",
		"known arguments":        "{employee(" + strings.Repeat("id:1 ", 4900) + "){id}}",
		"known objects":          "{users(in:{" + strings.Repeat("city:1 ", 4900) + "}){id}}",
		"uses":                   "query(" + strings.Repeat("$a:Int ", 1500) + "){" + strings.Repeat("a:employee(id:$a){id} ", 650) + "}",
		"objects":                "{a(b:{" + strings.Repeat("c:1 ", 4900) + "})}",
		"directives":             "{a" + strings.Repeat("@b", 7000) + "}",
		"variables":              "query(" + strings.Repeat("$a:Int ", 2900) + "){a}",
		"operations":             strings.Repeat("query A {node} ", 2900),
	}
	refused := []string{"fragments that double", "operations that spread", "one name", "one name in fragments", "one name in place", "operations"}
	for name, text := range tests {
		d := mustParse(t, text)
		start := time.Now()
		err := s.Validate(d)
		took := time.Since(start)
		t.Logf("%s: %v, %d visits, %d pairs, %.80v", name, took, d.work.visits, d.work.pairs, err)
		if tooMuch := err != nil && err.Error() == "too many fields to validate"; tooMuch != slices.Contains(refused, name) {
			t.Errorf("%s: %.80v", name, err)
		}
		if took > 30*time.Second {
			t.Errorf("%s takes %v", name, took)
		}
	}
}

func manyFields(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "field%d: Node ", i)
	}
	return b.String()
}

func manyUses(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "field%d{id} ", i%500)
	}
	return b.String()
}

func FuzzDocument(f *testing.F) {
	for _, text := range []string{
		"{a}", "query A($a:[Int!]=[1] @d) @e {a:b(c:$a,d:{e:\"f\",g:[1.5e3,null,true,X]}) @skip(if:true){...F ...on T{id}}} fragment F on T @x {id}",
		"#c\n{a(b:\"\"\"block\"\"\")}", "mutation {a} subscription S {b}", "{...F} fragment F on T {...F}", "\ufeff{a, b}", "query ($a: Int = 1) {employee(id: $a) {boss {id}}}",
	} {
		f.Add(text)
	}
	s := mustCompile(f, shop)
	f.Fuzz(func(t *testing.T, text string) {
		d, err := Parse(text)
		if err != nil {
			return
		}
		_ = s.Validate(d)
		for name, v := range d.Variables() {
			if got, ok := d.Variable(name); !ok || got != v {
				t.Fatalf("%q: %s is %v alone, %v among all", text, name, got, v)
			}
		}
	})
}

func FuzzSchema(f *testing.F) {
	f.Add(shop)
	f.Add("schema {query: Q} type Q {a(b: I = {c: 1}): [U!] @deprecated} union U = Q input I {c: Int} directive @d(x: Int) repeatable on FIELD extend type Q {z: S} scalar S")
	f.Fuzz(func(t *testing.T, text string) {
		if s, err := CompileSchema(text); err == nil {
			_ = s.Validate(mustParse(t, "{a {b}}"))
		}
	})
}

const asked = `query Q($role: Role) { admins: users(role: $role, in: [{city: "Ulm"}]) { id lastName } employee(id: 7) { id firstName boss { ...E } } } fragment E on Employee { id firstName }`

func BenchmarkParse(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		mustParse(b, asked)
	}
}

func BenchmarkValidate(b *testing.B) {
	s := mustCompile(b, shop)
	b.ReportAllocs()
	for b.Loop() {
		if err := s.Validate(mustParse(b, asked)); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkVariable(b *testing.B) {
	d := mustParse(b, asked)
	b.ReportAllocs()
	for b.Loop() {
		if _, ok := d.Variable("operation.selectionSet.2.selectionSet.3.selectionSet.1.name"); !ok {
			b.Fatal("no such variable")
		}
	}
}
