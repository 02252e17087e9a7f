package policies_test

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/beevik/etree"

	"sluice/faults"
	"sluice/flow"
	"sluice/policies"
)

// callouts are the policies whose tests share this file.
var callouts = []string{"SetIntegrationRequest", "IntegrationCallout", "AssertCondition", "FlowCallout"}

// integrationService is a service made of a function.
type integrationService func(ctx context.Context, call flow.IntegrationCall) (*flow.Message, error)

func (r integrationService) Run(ctx context.Context, call flow.IntegrationCall) (*flow.Message, error) {
	return r(ctx, call)
}

// answering is a service that answers every call alike.
func answering(status int, body string) integrationService {
	return func(context.Context, flow.IntegrationCall) (*flow.Message, error) {
		m := flow.NewResponse()
		m.Status = status
		m.SetContent([]byte(body))
		return m, nil
	}
}

// compileCallout compiles the text of a policy, which is called P unless it says
// otherwise.
func compileCallout(t testing.TB, text string, service flow.Integrations) (flow.Policy, *flow.Build) {
	t.Helper()
	doc := etree.NewDocument()
	if err := doc.ReadFromString(text); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	el := doc.Root()
	for _, k := range policies.All() {
		if k.Name == el.Tag {
			unit := &flow.Unit{Bundle: "test", Account: "runner@acme", Services: &flow.Services{Integrations: service}}
			b := &flow.Build{Unit: unit, File: "policies/P.xml", Owner: el.SelectAttrValue("name", "P"), Kind: k.Name}
			return k.Compile(b, el), b
		}
	}
	t.Fatalf("no policy type %s", el.Tag)
	return nil, nil
}

// mustCompileCallout is compileCallout for a text without errors.
func mustCompileCallout(t testing.TB, text string, service flow.Integrations) flow.Policy {
	t.Helper()
	p, b := compileCallout(t, text, service)
	if b.Problems.Refused() {
		t.Fatalf("%s\n%v", text, b.Problems)
	}
	return p
}

// calloutExchange is an exchange of organization acme in us-central1.
func calloutExchange(request *flow.Message) *flow.Exchange {
	return flow.NewExchange(&flow.ProxyInfo{Organization: "acme", Environment: "test", Region: "us-central1"}, &flow.Services{}, request)
}

// calloutFault is the name of the fault that err is, "" for nil; a fault must be
// complete but for the policy's name.
func calloutFault(t *testing.T, err error) string {
	t.Helper()
	if err == nil {
		return ""
	}
	var f *faults.Fault
	if !errors.As(err, &f) {
		t.Fatalf("not a fault: %v", err)
	}
	return f.Name()
}

func calloutProblems(list flow.Problems) []string {
	var codes []string
	for _, p := range list {
		codes = append(codes, p.Severity+" "+p.Code)
	}
	return codes
}

func TestCalloutSamples(t *testing.T) {
	for _, k := range policies.All() {
		if !slices.Contains(callouts, k.Name) {
			continue
		}
		if _, b := compileCallout(t, k.Doc.Sample, answering(200, "{}")); len(b.Problems) > 0 {
			t.Errorf("%s: %v", k.Name, b.Problems)
		}
	}
}

// TestCalloutCorpus compiles what public bundles contain of these policies.
func TestCalloutCorpus(t *testing.T) {
	const corpus = "../../shared/corpus"
	content, err := os.ReadFile(corpus + "/index.json")
	if err != nil {
		t.Skipf("the corpus of public bundles is not there: %v", err)
	}
	var index struct {
		Bundles []struct {
			ID         string
			ExpectLoad bool
		}
	}
	if err := json.Unmarshal(content, &index); err != nil {
		t.Fatal(err)
	}
	compiled := 0
	for _, bundle := range index.Bundles {
		files, err := filepath.Glob(filepath.Join(corpus, "bundles", bundle.ID, "*", "policies", "*.xml"))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			if bundle.ExpectLoad && compileCorpusFile(t, file) {
				compiled++
			}
		}
	}
	if compiled < 50 {
		t.Errorf("only %d policies found", compiled)
	}
}

func compileCorpusFile(t *testing.T, file string) bool {
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	doc := etree.NewDocument()
	if doc.ReadFromBytes(content) != nil || doc.Root() == nil || !slices.Contains(callouts, doc.Root().Tag) {
		return false
	}
	_, b := compileCallout(t, string(content), answering(200, "{}"))
	for _, p := range b.Problems {
		if p.Severity == flow.Error.String() {
			t.Errorf("%s: %v", file, p)
		}
	}
	return true
}
