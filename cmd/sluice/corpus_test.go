package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"testing"

	"sluice/flow"
)

// corpus is the folder with bundles that nobody here wrote. It is not part of
// the project; without it the tests are skipped.
const corpus = "../../../shared/corpus"

// corpusBundle is an entry of index.json.
type corpusBundle struct {
	ID             string   `json:"id"`
	ExpectLoad     bool     `json:"expectLoad"`
	StaticProblems []string `json:"staticProblems"`
}

// refusedRightly are bundles that the index takes for loadable and that are not,
// with the code of the problem: the fixture of a linter's condition rule holds
// broken conditions, and one bundle attaches scripts that it does not contain.
var refusedRightly = map[string]string{"ee00e032b841": "InvalidCondition", "287594cb275d": "InvalidResourceUrlReference"}

// codes maps the index's names of problems to the codes of ours.
var codes = map[string]string{
	"malformed-xml": "MalformedXML", "missing-policy": "MissingPolicy", "missing-target": "MissingTarget",
	"missing-resource": "MissingResource", "no-endpoint-or-sharedflow": "MissingEndpoint",
}

// onlyWarned are listed problems that lint names in a warning and not in an error.
// The index takes other bundles with just these defects for loadable, so that
// they cannot refuse: a missing resource is the policy type's business, and a
// step that names no policy does nothing.
var onlyWarned = map[string]string{
	"6f92d3d9cab2": "missing-resource:java://apigee-callout-protobuf-decoder.jar",
	"b1a45592a813": "missing-resource:xsd://ProduceService.xsd",
	"319a0bfd5210": "missing-policy:",
}

// TestCorpus holds lint to the truth of real bundles: what Apigee loads must be
// refused for nothing but a policy type that is not available yet, and where the
// index lists what is broken, that must be what refuses the bundle.
func TestCorpus(t *testing.T) {
	bundles := readCorpus(t)
	reasons := map[string]int{}
	loads, loadable := 0, 0
	for _, b := range bundles {
		problems, _, err := lint([]string{filepath.Join(corpus, "bundles", b.ID)}, "test")
		if err != nil {
			t.Fatal(err)
		}
		if b.ExpectLoad {
			loadable++
			if len(problems.Errors()) == 0 {
				loads++
			}
			checkLoadable(t, b, problems, reasons)
			continue
		}
		checkBroken(t, b, problems)
	}
	printCounts(t, reasons)
	t.Logf("%d bundles load without an error", loads)
	if loads < minimumLoads {
		t.Errorf("%d bundles load, there were %d: a policy or a check got stricter", loads, minimumLoads)
	}
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	if said := fmt.Sprintf("%d of %d public bundles", loads, loadable); !strings.Contains(string(readme), said) {
		t.Errorf("the README does not say that %s load", said)
	}
}

// minimumLoads is how many corpus bundles load today. It only grows.
const minimumLoads = 311

func readCorpus(t *testing.T) []corpusBundle {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(corpus, "index.json"))
	if err != nil {
		t.Skipf("the corpus of real bundles is not here (%v)", err)
	}
	var index struct {
		Bundles []corpusBundle `json:"bundles"`
	}
	if err := json.Unmarshal(data, &index); err != nil {
		t.Fatal(err)
	}
	return index.Bundles
}

// checkLoadable counts in reasons how many bundles each policy type refuses.
func checkLoadable(t *testing.T, b corpusBundle, problems flow.Problems, reasons map[string]int) {
	t.Helper()
	counted := map[string]bool{}
	for _, p := range problems.Errors() {
		switch {
		case p.Code == "PolicyTypeNotAvailable":
			if !counted[p.Message] {
				reasons[p.Message]++
			}
			counted[p.Message] = true
		case p.Code == refusedRightly[b.ID]:
		default:
			t.Errorf("%s must load: %s", b.ID, p.String())
		}
	}
}

func checkBroken(t *testing.T, b corpusBundle, problems flow.Problems) {
	t.Helper()
	for _, want := range b.StaticProblems {
		kind, what, _ := strings.Cut(want, ":")
		code, known := codes[kind]
		if !known {
			continue // a missing descriptor is loadable
		}
		refusing := problems.Errors()
		if onlyWarned[b.ID] == want {
			if refusing = problems; names(problems.Errors(), code, what) {
				t.Errorf("%s: %s refuses by now: take it out of onlyWarned", b.ID, want)
			}
		}
		if !names(refusing, code, what) {
			t.Errorf("%s: no problem %s names %q; lint says\n%s", b.ID, code, what, problems.Error())
		}
	}
}

// names reports whether a problem with that code mentions what, in its sentence
// or in its file. What has no name is told by the sentence.
func names(problems flow.Problems, code, what string) bool {
	if what == "" && code == "MissingPolicy" {
		what = "names no policy"
	}
	for i := range problems {
		if p := &problems[i]; p.Code == code && (strings.Contains(p.Message, what) || strings.HasSuffix(p.File, what)) {
			return true
		}
	}
	return false
}

func printCounts(t *testing.T, reasons map[string]int) {
	t.Helper()
	list := make([]string, 0, len(reasons))
	for r := range reasons {
		list = append(list, r)
	}
	sort.Slice(list, func(i, j int) bool { return reasons[list[i]] > reasons[list[j]] })
	for _, r := range list {
		t.Logf("%4d %s", reasons[r], r)
	}
}
