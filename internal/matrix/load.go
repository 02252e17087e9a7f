package matrix

import (
	"path/filepath"
	"slices"

	"sluice/flow"
	"sluice/proxy"
)

// Loaded are bundles compiled for rehearsals.
type Loaded struct {
	// Refused counts the bundles that were left out for their errors.
	Refused int

	snapshots  []*proxy.Snapshot // each of one API proxy: here proxies may share base paths
	shared     map[string]*flow.SharedFlow
	bubble     bool // see proxy.Options
	services   *flow.Services
	conditions map[string]*flow.Condition // of all rules and shared flows, by their text
}

// Load compiles the bundles at the paths. Policy types that are not available
// are no problem: here they have nothing to do but fail. The bundles whose
// problems are errors are left out. c.Replace is set by Load.
func Load(c *proxy.Compiler, paths []string) (*Loaded, flow.Problems) {
	steps := 0
	c.Replace = func(at proxy.StepInfo, policy flow.Policy) flow.Policy {
		steps++
		return &probe{at, policy, steps}
	}
	l := &Loaded{bubble: c.Options.Bubble, services: c.Services, conditions: map[string]*flow.Condition{}}
	bundles, problems := find(paths)
	var proxies []*proxy.Deployment
	var shared []*flow.SharedFlow
	for _, b := range bundles {
		var found flow.Problems
		if b.Kind == proxy.SharedFlowBundle {
			shared, found = keep(shared, b, c.SharedFlow)
		} else {
			proxies, found = keep(proxies, b, c.Proxy)
		}
		if problems = append(problems, found...); found.Refused() {
			l.Refused++
		}
	}
	return l, append(problems, l.link(c, proxies, shared)...)
}

// find reads the bundles of all paths; one that is named twice counts once.
func find(paths []string) (list []*proxy.Bundle, problems flow.Problems) {
	type identity struct {
		path, name string
		kind       proxy.BundleKind
	}
	seen := map[identity]bool{}
	for _, root := range paths {
		found, wrong := proxy.Find(root)
		problems = append(problems, wrong...)
		for _, b := range found {
			if id := (identity{filepath.Clean(b.Path), b.Name, b.Kind}); !seen[id] {
				seen[id] = true
				list = append(list, b)
			}
		}
	}
	return list, problems
}

// keep appends what compile makes of the bundle, unless it is refused. That a
// service is missing refuses nothing: no policy that needs one runs in a rehearsal.
func keep[T any](list []T, b *proxy.Bundle, compile func(*proxy.Bundle) (T, flow.Problems)) ([]T, flow.Problems) {
	made, problems := compile(b)
	problems = slices.DeleteFunc(problems, func(p flow.Problem) bool { return p.Code == "MissingService" })
	if problems.Refused() {
		return list, problems
	}
	return append(list, made), problems
}

// link gives each proxy a snapshot of its own, with all shared flows.
func (l *Loaded) link(c *proxy.Compiler, proxies []*proxy.Deployment, shared []*flow.SharedFlow) flow.Problems {
	alone, problems := proxy.NewSnapshot(c.Environment, c.Options, nil, shared)
	common := len(problems) // every snapshot has them again
	l.shared = alone.SharedFlows
	for _, f := range l.shared {
		l.learnSteps(f.Steps)
	}
	for _, d := range proxies {
		s, found := proxy.NewSnapshot(c.Environment, c.Options, []*proxy.Deployment{d}, shared)
		if found = found[common:]; found.Refused() {
			l.Refused++
		} else {
			l.snapshots = append(l.snapshots, s)
			l.learn(d)
		}
		problems = append(problems, found...)
	}
	return problems
}

// Proxies counts the API proxies that were loaded.
func (l *Loaded) Proxies() int { return len(l.snapshots) }

func (l *Loaded) learn(d *proxy.Deployment) {
	for _, e := range d.Endpoints {
		l.learnRules(e.Rules)
		for _, r := range e.Routes() {
			if r.Target != nil {
				l.learnRules(r.Target.Rules)
			}
		}
	}
	for _, t := range d.Targets() {
		l.learnRules(t.Rules)
	}
}

// learnRules keeps conditions by their text: a tracer is told the text alone, and
// equal texts are equal conditions.
func (l *Loaded) learnRules(r *flow.FaultRules) {
	if r == nil {
		return
	}
	for i := range r.Rules {
		l.learnRule(&r.Rules[i])
	}
	if r.Default != nil {
		l.learnRule(r.Default)
	}
}

func (l *Loaded) learnRule(r *flow.FaultRule) {
	l.learnCondition(r.Condition)
	l.learnSteps(r.Steps)
}

func (l *Loaded) learnSteps(steps []flow.Step) {
	for i := range steps {
		l.learnCondition(steps[i].Condition)
	}
}

func (l *Loaded) learnCondition(c *flow.Condition) {
	if c != nil {
		l.conditions[c.String()] = c
	}
}
