package faultlint_test

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"testing"

	"sluice/flow"
	"sluice/internal/faultlint"
	"sluice/proxy"
)

// corpus is the folder with bundles that nobody here wrote. It is not part of
// the project; without it the test is skipped.
const corpus = "../../../shared/corpus"

// corpusFindings are how many findings each rule has in the bundles that load on
// Apigee. A sample of them was read by hand when the rules were written; read
// those that a change brings or takes.
var corpusFindings = map[string]int{
	"default-skipped": 1,
	"fault-name":      9,
	"shadowed-rule":   9,
	"step-condition":  2,
	"unhandled-fault": 20,
}

func TestCorpus(t *testing.T) {
	got := map[string]int{}
	for _, b := range loadable(t) {
		found, problems := proxy.Find(filepath.Join(corpus, "bundles", b))
		if len(problems) > 0 {
			t.Errorf("%s: %v", b, problems)
		}
		for _, f := range faultlint.Check(found, faultlint.Rules(), faultlint.Options{}) {
			checkFinding(t, f)
			t.Log(f)
			got[f.Code]++
		}
	}
	if !maps.Equal(got, corpusFindings) {
		t.Errorf("findings by rule are\n%v, they were\n%v", got, corpusFindings)
	}
}

// checkFinding holds a finding to what a user needs.
func checkFinding(t *testing.T, f flow.Problem) {
	t.Helper()
	if _, err := os.Stat(f.File); err != nil || f.Line == 0 || f.Column == 0 || f.Message == "" || f.Hint == "" {
		t.Errorf("incomplete finding: %+v", f)
	}
}

func loadable(t *testing.T) []string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(corpus, "index.json"))
	if err != nil {
		t.Skipf("the corpus of real bundles is not here (%v)", err)
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
	var ids []string
	for _, b := range index.Bundles {
		if b.ExpectLoad {
			ids = append(ids, b.ID)
		}
	}
	return ids
}
