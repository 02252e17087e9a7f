package flow

import (
	"context"
	"slices"
	"strings"

	"github.com/beevik/etree"

	"sluice/faults"
)

// Position is a place in a bundle's file.
type Position struct{ Line, Column int }

// Unit is what the compilation of one bundle shares: the collected problems and
// what the world offers. The proxy package makes it.
type Unit struct {
	Bundle       string // name of the proxy or shared flow
	Revision     string // its revision
	Organization string // where it is deployed
	Environment  string
	Account      string // service account of the deployment, "" for none
	Services     *Services
	Problems     Problems
	// Names collects every variable that the bundle names, so that the runtime
	// knows what is read.
	Names map[string]*Name
	// SharedFlows collects the shared flows that the bundle calls, each with what is
	// to be said while there is none of that name.
	SharedFlows map[string]Problem
	// Integrations collects the integrations that the bundle names.
	Integrations []IntegrationRef
	// Resource returns a resource of the bundle or of the environment, addressed
	// as type://name.
	Resource func(url string) ([]byte, bool)
	// Policy returns the element of another policy of the bundle, or nil.
	Policy func(name string) *etree.Element
	// PolicyNames returns the names of all policies of the bundle, sorted.
	PolicyNames func() []string
	// Attached tells where a policy is attached, in the order of the files.
	Attached func(policy string) []Attachment
	// Deployed collects what is to be done when the bundle goes into service.
	Deployed []func(context.Context, *ProxyInfo, *Services) error
	// Connect compiles an HTTPTargetConnection or LocalTargetConnection.
	Connect func(b *Build, el *etree.Element) Connection
	// Syslog compiles the way to a syslog server; ssl is its SSLInfo, or nil.
	Syslog func(b *Build, at SyslogAddress, ssl *etree.Element) *SyslogServer
	// JavaPrecedence makes && bind tighter than || in conditions (runtime.md 4.3).
	JavaPrecedence bool
}

// Attachment is a place where a policy is attached to an endpoint.
type Attachment struct {
	Side     Side
	Response bool // in a response flow
	Fault    bool // in a FaultRule or the DefaultFaultRule; then Response means nothing
}

// Build is everything that compiling one file of a bundle may use. Its readers
// collect what is wrong instead of failing, so that a user hears of all of it at
// once. Every name, template and condition passes through it, so that it knows
// what the file reads.
type Build struct {
	*Unit
	File  string                           // path inside the bundle
	Owner string                           // name of the policy or endpoint
	Kind  string                           // root element: decides which catalogue is asked
	Place func(el *etree.Element) Position // where an element stands
	Own   map[string]*Name                 // variables that this file names
}

// Fault returns the runtime fault of this policy type, by its name. A name that
// is not catalogued is an error of the programmer; the first test finds it.
func (b *Build) Fault(name string) *faults.Def {
	if d, ok := faults.Lookup(b.Kind, name); ok {
		return d
	}
	return faults.MustRuntime(name)
}

// Refuse tells that el is wrong: code is the deployment error's name, of this
// policy type or of bundles in general; args fill the placeholders of its text,
// but for those that say where the policy is: see whereabouts.
func (b *Build) Refuse(el *etree.Element, code string, args ...string) {
	b.report(Error, el, code, b.deploymentText(code, args), "")
}

// RefuseText is Refuse with a sentence of one's own and a hint.
func (b *Build) RefuseText(el *etree.Element, code, message, hint string) {
	b.report(Error, el, code, message, hint)
}

// WarnText is Warn with the catalogue's sentence for code.
func (b *Build) WarnText(el *etree.Element, code, hint string, args ...string) {
	b.report(Warning, el, code, b.deploymentText(code, args), hint)
}

// Warn tells of something that loads but is probably not meant.
func (b *Build) Warn(el *etree.Element, code, message, hint string) {
	b.report(Warning, el, code, message, hint)
}

// Refused reports whether an error was found at el.
func (b *Build) Refused(el *etree.Element) bool {
	at := b.problem(Error, el, "", "", "")
	return slices.ContainsFunc(b.Problems, func(p Problem) bool {
		return p.File == at.File && p.Element == at.Element && p.Line == at.Line && p.Severity == at.Severity
	})
}

