package cases

import (
	"encoding/json"
	"io"
)

// JSONReport writes one object with everything at the end.
type JSONReport struct {
	W       io.Writer
	results []*Result
}

// Case keeps the case.
func (j *JSONReport) Case(r *Result) error {
	j.results = append(j.results, r)
	return nil
}

// End writes all.
func (j *JSONReport) End(t Totals) error {
	e := json.NewEncoder(j.W)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(struct {
		Passed  int       `json:"passed"`
		Failed  int       `json:"failed"`
		NotRun  int       `json:"notRun,omitempty"`
		Seconds float64   `json:"seconds"`
		Cases   []*Result `json:"cases"`
	}{t.Passed, t.Failed, t.NotRun, t.Seconds, append([]*Result{}, j.results...)})
}
