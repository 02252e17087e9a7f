package policies_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/beevik/etree"

	"sluice/flow"
	"sluice/policies"
)

// TestSamples compiles the sample that each policy type documents itself with:
// it is what users copy.
func TestSamples(t *testing.T) {
	for _, k := range policies.All() {
		if _, b := permissive.compile(t, k.Doc.Sample); len(b.Problems) > 0 {
			t.Errorf("%s: %v", k.Name, b.Problems)
		}
	}
}

// TestRegistry checks the rules that every policy type keeps: see flow.NewRegistry.
func TestRegistry(t *testing.T) {
	if _, err := flow.NewRegistry(policies.All()); err != nil {
		t.Error(err)
	}
}

// TestPublicPolicies compiles every policy of public bundles that load on Apigee,
// as far as its type exists here: none may be refused.
func TestPublicPolicies(t *testing.T) {
	const corpus = "../../shared/corpus"
	data, err := os.ReadFile(corpus + "/index.json")
	if err != nil {
		t.Skipf("the corpus of public bundles is not here: %v", err)
	}
	var index struct {
		Bundles []struct {
			ID         string
			ExpectLoad bool
		}
	}
	if err := json.Unmarshal(data, &index); err != nil {
		t.Fatal(err)
	}
	compiled := map[string]int{}
	for _, bundle := range index.Bundles {
		files, err := filepath.Glob(filepath.Join(corpus, "bundles", bundle.ID, "*", "policies", "*.xml"))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			if bundle.ExpectLoad && !strings.Contains(file, scriptless) {
				compiled[compilePublic(t, file)]++
			}
		}
	}
	for kind, least := range map[string]int{"AssignMessage": 500, "RaiseFault": 150, "ServiceCallout": 60, "ExtractVariables": 100, "FlowCallout": 45} {
		if compiled[kind] < least {
			t.Errorf("only %d %s policies were found, there were %d: the test lost its input", compiled[kind], kind, least)
		}
	}
}

// compilePublic compiles a policy file and returns its type, "" if it does not
// exist here.
func compilePublic(t *testing.T, file string) string {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	doc := etree.NewDocument()
	if doc.ReadFromBytes(content) != nil || doc.Root() == nil || !available(doc.Root().Tag) {
		return ""
	}
	around := permissive
	around.resource = func(url string) ([]byte, bool) { return beside(file, url) }
	_, b := around.compile(t, string(content))
	for _, p := range b.Problems.Errors() {
		t.Errorf("%s: %s", file, p.String())
	}
	return doc.Root().Tag
}

// scriptless is a bundle that the index takes for loadable although two of its
// policies name scripts that it does not contain.
const scriptless = "/287594cb275d/"

// beside finds a resource of the bundle that a policy file belongs to. js and jsc
// are one folder.
func beside(file, url string) ([]byte, bool) {
	scheme, name, _ := strings.Cut(url, "://")
	for _, folder := range []string{scheme, strings.TrimSuffix(scheme, "c"), scheme + "c"} {
		if data, err := os.ReadFile(filepath.Join(filepath.Dir(file), "..", "resources", folder, name)); err == nil {
			return data, true
		}
	}
	return nil, false
}

func available(name string) bool {
	for _, k := range policies.All() {
		if k.Name == name {
			return true
		}
	}
	return false
}
