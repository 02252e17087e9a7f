package policies

import (
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/beevik/etree"

	"sluice/flow"
)

// accessEntityOutput makes variables of profiles. It remembers them, as
// identityVariables does.
type accessEntityOutput struct {
	variable string // AccessEntity.POLICY
	children string // AccessEntity.ChildNodes.POLICY
	json     bool
	memo     *identityMemo[accessEntityProfile, []identityVariable]
}

func newAccessEntityOutput(policy, format string) accessEntityOutput {
	return accessEntityOutput{
		variable: "AccessEntity." + policy, children: "AccessEntity.ChildNodes." + policy,
		json: format == "JSON", memo: &identityMemo[accessEntityProfile, []identityVariable]{},
	}
}

func (o *accessEntityOutput) tell(x *flow.Exchange, p accessEntityProfile) error {
	list, ok := o.memo.get(p)
	if !ok {
		var err error
		if list, err = o.of(p); err != nil {
			return err
		}
		if p.code == nil { // of which each look-up has a copy of its own
			list = o.memo.keep(p, list)
		}
	}
	for i := range list {
		x.Put(list[i].name, list[i].value)
	}
	return nil
}

// forget removes the variables of an earlier run.
func (o *accessEntityOutput) forget(x *flow.Exchange) {
	old, ok := x.Held(o.variable)
	if !ok {
		return
	}
	x.Remove(o.variable)
	doc := etree.NewDocument()
	if doc.ReadFromString(old.String()) != nil || doc.Root() == nil {
		return // JSON, or a value of the bundle's own
	}
	list, err := o.nodes(doc.Root())
	if err != nil {
		return
	}
	for i := range list {
		x.Remove(list[i].name)
	}
}

func (o *accessEntityOutput) of(p accessEntityProfile) ([]identityVariable, error) {
	if o.json {
		text, err := json.Marshal(accessEntityValue(p))
		return []identityVariable{{o.variable, flow.Text(string(text))}}, err
	}
	root := accessEntityXML(p)
	text, err := accessEntityText(root)
	if err != nil {
		return nil, err
	}
	list, err := o.nodes(root)
	return append([]identityVariable{{o.variable, flow.Text(text)}}, list...), err
}

func accessEntityValue(p accessEntityProfile) any {
	switch {
	case p.product != nil:
		return p.product
	case p.app != nil:
		return p.app
	case p.developer != nil:
		return p.developer
	case p.scoped != nil:
		return accessEntityScopes{p.scoped.ConsumerKey, p.scoped.Scopes}
	case p.code != nil:
		return newAccessEntityCode(p.code)
	case p.group.name != "":
		return map[string]string{"name": p.group.name}
	}
	return p.credential
}

// accessEntityText is el as XML, without a declaration, so that a bundle can put
// it into a payload. (Whether Apigee writes one is not known.)
func accessEntityText(el *etree.Element) (string, error) {
	doc := etree.NewDocumentWithRoot(el.Copy())
	return doc.WriteToString()
}

// nodes are the variables of root and all below. Bundles look for a secret under
// Consumer too, so a consumer key has both roots.
func (o *accessEntityOutput) nodes(root *etree.Element) ([]identityVariable, error) {
	w := accessEntityWalk{output: o}
	w.node(root, "."+root.Tag)
	if root.Tag == "Credential" {
		w.node(root, ".Consumer")
	}
	return w.made, w.err
}

// accessEntityNodes bounds the variables of a profile: of an app with very many
// keys the last ones are in the XML alone.
const accessEntityNodes = 2000

type accessEntityWalk struct {
	output *accessEntityOutput
	made   []identityVariable
	err    error
}

func (w *accessEntityWalk) node(el *etree.Element, path string) {
	if w.err != nil || len(w.made) >= accessEntityNodes {
		return
	}
	children := el.ChildElements()
	if len(children) == 0 {
		w.leaf(el, path)
		return
	}
	text, err := accessEntityText(el)
	if err != nil {
		w.err = fmt.Errorf("profile of an entity: %w", err)
		return
	}
	w.made = append(w.made, identityVariable{w.output.children + path, flow.Text(text)})
	total, seen := map[string]int{}, map[string]int{}
	for _, c := range children {
		total[c.Tag]++
	}
	for _, c := range children {
		seen[c.Tag]++
		name := path + "." + c.Tag
		if total[c.Tag] > 1 {
			name += "." + strconv.Itoa(seen[c.Tag])
		}
		w.node(c, name)
	}
}

func (w *accessEntityWalk) leaf(el *etree.Element, path string) {
	if text := el.Text(); text != "" {
		v := flow.Text(text)
		w.made = append(w.made, identityVariable{w.output.children + path, v}, identityVariable{w.output.variable + path, v})
	}
}
