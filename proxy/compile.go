package proxy

import (
	"path"
	"slices"
	"sort"
	"strings"

	"github.com/beevik/etree"
	"github.com/magiconair/properties"

	"sluice/faults"
	"sluice/flow"
	"sluice/internal/spelling"
)

// Compiler makes deployments of bundles. It holds what they share; it is used
// by one goroutine at a time.
type Compiler struct {
	Registry    *flow.Registry
	Services    *flow.Services
	Environment *Environment
	Network     *Network
	Options     Options
	// Replace, when not nil, is asked for the policy of each attached step. policy
	// is nil for a type that is not available, which is no problem then; a step for
	// which it returns nil is left out.
	Replace func(at StepInfo, policy flow.Policy) flow.Policy
}

// Options are the switches for what Apigee's documentation leaves open.
type Options struct {
	// Bubble lets a ProxyEndpoint's rules handle a target's fault when the
	// TargetEndpoint has no rules of its own (runtime.md 7.2).
	Bubble bool
	// JavaPrecedence makes && bind tighter than || in conditions (runtime.md 4.3).
	JavaPrecedence bool
	// EdgeStatus answers with the statuses of Apigee Edge where they differ.
	EdgeStatus bool
	// XMLFaults answers in XML when the client sent or accepts XML (runtime.md 7.5).
	XMLFaults bool
	// AllowMissing loads bundles that attach policies of types which are not
	// available here: such a step fails when a request reaches it.
	AllowMissing bool
}

// compilation is the state of compiling one bundle.
type compilation struct {
	*Compiler
	bundle   *Bundle
	model    *model
	unit     *flow.Unit
	policies map[string]*compiledPolicy
	props    map[string]map[string]string
	// conditions are the variables that each TargetEndpoint's own file names.
	conditions map[string]map[string]*flow.Name
	monitors   []*monitor
}

// compiledPolicy is one policy file, compiled once however often it is attached.
type compiledPolicy struct {
	policy          flow.Policy // nil when the file does not compile
	kind            *flow.Kind  // nil when the type is not available
	element         string
	enabled         bool
	continueOnError bool
	flags           []string
	names           map[string]*flow.Name
	attached        bool
	doc             *document
}

// start parses a bundle and compiles its policies.
func (c *Compiler) start(b *Bundle) *compilation {
	m, problems := parse(b)
	k := &compilation{Compiler: c, bundle: b, model: m, policies: map[string]*compiledPolicy{}, conditions: map[string]map[string]*flow.Name{}}
	k.unit = &flow.Unit{
		Bundle: m.name, Revision: m.revision, Organization: c.Environment.Organization, Environment: c.Environment.Name, Account: c.Environment.account(m.name), Services: c.Services, Problems: problems,
		Resource: k.resource, JavaPrecedence: c.Options.JavaPrecedence,
	}
	k.unit.Policy = k.policyElement
	k.unit.PolicyNames = func() []string { return sortedKeys(m.policies) }
	k.unit.Attached = k.attachments
	k.unit.Connect = func(fb *flow.Build, el *etree.Element) flow.Connection { return k.connection(fb, el) }
	k.unit.Syslog = k.syslog
	k.propertySets()
	for _, name := range sortedKeys(m.policies) {
		k.policies[name] = k.policy(name, m.policies[name])
	}
	return k
}

func (k *compilation) policyElement(name string) *etree.Element {
	if d := k.model.policies[name]; d != nil {
		return d.root
	}
	return nil
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}

// build returns the Build for one file.
func (k *compilation) build(d *document, owner string) *flow.Build {
	return &flow.Build{Unit: k.unit, File: d.file, Owner: owner, Kind: d.root.Tag, Place: d.at}
}

