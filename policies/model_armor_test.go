package policies_test

import (
	"context"
	"strings"
	"testing"

	"sluice/flow"
)

const (
	armorPrompt = "<SanitizeUserPrompt><ModelArmor><TemplateName>{template}</TemplateName></ModelArmor><UserPromptSource>{prompt}</UserPromptSource></SanitizeUserPrompt>"
	armorName   = "projects/acme/locations/us-central1/templates/t"
)

func TestSanitizeDeployment(t *testing.T) {
	const armor = "<ModelArmor><TemplateName>" + armorName + "</TemplateName></ModelArmor>"
	for text, want := range map[string]string{
		"<SanitizeUserPrompt>" + armor + "</SanitizeUserPrompt>":                                                     "",
		"<SanitizeUserPrompt/>":                                                                                      "error MissingElement",
		"<SanitizeUserPrompt><ModelArmor/></SanitizeUserPrompt>":                                                     "error MissingElement",
		"<SanitizeUserPrompt>" + armor + "<LLMResponseSource>a</LLMResponseSource></SanitizeUserPrompt>":             "warning UnknownElement",
		"<SanitizeModelResponse>" + armor + "</SanitizeModelResponse>":                                               "error MissingElement",
		"<SanitizeModelResponse>" + armor + "<ModelResponseSource>{a}</ModelResponseSource></SanitizeModelResponse>": "",
	} {
		_, b := permissive.compile(t, text)
		if got := strings.Join(calloutProblems(b.Problems), ", "); got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
}

// TestModelArmorHost: whatever a variable puts into the template's name, the token goes
// to Model Armor.
func TestModelArmorHost(t *testing.T) {
	for name, want := range map[string]string{
		armorName:         "https://modelarmor.us-central1.rep.googleapis.com/v1/" + armorName + ":sanitizeUserPrompt",
		" " + armorName:   "https://modelarmor.us-central1.rep.googleapis.com/v1/" + armorName + ":sanitizeUserPrompt",
		armorName + "/x":  "",
		armorName + "?a=": "",
		"projects/a/locations/evil.example.com/templates/t":  "",
		"projects/a/locations/x@evil/templates/t":            "",
		"projects/a/locations/x/../locations/b/templates/t":  "",
		"projects/a/locations/x\r\nHost: evil/templates/t":   "",
		"projects/a/locations/us-central1/templates/t\nmore": "",
	} {
		called := &callee{answer: says(200, `{"sanitizationResult": {"filterMatchState": "NO_MATCH_FOUND"}}`)}
		w := permissive
		w.connection = called
		x := client()
		x.Put("template", flow.Text(name))
		x.Put("prompt", flow.Text("hello"))
		err := w.run(t, x, armorPrompt)
		got := ""
		if len(called.calls) > 0 {
			got = called.calls[0].URL
		}
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%q: %q is called, want %q (%v)", name, got, want, err)
		}
	}
}

// TestSanitizeGone: when the client is gone there is no fault to tell of.
func TestSanitizeGone(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	w := permissive
	w.connection = &callee{answer: func(context.Context, *flow.Exchange, flow.Call) (*flow.Message, error) {
		cancel()
		return nil, context.Canceled
	}}
	p, _ := w.compile(t, armorPrompt)
	x := client()
	x.Put("template", flow.Text(armorName))
	x.Put("prompt", flow.Text("hello"))
	if err := p.Execute(ctx, x); err != context.Canceled {
		t.Error(err)
	}
}

// FuzzModelArmorVerdict: no answer breaks anything, and one that is read has a state.
func FuzzModelArmorVerdict(f *testing.F) {
	for _, answer := range []string{
		`{"sanitizationResult": {"filterMatchState": "MATCH_FOUND", "sanitizationMetadata": {"errorCode": 7}, "filterResults": {"sdp": {"sdpFilterResult": {"deidentifyResult": {"matchState": "MATCH_FOUND"}}}}}}`,
		`{"sanitizationResult": null}`, `[]`, `{"sanitizationResult": {"filterMatchState": 1}}`, ``,
	} {
		f.Add(answer)
	}
	called := &callee{}
	w := permissive
	w.connection = called
	p, _ := w.compile(f, armorPrompt)
	f.Fuzz(func(t *testing.T, answer string) {
		called.answer, called.calls = says(200, answer), nil
		x := client()
		x.Put("template", flow.Text(armorName))
		x.Put("prompt", flow.Text("hello"))
		err := p.Execute(t.Context(), x)
		state := x.Lookup("SanitizeUserPrompt.P.filterMatchState").String()
		if (state == "") != (err != nil && strings.Contains(faultText(err), "SanitizationResponseParsingFailed")) {
			t.Errorf("%q: state %q, %v", answer, state, err)
		}
	})
}
