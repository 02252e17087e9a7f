package policies

import (
	"encoding/json"
	"errors"
	"iter"
	"strings"

	"sluice/flow"
)

// modelArmorMatch is the state of what a filter matched.
const modelArmorMatch = "MATCH_FOUND"

// modelArmorVerdict is an answer of Model Armor. As variables it has what third parties
// list, under SanitizeUserPrompt.POLICY or SanitizeModelResponse.POLICY.
type modelArmorVerdict struct {
	result modelArmorResult
	text   string // the whole answer
}

// modelArmorResult is SanitizationResult.
type modelArmorResult struct {
	State    string `json:"filterMatchState"`
	Outcome  string `json:"invocationResult"`
	Metadata struct {
		Code    json.RawMessage `json:"errorCode"` // an int64, which Google writes as a string
		Message string          `json:"errorMessage"`
	} `json:"sanitizationMetadata"`
	Filters struct {
		RAI struct {
			Result modelArmorFilter `json:"raiFilterResult"`
		} `json:"rai"`
		SDP struct {
			Result struct {
				Inspect    modelArmorFilter `json:"inspectResult"`
				Deidentify modelArmorFilter `json:"deidentifyResult"`
			} `json:"sdpFilterResult"`
		} `json:"sdp"`
		Injection struct {
			Result modelArmorFilter `json:"piAndJailbreakFilterResult"`
		} `json:"pi_and_jailbreak"`
		URIs struct {
			Result modelArmorFilter `json:"maliciousUriFilterResult"`
		} `json:"malicious_uris"`
		CSAM struct {
			Result modelArmorFilter `json:"csamFilterFilterResult"`
		} `json:"csam"`
	} `json:"filterResults"`
}

// modelArmorFilter is what the filters say alike.
type modelArmorFilter struct {
	State      string `json:"matchState"`
	Confidence string `json:"confidenceLevel"`
}

func (f *modelArmorFilter) matched() bool { return f.State == modelArmorMatch }

var errNoVerdict = errors.New("the answer has no sanitizationResult with a filterMatchState")

func parseModelArmorVerdict(answer []byte) (*modelArmorVerdict, error) {
	var parsed struct {
		Result modelArmorResult `json:"sanitizationResult"`
	}
	if err := json.Unmarshal(answer, &parsed); err != nil {
		return nil, err
	}
	if parsed.Result.State == "" {
		return nil, errNoVerdict
	}
	return &modelArmorVerdict{parsed.Result, string(answer)}, nil
}

func (v *modelArmorVerdict) rai() bool       { return v.result.Filters.RAI.Result.matched() }
func (v *modelArmorVerdict) injection() bool { return v.result.Filters.Injection.Result.matched() }
func (v *modelArmorVerdict) uris() bool      { return v.result.Filters.URIs.Result.matched() }
func (v *modelArmorVerdict) csam() bool      { return v.result.Filters.CSAM.Result.matched() }

func (v *modelArmorVerdict) sdp() bool {
	sdp := &v.result.Filters.SDP.Result
	return sdp.Inspect.matched() || sdp.Deidentify.matched()
}

// modelArmorNames are the variables of a verdict.
var modelArmorNames = []string{
	"filterMatchState", "promptInjectionDetected", "promptInjectionConfidence", "raiMatchesFound", "maliciousURIsDetected",
	"csamFilterMatched", "invocationResult", "response.content", "sanitizationMetadata.errorCode", "sanitizationMetadata.errorMessage",
}

// Result implements flow.Results.
func (v *modelArmorVerdict) Result(name string) flow.Value {
	r := &v.result
	switch name {
	case "filterMatchState":
		return flow.Text(r.State)
	case "promptInjectionDetected":
		return flow.Bool(v.injection())
	case "raiMatchesFound":
		return flow.Bool(v.rai())
	case "maliciousURIsDetected":
		return flow.Bool(v.uris())
	case "csamFilterMatched":
		return flow.Bool(v.csam())
	case "response.content":
		return flow.Text(v.text)
	case "promptInjectionConfidence":
		return modelArmorText(r.Filters.Injection.Result.Confidence)
	case "invocationResult":
		return modelArmorText(r.Outcome)
	case "sanitizationMetadata.errorCode":
		return modelArmorText(strings.Trim(string(r.Metadata.Code), `"`))
	case "sanitizationMetadata.errorMessage":
		return modelArmorText(r.Metadata.Message)
	}
	return flow.Value{}
}

func modelArmorText(s string) flow.Value {
	if s == "" {
		return flow.Value{}
	}
	return flow.Text(s)
}

// All implements flow.Results.
func (v *modelArmorVerdict) All() iter.Seq2[string, flow.Value] {
	return func(yield func(string, flow.Value) bool) {
		for _, name := range modelArmorNames {
			if value := v.Result(name); !value.IsNull() && !yield(name, value) {
				return
			}
		}
	}
}
