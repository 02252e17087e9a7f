package proxy

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/beevik/etree"

	"sluice/flow"
)

// preparing is a compiler whose policies <Ready>text</Ready> write into did when
// they go into service, and fail when the text is "bad".
func preparing(t *testing.T, did *[]string) *Compiler {
	c := testCompiler(t)
	registry, err := flow.NewRegistry([]*flow.Kind{{
		Name: "Ready", Doc: flow.Doc{Title: "Ready", Sample: "<Ready/>"},
		Compile: func(b *flow.Build, el *etree.Element) flow.Policy {
			text := flow.TextOf(el)
			b.AtDeployment(func(_ context.Context, info *flow.ProxyInfo, _ *flow.Services) error {
				*did = append(*did, fmt.Sprintf("%s/%s %s:%s", info.Organization, info.Environment, info.Name, text))
				if text == "bad" {
					return errNotReady
				}
				return nil
			})
			return policyFunc(func(context.Context, *flow.Exchange) error { return nil })
		},
	}})
	if err != nil {
		t.Fatal(err)
	}
	c.Registry = registry
	return c
}

var errNotReady = errors.New("not ready")

// TestPrepare: what policies want done at a deployment is done for every bundle
// that is new; a failure names its bundle and holds up no other.
func TestPrepare(t *testing.T) {
	var did []string
	s := &served{t: t, compiler: preparing(t, &did)}
	bundles := func(a, flow string) rig {
		return rig{proxies: map[string][]string{
			"a": {proxyAt("/a", nullRoute, preFlow(onRequest("R", "S"))), `<Ready name="R">` + a + `</Ready>`, `<Ready name="S">more</Ready>`},
			"b": {proxyAt("/b", nullRoute, preFlow(onRequest("R"))), `<Ready name="R">good</Ready>`},
		}, shared: map[string][]string{"f": {`<SharedFlow name="default">` + steps("R") + `</SharedFlow>`, `<Ready name="R">` + flow + `</Ready>`}}}
	}
	prepared := func(now, old *Snapshot, want []string, failed ...string) {
		t.Helper()
		did = nil
		var got []string
		for _, err := range now.Prepare(t.Context(), &flow.Services{}, old) {
			if !errors.Is(err, errNotReady) {
				t.Error(err)
			}
			got = append(got, err.Error())
		}
		if !slices.Equal(did, want) || !slices.Equal(got, failed) {
			t.Errorf("did %q, want %q\nfailed %q, want %q", did, want, got, failed)
		}
	}

	first, problems := s.snapshot(bundles("bad", "bad"))
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	prepared(first, NewTable().Snapshot(),
		[]string{"acme/test a:bad", "acme/test a:more", "acme/test b:good", "acme/test f:bad"}, "a: not ready", "f: not ready")
	prepared(first, first, nil)

	// Of a new snapshot only what the old one did not serve.
	d, _ := s.compiler.Proxy(bundleOf("a", bundles("good", "").proxies["a"]...))
	second, problems := NewSnapshot(s.compiler.Environment, Options{}, []*Deployment{d, first.Deployments[1]}, []*flow.SharedFlow{first.SharedFlows["f"]})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	prepared(second, first, []string{"acme/test a:good", "acme/test a:more"})
	f, _ := s.compiler.SharedFlow(bundleOf("f", bundles("", "good").shared["f"]...))
	third, _ := NewSnapshot(s.compiler.Environment, Options{}, second.Deployments, []*flow.SharedFlow{f})
	prepared(third, second, []string{"acme/test f:good"})
}
