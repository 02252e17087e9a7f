package integrations

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const corpus = "../../../shared/corpus/integrations"

func corpusFiles(t testing.TB) []string {
	t.Helper()
	files, _ := filepath.Glob(filepath.Join(corpus, "*.json"))
	if len(files) == 0 {
		t.Skip("the corpus of exported integrations is not here: " + corpus)
	}
	return files
}

// TestCorpus loads real exports of Google's own samples. What is refused may only be refused for
// something that is not built yet: nothing in them is malformed.
func TestCorpus(t *testing.T) {
	const loads = 14
	e := New(Options{})
	defer e.Close()
	refused := map[Reason]int{}
	for _, f := range corpusFiles(t) {
		name := strings.TrimSuffix(filepath.Base(f), ".json")
		if name == "index" { // describes the corpus
			continue
		}
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		reasons := map[Reason]bool{}
		for _, err := range e.Load(name, text) {
			p := new(Problem)
			if !errors.As(err, &p) || p.Reason == Malformed {
				t.Errorf("%s: %v", name, err)
				continue
			}
			reasons[p.Reason] = true
		}
		for r := range reasons {
			refused[r]++
		}
		if len(reasons) > 0 && !reasons[TaskType] && !reasons[ForkOrJoin] {
			t.Errorf("%s is refused only for %v", name, reasons)
		}
	}
	t.Logf("%d load: %v", len(e.Names()), e.Names())
	for r, n := range refused {
		t.Logf("%d refused for: %s", n, r)
	}
	if len(e.Names()) != loads {
		t.Errorf("%d exports load, want %d", len(e.Names()), loads)
	}
}

// TestCorpusRuns executes the exports that need no network, with their own default values. The
// expectations are those of the pages that the samples are from.
func TestCorpusRuns(t *testing.T) {
	corpusFiles(t)
	for _, c := range []struct{ file, trigger, inputs, want string }{
		{"filter-json-array", "filter_orders_greater_than500_API_1", `{}`,
			`{"flag_orders":[{"lineNumber":3,"productNumber":456,"unitPrice":10,"qty":1000,"taxAmount":10}]}`},
		{"resolve-json", "json_structure_mapping_API_1", `{}`,
			`{"output_order_json":{"order":{"ordDate":"29/5/2022","orderID":"123","btAddr":{"btAddr":"1155 Borregas Ave Sunnyvale CA 94089","btCode":"CX3H+XC Sunnyvale, California"},"stAddr":{"stAddress":"1155 Borregas Ave Sunnyvale CA 94089","stCode":"CX3H-XC Sunnyvale, California"}}}}`},
		{"update-json-array", "tkApplicationIntegrationSample1_API_1", `{}`,
			`{"outputJsonArray":[{"prop1":"val11"},{"prop1":"val21"},{"prop1":"valUserDefined"},{"prop1":"val41"}]}`},
		{"concat-string-array", "tkApplicationIntegrationSample2_API_1", `{}`,
			`{"stringArray":["orangesAreGreatFruits","applesAreGreatFruits","bananasAreGreatFruits","mangosAreGreatFruits"]}`},
	} {
		t.Run(c.file, func(t *testing.T) {
			text, err := os.ReadFile(filepath.Join(corpus, c.file+".json"))
			if err != nil {
				t.Fatal(err)
			}
			e := newEngine(t, Options{})
			if bad := e.Load(c.file, text); bad != nil {
				t.Fatal(bad)
			}
			status, body := execute(t, e, c.file, `{"trigger_id":"api_trigger/`+c.trigger+`","inputParameters":`+c.inputs+`}`)
			if status != 200 || !strings.Contains(body, `"outputParameters":`+c.want) {
				t.Errorf("%d %s\nwant %s", status, body, c.want)
			}
		})
	}
}