func (b *Build) deploymentText(code string, args []string) string {
	d, ok := faults.LookupDeployment(b.Kind, code)
	if !ok {
		d, ok = faults.LookupDeployment(faults.ElementBundle, code)
	}
	if !ok {
		return code
	}
	return d.New(append(args, b.whereabouts(d.Text)...)...).Reason
}

// whereabouts are the values of the placeholders that text has for the place of
// the policy, under each name that the playbooks give them.
func (b *Build) whereabouts(text string) []string {
	args := []string{"policy", b.Owner}
	for _, p := range [...]struct{ name, value string }{
		{"revision", b.Revision}, {"rev", b.Revision}, {"proxy", b.Bundle}, {"org", b.Organization}, {"env", b.Environment},
		{"context", "Revision:" + b.Revision + ";APIProxy:" + b.Bundle + ";Organization:" + b.Organization + ";Environment:" + b.Environment + "."},
	} {
		if strings.Contains(text, "{"+p.name+"}") {
			args = append(args, p.name, p.value)
		}
	}
	return args
}

func (b *Build) report(s Severity, el *etree.Element, code, message, hint string) {
	b.Problems = append(b.Problems, b.problem(s, el, code, message, hint))
}

func (b *Build) problem(s Severity, el *etree.Element, code, message, hint string) Problem {
	p := Problem{Bundle: b.Bundle, File: b.File, Severity: s.String(), Code: code, Message: message, Hint: hint}
	if el == nil {
		return p
	}
	p.Element = elementPath(el)
	if b.Place != nil {
		at := b.Place(el)
		p.Line, p.Column = at.Line, at.Column
	}
	return p
}

// elementPath is the way from the root to el: /AssignMessage/Set/Headers/Header[2].
func elementPath(el *etree.Element) string {
	path := ""
	for e := el; e != nil && e.Tag != ""; e = e.Parent() {
		step := e.Tag
		if name := e.SelectAttrValue("name", ""); name != "" && e.Parent() != nil && e.Parent().Tag != "" {
			step += "[@name='" + name + "']"
		}
		path = "/" + step + path
	}
	return path
}

// Name parses the name of a variable and remembers that the file uses it.
func (b *Build) Name(text string) *Name {
	text = strings.TrimSpace(text)
	n := b.Own[text]
	if n != nil {
		return n
	}
	if n = b.Names[text]; n == nil {
		n = ParseName(text)
	}
	if b.Own == nil {
		b.Own = map[string]*Name{}
	}
	if b.Names == nil {
		b.Names = map[string]*Name{}
	}
	b.Own[text], b.Names[text] = n, n
	return n
}

// ReadsContent remembers that the file reads the payload of a message without
// naming its content: as a whole, to copy or to send it.
func (b *Build) ReadsContent(message string) {
	if message == "" {
		message = "message"
	}
	b.Name(message + ".content")
}

// Ref is Name for an attribute such as ref="..."; nil if it is absent or blank.
func (b *Build) Ref(el *etree.Element, attr string) *Name {
	if text := b.Attr(el, attr); text != "" {
		return b.Name(text)
	}
	return nil
}

// Condition compiles the text of el, a Condition element. nil, for a missing or
// blank one, is true.
func (b *Build) Condition(el *etree.Element) *Condition {
	text := TextOf(el)
	if text == "" {
		return nil
	}
	c, warnings, err := CompileCondition(text, ConditionOptions{Name: b.Name, JavaPrecedence: b.JavaPrecedence})
	for _, w := range warnings {
		b.Warn(el, "ConditionWarning", w.Message, w.Hint)
	}
	if err != nil {
		p := b.problem(Error, el, "InvalidCondition", "condition does not parse: "+err.Error(), "")
		if se, ok := err.(*ConditionError); ok {
			p.Message, p.Excerpt, p.Hint = se.Message, se.excerpt(), se.Hint
		}
		b.Problems = append(b.Problems, p)
		return nil
	}
	return c
}

// Template compiles a message template.
func (b *Build) Template(el *etree.Element, text string) *Template {
	return b.TemplateWith(el, text, TemplateOptions{})
}

