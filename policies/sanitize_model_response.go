package policies

import (
	"context"

	"github.com/beevik/etree"

	"sluice/flow"
)

var _ = register(flow.Kind{
	Name:    "SanitizeModelResponse",
	Group:   "security",
	Waits:   true,
	Compile: compileSanitizeModelResponse,
	Doc: flow.Doc{
		Title: "has Model Armor look at the answer of a model before a client gets it",
		Text: `Calls sanitizeModelResponse of Google's Model Armor. LLMResponseSource gives the answer; of server-sent events,
in an EventFlow, it is often {response.event.current.content}. UserPromptSource gives the prompt that it answers, and
FunctionCallSource the function call that it holds; both may give nothing.

ModelArmor/TemplateName, the token, FilterMatched and how to run without Google are as in SanitizeUserPrompt. The
variables have the same names, and begin with SanitizeModelResponse.POLICY.`,
		Sample: `<SanitizeModelResponse name="SMR-Answer">
  <ModelArmor>
    <TemplateName>projects/{organization.name}/locations/us-central1/templates/answers</TemplateName>
  </ModelArmor>
  <UserPromptSource>{jsonPath('$.contents[-1].parts[-1].text',request.content,true)}</UserPromptSource>
  <LLMResponseSource>{jsonPath('$.candidates[-1].content.parts[-1].text',response.content,true)}</LLMResponseSource>
  <IgnoreUnresolvedVariables>true</IgnoreUnresolvedVariables>
</SanitizeModelResponse>`,
	},
})

// sanitizeModelResponse is specified by policies-2.md 32.
type sanitizeModelResponse struct {
	armor                    *modelArmor
	answer, prompt, function *llmSource // the latter two nil for none
}

// sanitizeAnswerRequest is the body of the call.
type sanitizeAnswerRequest struct {
	Answer struct {
		Text string `json:"text"`
	} `json:"modelResponseData"`
	Prompt string `json:"userPrompt,omitempty"`
}

func compileSanitizeModelResponse(b *flow.Build, el *etree.Element) flow.Policy {
	b.Known(el, "ModelArmor", "UserPromptSource", "LLMResponseSource", "ModelResponseSource", "FunctionCallSource", "IgnoreUnresolvedVariables")
	missing := b.Fault("FailedToExtractLLMResponse")
	p := &sanitizeModelResponse{
		armor:    compileModelArmor(b, el, "sanitizeModelResponse"),
		answer:   compileLLMSource(b, el, "LLMResponseSource", "", missing, missing),
		prompt:   compileLLMSource(b, el, "UserPromptSource", "", missing, missing),
		function: compileLLMSource(b, el, "FunctionCallSource", "", missing, missing),
	}
	if p.answer == nil {
		p.answer = compileLLMSource(b, el, "ModelResponseSource", "", missing, missing) // another name of it
	}
	if p.answer == nil {
		b.Need(el, "LLMResponseSource")
	}
	return p
}

func (p *sanitizeModelResponse) Execute(ctx context.Context, x *flow.Exchange) error {
	text, err := p.answer.with(x, p.function)
	if err != nil {
		return err
	}
	var request sanitizeAnswerRequest
	request.Answer.Text = text
	if request.Prompt, err = p.prompt.optional(x); err != nil {
		return err
	}
	return p.armor.sanitize(ctx, x, &request)
}
