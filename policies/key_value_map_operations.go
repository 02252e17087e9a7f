package policies

import (
	"cmp"
	"context"
	"strconv"

	"github.com/beevik/etree"

	"sluice/faults"
	"sluice/flow"
)

var _ = register(flow.Kind{
	Name:    "KeyValueMapOperations",
	Group:   "mediation",
	Waits:   true, // Put and Delete do
	Compile: compileKeyValueMapOperations,
	Doc: flow.Doc{
		Title: "reads and writes key-value maps",
		Text: `Get assigns an entry to a variable, Put writes one, Delete removes one: any number of each, in the order of the file.
A Key is made of Parameters, joined by two underscores; each is a text or a ref, and one that does not resolve is empty. Get
leaves the variable as it is when there is no such entry. Put keeps an entry that exists unless override is true, and makes
the map that mapIdentifier names when it does not exist; a MapName that does not exist is the fault MapNotFound. An entry
with several Values is a list, of which index, from 1, picks one.

The map is named by mapIdentifier or by MapName, a text or a ref, and belongs to the organization, the environment
(the default), the proxy or the policy, as Scope says. InitialEntries are written each time the bundle is deployed, over what
is there. Reads come from memory and see every write of this process at once, those of others within moments, so
ExpiryTimeInSecs has no effect. Values that a private. variable receives appear in no trace and no log.`,
		Sample: `<KeyValueMapOperations name="KVM-Settings" mapIdentifier="settings">
  <Scope>environment</Scope>
  <ExpiryTimeInSecs>300</ExpiryTimeInSecs>
  <InitialEntries>
    <Entry>
      <Key><Parameter>greeting</Parameter></Key>
      <Value>hello</Value>
    </Entry>
  </InitialEntries>
  <Get assignTo="private.secret" index="1">
    <Key>
      <Parameter ref="request.header.tenant"/>
      <Parameter>secret</Parameter>
    </Key>
  </Get>
  <Put override="true">
    <Key><Parameter>last</Parameter></Key>
    <Value ref="messageid"/>
  </Put>
  <Delete>
    <Key><Parameter>old</Parameter></Key>
  </Delete>
</KeyValueMapOperations>`,
	},
})

// keyValueMap is specified by policies-1.md 27.
type keyValueMap struct {
	policy                 string
	scope                  string
	name                   *flow.TextOrRef
	made                   bool // the map is made when it does not exist: it is named by mapIdentifier
	blank                  bool // mapIdentifier is an empty string
	actions                []mapAction
	notFound               *faults.Def
	setFailed, unsupported *faults.Def
}

// mapAction is a Get, Put or Delete.
type mapAction interface {
	do(ctx context.Context, x *flow.Exchange, p *keyValueMap, m flow.MapName) error
}

// mapScopes: environment is the default.
var mapScopes = []string{"environment", "organization", "apiproxy", "policy"}

// mapDefault is the map of a policy that names none.
const mapDefault = "kvmap"

func compileKeyValueMapOperations(b *flow.Build, el *etree.Element) flow.Policy {
	b.NeedState(el)
	b.Known(el, "Scope", "MapName", "ExpiryTimeInSecs", "ExpiryTimeInSeconds", "ExclusiveCache", "Get", "Put", "Delete", "InitialEntries")
	p := &keyValueMap{
		policy: b.Owner, scope: b.Enum(el, "Scope", mapScopes...),
		notFound: b.Fault("MapNotFound"), setFailed: b.Fault("SetVariableFailed"), unsupported: b.Fault("UnsupportedOperationException"),
	}
	p.compileName(b, el)
	for _, c := range el.ChildElements() {
		if a := compileMapAction(b, c); a != nil {
			p.actions = append(p.actions, a)
		}
	}
	p.compileEntries(b, b.Child(el, "InitialEntries"))
	if len(p.actions) == 0 && b.Child(el, "InitialEntries") == nil {
		b.Warn(el, "MissingElement", "the policy has no Get, Put or Delete and does nothing", `add <Get assignTo="variable"><Key><Parameter>key</Parameter></Key></Get>`)
	}
	return p
}

// compileName finds out which map it is. An empty mapIdentifier is a fault of the
// running policy, as on Apigee.
func (p *keyValueMap) compileName(b *flow.Build, el *etree.Element) {
	attr := el.SelectAttr("mapIdentifier")
	name := b.Child(el, "MapName")
	switch {
	case name != nil && attr != nil && attr.Value != "":
		b.Warn(name, "AmbiguousMap", "both mapIdentifier and MapName name a map; MapName wins", "remove one of the two")
		p.name = b.TextOrRef(name)
	case name != nil:
		p.name = b.TextOrRef(name)
	case attr == nil:
		p.name, p.made = &flow.TextOrRef{Text: mapDefault}, true
	default:
		p.name, p.made = &flow.TextOrRef{Text: b.Attr(el, "mapIdentifier")}, true
		p.blank = p.name.Text == ""
	}
	if p.blank {
		b.Warn(el, "EmptyMapIdentifier", "mapIdentifier is empty: the policy fails whenever it runs", "name the map")
	}
}

