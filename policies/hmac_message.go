package policies

import (
	"errors"
	"strings"

	"github.com/beevik/etree"

	"sluice/flow"
)

// hmacMessage is Message: a template, or a variable that holds one.
type hmacMessage struct {
	own     *flow.Template
	ref     *flow.Name           // wins, also when it does not resolve; may be nil
	options flow.TemplateOptions // delimiters of references, in both
}

func compileHMACMessage(b *flow.Build, el *etree.Element) *hmacMessage {
	message := b.Child(el, "Message")
	m := &hmacMessage{
		ref:     b.Ref(message, "ref"),
		options: flow.TemplateOptions{Prefix: b.Attr(message, "variablePrefix"), Suffix: b.Attr(message, "variableSuffix")},
	}
	text := flow.RawText(message) // white space counts
	if m.ref == nil && text == "" {
		hmacMissing(b, el, "Message", `<Message>{request.content}</Message>`)
	}
	if m.ref == nil {
		m.own = b.TemplateWith(message, text, m.options)
		return m
	}
	if m.ref.Predefined() {
		b.Warn(message, "ExpandedMessage", "the value of "+m.ref.String()+" is expanded as a message template: what a client writes in braces is not what is signed",
			"write <Message>{"+m.ref.String()+"}</Message>: what a template inserts is not expanded again")
	}
	return m
}

// maxHMACReferences bounds what a template costs that a client sends: compiled,
// each reference takes a hundred times the bytes that it took on the wire.
const maxHMACReferences = 10_000

var errHMACReferences = errors.New("the message names too many variables")

// expand returns the text to hash. Its errors are those of flow.Template.Expand
// and flow.CompileTemplate.
func (m *hmacMessage) expand(x *flow.Exchange, ignoreUnresolved bool) (string, error) {
	if m.ref == nil {
		return m.own.Expand(x, ignoreUnresolved)
	}
	v := x.Get(m.ref)
	if v.IsNull() && !ignoreUnresolved {
		return "", &flow.UnresolvedError{Name: m.ref.String()}
	}
	text, err := hmacValueText(v)
	if err != nil {
		return "", err
	}
	switch n := m.references(text); {
	case n == 0:
		return text, nil
	case n > maxHMACReferences:
		return "", errHMACReferences
	}
	t, err := flow.CompileTemplate(text, m.options)
	if err != nil {
		return "", err
	}
	return t.Expand(x, ignoreUnresolved)
}

// references counts what may become a reference in text.
func (m *hmacMessage) references(text string) int {
	if m.options.Prefix != "" {
		return strings.Count(text, m.options.Prefix)
	}
	n := 0
	for i := 1; i < len(text); i++ {
		if c := text[i] | 0x20; text[i-1] == '{' && ('a' <= c && c <= 'z' || text[i] == '_') {
			n++
		}
	}
	return n
}

// hmacValueText is the text of a variable; a message stands for its payload, as
// in templates.
func hmacValueText(v flow.Value) (string, error) {
	m := v.Message()
	if m == nil {
		return v.String(), nil
	}
	content, err := m.Content()
	return string(content), err
}
