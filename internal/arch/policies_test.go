package arch

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const policiesDir = "../../policies"

// parsed parses the policy files.
func parsed(t *testing.T) map[string]*ast.File {
	t.Helper()
	entries, err := os.ReadDir(policiesDir)
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]*ast.File{}
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), ".go") || strings.HasSuffix(e.Name(), "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), filepath.Join(policiesDir, e.Name()), nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		files[e.Name()] = f
	}
	return files
}

// declarations maps each top-level name of the package to its file.
func declarations(t *testing.T) map[string]string {
	t.Helper()
	owners := map[string]string{}
	for file, f := range parsed(t) {
		for _, d := range f.Decls {
			for _, name := range declared(d) {
				owners[name] = file
			}
		}
	}
	return owners
}

func declared(d ast.Decl) []string {
	if fn, ok := d.(*ast.FuncDecl); ok {
		if fn.Recv == nil && fn.Name.Name != "init" {
			return []string{fn.Name.Name}
		}
		return nil
	}
	var names []string
	for _, s := range d.(*ast.GenDecl).Specs {
		switch s := s.(type) {
		case *ast.TypeSpec:
			names = append(names, s.Name.Name)
		case *ast.ValueSpec:
			for _, n := range s.Names {
				if n.Name != "_" {
					names = append(names, n.Name)
				}
			}
		}
	}
	return names
}

// identifiers maps each file to the identifiers that it uses and does not
// declare as fields or after a dot.
func identifiers(t *testing.T) map[string][]string {
	t.Helper()
	used := map[string][]string{}
	for file, f := range parsed(t) {
		for _, id := range f.Unresolved {
			used[file] = append(used[file], id.Name)
		}
	}
	return used
}

// registering tells which families register a policy type.
func registering(t *testing.T, owners map[string]string) map[string]bool {
	t.Helper()
	families := map[string]bool{}
	for file, used := range identifiers(t) {
		if slices.Contains(used, "register") {
			families[family(file, owners)] = true
		}
	}
	return families
}

// family is the policy that a file belongs to: split files carry the name of
// their policy's file as a prefix.
func family(file string, owners map[string]string) string {
	stem := strings.TrimSuffix(file, ".go")
	best := stem
	for _, other := range owners {
		s := strings.TrimSuffix(other, ".go")
		if strings.HasPrefix(stem, s+"_") && len(s) < len(best) {
			best = s
		}
	}
	return best
}
