package policies

import (
	"context"
	"encoding/json"
	"regexp"
	"strings"

	"github.com/beevik/etree"

	"sluice/faults"
	"sluice/flow"
)

// modelArmor is what SanitizeUserPrompt and SanitizeModelResponse have in common: the
// call of Model Armor's REST method, the variables that tell of its verdict, the faults.
// The shapes are those of the public reference of Model Armor v1.
type modelArmor struct {
	call     *googleCall
	template *llmSource // TemplateName
	method   string     // of the REST resource: "sanitizeUserPrompt"
	prefix   string     // of the variables

	matched, unparsed, badTemplate *faults.Def
	troubles                       [googleRefused + 1]*faults.Def
}

func compileModelArmor(b *flow.Build, el *etree.Element, method string) *modelArmor {
	at := b.Child(el, "ModelArmor")
	b.Known(at, "TemplateName")
	if at == nil {
		b.Need(el, "ModelArmor")
	} else {
		b.Need(at, "TemplateName")
	}
	noTemplate := b.Fault("ModelArmorTemplateNameExtractionFailed")
	m := &modelArmor{
		call: compileGoogleCall(b), method: method, prefix: b.Kind + "." + b.Owner + ".",
		matched: b.Fault("FilterMatched"), unparsed: b.Fault("SanitizationResponseParsingFailed"), badTemplate: noTemplate,
	}
	m.template = compileLLMSource(b, at, "TemplateName", "", noTemplate, noTemplate)
	if m.template != nil {
		m.template.ignore = b.Bool(el, "IgnoreUnresolvedVariables", false)
	}
	m.troubles[googleDenied] = b.Fault("AuthenticationFailure")
	m.troubles[googleAway] = b.Fault("ServiceUnavailable")
	m.troubles[googleRefused] = b.Fault("ModelArmorAPIFailed")
	return m
}

// modelArmorTemplate is the form of a template's name. The location becomes part of a
// host's name, so it is held to what can be one.
var modelArmorTemplate = regexp.MustCompile(`^projects/[a-z0-9.:-]+/locations/([a-z0-9-]+)/templates/[A-Za-z0-9_-]+$`)

// url is where the method is called: at the endpoint of the template's location.
func (m *modelArmor) url(x *flow.Exchange) (string, error) {
	name, err := m.template.text(x)
	if err != nil {
		return "", err
	}
	name = strings.TrimSpace(name)
	parts := modelArmorTemplate.FindStringSubmatch(name)
	if parts == nil {
		return "", m.badTemplate.New()
	}
	return "https://modelarmor." + parts[1] + ".rep.googleapis.com/v1/" + name + ":" + m.method, nil
}

// sanitize asks for a verdict on body, the request of the method, and tells it. A match
// is a fault: with continueOnError a policy only watches.
func (m *modelArmor) sanitize(ctx context.Context, x *flow.Exchange, body any) error {
	url, err := m.url(x)
	if err != nil {
		return err
	}
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	answer, trouble, err := m.call.post(ctx, x, url, text)
	switch {
	case trouble != googleFine:
		return m.troubles[trouble].Wrap(err)
	case err != nil:
		return err
	}
	verdict, err := parseModelArmorVerdict(answer)
	if err != nil {
		return m.unparsed.Wrap(err)
	}
	x.PutResults(m.prefix, verdict)
	if verdict.result.State == modelArmorMatch {
		return m.filterMatched(verdict)
	}
	return nil
}

// filterMatched is the fault of a match. Its text has five placeholders of one name.
func (m *modelArmor) filterMatched(v *modelArmorVerdict) error {
	f := m.matched.New()
	f.Reason = m.matched.Text
	for _, found := range [...]bool{v.rai(), v.sdp(), v.injection(), v.csam(), v.uris()} {
		text := "false"
		if found {
			text = "true"
		}
		f.Reason = strings.Replace(f.Reason, "{bool}", text, 1)
	}
	return f
}
