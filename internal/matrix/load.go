package matrix

import (
	"sluice/flow"
	"sluice/proxy"
)

// Loaded are bundles compiled for rehearsals.
type Loaded struct {
	snapshot   *proxy.Snapshot
	services   *flow.Services
	conditions map[string]*flow.Condition // of all rules and shared flows, by their text
}

// Load compiles the bundles at the paths. Policy types that are not available
// are no problem: here they have nothing to do but fail. The bundles whose
// problems are errors are left out. c.Replace is set by Load.
func Load(c *proxy.Compiler, paths []string) (*Loaded, flow.Problems) {
	c.Replace = func(at proxy.StepInfo, policy flow.Policy) flow.Policy { return &probe{at, policy} }
	loader := &proxy.Loader{Compiler: c, Paths: paths}
	load := loader.Load()
	l := &Loaded{snapshot: load.Snapshot, services: c.Services, conditions: map[string]*flow.Condition{}}
	for _, d := range l.snapshot.Deployments {
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
	for _, f := range l.snapshot.SharedFlows {
		l.learnSteps(f.Steps)
	}
	return l, load.Problems
}

// Proxies counts the API proxies that were loaded.
func (l *Loaded) Proxies() int { return len(l.snapshot.Deployments) }

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
	l.learn(r.Condition)
	l.learnSteps(r.Steps)
}

func (l *Loaded) learnSteps(steps []flow.Step) {
	for i := range steps {
		l.learn(steps[i].Condition)
	}
}

func (l *Loaded) learn(c *flow.Condition) {
	if c != nil {
		l.conditions[c.String()] = c
	}
}
