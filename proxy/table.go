package proxy

import (
	"strings"
	"sync"
	"sync/atomic"

	"sluice/flow"
)

// Table serves the newest snapshot of everything deployed. A request loads the
// snapshot once and lives in it to its end; a deployment makes a new snapshot
// and swaps it in as a whole.
type Table struct {
	snapshot atomic.Pointer[Snapshot]
	swapping sync.Mutex // guards the order of swaps, so that monitors start and stop once
}

// Snapshot is everything that is deployed at one moment.
type Snapshot struct {
	Deployments []*Deployment
	SharedFlows map[string]*flow.SharedFlow
	Environment *Environment
	Options     Options

	endpoints []*Endpoint // of the deployments, linked
	root      node
}

// NewSnapshot links compiled bundles. Base paths that clash, shared flows that
// are missing or call each other in a circle are problems of the bundle that
// comes later.
func NewSnapshot(env *Environment, o Options, proxies []*Deployment, shared []*flow.SharedFlow) (*Snapshot, flow.Problems) {
	s := &Snapshot{Environment: env, Options: o, SharedFlows: map[string]*flow.SharedFlow{}}
	var problems flow.Problems
	for _, f := range shared {
		s.SharedFlows[f.Name] = f
	}
	problems = append(problems, s.circles()...)
	for _, name := range sortedKeys(s.SharedFlows) {
		problems = append(problems, s.missing(s.SharedFlows[name].Absent)...)
	}
	for _, d := range proxies {
		problems = append(problems, s.missing(d.absent)...)
		clashes := s.clashes(d)
		problems = append(problems, clashes...)
		if clashes.Refused() {
			continue
		}
		s.Deployments = append(s.Deployments, d)
		for _, e := range d.Endpoints {
			linked := s.link(e)
			s.endpoints = append(s.endpoints, linked)
			if e.BasePath != "" && s.root.exact(e.BasePath) == nil {
				s.root.insert(linked)
			}
		}
	}
	return s, append(problems, revisions(s.Deployments)...)
}

// missing warns of shared flows that are called and not there. One that is deployed
// later heals the call, so nothing is refused.
func (s *Snapshot) missing(absent map[string]flow.Problem) flow.Problems {
	var problems flow.Problems
	for _, name := range sortedKeys(absent) {
		if s.SharedFlows[name] == nil {
			problems = append(problems, absent[name])
		}
	}
	return problems
}

// clashes reports base paths that are taken already, by another bundle, which may
// be a copy of this one, or by this one.
func (s *Snapshot) clashes(d *Deployment) flow.Problems {
	var problems flow.Problems
	taken := map[string]*Deployment{}
	for _, e := range d.Endpoints {
		if e.BasePath == "" {
			continue // nothing reaches it by path
		}
		owner := taken[cleanBasePath(e.BasePath)]
		if at := s.root.exact(e.BasePath); at != nil {
			owner = at.deployment
		}
		taken[cleanBasePath(e.BasePath)] = d
		switch owner {
		case nil:
		case d:
			problems = append(problems, twice(e))
		default:
			problems = append(problems, refused(d.Name, d.Path, "DuplicateBasePath",
				"base path "+quoted(e.BasePath)+" of ProxyEndpoint "+quoted(e.Name)+" is already served by "+quoted(owner.Name)+" from "+owner.Path,
				"change one of the base paths, or serve only one of the two"))
		}
	}
	return problems
}

// twice warns of a ProxyEndpoint whose base path an earlier one of its bundle has.
// On Apigee Edge the two may differ in their virtual hosts, which are not looked
// at here: the earlier one serves.
func twice(e *Endpoint) flow.Problem {
	p := refused(e.deployment.Name, e.deployment.Path, "DuplicateBasePath",
		"base path "+quoted(e.BasePath)+" of ProxyEndpoint "+quoted(e.Name)+" is that of an earlier ProxyEndpoint of the bundle, which serves it",
		"change one of the base paths")
	p.Severity = flow.Warning.String()
	return p
}

// link returns e with what the snapshot's shared flows read added to what it must
// hold. It is a copy: an older snapshot may serve e at this moment.
func (s *Snapshot) link(e *Endpoint) *Endpoint {
	linked := *e
	for _, f := range s.reachable(e.deployment.Calls) {
		linked.holds.request = linked.holds.request || readsBody(f.Names, "request")
		if len(e.postClient) > 0 {
			linked.holds.response = linked.holds.response || readsAnswer(f.Names)
		}
	}
	return &linked
}

