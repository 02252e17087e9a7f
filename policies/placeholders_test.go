package policies_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"sluice/faults"
	"sluice/policies"
)

var placeholder = regexp.MustCompile(`\{([A-Za-z][^{}]*)\}`)

// TestPlaceholdersAreFilled holds the calls of Refuse and WarnText against the
// catalogue: whatever stands in braces in a deployment error's text, somebody fills.
func TestPlaceholdersAreFilled(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	calls := 0
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		set := token.NewFileSet()
		tree, err := parser.ParseFile(set, file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(tree, func(n ast.Node) bool {
			code, given := refusalCall(n)
			if code == "" {
				return true
			}
			calls++
			if missing := unfilled(code, given); len(missing) > 0 {
				t.Errorf("%s: nobody fills {%s} of %s", set.Position(n.Pos()), strings.Join(missing, "}, {"), code)
			}
			return true
		})
	}
	if calls < 40 {
		t.Errorf("only %d calls were found", calls)
	}
}

// refusalCall returns the code of b.Refuse(el, code, args...) and of
// b.WarnText(el, code, hint, args...), and the names among args.
func refusalCall(n ast.Node) (code string, given []string) {
	call, ok := n.(*ast.CallExpr)
	if !ok {
		return "", nil
	}
	method, ok := call.Fun.(*ast.SelectorExpr)
	if !ok || method.Sel.Name != "Refuse" && method.Sel.Name != "WarnText" {
		return "", nil
	}
	names := call.Args[2:]
	if method.Sel.Name == "WarnText" {
		names = call.Args[3:]
	}
	for i := 0; i < len(names); i += 2 {
		given = append(given, literal(names[i]))
	}
	return literal(call.Args[1]), given
}

// literal is the value of a string constant, else "".
func literal(e ast.Expr) string {
	if lit, ok := e.(*ast.BasicLit); ok {
		if s, err := strconv.Unquote(lit.Value); err == nil {
			return s
		}
	}
	return ""
}

// unfilled lists the placeholders that are left. Where several policy types have
// the code, the text that fits best is taken for the one that is meant.
func unfilled(code string, given []string) (fewest []string) {
	given = append(given, "policy", "revision", "rev", "proxy", "org", "env", "context") // flow.Build fills these
	found := false
	for _, k := range policies.All() {
		d, ok := faults.LookupDeployment(k.Name, code)
		if !ok {
			continue
		}
		var missing []string
		for _, name := range placeholder.FindAllStringSubmatch(d.Text, -1) {
			if !slices.Contains(given, name[1]) {
				missing = append(missing, name[1])
			}
		}
		if !found || len(missing) < len(fewest) {
			fewest, found = missing, true
		}
	}
	return fewest
}