func (k *compilation) policy(name string, d *document) *compiledPolicy {
	b := k.build(d, name)
	p := &compiledPolicy{
		element: d.root.Tag, doc: d,
		enabled:         b.BoolAttr(d.root, "enabled", true),
		continueOnError: b.BoolAttr(d.root, "continueOnError", false),
	}
	p.flags = faults.ElementFlags(d.root.Tag, name)
	p.kind = k.Registry.Lookup(d.root.Tag)
	if p.kind != nil { // whether that refuses the bundle depends on its being attached
		p.policy = p.kind.Compile(b, d.root)
		p.names = b.Own
	} else if k.Options.AllowMissing && isApigeePolicy(p.element) {
		p.policy = missingPolicy{name, p.element}
	}
	resourcesExist(b, d.root)
	return p
}

// resourcesExist checks the resources that a policy names, also one of a type
// that is not available here. It warns only: whether a missing resource refuses
// the bundle is the policy type's business (AssignMessage, say, finds out when
// it runs). An element for which the policy said so already is left out.
func resourcesExist(b *flow.Build, el *etree.Element) {
	for _, c := range el.ChildElements() {
		resourcesExist(b, c)
		url := flow.TextOf(c)
		if c.Tag != "ResourceURL" && c.Tag != "IncludeURL" && c.Tag != "OASResource" || !strings.Contains(url, "://") || strings.ContainsAny(url, "{}") {
			continue
		}
		if _, ok := b.Resource(url); !ok && !b.Refused(c) {
			b.Warn(c, "MissingResource", "resource "+quoted(url)+" does not exist", "add it below resources/, in the folder of its type")
		}
	}
}

// resource finds a resource of the bundle, else of the environment.
func (k *compilation) resource(url string) ([]byte, bool) {
	for _, u := range resourceSpellings(url) {
		if data, ok := k.model.resources[u]; ok {
			return data, true
		}
		if data, ok := k.Environment.Resources[u]; ok {
			return data, true
		}
	}
	return nil, false
}

// resourceSpellings lists the URLs under which a resource may be stored: js and
// jsc are one type, and so are the old and new names of OpenAPI files.
func resourceSpellings(url string) []string {
	for _, same := range [...][]string{{"jsc://", "js://"}, {"oas://", "openapi://"}} {
		for _, scheme := range same {
			if file, ok := strings.CutPrefix(url, scheme); ok {
				return []string{same[0] + file, same[1] + file}
			}
		}
	}
	return []string{url}
}

// propertySets reads the bundle's property sets; they win over the environment's
// of the same name.
func (k *compilation) propertySets() {
	k.props = map[string]map[string]string{}
	for set, values := range k.Environment.PropertySets {
		k.props[set] = values
	}
	for _, url := range sortedKeys(k.model.resources) {
		file, ok := strings.CutPrefix(url, "properties://")
		if !ok {
			continue
		}
		set := strings.TrimSuffix(file, ".properties")
		values, err := parseProperties(k.model.resources[url])
		if err != nil {
			k.unit.Problems = append(k.unit.Problems, refused(k.model.name, "resources/properties/"+file, "InvalidValue",
				"the property set does not parse: "+err.Error(), "write one key=value a line"))
			continue
		}
		k.props[set] = values
	}
}

// parseProperties reads a property set: the syntax of Java's properties files,
// without expansion of ${...}, which Apigee does not do.
func parseProperties(data []byte) (map[string]string, error) {
	l := properties.Loader{Encoding: properties.UTF8, DisableExpansion: true}
	p, err := l.LoadBytes(data)
	if err != nil {
		return nil, err
	}
	return p.Map(), nil
}

// steps compiles attached steps. Steps of disabled policies are left out.
func (k *compilation) steps(b *flow.Build, list []stepModel) []flow.Step {
	var steps []flow.Step
	for i := range list {
		s := &list[i]
		condition := b.Condition(s.condition)
		p := k.policies[s.name]
		if s.name == "" {
			b.Warn(s.el, "MissingPolicy", "the step names no policy and is skipped", "add <Name>policy</Name> or remove the step")
			continue
		}
		if p == nil {
			b.RefuseText(s.el, "MissingPolicy", "step "+quoted(s.name)+" names a policy that the bundle does not contain", k.policyMeant(s.name))
			continue
		}
		p.attached = p.attached || p.enabled
		if !p.enabled {
			continue
		}
		if step := k.step(b, s, p); step.Policy != nil {
			step.Condition = condition
			steps = append(steps, step)
		}
	}
	return steps
}

