package policies_test

import (
	"context"
	"errors"
	"testing"

	"github.com/beevik/etree"

	"sluice/faults"
	"sluice/flow"
	"sluice/policies"
)

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
