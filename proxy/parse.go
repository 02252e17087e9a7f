package proxy

import (
	"errors"
	"path"
	"strings"

	"github.com/beevik/etree"

	"sluice/flow"
)

// model is a bundle, parsed: plain structs in the order of the files, nothing
// resolved yet. Elements are kept only to say where something stands.
type model struct {
	kind        BundleKind
	name        string
	revision    string
	policies    map[string]*document // by name attribute
	proxies     []*endpointModel
	targets     map[string]*endpointModel
	targetNames []string
	integration map[string]*integrationModel
	flows       []*sharedFlowModel
	resources   map[string][]byte // type://name
}

// endpointModel is a ProxyEndpoint or TargetEndpoint.
type endpointModel struct {
	doc        *document
	name       string
	pre, post  flowModel
	flows      []flowModel
	postClient []flowModel
	events     *flowModel
	rules      []ruleModel
	defaults   *ruleModel
	connection *etree.Element // HTTPProxyConnection, or the target's connection
	routes     []*etree.Element
}

type flowModel struct {
	el                *etree.Element
	name, description string
	condition         *etree.Element
	request, response []stepModel
}

type stepModel struct {
	el        *etree.Element
	name      string
	condition *etree.Element
}

type ruleModel struct {
	el        *etree.Element
	name      string
	condition *etree.Element
	steps     []stepModel
}

type sharedFlowModel struct {
	doc   *document
	name  string
	steps []stepModel
}

type integrationModel struct {
	doc   *document
	async *etree.Element
}

// parser reads the files of one bundle and collects what is wrong with them.
type parser struct {
	bundle   *Bundle
	model    *model
	problems flow.Problems
}

// parse turns the bytes of a bundle into its model.
func parse(b *Bundle) (*model, flow.Problems) {
	p := &parser{bundle: b, model: &model{
		kind: b.Kind, name: b.Name, revision: "1",
		policies: map[string]*document{}, targets: map[string]*endpointModel{},
		integration: map[string]*integrationModel{}, resources: map[string][]byte{},
	}}
	p.descriptor()
	p.policies("policies")
	p.policies("stepdefinitions") // Edge's old name of the folder
	if b.Kind == SharedFlowBundle {
		p.each("sharedflows", p.sharedFlow)
	} else {
		p.each("proxies", p.proxyEndpoint)
		p.each("targets", p.targetEndpoint)
		p.each("integration-endpoints", p.integrationEndpoint)
	}
	p.resources()
	p.required()
	return p.model, p.problems
}

func (p *parser) refuse(d *document, el *etree.Element, code, message, hint string) {
	p.report(flow.Error, d, el, code, message, hint)
}

func (p *parser) warn(d *document, el *etree.Element, code, message, hint string) {
	p.report(flow.Warning, d, el, code, message, hint)
}

func (p *parser) report(s flow.Severity, d *document, el *etree.Element, code, message, hint string) {
	problem := flow.Problem{Bundle: p.model.name, Severity: s.String(), Code: code, Message: message, Hint: hint}
	if d != nil {
		at := d.at(el)
		problem.File, problem.Line, problem.Column = d.file, at.Line, at.Column
	}
	if el != nil {
		problem.Element = el.GetPath()
	}
	p.problems = append(p.problems, problem)
}

// read parses one XML file; nil when it is malformed, which is reported.
func (p *parser) read(file string) *document {
	d, err := readXML(file, p.bundle.Files[file])
	if err == nil {
		return d
	}
	problem := flow.Problem{Bundle: p.model.name, File: file, Severity: flow.Error.String(), Code: "MalformedXML",
		Message: "not well-formed XML: " + err.Error(), Hint: malformedHint(err.Error())}
	var xe *xmlError
	if errors.As(err, &xe) {
		problem.Line, problem.Column = xe.at.Line, xe.at.Column
	}
	p.problems = append(p.problems, problem)
	return nil
}

