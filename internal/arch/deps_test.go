package arch

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"go/parser"
	"go/token"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"sort"
	"strings"
	"testing"
)

// rules is the import table of the house, read by this test and by people. Left
// a package, right what of ours it may import. A leaf library knows nothing of
// us; "leaf" on the right means all of them.
const rules = `
faults                  -
internal/ordjson        -
internal/javaregex      -
internal/jsonlimits     -
internal/xmllimits      -
internal/javatime       -
internal/xpath          -
internal/http1          -
internal/mock           -
internal/entity         -
internal/window         -
internal/pace           -
internal/jose           -
internal/script         -
internal/oas            -
internal/graphql        -
internal/devproxy       -
internal/spelling       -
internal/strays         internal/spelling
internal/delay          -
internal/loopback       -
internal/arch           -
internal/jsonpath       internal/ordjson
internal/xmljson        internal/ordjson
internal/xslt           internal/xpath
internal/tools/faultcat faults
flow                    faults leaf
policies                faults flow leaf
proxy                   faults flow internal/http1 internal/spelling internal/strays
internal/integrations   faults flow leaf
internal/google         faults flow
internal/keysets        flow leaf
internal/logs           flow
internal/state          faults flow leaf internal/orgdata
internal/state/statetest internal/state internal/loopback
internal/orgdata        leaf internal/strays
internal/tasks          faults flow leaf internal/state
internal/appint         faults flow leaf internal/state internal/integrations internal/tasks
internal/adminpage      faults flow proxy leaf internal/appint internal/integrations internal/tasks
internal/cases          faults flow proxy leaf internal/state internal/orgdata internal/keysets internal/spelling
internal/features       faults flow proxy leaf internal/cases internal/mock
internal/faultlint      faults flow proxy internal/spelling
internal/cases/casetest internal/cases
internal/matrix         faults flow proxy internal/spelling
cmd/bench               -
cmd/sluice              *
`

// leaves are the leaf libraries that "leaf" stands for.
var leaves = []string{"internal/ordjson", "internal/jsonpath", "internal/javaregex", "internal/jsonlimits", "internal/xmllimits", "internal/javatime", "internal/xpath", "internal/entity", "internal/window", "internal/pace", "internal/jose", "internal/script", "internal/delay", "internal/xmljson", "internal/oas", "internal/graphql", "internal/xslt"}

// places says in which files alone a library may be imported. A pattern ending
// in a slash is a whole folder.
var places = map[string][]string{
	"github.com/expr-lang/expr":      {"flow/condition.go"},
	"github.com/beevik/etree":        {"flow/build.go", "flow/build_read.go", "flow/policy.go", "flow/edit_compile.go", "flow/edit_auth.go", "flow/edit_assign.go", "flow/edit_parts.go", "policies/", "proxy/"},
	"golang.org/x/oauth2":            {"internal/google/"},
	"github.com/go-jose":             {"internal/jose/"},
	"github.com/nats-io":             {"internal/state/"},
	"github.com/dop251/goja":         {"internal/script/"},
	"google.golang.org/grpc":         {"internal/tasks/", "internal/adminpage/", "cmd/"},
	"cloud.google.com/go/cloudtasks": {"internal/tasks/", "internal/adminpage/", "cmd/"},
	"github.com/google/go-jsonnet":   {"internal/integrations/"},
	"github.com/cucumber":            {"internal/features/"},
	"github.com/getkin/kin-openapi":  {"internal/oas/"},
	"github.com/santhosh-tekuri":     {"internal/oas/"},
	"github.com/vektah/gqlparser":    {"internal/graphql/"},
	"github.com/maypok86/otter":      {"internal/state/", "internal/keysets/"},
	"go.uber.org/zap":                {"cmd/", "proxy/listen.go", "proxy/listen_h2.go", "internal/cases/"},
	"net/http":                       {"proxy/listen.go", "proxy/listen_h2.go", "proxy/httpclient.go", "proxy/network.go", "proxy/forward_proxy.go", "proxy/target_http.go", "proxy/target_h2.go", "proxy/target_h2_call.go", "proxy/target_h2_watch.go", "proxy/loadbalancer.go", "proxy/health.go", "faults/", "internal/", "cmd/"},
}

