package faultlint

import (
	"maps"
	"path"
	"slices"
	"strings"

	"sluice/flow"
	"sluice/proxy"
)

// project is all bundles that are looked at together.
type project struct {
	bundles []*bundle
	shared  map[string]*bundle // shared flows, by name
	options Options
}

// bundle is what the rules look at in a bundle.
type bundle struct {
	*project
	source    *proxy.Bundle
	name      string
	documents []*document
	policies  map[string]*policy
	endpoints []*endpoint
	flows     []*sharedFlow
	scripted  bool // some script or policy sets fault.name itself
	settings  map[*endpoint]*setting
}

// policy is a policy file.
type policy struct {
	*document
	name    string
	kind    string // root element
	goesOn  bool   // continueOnError
	enabled bool
}

// The kinds of endpoints.
const (
	proxyEndpoint  = "ProxyEndpoint"
	targetEndpoint = "TargetEndpoint"
)

// endpoint is a ProxyEndpoint or TargetEndpoint.
type endpoint struct {
	*document
	kind, name        string
	request, response []*step // of all flows, in the order of the file
	rules             []*faultRule
	fallback          *faultRule // DefaultFaultRule, or nil
	alwaysEnforce     bool
}

func (e *endpoint) String() string { return e.kind + " " + e.name }

// step is a Step; those of disabled policies are left out.
type step struct {
	at        flow.Position
	name      string
	policy    *policy    // nil if there is none of that name
	condition *condition // nil is true
}

// faultRule is a FaultRule or the DefaultFaultRule.
type faultRule struct {
	at        flow.Position
	name      string
	condition *condition // nil is true
	steps     []*step
}

type sharedFlow struct {
	*document
	steps []*step
}

func newProject(bundles []*proxy.Bundle, o Options) *project {
	all := &project{shared: map[string]*bundle{}, options: o}
	for _, source := range bundles {
		b := all.read(source)
		all.bundles = append(all.bundles, b)
		if source.Kind == proxy.SharedFlowBundle {
			all.shared[b.name] = b
		}
	}
	return all
}

// read reads the files of one bundle.
func (all *project) read(source *proxy.Bundle) *bundle {
	b := &bundle{project: all, source: source, name: source.Name, policies: map[string]*policy{}, settings: map[*endpoint]*setting{}}
	documents := map[string][]*document{}
	for _, file := range slices.Sorted(maps.Keys(source.Files)) {
		dir := path.Dir(file)
		if strings.HasPrefix(file, "resources/") {
			b.scripted = b.scripted || setsFaultName(source.Files[file])
			continue
		}
		if d := b.document(file, source.Files[file]); d != nil {
			documents[dir] = append(documents[dir], d)
		}
	}
	b.descriptor(documents["."])
	for _, dir := range []string{"policies", "stepdefinitions"} { // the second is Edge's old name
		for _, d := range documents[dir] {
			b.policy(d)
		}
	}
	for _, d := range slices.Concat(documents["proxies"], documents["targets"]) {
		if d.root.tag == proxyEndpoint || d.root.tag == targetEndpoint {
			b.endpoints = append(b.endpoints, b.endpoint(d))
		}
	}
	for _, d := range documents["sharedflows"] {
		b.flows = append(b.flows, &sharedFlow{d, b.steps(d, d.root)})
	}
	return b
}

func (b *bundle) document(file string, data []byte) *document {
	if !strings.EqualFold(path.Ext(file), ".xml") {
		return nil
	}
	d := readDocument(file, data)
	if d != nil {
		b.documents = append(b.documents, d)
	}
	return d
}

func (b *bundle) descriptor(list []*document) {
	for _, d := range list {
		if name := d.root.attr("name"); name != "" && (d.root.tag == "APIProxy" || d.root.tag == "SharedFlowBundle") {
			b.name = name
			return
		}
	}
}

func (b *bundle) policy(d *document) {
	name := d.root.attr("name")
	if name == "" {
		name = strings.TrimSuffix(path.Base(d.file), path.Ext(d.file))
	}
	if b.policies[name] != nil {
		return
	}
	b.policies[name] = &policy{
		document: d, name: name, kind: d.root.tag,
		goesOn: d.root.attr("continueOnError") == "true", enabled: d.root.attr("enabled") != "false",
	}
	for _, el := range d.root.below("AssignVariable", "Name") {
		b.scripted = b.scripted || el.value() == "fault.name"
	}
}

// below returns the inner elements of all outer ones.
func (e *element) below(outer, inner string) []*element {
	var list []*element
	e.walk(func(el *element) {
		if el.tag == outer {
			list = append(list, el.children(inner)...)
		}
	})
	return list
}

func (b *bundle) endpoint(d *document) *endpoint {
	e := &endpoint{document: d, kind: d.root.tag, name: d.root.attr("name")}
	flows := slices.Concat(d.root.children("PreFlow"), d.root.child("Flows").children("Flow"), d.root.children("PostFlow"), d.root.children("EventFlow"))
	for _, f := range flows {
		e.request = append(e.request, b.steps(d, f.child("Request"))...)
		e.response = append(e.response, b.steps(d, f.child("Response"))...)
	}
	for _, el := range d.root.child("FaultRules").children("FaultRule") {
		e.rules = append(e.rules, b.rule(d, el))
	}
	if el := d.root.child("DefaultFaultRule"); el != nil {
		e.fallback = b.rule(d, el)
		e.alwaysEnforce = strings.EqualFold(el.child("AlwaysEnforce").value(), "true")
	}
	return e
}

func (b *bundle) rule(d *document, el *element) *faultRule {
	name := el.attr("name")
	if name == "" {
		name = el.tag
	}
	return &faultRule{at: el.at, name: name, condition: b.condition(d, el), steps: b.steps(d, el)}
}

func (b *bundle) steps(d *document, el *element) []*step {
	var list []*step
	for _, s := range el.children("Step") {
		name := s.child("Name").value()
		p := b.policies[name]
		if p == nil || p.enabled {
			list = append(list, &step{at: s.at, name: name, policy: p, condition: b.condition(d, s)})
		}
	}
	return list
}

// condition reads the Condition of a step, rule, flow or route.
func (b *bundle) condition(d *document, el *element) *condition {
	c := el.child("Condition")
	if c.value() == "" {
		return nil
	}
	return newCondition(d, c, b.options.JavaPrecedence)
}

// tried returns an endpoint's FaultRules in the order in which they are asked: a
// ProxyEndpoint begins with the last, a TargetEndpoint with the first
// (runtime.md 7.3).
func (e *endpoint) tried() []*faultRule {
	list := slices.Clone(e.rules)
	if e.kind == proxyEndpoint {
		slices.Reverse(list)
	}
	return list
}

// handlers returns the FaultRules and the DefaultFaultRule.
func (e *endpoint) handlers() []*faultRule {
	if e.fallback == nil {
		return e.rules
	}
	return append(slices.Clone(e.rules), e.fallback)
}
