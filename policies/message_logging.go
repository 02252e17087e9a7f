package policies

import (
	"context"
	"errors"
	"slices"

	"github.com/beevik/etree"

	"sluice/faults"
	"sluice/flow"
)

var _ = register(flow.Kind{
	Name:    "MessageLogging",
	Group:   "extension",
	Compile: compileMessageLogging,
	Doc: flow.Doc{
		Title: "sends messages to syslog, Cloud Logging or a file",
		Text: `Exactly one of Syslog, CloudLogging and File says where the Message goes. It is a template; what is unresolved in it
is empty, or what defaultVariableValue says. Nothing waits for its delivery, and nobody hears of a failed one: messages wait
in memory, at most 2500 for each destination, and more are dropped. For CloudLogging that is a fault.

Syslog sends one line to Host (default localhost) and Port (514), over UDP, TCP or with SSLInfo TLS. FormatMessage puts a header
before it, unless PayloadOnly is true: <14>1 TIME MESSAGEID Apigee - - - (the number tells logLevel). Line breaks become spaces:
a message is one line.

CloudLogging writes an entry to the log LogName, with Labels; a Message of contentType="application/json" must be JSON. Entries go
to Google with serve --cloud-logging google; otherwise serve --message-logs DIR keeps them in DIR/cloud-logging.jsonl.

File appends a line to a file below DIR/ORGANIZATION/ENVIRONMENT/PROXY/REVISION/POLICY.

BufferMessage holds the payload that Message names although the body is streamed (request.streaming.enabled).`,
		Sample: `<MessageLogging name="ML-Requests">
  <Syslog>
    <Message>[{environment.name}.{apiproxy.name}] {request.verb} {proxy.pathsuffix} {response.status.code}</Message>
    <Host>logs.example.com</Host>
    <Port>6514</Port>
    <Protocol>TCP</Protocol>
    <FormatMessage>true</FormatMessage>
    <SSLInfo><Enabled>true</Enabled></SSLInfo>
  </Syslog>
  <logLevel>INFO</logLevel>
</MessageLogging>`,
	},
})

// messageLogging is specified by policies-2.md 4.
type messageLogging struct {
	log    messageLog
	buffer []string // messages whose payload is held: BufferMessage

	failed *faults.Def
}

// messageLog is Syslog, CloudLogging or File.
type messageLog interface {
	write(p *messageLogging, x *flow.Exchange) error
}

func compileMessageLogging(b *flow.Build, el *etree.Element) flow.Policy {
	b.Known(el, "Syslog", "CloudLogging", "File", "logLevel", "BufferMessage", "IgnoreUnresolvedVariables", "NotificationIntervalInSec")
	p := &messageLogging{failed: b.Fault("StepDefinitionExecutionFailed")}
	c := &messageLoggingCompiler{Build: b, level: messageLogLevel(b, el)}
	p.log = c.compile(el)
	if b.Bool(el, "BufferMessage", false) {
		p.buffer = c.buffered()
	}
	return p
}

// messageLoggingCompiler is what compiling the elements of one policy shares.
type messageLoggingCompiler struct {
	*flow.Build
	level messageLevel
	text  *flow.Template // of Message
}

// compile compiles the destination. A public bundle has two, which the schema forbids:
// the first counts.
func (c *messageLoggingCompiler) compile(el *etree.Element) messageLog {
	var first *etree.Element
	for _, child := range el.ChildElements() {
		switch {
		case child.Tag != "Syslog" && child.Tag != "CloudLogging" && child.Tag != "File":
		case first == nil:
			first = child
		default:
			c.Warn(child, "DuplicateElement", "a policy logs to one destination: "+child.Tag+" is ignored", "keep one of Syslog, CloudLogging and File, or write a second policy")
		}
	}
	switch {
	case first == nil:
		c.RefuseText(el, "MissingElement", "the policy names no destination", "add <Syslog>, <CloudLogging> or <File>")
		return nil
	case first.Tag == "Syslog":
		return c.syslog(first)
	case first.Tag == "File":
		return c.file(first)
	}
	return c.cloud(first)
}

// message reads the element Message of a destination.
func (c *messageLoggingCompiler) message(el *etree.Element) *flow.Template {
	child := flow.Child(el, "Message")
	if child == nil {
		c.RefuseText(el, "MissingElement", el.Tag+" has no Message", "add <Message>...</Message>")
		child = el
	}
	c.text = c.TemplateWith(child, flow.TextOf(child), flow.TemplateOptions{
		Prefix: c.Attr(child, "variablePrefix"), Suffix: c.Attr(child, "variableSuffix"), Default: child.SelectAttrValue("defaultVariableValue", ""),
	})
	return c.text
}

// buffered are the messages whose payload the policy reads.
func (c *messageLoggingCompiler) buffered() []string {
	var list []string
	for _, n := range c.text.Names() {
		if n.ReadsBody() {
			list = append(list, n.Message())
		}
	}
	return list
}

func (p *messageLogging) Execute(_ context.Context, x *flow.Exchange) error {
	for _, name := range p.buffer {
		if m := x.Message(name); m != nil {
			if err := m.Hold(); err != nil {
				return err
			}
		}
	}
	return p.log.write(p, x)
}

// expand is the text of a template, in which an unresolved variable is empty.
func (p *messageLogging) expand(x *flow.Exchange, t *flow.Template) (string, error) {
	text, err := t.Expand(x, true)
	return text, p.templateFault(err)
}

// templateFault makes a fault of what a template failed with; nil stays nil.
func (p *messageLogging) templateFault(err error) error {
	var failed *flow.FunctionError
	if errors.As(err, &failed) || errors.Is(err, flow.ErrTemplateTooBig) {
		return p.failed.Wrap(err)
	}
	return err
}

// messageLevel is a logLevel: its severities in syslog (RFC 5424) and in Cloud Logging.
type messageLevel struct {
	name   string
	syslog int
	cloud  string
}

var messageLevels = []messageLevel{
	{"INFO", 6, "INFO"}, {"ALERT", 1, "ALERT"}, {"WARN", 4, "WARNING"}, {"ERROR", 3, "ERROR"},
}

// messageLogLevel reads logLevel. That it is the severity of what is written is
// inferred: Apigee says that it is in the message, and its own sample shows INFO alone.
func messageLogLevel(b *flow.Build, el *etree.Element) messageLevel {
	name := b.Enum(el, "logLevel", "INFO", "ALERT", "WARN", "ERROR")
	i := slices.IndexFunc(messageLevels, func(l messageLevel) bool { return l.name == name })
	return messageLevels[i]
}
