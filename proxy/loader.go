package proxy

import (
	"path/filepath"
	"slices"
	"sort"
	"strings"

	"sluice/flow"
)

// Loader turns paths into snapshots, again and again: what did not change since
// the last time is not compiled anew, and a bundle that is broken or cannot be
// read now goes on being served as it was. One that is gone from a folder is no
// longer served; a path of Paths itself that is gone cannot be read. It is used
// by one goroutine at a time.
type Loader struct {
	Compiler *Compiler
	Paths    []string

	loads   int
	proxies map[string]*loaded[*Deployment]
	shared  map[string]*loaded[*flow.SharedFlow]
}

// loaded is a bundle as it last compiled.
type loaded[T any] struct {
	name     string
	path     string // absolute
	since    int    // number of the load that it came with
	digest   string
	result   T
	problems flow.Problems
}

// Configure makes env the environment to compile with. If it differs from the one
// before, everything is compiled anew: target servers, key stores and property sets
// are part of a deployment.
func (l *Loader) Configure(env *Environment) {
	if l.Compiler.Environment.equal(env) {
		return
	}
	l.Compiler.Environment = env
	for _, p := range l.proxies {
		p.digest = ""
	}
	for _, f := range l.shared {
		f.digest = ""
	}
}

// Load is the outcome of one load.
type Load struct {
	Snapshot *Snapshot
	Problems flow.Problems
	Refused  []string // as Problems name them: bundles with errors, and paths that cannot be read; what compiled earlier is in the snapshot still
	Kept     []string // of these, the ones that go on as they were
	Bundles  int      // found
	Empty    []string // paths of Loader.Paths at which there is none
}

// Load reads all paths and makes a snapshot of what compiles.
func (l *Loader) Load() *Load {
	out := &Load{}
	l.loads++
	bundles, unreadable := l.find(out)
	proxies, shared := map[string]*loaded[*Deployment]{}, map[string]*loaded[*flow.SharedFlow]{}
	for _, b := range bundles {
		if b.Kind == SharedFlowBundle {
			keep(out, b, l.loads, l.shared, shared, l.Compiler.SharedFlow)
			continue
		}
		keep(out, b, l.loads, l.proxies, proxies, l.Compiler.Proxy)
	}
	for _, path := range unreadable {
		env := l.Compiler.Environment
		kept := carry(env, path, l.proxies, proxies)
		if carry(env, path, l.shared, shared) || kept {
			out.Kept = append(out.Kept, path)
		}
	}
	l.proxies, l.shared = proxies, shared
	var problems flow.Problems
	out.Snapshot, problems = NewSnapshot(l.Compiler.Environment, l.Compiler.Options, results(proxies), results(shared))
	out.Problems = append(out.Problems, problems...)
	for i := range problems {
		if problems[i].Severity == flow.Error.String() {
			out.Refused = append(out.Refused, problems[i].Bundle)
		}
	}
	return out
}

// find reads the bundles of all paths, and tells which paths cannot be read; the
// same folder named twice counts once.
func (l *Loader) find(out *Load) (list []*Bundle, unreadable []string) {
	seen := map[string]bool{}
	var names []string
	for _, root := range l.Paths {
		found, problems := Find(root)
		out.Problems = append(out.Problems, problems...)
		if len(found)+len(problems) == 0 {
			out.Empty = append(out.Empty, root)
		}
		for _, p := range problems.Errors() {
			if !slices.Contains(unreadable, p.Bundle) {
				unreadable = append(unreadable, p.Bundle)
			}
		}
		for _, b := range found {
			names = append(names, b.Name)
			id := identity(b)
			if !seen[id] && l.Compiler.Environment.deploys(b.Name) {
				seen[id] = true
				list = append(list, b)
			}
		}
	}
	for _, path := range unreadable { // by its name, as far as that can be told
		names = append(names, strings.TrimSuffix(filepath.Base(path), ".zip"))
	}
	out.Problems = append(out.Problems, l.Compiler.Environment.absent(names)...)
	out.Refused = append(out.Refused, unreadable...)
	out.Bundles = len(list)
	return list, unreadable
}

func identity(b *Bundle) string {
	return b.Kind.folder() + ":" + absolute(b.Path) + ":" + b.Name
}

func absolute(path string) string {
	abs, err := filepath.Abs(path)
	if err != nil {
		return path
	}
	return abs
}

// carry keeps what was loaded from a path that cannot be read now, or from below
// it, and reports whether there is any: a file that is half written says nothing
// about what its author wants served.
func carry[T any](env *Environment, path string, old, all map[string]*loaded[T]) (kept bool) {
	path = absolute(path)
	for id, before := range old {
		inside := before.path == path || strings.HasPrefix(before.path, path+string(filepath.Separator))
		if all[id] == nil && inside && env.deploys(before.name) {
			all[id] = before
			kept = true
		}
	}
	return kept
}

// keep compiles a bundle unless it is what it was, and keeps the old result if
// the new one is refused.
func keep[T any](out *Load, b *Bundle, load int, old, all map[string]*loaded[T], compile func(*Bundle) (T, flow.Problems)) {
	id, digest := identity(b), b.Digest()
	before := old[id]
	if before != nil {
		load = before.since
	}
	if before != nil && before.digest == digest {
		all[id] = before
		out.Problems = append(out.Problems, before.problems...)
		return
	}
	result, problems := compile(b)
	out.Problems = append(out.Problems, problems...)
	if !problems.Refused() {
		all[id] = &loaded[T]{b.Name, absolute(b.Path), load, digest, result, problems}
		return
	}
	name := problems.Errors()[0].Bundle // the descriptor's, which may differ from b.Name
	out.Refused = append(out.Refused, name)
	if before != nil {
		all[id] = before
		out.Kept = append(out.Kept, name)
	}
}

// results lists what compiled, in the order in which it came: of two bundles that
// cannot live together the one that is served already stays.
func results[T any](m map[string]*loaded[T]) []T {
	ids := sortedKeys(m)
	sort.SliceStable(ids, func(i, j int) bool { return m[ids[i]].since < m[ids[j]].since })
	list := make([]T, len(ids))
	for i, id := range ids {
		list[i] = m[id].result
	}
	return list
}