type pkg struct {
	ImportPath   string
	Dir          string
	Imports      []string
	TestImports  []string
	XTestImports []string
	GoFiles      []string
}

const module = "sluice/"

func TestImportsFollowTheTable(t *testing.T) {
	allowed := readRules(t)
	for _, p := range list(t) {
		name := strings.TrimPrefix(p.ImportPath, module)
		may, ok := allowed[name]
		if !ok {
			t.Errorf("package %s is not in the table: add a row that says what it may import", name)
			continue
		}
		for _, imported := range p.Imports {
			of, ours := strings.CutPrefix(imported, module)
			if ours && !slices.Contains(may, of) && !slices.Contains(may, "*") {
				t.Errorf("%s imports %s, which the table does not allow", name, of)
			}
		}
	}
}

func readRules(t *testing.T) map[string][]string {
	t.Helper()
	allowed := map[string][]string{}
	lines := bufio.NewScanner(strings.NewReader(strings.TrimSpace(rules)))
	for lines.Scan() {
		words := strings.Fields(lines.Text())
		may := []string{}
		for _, w := range words[1:] {
			switch w {
			case "-":
			case "leaf":
				may = append(may, leaves...)
			default:
				may = append(may, w)
			}
		}
		allowed[words[0]] = may
	}
	return allowed
}

func TestLibrariesStayInTheirPlace(t *testing.T) {
	for _, p := range list(t) {
		name := strings.TrimPrefix(p.ImportPath, module)
		for _, file := range p.GoFiles {
			for _, imported := range imports(t, filepath.Join(p.Dir, file)) {
				checkPlace(t, path.Join(name, file), imported)
			}
		}
	}
}

func checkPlace(t *testing.T, file, imported string) {
	t.Helper()
	for library, where := range places {
		if imported != library && !strings.HasPrefix(imported, library+"/") {
			continue
		}
		if library == "net/http" && imported != library {
			continue // httptrace and the like
		}
		ok := slices.ContainsFunc(where, func(w string) bool {
			return file == w || strings.HasSuffix(w, "/") && strings.HasPrefix(file, w)
		})
		if !ok {
			t.Errorf("%s imports %s, which belongs to %s only", file, imported, strings.Join(where, ", "))
		}
	}
}

func imports(t *testing.T, file string) []string {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, s := range f.Imports {
		list = append(list, strings.Trim(s.Path.Value, `"`))
	}
	return list
}

// TestTopLevel keeps the top of the tree as it is meant to be.
func TestTopLevel(t *testing.T) {
	want := []string{"README.md", "cmd", "examples", "faults", "flow", "go.mod", "go.sum", "internal", "policies", "proxy"}
	entries, err := os.ReadDir("../..")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), ".") {
			got = append(got, e.Name())
		}
	}
	sort.Strings(got)
	if !slices.Equal(got, want) {
		t.Errorf("top level is %v, want %v", got, want)
	}
}

// TestPoliciesKeepToThemselves fails when a policy's file uses what another
// policy's file declares: a policy is one file, and a new one touches no other.
// What several policies stand on, such as the key of the cache policies, has files
// of its own, which register no policy.
func TestPoliciesKeepToThemselves(t *testing.T) {
	owners := declarations(t)
	registered := registering(t, owners)
	for file, used := range identifiers(t) {
		for _, name := range used {
			owner, ok := owners[name]
			if ok && owner != "doc.go" && registered[family(owner, owners)] && family(owner, owners) != family(file, owners) {
				t.Errorf("policies/%s uses %s of policies/%s: move what they share to flow, to a leaf library, or to a file without a policy", file, name, owner)
			}
		}
	}
}

// list returns all packages of the module.
func list(t *testing.T) []pkg {
	t.Helper()
	out, err := exec.Command("go", "list", "-json", "sluice/...").Output()
	if err != nil {
		t.Fatal(err)
	}
	var all []pkg
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var p pkg
		err := dec.Decode(&p)
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}
