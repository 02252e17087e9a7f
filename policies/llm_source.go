package policies

import (
	"errors"
	"strings"

	"github.com/beevik/etree"

	"sluice/faults"
	"sluice/flow"
)

// llmSource is an element of the AI policies that says where a text is found, as a
// message template: UserPromptSource, LLMModelSource and the like (policies-2.md 32).
type llmSource struct {
	template *flow.Template
	ignore   bool        // IgnoreUnresolvedVariables
	missing  *faults.Def // there is no text
	failed   *faults.Def // the template cannot be evaluated
}

// llmUserPrompt is UserPromptSource where a policy has none: the last message to a
// Gemini model. Third parties tell so of SanitizeUserPrompt; that the other policies
// have it too is inferred.
const llmUserPrompt = "{jsonPath('$.contents[-1].parts[-1].text',request.content,true)}"

// compileLLMSource reads the child of el called tag, or takes otherwise when there is
// none; nil when that is "" as well.
func compileLLMSource(b *flow.Build, el *etree.Element, tag, otherwise string, missing, failed *faults.Def) *llmSource {
	child := b.Child(el, tag)
	text := flow.TextOf(child)
	if text == "" {
		text = otherwise
	}
	if text == "" {
		return nil
	}
	return &llmSource{b.Template(child, text), b.Bool(el, "IgnoreUnresolvedVariables", false), missing, failed}
}

// text is what the source gives. Blank text is none: a JSONPath that finds nothing gives
// it. The error is a fault of the source, or that of a body that cannot be read.
func (s *llmSource) text(x *flow.Exchange) (string, error) {
	text, err := s.template.Expand(x, s.ignore)
	if broken := x.Err(); broken != nil {
		return "", broken
	}
	var unresolved *flow.UnresolvedError
	switch {
	case errors.As(err, &unresolved):
		return "", s.missing.Wrap(err)
	case err != nil:
		return "", s.failed.Wrap(err)
	case strings.TrimSpace(text) == "":
		return "", s.missing.New()
	}
	return text, nil
}

// optional is text of a source that may be nil, or give nothing: then it is "".
func (s *llmSource) optional(x *flow.Exchange) (string, error) {
	if s == nil {
		return "", nil
	}
	text, err := s.text(x)
	if f := (*faults.Fault)(nil); errors.As(err, &f) && f.Def == s.missing {
		return "", nil
	}
	return text, err
}

// with is the text of s and that of another source, which may be nil; one of them is
// enough. How Apigee sends what FunctionResponseSource and FunctionCallSource give is not
// known: here it follows in a line of its own.
func (s *llmSource) with(x *flow.Exchange, other *llmSource) (string, error) {
	text, err := s.optional(x)
	if err != nil {
		return "", err
	}
	more, err := other.optional(x)
	switch {
	case err != nil:
		return "", err
	case text == "" && more == "":
		return "", s.missing.New()
	case text == "" || more == "":
		return text + more, nil
	}
	return text + "\n" + more, nil
}
