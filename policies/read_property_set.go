package policies

import (
	"context"
	"errors"

	"github.com/beevik/etree"

	"sluice/faults"
	"sluice/flow"
)

var _ = register(flow.Kind{
	Name:    "ReadPropertySet",
	Group:   "mediation",
	Compile: compileReadPropertySet,
	Doc: flow.Doc{
		Title: "reads properties whose names are known only at request time",
		Text: `Every Read assigns the property Key of the property set Name to the variable AssignTo, in the order of the
file. Name and Key take a text, a ref, or both: the variable wins when it resolves. A property that does not exist, also
because its name does not resolve, is DefaultValue; without one it fails the policy, unless IgnoreUnresolvedVariables is
true: then nothing is assigned. The fault is the general UnresolvedVariable: Apigee documents none of this policy's own.

A property whose name is fixed needs no policy: it is the variable propertyset.NAME.KEY. Sets of the bundle
(resources/properties/NAME.properties) come before those of the environment.`,
		Sample: `<ReadPropertySet name="RPS-Backend">
  <Read>
    <Name>backends</Name>
    <Key ref="request.queryparam.region">default</Key>
    <AssignTo>backend.host</AssignTo>
    <DefaultValue>backend.example.com</DefaultValue>
  </Read>
  <IgnoreUnresolvedVariables>false</IgnoreUnresolvedVariables>
</ReadPropertySet>`,
	},
})

// readPropertySet is specified by policies-2.md 18. The catalogue of faults has no
// file for it, because no source has a code of its own (policies-2.md 33).
type readPropertySet struct {
	reads      []propertyRead
	ignore     bool // IgnoreUnresolvedVariables
	unresolved *faults.Def
}

// propertyRead is one Read.
type propertyRead struct {
	fixed     *flow.Name // the property's variable, when neither Name nor Key has a ref
	set, key  *flow.TextOrRef
	to        *flow.Name
	otherwise flow.Value // DefaultValue; null without one
}

func compileReadPropertySet(b *flow.Build, el *etree.Element) flow.Policy {
	b.Known(el, "Read", "IgnoreUnresolvedVariables")
	p := &readPropertySet{
		ignore:     b.Bool(el, "IgnoreUnresolvedVariables", false),
		unresolved: b.Fault("UnresolvedVariable"),
	}
	for _, read := range flow.Children(el, "Read") {
		p.reads = append(p.reads, compilePropertyRead(b, read))
	}
	if len(p.reads) == 0 {
		b.RefuseText(el, "MissingElement", "element Read is missing", "add <Read><Name>SET</Name><Key>KEY</Key><AssignTo>VARIABLE</AssignTo></Read>")
	}
	return p
}

func compilePropertyRead(b *flow.Build, el *etree.Element) propertyRead {
	b.Known(el, "Name", "Key", "AssignTo", "DefaultValue")
	r := propertyRead{
		set: propertyPart(b, el, "Name"),
		key: propertyPart(b, el, "Key"),
		to:  b.Name(b.Need(el, "AssignTo")),
	}
	if d := b.Child(el, "DefaultValue"); d != nil {
		r.otherwise = flow.Text(flow.TextOf(d))
	}
	if r.set.Ref == nil && r.key.Ref == nil {
		r.fixed = b.Name("propertyset." + r.set.Text + "." + r.key.Text)
	}
	return r
}

// propertyPart reads Name or Key, which need a text or a ref.
func propertyPart(b *flow.Build, el *etree.Element, tag string) *flow.TextOrRef {
	part := b.TextOrRef(b.Child(el, tag))
	if part == nil {
		part = &flow.TextOrRef{}
	}
	if part.Ref == nil {
		part.Text = b.Need(el, tag)
	}
	return part
}

func (p *readPropertySet) Execute(_ context.Context, x *flow.Exchange) error {
	for i := range p.reads {
		if err := p.read(x, &p.reads[i]); err != nil {
			return err
		}
	}
	return nil
}

func (p *readPropertySet) read(x *flow.Exchange, r *propertyRead) error {
	v, variable := r.value(x)
	if broken := x.Err(); broken != nil {
		return broken // a body that cannot be read looks like an unresolved variable
	}
	if v.IsNull() {
		v = r.otherwise
	}
	switch {
	case !v.IsNull():
	case p.ignore:
		return nil
	default:
		return p.unresolved.New("variable", variable)
	}
	err := x.Set(r.to, v)
	if denied, ok := errors.AsType[*flow.SetError](err); ok {
		x.Warn(denied.Error()) // what cannot be written keeps its value (runtime.md 6)
		return nil
	}
	return err
}

// value reads the property. variable is what a null is blamed on.
func (r *propertyRead) value(x *flow.Exchange) (v flow.Value, variable string) {
	if r.fixed != nil {
		return x.Get(r.fixed), r.fixed.String()
	}
	set, ok := r.set.Value(x)
	if !ok {
		return flow.Value{}, r.set.Ref.String()
	}
	key, ok := r.key.Value(x)
	if !ok {
		return flow.Value{}, r.key.Ref.String()
	}
	variable = "propertyset." + set.String() + "." + key.String()
	return x.Lookup(variable), variable
}
