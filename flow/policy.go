package flow

import (
	"context"
	"fmt"
	"sort"

	"github.com/beevik/etree"
)

// Policy is a compiled policy: immutable, and safe for any number of requests at
// once.
type Policy interface {
	// Execute does the policy's work on x. nil means done; a *faults.Fault or a
	// *Raised is a documented fault; a *Served says that there is a response
	// already; any other error is ours, and becomes sluice.InternalError with the
	// error as cause. A policy that waits gives up when ctx ends and returns
	// ctx.Err().
	Execute(ctx context.Context, x *Exchange) error
}

// Kind is a policy type, as a value: what its element is called, how it
// documents itself, how it is compiled.
type Kind struct {
	Name  string // root element, "AssignMessage"
	Group string // "mediation", "security", "traffic", "extension"
	Doc   Doc
	// AliasOf is the type of which this is another spelling; "" for none. The
	// reference lists that one only.
	AliasOf string
	// Waits says that Execute may wait for something outside the process; the
	// step loop then looks at the clock afterwards (api.timeout).
	Waits bool
	// AlwaysRaises says that continueOnError has no effect: RaiseFault raises
	// whatever its attribute says (runtime.md 7.4, recommended).
	AlwaysRaises bool
	// Once, when not nil, says that a policy of this type may be attached once to
	// the request flows of a bundle, and once to its response flows.
	Once *Once
	// Compile makes a policy of its element. What is wrong with the element it
	// tells b, all of it; the result counts only if b heard of no error.
	Compile func(b *Build, el *etree.Element) Policy
}

// Once names the deployment errors of a second attachment to the request flows
// and to the response flows.
type Once struct{ Request, Response string }

// Doc documents a policy type.
type Doc struct {
	Title  string // one line
	Text   string // a paragraph or more
	Sample string // XML that compiles
}

// Registry holds the policy types that exist.
type Registry struct{ kinds map[string]*Kind }

// NewRegistry returns a registry of the kinds. A kind without a name, a Compile
// function or a sample, and a name used twice, are errors of the programmer.
func NewRegistry(kinds []*Kind) (*Registry, error) {
	r := &Registry{kinds: make(map[string]*Kind, len(kinds))}
	for _, k := range kinds {
		if k.Name == "" || k.Compile == nil || k.Doc.Title == "" || k.Doc.Sample == "" {
			return nil, fmt.Errorf("policy type %q lacks a name, documentation, a sample or a Compile function", k.Name)
		}
		if r.kinds[k.Name] != nil {
			return nil, fmt.Errorf("policy type %s is registered twice", k.Name)
		}
		r.kinds[k.Name] = k
	}
	return r, nil
}

// Lookup returns the kind whose root element is called name, or nil.
func (r *Registry) Lookup(name string) *Kind { return r.kinds[name] }

// Kinds returns all kinds, sorted by name.
func (r *Registry) Kinds() []*Kind {
	list := make([]*Kind, 0, len(r.kinds))
	for _, k := range r.kinds {
		list = append(list, k)
	}
	sort.Slice(list, func(i, j int) bool { return list[i].Name < list[j].Name })
	return list
}
