package policies

import (
	"iter"

	"sluice/flow"
)

// llmTokenResults are the variables ratelimit.POLICY.* of one run.
type llmTokenResults struct {
	quotaResults
	model string
}

// Result implements flow.Results.
func (r *llmTokenResults) Result(name string) flow.Value {
	if name != "model" {
		return r.quotaResults.Result(name)
	}
	if r.model == "" {
		return flow.Value{}
	}
	return flow.Text(r.model)
}

// All implements flow.Results.
func (r *llmTokenResults) All() iter.Seq2[string, flow.Value] {
	return func(yield func(string, flow.Value) bool) {
		for name, v := range r.quotaResults.All() {
			if !yield(name, v) {
				return
			}
		}
		if r.model != "" {
			yield("model", flow.Text(r.model))
		}
	}
}
