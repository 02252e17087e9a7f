package policies

import (
	"context"

	"github.com/beevik/etree"

	"sluice/flow"
)

var _ = register(flow.Kind{
	Name:    "SanitizeUserPrompt",
	Group:   "security",
	Waits:   true,
	Compile: compileSanitizeUserPrompt,
	Doc: flow.Doc{
		Title: "has Model Armor look at a prompt before a model gets it",
		Text: `Calls sanitizeUserPrompt of Google's Model Armor, with the token of the deployment's service account, at
https://modelarmor.LOCATION.rep.googleapis.com. ModelArmor/TemplateName is the template that says what is looked for:
projects/PROJECT/locations/LOCATION/templates/TEMPLATE. UserPromptSource gives the prompt; without it that is the last
text of a request to a Gemini model. When FunctionResponseSource gives a text, that is looked at with it.

A prompt in which a filter matches ends in FilterMatched; with continueOnError="true" the policy only watches. The
variables begin with SanitizeUserPrompt.POLICY: filterMatchState, promptInjectionDetected, promptInjectionConfidence,
raiMatchesFound, maliciousURIsDetected, csamFilterMatched, invocationResult, sanitizationMetadata.errorCode and
errorMessage, and response.content, which is the answer of Model Armor.

To run without Google, serve something that answers alike and lead the policy there:
--map-host modelarmor.us-central1.rep.googleapis.com=127.0.0.1:9000 --google-tokens local`,
		Sample: `<SanitizeUserPrompt name="SUP-Prompt">
  <ModelArmor>
    <TemplateName>projects/{organization.name}/locations/us-central1/templates/prompts</TemplateName>
  </ModelArmor>
  <UserPromptSource>{jsonPath('$.contents[-1].parts[-1].text',request.content,true)}</UserPromptSource>
  <IgnoreUnresolvedVariables>false</IgnoreUnresolvedVariables>
</SanitizeUserPrompt>`,
	},
})

// sanitizeUserPrompt is specified by policies-2.md 32.
type sanitizeUserPrompt struct {
	armor            *modelArmor
	prompt, function *llmSource // the latter nil for none
}

// sanitizePromptRequest is the body of the call.
type sanitizePromptRequest struct {
	Prompt struct {
		Text string `json:"text"`
	} `json:"userPromptData"`
}

func compileSanitizeUserPrompt(b *flow.Build, el *etree.Element) flow.Policy {
	b.Known(el, "ModelArmor", "UserPromptSource", "FunctionResponseSource", "IgnoreUnresolvedVariables")
	// What raises InternalError is not known: a template that cannot be evaluated is
	// taken for it.
	missing, failed := b.Fault("FailedToExtractUserPrompt"), b.Fault("InternalError")
	return &sanitizeUserPrompt{
		armor:    compileModelArmor(b, el, "sanitizeUserPrompt"),
		prompt:   compileLLMSource(b, el, "UserPromptSource", llmUserPrompt, missing, failed),
		function: compileLLMSource(b, el, "FunctionResponseSource", "", missing, failed),
	}
}

func (p *sanitizeUserPrompt) Execute(ctx context.Context, x *flow.Exchange) error {
	text, err := p.prompt.with(x, p.function)
	if err != nil {
		return err
	}
	var request sanitizePromptRequest
	request.Prompt.Text = text
	return p.armor.sanitize(ctx, x, &request)
}