// reachable returns the shared flows that calls lead to, directly or through
// others.
func (s *Snapshot) reachable(calls []string) []*flow.SharedFlow {
	var list []*flow.SharedFlow
	seen := map[string]bool{}
	for len(calls) > 0 {
		name := calls[0]
		calls = calls[1:]
		f := s.SharedFlows[name]
		if seen[name] || f == nil {
			continue
		}
		seen[name] = true
		list = append(list, f)
		calls = append(calls, f.Calls...)
	}
	return list
}

// circles reports shared flows that call each other in a circle.
func (s *Snapshot) circles() flow.Problems {
	var problems flow.Problems
	for _, name := range sortedKeys(s.SharedFlows) {
		if path := s.circle(name, name, nil); path != nil {
			problems = append(problems, refused(name, "", "CyclicSharedFlow",
				"shared flows call each other in a circle: "+strings.Join(path, " -> "), "break the circle: a call of it would end in a fault"))
		}
	}
	return problems
}

func (s *Snapshot) circle(start, at string, path []string) []string {
	for _, p := range path {
		if p == at {
			return nil // a circle that start only leads to; its members report it
		}
	}
	path = append(path, at)
	f := s.SharedFlows[at]
	if f == nil {
		return nil
	}
	for _, next := range f.Calls {
		if next == start {
			return append(path, start)
		}
		if found := s.circle(start, next, path); found != nil {
			return found
		}
	}
	return nil
}

// NewTable returns a table that serves nothing yet.
func NewTable() *Table {
	t := &Table{}
	t.snapshot.Store(&Snapshot{Environment: &Environment{}})
	return t
}

// Swap makes s the snapshot that new requests are served from. Requests under
// way end in the old one. Health monitors of deployments that s no longer has
// stop; those of new ones start.
func (t *Table) Swap(s *Snapshot) {
	t.swapping.Lock()
	defer t.swapping.Unlock()
	old := t.snapshot.Load()
	kept := map[*Deployment]bool{}
	for _, d := range old.Deployments {
		kept[d] = true
	}
	for _, d := range s.Deployments {
		if !kept[d] {
			d.start()
		}
		delete(kept, d)
	}
	t.snapshot.Store(s)
	for d := range kept {
		d.stop()
	}
}

// Snapshot returns what is served now.
func (t *Table) Snapshot() *Snapshot { return t.snapshot.Load() }

// node is one segment of the tree of base paths.
type node struct {
	literal  map[string]*node
	any      *node // "*": exactly one segment
	endpoint *Endpoint
}

func cleanBasePath(p string) string { return "/" + strings.Trim(p, "/") }

func (n *node) insert(e *Endpoint) {
	at := n
	for seg := range segments(e.BasePath) {
		at = at.child(seg)
	}
	at.endpoint = e
}

func (n *node) child(seg string) *node {
	if seg == "*" {
		if n.any == nil {
			n.any = &node{}
		}
		return n.any
	}
	if n.literal == nil {
		n.literal = map[string]*node{}
	}
	if n.literal[seg] == nil {
		n.literal[seg] = &node{}
	}
	return n.literal[seg]
}

// exact returns the endpoint with just this base path.
func (n *node) exact(path string) *Endpoint {
	at := n
	for seg := range segments(path) {
		next := at.literal[seg]
		if seg == "*" {
			next = at.any
		}
		if next == nil {
			return nil
		}
		at = next
	}
	return at.endpoint
}

// segments iterates over the segments of a base path, without the empty ones at
// its ends.
func segments(path string) func(func(string) bool) {
	path = strings.Trim(path, "/")
	if path == "" {
		return func(func(string) bool) {}
	}
	return strings.SplitSeq(path, "/")
}

// Match finds the endpoint whose base path covers most segments of path; a
// literal segment beats "*". suffix is the rest of the path, with its leading
// slash.
func (s *Snapshot) Match(path string) (e *Endpoint, suffix string) {
	if path == "" || path[0] != '/' {
		return nil, ""
	}
	e, end := s.root.match(path, 0)
	if e == nil {
		return nil, ""
	}
	return e, path[end:]
}

// match looks below n for the rest of path that begins at its slash; it returns
// where the match ended.
func (n *node) match(path string, start int) (*Endpoint, int) {
	if start < len(path) {
		end := start + 1
		for end < len(path) && path[end] != '/' {
			end++
		}
		if seg := path[start+1 : end]; seg != "" {
			if e, at := n.literal[seg].below(path, end); e != nil {
				return e, at
			}
			if e, at := n.any.below(path, end); e != nil {
				return e, at
			}
		}
	}
	return n.endpoint, start
}

func (n *node) below(path string, start int) (*Endpoint, int) {
	if n == nil {
		return nil, 0
	}
	return n.match(path, start)
}