func (p *parser) each(dir string, use func(*document)) {
	for _, file := range p.bundle.under(dir, ".xml") {
		if d := p.read(file); d != nil {
			use(d)
		}
	}
}

// descriptor reads the root descriptor: the XML file beside the folders. It is
// only a manifest (runtime.md 1.2), so a bundle without one loads.
func (p *parser) descriptor() {
	want := "APIProxy"
	if p.bundle.Kind == SharedFlowBundle {
		want = "SharedFlowBundle"
	}
	found := false
	for _, file := range p.bundle.under(".", ".xml") {
		d := p.read(file)
		if d == nil || d.root.Tag != want {
			continue
		}
		if found {
			p.warn(d, d.root, "DuplicateDescriptor", "more than one root descriptor; the first one counts", "keep one "+want+" file beside the folders")
			continue
		}
		found = true
		if name := d.root.SelectAttrValue("name", ""); name != "" {
			p.model.name = name
		}
		if rev := d.root.SelectAttrValue("revision", ""); rev != "" {
			p.model.revision = rev
		}
	}
}

func (p *parser) policies(dir string) {
	p.each(dir, func(d *document) {
		name := p.nameOf(d)
		if first := p.model.policies[name]; first != nil {
			p.refuse(d, d.root, "DuplicateName", "policy "+name+" exists more than once, first in "+first.file, "rename one of them")
			return
		}
		p.model.policies[name] = d
	})
}

// nameOf is the name attribute of the file's root, or the file's base name with
// a warning when there is none.
func (p *parser) nameOf(d *document) string {
	base := strings.TrimSuffix(path.Base(d.file), path.Ext(d.file))
	name := strings.TrimSpace(d.root.SelectAttrValue("name", ""))
	switch {
	case name == "":
		p.warn(d, d.root, "MissingAttribute", d.root.Tag+" has no name; the file's name is taken", `add name="`+base+`"`)
		return base
	case len(name) > 255:
		p.refuse(d, d.root, "InvalidValue", "the name is longer than 255 characters", "shorten it")
	}
	return name
}

func (p *parser) proxyEndpoint(d *document) {
	if !p.rootIs(d, "ProxyEndpoint") {
		return
	}
	e := p.endpoint(d)
	e.connection = flow.Child(d.root, "HTTPProxyConnection")
	e.routes = flow.Children(d.root, "RouteRule")
	for _, el := range flow.Children(d.root, "PostClientFlow") {
		e.postClient = append(e.postClient, p.flow(d, el, "PostClientFlow"))
	}
	for _, other := range p.model.proxies {
		if other.name == e.name {
			p.refuse(d, d.root, "DuplicateName", "ProxyEndpoint "+e.name+" exists more than once", "rename one of them")
		}
	}
	p.model.proxies = append(p.model.proxies, e)
}

func (p *parser) targetEndpoint(d *document) {
	if !p.rootIs(d, "TargetEndpoint") {
		return
	}
	e := p.endpoint(d)
	for _, c := range d.root.ChildElements() {
		if strings.HasSuffix(c.Tag, "TargetConnection") || c.Tag == "ScriptTarget" || c.Tag == "HostedTarget" {
			if e.connection == nil {
				e.connection = c
			} else {
				p.warn(d, c, "DuplicateName", "a TargetEndpoint has one connection; this one is ignored", "remove it")
			}
		}
	}
	if p.model.targets[e.name] != nil {
		p.refuse(d, d.root, "DuplicateName", "TargetEndpoint "+e.name+" exists more than once", "rename one of them")
		return
	}
	p.model.targets[e.name] = e
	p.model.targetNames = append(p.model.targetNames, e.name)
}

func (p *parser) rootIs(d *document, want string) bool {
	if d.root.Tag == want {
		return true
	}
	p.refuse(d, d.root, "MalformedXML", "the root element is "+d.root.Tag+", not "+want, "move the file to the folder it belongs to")
	return false
}