// policyMeant is the hint for a step that names no policy of the bundle: the name
// attribute counts, not that of the file, and letter case counts too.
func (k *compilation) policyMeant(name string) string {
	names := sortedKeys(k.policies)
	for _, other := range names {
		if file := k.policies[other].doc.file; strings.TrimSuffix(path.Base(file), ".xml") == name {
			return file + " holds a policy whose name attribute is " + quoted(other) + ": change that, or the step"
		}
	}
	if near := spelling.Likely(name, names); near != "" {
		return "did you mean " + quoted(near) + "?"
	}
	return "add policies/" + name + ".xml or remove the step"
}

// step is one attached policy; without a Policy when it does not compile.
func (k *compilation) step(b *flow.Build, s *stepModel, p *compiledPolicy) flow.Step {
	step := flow.Step{Name: s.name, Policy: p.policy, ContinueOnError: p.continueOnError, Flags: p.flags}
	if p.kind != nil {
		step.ContinueOnError = p.continueOnError && !p.kind.AlwaysRaises
		step.Waits = p.kind.Waits
	}
	if k.Replace != nil {
		step.Policy = k.Replace(k.stepInfo(b, s, p), p.policy)
	}
	return step
}

func quoted(s string) string { return `"` + s + `"` }

// SharedFlow compiles a shared flow bundle.
func (c *Compiler) SharedFlow(b *Bundle) (*flow.SharedFlow, flow.Problems) {
	k := c.start(b)
	f := &flow.SharedFlow{Name: k.model.name}
	if len(k.model.flows) > 0 {
		entry := k.entry()
		f.Steps = k.steps(k.build(entry.doc, entry.name), entry.steps)
	}
	k.unavailable()
	f.Names, f.Calls, f.Deployed = k.unit.Names, sortedKeys(k.unit.SharedFlows), k.unit.Deployed
	f.Integrations, f.Absent = k.integrations(), k.absent(b)
	return f, k.finish(b)
}

// absent has what is to be said of each shared flow that the bundle calls while
// there is none of that name.
func (k *compilation) absent(b *Bundle) map[string]flow.Problem {
	for name, p := range k.unit.SharedFlows {
		p.File = b.shown(p.File)
		k.unit.SharedFlows[name] = p
	}
	return k.unit.SharedFlows
}

// entry is the flow that a call of the bundle runs: "default", else the first
// (recalled).
func (k *compilation) entry() *sharedFlowModel {
	for _, f := range k.model.flows {
		if f.name == "default" {
			return f
		}
	}
	return k.model.flows[0]
}

// Proxy compiles an API proxy bundle.
func (c *Compiler) Proxy(b *Bundle) (*Deployment, flow.Problems) {
	k := c.start(b)
	d := &Deployment{Name: k.model.name, Revision: k.model.revision, Path: b.Path, targets: map[string]*Target{}}
	for _, name := range k.model.targetNames {
		d.targets[name] = k.target(k.model.targets[name])
	}
	for _, e := range k.model.proxies {
		d.Endpoints = append(d.Endpoints, k.endpoint(d, e))
	}
	k.unavailable()
	k.attachedOnce()
	d.Calls, d.absent, d.Integrations = sortedKeys(k.unit.SharedFlows), k.absent(b), k.integrations()
	d.monitors, d.deployed = k.monitors, k.unit.Deployed
	return d, k.finish(b)
}

// finish sorts the problems, gives all of them the name that the descriptor has in
// the end, and makes their files paths that a user can open. What is compiled more
// than once, as a Flow's condition is for the request and the response, reports a
// problem as often; it is kept once.
func (k *compilation) finish(b *Bundle) flow.Problems {
	problems := k.unit.Problems
	for i := range problems {
		problems[i].Bundle, problems[i].File = k.model.name, b.shown(problems[i].File)
	}
	problems.Sort()
	seen := map[flow.Problem]bool{}
	return slices.DeleteFunc(problems, func(p flow.Problem) bool {
		again := seen[p]
		seen[p] = true
		return again
	})
}
