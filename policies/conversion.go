package policies

import (
	"errors"
	"mime"

	"github.com/beevik/etree"

	"sluice/faults"
	"sluice/flow"
	"sluice/internal/xmljson"
)

// conversion is Source and OutputVariable, as XMLToJSON and JSONToXML share them (policies-1.md 26, policies-2.md 30): a
// message or a string becomes a message or a string.
type conversion struct {
	source, output *flow.Name // a nil output is the source
	from           conversionMedia
	contentType    string // of what comes out
	convert        func(src []byte, charset string) ([]byte, error)
	// said makes the fault of what is wrong with the source, as the policy words it.
	said func(*faults.Def, *xmljson.SyntaxError) *faults.Fault

	unavailable, noOutput, incompatible, invalidType, failed *faults.Def
}

// conversionMedia are the media types of messages that are converted; others pass as they are.
type conversionMedia struct {
	name string
	is   func(*flow.Message) bool
}

func (c *conversion) compile(b *flow.Build, el *etree.Element) {
	source := b.Text(el, "Source")
	if source == "" {
		source = "message"
	}
	c.source = b.Name(source)
	if !c.source.ReadsBody() {
		b.ReadsContent(source)
	}
	if output := b.Text(el, "OutputVariable"); output != "" {
		c.output = b.Name(output)
	}
	c.unavailable = b.Fault("SourceUnavailable")
	c.noOutput = b.Fault("OutputVariableIsNotAvailable")
	c.incompatible = b.Fault("InCompatibleTypes")
	c.invalidType = b.Fault("InvalidSourceType")
	c.failed = b.Fault("ExecutionFailed")
}

func (c *conversion) run(x *flow.Exchange) error {
	name := c.source.String()
	if m := x.Message(name); m != nil {
		return c.message(x, m)
	}
	v := x.Get(c.source)
	if broken := x.Err(); broken != nil {
		return broken // a body that cannot be read looks like an unresolved variable
	}
	switch {
	case v.IsNull():
		return c.unavailable.New("source", name, "variable", name)
	case v.Type() != flow.String:
		return c.invalidType.New("class", conversionClass(v.Type()))
	}
	return c.text(x, v.String())
}

// text converts a string, which needs a variable for the result.
func (c *conversion) text(x *flow.Exchange, text string) error {
	switch {
	case c.output == nil:
		return c.noOutput.New()
	case c.holdsMessage(x):
		return c.incompatible.New()
	}
	out, err := c.apply([]byte(text), "utf-8")
	if err != nil {
		return err
	}
	err = x.Set(c.output, flow.Text(string(out)))
	if refused, ok := errors.AsType[*flow.SetError](err); ok { // of which the pages say nothing
		return c.fault(&xmljson.SyntaxError{Line: 1, Column: 1, Reason: refused.Error()})
	}
	return err
}

// holdsMessage reports whether the output is a message. The runtime's own are, also while there is none.
func (c *conversion) holdsMessage(x *flow.Exchange) bool {
	return conversionMessages[c.output.String()] || x.Message(c.output.String()) != nil
}

var conversionMessages = map[string]bool{"message": true, "request": true, "response": true, "error": true}

// message converts the payload of a message.
func (c *conversion) message(x *flow.Exchange, m *flow.Message) error {
	if !c.from.is(m) {
		x.Warn("Content-Type " + m.MediaType() + " is not " + c.from.name + ": nothing is converted")
		return nil
	}
	if _, held := m.Body.Held(); m.Streamed && !held {
		x.Warn("the payload is streamed: nothing is converted")
		return nil
	}
	to, err := c.target(x, m)
	if err != nil {
		return err
	}
	content, err := m.Content()
	if err != nil {
		return err
	}
	_, parameters, _ := mime.ParseMediaType(m.Header.Value("Content-Type")) // a broken one names no charset
	out, err := c.apply(content, parameters["charset"])
	if err != nil {
		return err
	}
	to.SetContent(out)
	to.Header.Set("Content-Type", c.contentType)
	to.Header.Del("Content-Length")
	if c.output != nil && x.Message(c.output.String()) != to {
		x.SetMessage(c.output.String(), to)
	}
	return nil
}

// target is the message that takes what m becomes. Where the variable holds nothing, a new message of the same kind goes
// there: the types of source and output must match, as the playbook says.
func (c *conversion) target(x *flow.Exchange, m *flow.Message) (*flow.Message, error) {
	if c.output == nil {
		return m, nil
	}
	name := c.output.String()
	if to := x.Message(name); to != nil {
		return to, nil
	}
	v := x.Get(c.output)
	if broken := x.Err(); broken != nil {
		return nil, broken
	}
	if !v.IsNull() || c.output.Predefined() && !conversionMessages[name] {
		return nil, c.incompatible.New()
	}
	if name == "request" || name != "response" && name != "error" && m.Kind == flow.Request {
		return flow.NewRequest(), nil
	}
	return flow.NewResponse(), nil
}

// apply converts. What is not in the format is a fault of the policy.
func (c *conversion) apply(src []byte, charset string) ([]byte, error) {
	out, err := c.convert(src, charset)
	if syntax, ok := errors.AsType[*xmljson.SyntaxError](err); ok {
		return nil, c.fault(syntax)
	}
	return out, err
}

func (c *conversion) fault(err *xmljson.SyntaxError) error { return c.said(c.failed, err) }

// conversionClass is the Java class that a fault calls a type by. Those of collections and objects are inferred.
func conversionClass(t flow.Type) string {
	switch t {
	case flow.Collection:
		return "java.util.ArrayList"
	case flow.Object:
		return "java.lang.Object"
	}
	return "java.lang." + t.String()
}
