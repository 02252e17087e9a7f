package faultlint_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"sluice/flow"
	"sluice/internal/faultlint"
	"sluice/proxy"
)

func TestValidate(t *testing.T) {
	if err := faultlint.Validate(faultlint.Rules()); err != nil {
		t.Error(err)
	}
	for _, r := range faultlint.Rules() {
		twice := []*faultlint.Rule{r, r, {Name: "Odd_name"}, {Name: "bare"}}
		err := faultlint.Validate(twice)
		for _, want := range []string{"registered twice", "Odd_name", "lacks a title"} {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("Validate says %v, want %q", err, want)
			}
		}
	}
}

// TestRules runs each rule over its folder of testdata. A line's finding stands
// in a comment at its end: want, then texts that the finding's line of output
// holds, in "" or in backquotes.
func TestRules(t *testing.T) {
	for _, r := range faultlint.Rules() {
		t.Run(r.Name, func(t *testing.T) {
			dir := filepath.Join("testdata", r.Name)
			wants := readWants(t, dir)
			if len(wants) == 0 {
				t.Fatal("nothing is wanted")
			}
			for _, f := range faultlint.Check(find(t, dir), []*faultlint.Rule{r}, faultlint.Options{}) {
				at := fmt.Sprintf("%s:%d", f.File, f.Line)
				checkWant(t, at, wants[at], f)
				delete(wants, at)
			}
			for at, texts := range wants {
				t.Errorf("%s: no finding, want %q", at, texts)
			}
		})
	}
}

func checkWant(t *testing.T, at string, texts []string, f flow.Problem) {
	t.Helper()
	if texts == nil {
		t.Errorf("%s: finding nobody wants: %s", at, f)
	}
	for _, text := range texts {
		if !strings.Contains(f.String(), text) {
			t.Errorf("%s: got %s\nwant %q", at, f, text)
		}
	}
}

func find(t *testing.T, dir string) []*proxy.Bundle {
	t.Helper()
	bundles, problems := proxy.Find(dir)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	return bundles
}

var (
	wantComment = regexp.MustCompile("<!-- want (.*) -->")
	wantText    = regexp.MustCompile("\"[^\"]*\"|`[^`]*`")
)

// readWants returns the wanted texts by file and line.
func readWants(t *testing.T, dir string) map[string][]string {
	t.Helper()
	wants := map[string][]string{}
	err := filepath.WalkDir(dir, func(file string, d os.DirEntry, err error) error {
		if err != nil || filepath.Ext(file) != ".xml" {
			return err
		}
		data, err := os.ReadFile(file)
		for i, line := range strings.Split(string(data), "\n") {
			if m := wantComment.FindStringSubmatch(line); m != nil {
				at := fmt.Sprintf("%s:%d", filepath.ToSlash(file), i+1)
				for _, text := range wantText.FindAllString(m[1], -1) {
					wants[at] = append(wants[at], text[1:len(text)-1])
				}
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return wants
}

// TestSamples puts the sample of each rule into a ProxyEndpoint: it must report it.
func TestSamples(t *testing.T) {
	policies := map[string]string{
		"VA-Key":    `<VerifyAPIKey name="VA-Key"/>`,
		"OA-Verify": `<OAuthV2 name="OA-Verify"><Operation>VerifyAccessToken</Operation></OAuthV2>`,
		"RF-BadKey": `<RaiseFault name="RF-BadKey"/>`,
	}
	for _, r := range faultlint.Rules() {
		sample := r.Doc.Sample
		if strings.HasPrefix(sample, "<Condition>") {
			sample = "<FaultRule name='sample'>" + sample + "</FaultRule>"
		}
		if strings.HasPrefix(sample, "<FaultRule ") {
			sample = "<FaultRules>" + sample + "</FaultRules>"
		}
		files := map[string][]byte{"proxies/default.xml": []byte(`<ProxyEndpoint name="default">` + sample +
			`<PreFlow><Request><Step><Name>VA-Key</Name></Step><Step><Name>OA-Verify</Name></Step></Request></PreFlow></ProxyEndpoint>`)}
		for name, text := range policies {
			files["policies/"+name+".xml"] = []byte(text)
		}
		b := &proxy.Bundle{Path: "sample", Name: "sample", Files: files}
		if found := faultlint.Check([]*proxy.Bundle{b}, []*faultlint.Rule{r}, faultlint.Options{}); len(found) == 0 {
			t.Errorf("%s does not report its sample:\n%s", r.Name, r.Doc.Sample)
		}
	}
}

// TestHooks looks at what only the environment tells: a flow hook's shared flow.
func TestHooks(t *testing.T) {
	b := &proxy.Bundle{Path: "p", Name: "p", Files: map[string][]byte{"proxies/default.xml": []byte(
		`<ProxyEndpoint name="default"><FaultRules><FaultRule name="r"><Condition>fault.name = "QuotaViolation"</Condition></FaultRule></FaultRules></ProxyEndpoint>`)}}
	for hooks, want := range map[string]int{"PreProxyFlowHook": 0, "PreTargetFlowHook": 1} {
		o := faultlint.Options{Hooks: map[string]proxy.FlowHook{hooks: {SharedFlow: "limits"}}}
		if found := faultlint.Check([]*proxy.Bundle{b}, faultlint.Rules(), o); len(found) != want {
			t.Errorf("with %s: %v", hooks, found)
		}
	}
}