// compileEntries reads InitialEntries, which are written at each deployment.
func (p *keyValueMap) compileEntries(b *flow.Build, el *etree.Element) {
	b.Known(el, "Entry")
	type entry struct {
		key    string
		values []string
	}
	var entries []entry
	for _, c := range flow.Children(el, "Entry") {
		b.Known(c, "Key", "Value")
		parameters, values := flow.Children(b.Child(c, "Key"), "Parameter"), flow.Children(c, "Value")
		if len(parameters) == 0 {
			b.Refuse(c, "KeyIsMissing")
		}
		if len(values) == 0 {
			b.Refuse(c, "ValueIsMissing")
		}
		e := entry{}
		for i, q := range parameters {
			if i > 0 {
				e.key += mapSeparator
			}
			e.key += flow.TextOf(q)
		}
		for _, v := range values {
			e.values = append(e.values, flow.TextOf(v))
		}
		entries = append(entries, e)
	}
	if len(entries) == 0 || p.name == nil || p.name.Text == "" {
		return
	}
	b.AtDeployment(func(ctx context.Context, info *flow.ProxyInfo, s *flow.Services) error {
		m := p.mapOf(info, p.name.Text)
		for _, e := range entries {
			if err := s.Maps.Put(ctx, m, e.key, e.values); err != nil {
				return err
			}
		}
		return nil
	})
}

// mapOf is the full name of the map in the policy's scope.
func (p *keyValueMap) mapOf(info *flow.ProxyInfo, name string) flow.MapName {
	m := flow.MapName{Scope: p.scope, Organization: info.Organization, Name: name}
	if p.scope != "organization" {
		m.Environment = info.Environment
	}
	if p.scope == "apiproxy" || p.scope == "policy" {
		m.Proxy = info.Name
	}
	if p.scope == "policy" {
		m.Policy = p.policy
	}
	return m
}

func (p *keyValueMap) Execute(ctx context.Context, x *flow.Exchange) error {
	if p.blank {
		return p.unsupported.New()
	}
	name, _ := p.name.Value(x)
	if broken := x.Err(); broken != nil {
		return broken // a body that cannot be read looks like an unresolved variable
	}
	m := p.mapOf(x.Proxy, name.String())
	for _, a := range p.actions {
		if err := a.do(ctx, x, p, m); err != nil {
			return err
		}
	}
	return nil
}

// mapKey is a Key: its Parameters.
type mapKey []*flow.TextOrRef

// mapSeparator joins the parameters of a key.
const mapSeparator = "__"

func compileMapKey(b *flow.Build, el *etree.Element) mapKey {
	key := b.Child(el, "Key")
	b.Known(key, "Parameter")
	var k mapKey
	for _, c := range flow.Children(key, "Parameter") {
		k = append(k, b.TextOrRef(c))
	}
	if len(k) == 0 {
		b.RefuseText(cmp.Or(key, el), "MissingElement", el.Tag+" has no Key with a Parameter", "add <Key><Parameter>key</Parameter></Key>")
	}
	return k
}

func (k mapKey) of(x *flow.Exchange) string {
	text := ""
	for i, q := range k {
		if i > 0 {
			text += mapSeparator
		}
		v, _ := q.Value(x)
		text += v.String()
	}
	return text
}

func compileMapAction(b *flow.Build, el *etree.Element) mapAction {
	switch el.Tag {
	case "Get":
		b.Known(el, "Key")
		return &mapGet{key: compileMapKey(b, el), to: b.Name(needAttr(b, el, "assignTo")), index: compileIndex(b, el)}
	case "Put":
		b.Known(el, "Key", "Value")
		put := &mapPut{key: compileMapKey(b, el), override: b.BoolAttr(el, "override", false)}
		for _, v := range flow.Children(el, "Value") {
			put.values = append(put.values, b.TextOrRef(v))
		}
		if len(put.values) == 0 {
			b.RefuseText(el, "MissingElement", "Put has no Value", `add <Value ref="variable"/>`)
		}
		return put
	case "Delete":
		b.Known(el, "Key")
		return &mapDelete{key: compileMapKey(b, el)}
	}
	return nil
}

func needAttr(b *flow.Build, el *etree.Element, name string) string {
	text := b.Attr(el, name)
	if text == "" {
		b.RefuseText(el, "MissingAttribute", el.Tag+" needs the attribute "+name, "write <"+el.Tag+" "+name+`="variable">`)
	}
	return text
}

// compileIndex reads Get's index; 0 stands for none.
func compileIndex(b *flow.Build, el *etree.Element) int {
	text := b.Attr(el, "index")
	if text == "" {
		return 0
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		b.Refuse(el, "InvalidIndex", "index", text)
		return 0
	}
	return n
}