// TemplateWith compiles a message template with delimiters of its own.
func (b *Build) TemplateWith(el *etree.Element, text string, o TemplateOptions) *Template {
	o.Name = b.Name
	t, err := CompileTemplate(text, o)
	if err == nil {
		return t
	}
	p := b.problem(Error, el, "InvalidTemplate", err.Error(), "")
	if te, ok := err.(*TemplateError); ok {
		p.Code, p.Message, p.Hint, p.Excerpt = te.Code, te.Message, te.Hint, te.excerpt()
	}
	b.Problems = append(b.Problems, p)
	return Literal(text)
}

// TextOrRef reads an element of the form <E ref="var">text</E>: the variable
// wins when it resolves, the text is the default. nil if el is nil.
func (b *Build) TextOrRef(el *etree.Element) *TextOrRef {
	if el == nil {
		return nil
	}
	return &TextOrRef{Ref: b.Ref(el, "ref"), Text: TextOf(el)}
}

// TextOrRef is a text that a variable may replace.
type TextOrRef struct {
	Ref  *Name // may be nil
	Text string
}

// Value is the variable's value when it resolves, else the text. ok is false
// when there is neither.
func (t *TextOrRef) Value(x *Exchange) (v Value, ok bool) {
	if t == nil {
		return Value{}, false
	}
	if t.Ref != nil {
		if v := x.Get(t.Ref); !v.IsNull() {
			return v, true
		}
	}
	if t.Text != "" {
		return Text(t.Text), true
	}
	return Value{}, false
}

// CallsSharedFlow remembers that the bundle calls a shared flow. It is looked up
// when it is called: one that is deployed later heals the call.
func (b *Build) CallsSharedFlow(el *etree.Element, name string) {
	if b.SharedFlows == nil {
		b.SharedFlows = map[string]Problem{}
	}
	b.SharedFlows[name] = b.problem(Warning, el, "MissingSharedFlow",
		"no bundle of shared flow \""+name+"\" is served: a call of it ends in SharedFlowNotFound", "give the path of its bundle too")
}

// IntegrationRef is an integration that a bundle names in so many words, and not
// through a variable.
type IntegrationRef struct {
	Name    string
	Trigger string // "" when a variable names it
	// NameAt and TriggerAt are warnings without a text, at the place of each.
	NameAt, TriggerAt Problem
}

// CallsIntegration remembers that the bundle names an integration and its trigger,
// in the elements name and trigger. Whether they are there is found out when the
// bundle is served: integrations come and go without it.
func (b *Build) CallsIntegration(name, trigger *etree.Element) {
	r := IntegrationRef{Name: literal(name), Trigger: literal(trigger)}
	if r.Name == "" {
		return
	}
	r.NameAt, r.TriggerAt = b.problem(Warning, name, "", "", ""), b.problem(Warning, trigger, "", "", "")
	b.Integrations = append(b.Integrations, r)
}

// literal is the text of an element that names no variable.
func literal(el *etree.Element) string {
	if el == nil || el.SelectAttr("ref") != nil {
		return ""
	}
	return TextOf(el)
}

// Connection compiles the HTTPTargetConnection or LocalTargetConnection el.
func (b *Build) Connection(el *etree.Element) Connection { return b.Connect(b, el) }

// SyslogAddress is where a syslog server listens.
type SyslogAddress struct {
	Host string
	Port int
	UDP  bool
}

// NeedIntegrations returns the service, or refuses the policy when there is none.
func (b *Build) NeedIntegrations(el *etree.Element) Integrations {
	if b.Services.Integrations == nil {
		b.RefuseText(el, "MissingService", b.Kind+" needs an integration service", "start with --integrations local or --integrations google")
	}
	return b.Services.Integrations
}

// NeedState refuses the policy when there is no store of keys, tokens, caches
// and counters. serve, test and lint always have one.
func (b *Build) NeedState(el *etree.Element) {
	if b.Services == nil || b.Services.Entities == nil {
		b.RefuseText(el, "MissingService", b.Kind+" needs the state store, and this program has none", "run the bundle with sluice serve or sluice test")
	}
}

// AtDeployment remembers something to do each time the bundle goes into service,
// before its first request, such as to write the initial entries of a map. An
// error is reported, and does not stop the bundle from being served.
func (b *Build) AtDeployment(do func(context.Context, *ProxyInfo, *Services) error) {
	b.Deployed = append(b.Deployed, do)
}