func (p *parser) endpoint(d *document) *endpointModel {
	e := &endpointModel{doc: d, name: p.nameOf(d)}
	e.pre = p.flow(d, flow.Child(d.root, "PreFlow"), "PreFlow")
	e.post = p.flow(d, flow.Child(d.root, "PostFlow"), "PostFlow")
	for _, el := range flow.Children(flow.Child(d.root, "Flows"), "Flow") {
		e.flows = append(e.flows, p.flow(d, el, ""))
	}
	for _, el := range flow.Children(d.root, "EventFlow") { // the last one wins
		f := p.flow(d, el, "EventFlow")
		e.events = &f
	}
	for _, el := range flow.Children(flow.Child(d.root, "FaultRules"), "FaultRule") {
		e.rules = append(e.rules, p.rule(el))
	}
	if el := flow.Child(d.root, "DefaultFaultRule"); el != nil {
		r := p.rule(el)
		e.defaults = &r
	}
	return e
}

func (p *parser) flow(d *document, el *etree.Element, name string) flowModel {
	f := flowModel{el: el, name: name}
	if el == nil {
		return f
	}
	if f.name == "" {
		f.name = el.SelectAttrValue("name", "")
	}
	f.description = flow.TextOf(flow.Child(el, "Description"))
	f.condition = flow.Child(el, "Condition")
	f.request = p.steps(flow.Child(el, "Request"))
	f.response = p.steps(flow.Child(el, "Response"))
	return f
}

func (p *parser) rule(el *etree.Element) ruleModel {
	return ruleModel{el: el, name: el.SelectAttrValue("name", el.Tag), condition: flow.Child(el, "Condition"), steps: p.steps(el)}
}

func (p *parser) steps(el *etree.Element) []stepModel {
	var steps []stepModel
	for _, s := range flow.Children(el, "Step") {
		steps = append(steps, stepModel{el: s, name: flow.TextOf(flow.Child(s, "Name")), condition: flow.Child(s, "Condition")})
	}
	return steps
}

func (p *parser) sharedFlow(d *document) {
	if !p.rootIs(d, "SharedFlow") {
		return
	}
	for _, el := range d.root.ChildElements() {
		if target := flow.TextOf(flow.Child(el, "TargetEndpoint")); el.Tag == "RouteRule" && target != "" {
			p.refuse(d, el, "MissingTarget", "a shared flow has no targets, so the route to "+quoted(target)+" leads nowhere", "move the RouteRule to the ProxyEndpoint that calls the shared flow")
		}
	}
	p.model.flows = append(p.model.flows, &sharedFlowModel{doc: d, name: p.nameOf(d), steps: p.steps(d.root)})
}

func (p *parser) integrationEndpoint(d *document) {
	if !p.rootIs(d, "IntegrationEndpoint") {
		return
	}
	p.model.integration[p.nameOf(d)] = &integrationModel{doc: d, async: flow.Child(d.root, "AsyncExecution")}
}

// resources maps the files below resources/ to their URLs: the type folder is
// the scheme, the rest is the name. js and jsc address the same folder.
func (p *parser) resources() {
	for name, data := range p.bundle.Files {
		rest, ok := strings.CutPrefix(name, "resources/")
		if !ok {
			continue
		}
		if kind, file, ok := strings.Cut(rest, "/"); ok {
			p.model.resources[kind+"://"+file] = data
		}
	}
}

// required reports a bundle without any endpoint.
func (p *parser) required() {
	switch {
	case p.bundle.Kind == SharedFlowBundle && len(p.model.flows) == 0:
		p.refuse(nil, nil, "MissingEndpoint", "the bundle has no shared flow: sharedflows/*.xml", "add sharedflows/default.xml")
	case p.bundle.Kind == APIProxy && len(p.model.proxies) == 0:
		p.refuse(nil, nil, "MissingEndpoint", "the bundle has no ProxyEndpoint: proxies/*.xml", "add proxies/default.xml")
	}
}
