package policies

import (
	"context"
	"slices"

	"github.com/beevik/etree"

	"sluice/flow"
)

var _ = register(flow.Kind{
	Name:    "HTTPModifier",
	Group:   "mediation",
	Compile: compileHTTPModifier,
	Doc: flow.Doc{
		Title: "changes the first line, the header and the parameters of a message, or makes a new one",
		Text: `Set, Add and Remove run in the order of the file: all three have Headers, QueryParams and FormParams, Set has
ContentType, Path, StatusCode, Verb and Version too. They do what they do in AssignMessage. A payload, Copy, AssignVariable
and Authentication take AssignMessage; here they are ignored with a warning.

Without AssignTo they change the request in request flows, the response in response flows and the error message in the error
state. AssignTo with a name changes the message in that variable, and makes it when createNew is true, or not given and there
is none. AssignTo createNew="true" without a name replaces the request or the response, by its type.

Set/Path does not change where the target is called. A message made here is sent by nobody but a ServiceCallout that names it.`,
		Sample: `<HTTPModifier name="HM-Sample">
  <Set>
    <Verb>POST</Verb>
    <Headers><Header name="X-Request-Id">{messageid}</Header></Headers>
  </Set>
  <Add>
    <QueryParams><QueryParam name="page">1</QueryParam></QueryParams>
  </Add>
  <Remove>
    <Headers><Header name="X-Internal"/></Headers>
  </Remove>
  <IgnoreUnresolvedVariables>true</IgnoreUnresolvedVariables>
</HTTPModifier>`,
	},
})

// httpModifier is specified by policies-1.md 21.
type httpModifier struct {
	to    assignTo
	edits *flow.Edits
}

func compileHTTPModifier(b *flow.Build, el *etree.Element) flow.Policy {
	b.Known(el, "Set", "Add", "Remove", "AssignTo", "IgnoreUnresolvedVariables")
	p := &httpModifier{to: compileAssignTo(b, b.Child(el, "AssignTo"))}
	p.edits = httpModifierEdits(b, el, flow.EditOptions{
		Message:          p.to.name,
		IgnoreUnresolved: b.Bool(el, "IgnoreUnresolvedVariables", false),
	})
	return p
}

func (p *httpModifier) Execute(ctx context.Context, x *flow.Exchange) error {
	return p.to.apply(ctx, x, p.edits)
}

// httpModifierEdits compiles the actions as those of AssignMessage: a copy of el that has only what this policy has.
func httpModifierEdits(b *flow.Build, el *etree.Element, o flow.EditOptions) *flow.Edits {
	c := httpModifierCopy{Build: b, origin: map[*etree.Element]*etree.Element{}}
	twin := el.Copy()
	c.pair(twin, el)
	c.actions(twin)
	own := *b
	own.Place = func(el *etree.Element) flow.Position {
		if b.Place == nil {
			return flow.Position{}
		}
		return b.Place(c.origin[el])
	}
	edits := own.Edits(twin, o)
	b.Own = own.Own // where there were no names yet, the copy has a map of its own
	return edits
}

// httpModifierCopy remembers where the elements of the copy came from, so that problems tell the right line.
type httpModifierCopy struct {
	*flow.Build
	origin map[*etree.Element]*etree.Element
}

func (c *httpModifierCopy) pair(twin, el *etree.Element) {
	c.origin[twin] = el
	children := el.ChildElements()
	for i, child := range twin.ChildElements() {
		c.pair(child, children[i])
	}
}

// httpModifierLacks are the parts that AssignMessage has beside those of this policy. ReasonPhrase, which is documented for
// neither, works in both.
var httpModifierLacks = []string{"Payload", "Authentication"}

func (c *httpModifierCopy) actions(twin *etree.Element) {
	for _, action := range twin.ChildElements() {
		switch action.Tag {
		case "Copy", "AssignVariable": // of which Known has warned
			twin.RemoveChild(action)
		case "Set":
			c.drop(action)
			c.contentTypes(action)
		case "Remove":
			all := len(action.ChildElements()) == 0
			c.drop(action)
			if all {
				c.everything(action)
			} else if len(action.ChildElements()) == 0 {
				twin.RemoveChild(action) // empty, it would mean all
			}
		}
	}
}

func (c *httpModifierCopy) drop(action *etree.Element) {
	for _, part := range action.ChildElements() {
		if slices.Contains(httpModifierLacks, part.Tag) {
			c.Warn(c.origin[part], "UnknownElement", "HTTPModifier has no "+part.Tag+": it is ignored", "use AssignMessage")
			action.RemoveChild(part)
		}
	}
}

// contentTypes makes headers of ContentType, an element that AssignMessage has not.
func (c *httpModifierCopy) contentTypes(set *etree.Element) {
	for _, part := range flow.Children(set, "ContentType") {
		headers := etree.NewElement("Headers")
		header := headers.CreateElement("Header")
		header.CreateAttr("name", "Content-Type")
		header.SetText(flow.TextOf(part))
		c.origin[headers], c.origin[header] = c.origin[part], c.origin[part]
		at := part.Index()
		set.RemoveChildAt(at)
		if flow.TextOf(part) != "" { // empty elements are ignored, as those of Verb and Path are
			set.InsertChildAt(at, headers)
		}
	}
}

// everything is what an empty Remove removes: all that this policy can (by analogy with AssignMessage).
func (c *httpModifierCopy) everything(remove *etree.Element) {
	for _, tag := range []string{"Headers", "QueryParams", "FormParams"} {
		c.origin[remove.CreateElement(tag)] = c.origin[remove]
	}
}
