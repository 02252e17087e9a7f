package policies

import (
	"context"
	"unicode"
	"unicode/utf8"

	"github.com/beevik/etree"

	"sluice/faults"
	"sluice/flow"
)

var _ = register(flow.Kind{
	Name:    "PromptTokenLimit",
	Group:   "traffic",
	Compile: compilePromptTokenLimit,
	Doc: flow.Doc{
		Title: "keeps the tokens of prompts from coming faster than a rate",
		Text: `A SpikeArrest that counts the tokens of prompts: Rate is so many tokens per second (500ps) or per minute
(10000pm), Identifier and UseEffectiveCount are those of SpikeArrest. UserPromptSource is a template that gives the
prompt; without it that is the last text of a request to a Gemini model. What comes too fast ends in
PromptTokenLimitViolation.

With UseEffectiveCount the rate is that of the last second or minute, and a prompt of more tokens than the rate never
passes. Without it a prompt of n tokens passes when the ones before have had their time, and takes the time of n.

The tokens are an estimate, as no model is asked: a word of the Latin, Greek or Cyrillic script counts one token for
four letters, a punctuation mark, a digit group of three, a letter of any other script and a symbol one each.

ratelimit.POLICY.userPromptTokenCount tells the estimate, ratelimit.POLICY.resolvedUserPrompt the prompt.`,
		Sample: `<PromptTokenLimit name="PTL-PerApp">
  <UserPromptSource>{jsonPath('$.contents[-1].parts[-1].text',request.content,true)}</UserPromptSource>
  <Identifier ref="verifyapikey.VA-Key.client_id"/>
  <Rate ref="verifyapikey.VA-Key.apiproduct.prompt-rate">10000pm</Rate>
  <UseEffectiveCount>true</UseEffectiveCount>
</PromptTokenLimit>`,
	},
})

// promptTokenLimit is specified by policies-2.md 32.
type promptTokenLimit struct {
	gate   *spikeGate
	prompt *llmSource
	// variables: ratelimit.POLICY.userPromptTokenCount, resolvedUserPrompt
	tokenCount, userPrompt string

	violation, noTokens, noRate *faults.Def
}

func compilePromptTokenLimit(b *flow.Build, el *etree.Element) flow.Policy {
	b.Known(el, "UserPromptSource", "Rate", "Identifier", "UseEffectiveCount", "IgnoreUnresolvedVariables")
	b.NeedState(el)
	noPrompt, variable := b.Fault("FailedToExtractUserPrompt"), "ratelimit."+b.Owner+"."
	gate, noRate := promptTokenGate(b, el)
	return &promptTokenLimit{
		gate:       gate,
		prompt:     compileLLMSource(b, el, "UserPromptSource", llmUserPrompt, noPrompt, noPrompt),
		tokenCount: variable + "userPromptTokenCount", userPrompt: variable + "resolvedUserPrompt",
		violation: b.Fault("PromptTokenLimitViolation"), noTokens: b.Fault("FailedToCalculateUserPromptTokens"), noRate: noRate,
	}
}

// promptTokenGate compiles the rate. One that is none has the errors of SpikeArrest, at
// deployment and when a variable does not resolve: those of PromptTokenLimit are not
// known.
func promptTokenGate(b *flow.Build, el *etree.Element) (g *spikeGate, noRate *faults.Def) {
	kind := b.Kind
	b.Kind = "SpikeArrest"
	g, noRate = compileSpikeGate(b, el), b.Fault("FailedToResolveSpikeArrestRate")
	b.Kind, g.kind = kind, kind
	return g, noRate
}

func (p *promptTokenLimit) Execute(ctx context.Context, x *flow.Exchange) error {
	prompt, err := p.prompt.text(x)
	if err != nil {
		return err
	}
	tokens, ok := promptTokens(prompt)
	x.Put(p.userPrompt, flow.Text(prompt))
	if !ok {
		return p.noTokens.New()
	}
	x.Put(p.tokenCount, flow.Int64(tokens))
	rate, ok := p.gate.resolve(x)
	if !ok {
		return p.noRate.New("reference", p.gate.rate.Ref.String())
	}
	pass, err := p.gate.pass(ctx, x, rate, tokens)
	if err != nil || pass {
		return err
	}
	// The catalogue's flag ratelimit.POLICY.failed becomes true here as well; third
	// parties tell that on Apigee it does for internal failures alone.
	return p.violation.New()
}

// promptTokens estimates how many tokens a prompt has: see the documentation above.
// The rule of thumb of four letters is that of the model vendors, for English; how
// Apigee counts is not known. Text that is not UTF-8 has no tokens: ok is false.
func promptTokens(text string) (n int64, ok bool) {
	if !utf8.ValidString(text) {
		return 0, false
	}
	before, length := promptSpace, 0 // the group that is being read
	for _, r := range text {
		kind := promptKindOf(r)
		if kind == promptMark {
			continue
		}
		if kind != before {
			before, length = kind, 0
		}
		if per := promptGroups[kind]; per > 0 && length%per == 0 {
			n++
		}
		length++
	}
	return n, true
}

// promptKind is what a character is for the estimate.
type promptKind uint8

const (
	promptSpace promptKind = iota
	promptMark             // belongs to the letter before it
	promptLetter
	promptDigit
	promptOther
)

// promptGroups is how many characters of a kind make a token, 0 for none.
var promptGroups = [...]int{promptLetter: 4, promptDigit: 3, promptOther: 1}

func promptKindOf(r rune) promptKind {
	switch {
	case '0' <= r && r <= '9':
		return promptDigit
	case unicode.IsLetter(r) && unicode.In(r, unicode.Latin, unicode.Greek, unicode.Cyrillic):
		return promptLetter
	case unicode.IsSpace(r):
		return promptSpace
	case unicode.IsMark(r):
		return promptMark
	}
	return promptOther
}
