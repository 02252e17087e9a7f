package features

import (
	"errors"
	"os"
	"sort"
	"testing"
)

const corpus = "../../../shared/corpus/features"

// What the corpus has. A step of apickli that is no longer understood shows here.
const (
	corpusScenarios  = 787
	corpusUnderstood = 2898
)

// TestCorpus reads all public features that there are: each file is a feature, and
// each step is understood, or is one of somebody's own step definitions.
func TestCorpus(t *testing.T) {
	if _, err := os.Stat(corpus); err != nil {
		t.Skip("the corpus of features is not beside this module")
	}
	list, err := Find(corpus)
	if err != nil {
		t.Fatal(err)
	}
	understood, unknown := 0, map[string]int{}
	for _, sc := range list {
		if sc.broken != nil {
			t.Errorf("%v", sc.broken)
		}
		for i := range sc.Steps {
			step := &sc.Steps[i]
			_, err := find(step)
			switch {
			case err == nil:
				understood++
			case errors.Is(err, errUndefined):
				unknown[step.Text]++
			default:
				t.Errorf("%s:%d: %s: %v", sc.File, step.Line, step, err)
			}
		}
	}
	undefined := report(t, unknown)
	t.Logf("%d scenarios, %d steps understood, %d undefined (%d texts)", len(list), understood, undefined, len(unknown))
	if len(list) < corpusScenarios || understood < corpusUnderstood {
		t.Errorf("%d scenarios and %d steps understood; there were %d and %d", len(list), understood, corpusScenarios, corpusUnderstood)
	}
}

// report lists the texts of steps that nobody knows, and counts the steps.
func report(t *testing.T, unknown map[string]int) (steps int) {
	t.Helper()
	texts := make([]string, 0, len(unknown))
	for text, n := range unknown {
		texts = append(texts, text)
		steps += n
	}
	sort.Strings(texts)
	for _, text := range texts {
		t.Logf("%3d  %s", unknown[text], text)
	}
	return steps
}
