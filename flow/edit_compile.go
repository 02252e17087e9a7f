package flow

import (
	"slices"
	"strconv"
	"strings"

	"github.com/beevik/etree"

	"sluice/faults"
)

// EditOptions say how Edits behave in the policy that has them.
type EditOptions struct {
	// Message is the variable that holds the message to edit, "" for the ambient one.
	Message string
	// IgnoreUnresolved is IgnoreUnresolvedVariables.
	IgnoreUnresolved bool
	// URL is where the message goes, for the audience of an ID token; nil stands
	// for the target of the proxy.
	URL *Template
	// EmptyPayload says that an empty Payload in Set is an empty body; otherwise it
	// changes nothing.
	EmptyPayload bool
	// HeadOnly leaves what HTTPModifier has not: Copy and AssignVariable, and in the
	// other actions Payload and Authentication. Set has ContentType then.
	HeadOnly bool
}

// Edits compiles the Set, Add, Copy, Remove and AssignVariable children of el,
// which may be nil. Other children are the caller's, and what the options leave out.
func (b *Build) Edits(el *etree.Element, o EditOptions) *Edits {
	c := editCompiler{Build: b, EditOptions: o, out: &Edits{
		ignoreUnresolved: o.IgnoreUnresolved,
		unresolved:       b.Fault("UnresolvedVariable"),
		notMessage:       b.editFault("VariableOfNonMsgType"),
		setFailed:        b.editFault("SetVariableFailed"),
	}}
	if el == nil {
		return c.out
	}
	for _, child := range el.ChildElements() {
		switch child.Tag {
		case "Set":
			c.set(child)
		case "Add":
			c.add(child)
		case "Remove":
			c.remove(child)
		case "Copy":
			if !o.HeadOnly {
				c.copy(child)
			}
		case "AssignVariable":
			if !o.HeadOnly {
				c.assign(child)
			}
		}
	}
	return c.out
}

// editElement is the policy whose catalogue has the faults of editing a message.
// RaiseFault and ServiceCallout document none of their own for it.
const editElement = "AssignMessage"

func (b *Build) editFault(name string) *faults.Def {
	if d, ok := faults.Lookup(b.Kind, name); ok {
		return d
	}
	d, ok := faults.Lookup(editElement, name)
	if !ok {
		return b.Fault(name)
	}
	return d
}

func (b *Build) refuseEdit(el *etree.Element, code, hint string, args ...string) {
	d, ok := faults.LookupDeployment(editElement, code)
	if !ok {
		b.Refuse(el, code, args...)
		return
	}
	reason := d.New(append(args, "policy", b.Owner)...).Reason
	b.RefuseText(el, code, strings.Replace(reason, editElement+"[", b.Kind+"[", 1), hint)
}

// editCompiler is the state of one call of Build.Edits.
type editCompiler struct {
	*Build
	EditOptions
	out *Edits
}

func (c *editCompiler) push(e edit) { c.out.list = append(c.out.list, e) }

func (c *editCompiler) set(el *etree.Element) {
	start := len(c.out.list)
	for _, child := range el.ChildElements() {
		switch l, f := lineOf(child.Tag), fieldsOf(child.Tag); {
		case f != nil:
			c.fields(child, f, false)
		case l != nil:
			c.line(child, l, start)
		default:
			c.whole(child)
		}
	}
	c.Known(el, c.settable()...)
}

// whole compiles what is in Set and neither a field nor a line.
func (c *editCompiler) whole(el *etree.Element) {
	switch {
	case c.HeadOnly && el.Tag == "ContentType" && TextOf(el) != "":
		c.push(&fieldEdit{of: fieldsOf("Headers"), name: "Content-Type", value: c.Template(el, TextOf(el))})
	case c.HeadOnly:
	case el.Tag == "Payload":
		c.payload(el)
	case el.Tag == "Authentication":
		c.push(&authEdit{auth: c.Authentication(el), url: c.URL, target: c.Name("target.url")})
	}
}

// settable are the elements of Set.
func (c *editCompiler) settable() []string {
	if c.HeadOnly {
		return append(tagsOfHead(), "ContentType")
	}
	return append(tagsOfParts(), "Authentication")
}

func (c *editCompiler) add(el *etree.Element) {
	for _, child := range el.ChildElements() {
		if f := fieldsOf(child.Tag); f != nil {
			c.fields(child, f, true)
		}
	}
	c.Known(el, "Headers", "QueryParams", "FormParams")
}

func (c *editCompiler) fields(el *etree.Element, of *fields, add bool) {
	c.Known(el, of.item)
	for _, child := range Children(el, of.item) {
		name := c.fieldName(child)
		if name == "" {
			continue
		}
		if of.body {
			c.ReadsContent(c.Message)
		}
		// The white space around a value is no part of it: HTTP cannot send it.
		c.push(&fieldEdit{of: of, add: add, name: name, value: c.Template(child, TextOf(child))})
	}
}

func (c *editCompiler) fieldName(el *etree.Element) string {
	name := c.Attr(el, "name")
	if name == "" {
		c.Warn(el, "MissingAttribute", el.Tag+" without a name is ignored", `write <`+el.Tag+` name="...">`)
	}
	return name
}

// line compiles Verb and the like. StatusCode and then ReasonPhrase go before the other
// edits of their Set, which begin at start: the status drops another's phrase, and
// payloads, which bundles write above, read both.
func (c *editCompiler) line(el *etree.Element, l *line, start int) {
	text := TextOf(el)
	if text == "" {
		return
	}
	c.out.path = c.out.path || l.tag == "Path"
	at := len(c.out.list)
	switch {
	case l.tag == "StatusCode", l.tag == "ReasonPhrase" && !c.setsStatus(start):
		at = start
	case l.tag == "ReasonPhrase":
		at = start + 1
	}
	c.out.list = slices.Insert(c.out.list, at, edit(&lineEdit{line: l, value: c.Template(el, text)}))
}

// setsStatus reports whether the Set that begins at start has a StatusCode so far.
func (c *editCompiler) setsStatus(start int) bool {
	if start == len(c.out.list) {
		return false
	}
	e, ok := c.out.list[start].(*lineEdit)
	return ok && e.line.tag == "StatusCode"
}

// payload compiles Set/Payload.
func (c *editCompiler) payload(el *etree.Element) {
	text, ok := c.payloadText(el)
	if !ok || text == "" && !c.emptyPayload(el) {
		return
	}
	c.out.payload = true
	e := &payloadEdit{}
	if text != "" {
		e.text = c.TemplateWith(el, text, TemplateOptions{Prefix: c.Attr(el, "variablePrefix"), Suffix: c.Attr(el, "variableSuffix")})
		if fixed, ok := e.text.Static(); ok {
			e.fixed = []byte(fixed)
		}
	}
	if contentType := c.Attr(el, "contentType"); contentType != "" {
		e.contentType = c.Template(el, contentType)
	}
	c.push(e)
}

// emptyPayload reports whether an empty Payload means an empty body, which no page says.
// Public bundles write it in AssignMessage beside a StatusCode or a Verb, and mean none;
// in RaiseFault, where the editor of Apigee leaves it behind, and in ServiceCallout it
// means nothing. Nor does it among nothing but empty elements, or beside a form.
func (c *editCompiler) emptyPayload(el *etree.Element) bool {
	const hint = "write <Remove><Payload>true</Payload></Remove> to drop the payload"
	others, said := 0, 0
	for _, other := range el.Parent().ChildElements() {
		if other == el {
			continue
		}
		others++
		if TextOf(other) != "" || len(other.ChildElements()) > 0 {
			said++
		}
	}
	form := len(Children(Child(el.Parent(), "FormParams"), "FormParam")) > 0
	if !c.EmptyPayload || others > 0 && said == 0 || form {
		c.Warn(el, "EmptyPayload", "an empty Payload in Set changes nothing", hint)
		return false
	}
	c.Warn(el, "EmptyPayload", "an empty Payload in Set is taken as an empty body", hint)
	return true
}

// payloadText is the template of a payload: a resource, or what the element
// contains.
func (c *editCompiler) payloadText(el *etree.Element) (string, bool) {
	if url := c.Attr(el, "template"); url != "" {
		data, ok := c.Resource(url)
		if !ok {
			c.Refuse(el, "MissingResource", "url", url)
		}
		return string(data), ok
	}
	for _, t := range el.Child {
		if p, ok := t.(*etree.ProcInst); ok && p.Target == "xml" {
			c.refuseEdit(el, "InvalidPayload", "remove the XML declaration from the payload")
			return "", false
		}
	}
	text, err := innerXML(el)
	if err != nil {
		c.refuseEdit(el, "InvalidPayload", "the payload cannot be written as XML: "+err.Error())
	}
	return text, err == nil
}

func (c *editCompiler) copy(el *etree.Element) {
	c.Known(el, tagsOfParts()...)
	source := c.Attr(el, "source")
	if source == "" {
		source = "message"
	}
	e := &copying{source: c.Name(source)}
	all := len(el.ChildElements()) == 0
	for _, f := range fieldKinds {
		if s, ok := c.selection(el, f); ok {
			e.fields = append(e.fields, s)
		} else if all && !f.body { // a form is part of the payload
			e.fields = append(e.fields, selection{of: f})
		}
	}
	e.payload = all || c.flag(el, "Payload")
	for _, l := range lines {
		if all || c.flag(el, l.tag) {
			e.lines = append(e.lines, l)
			c.out.path = c.out.path || l.tag == "Path"
		}
	}
	if e.payload || Child(el, "FormParams") != nil {
		c.ReadsContent(source)
	}
	c.out.payload = c.out.payload || e.payload
	c.push(e)
}

func (c *editCompiler) remove(el *etree.Element) {
	known := []string{"Headers", "QueryParams", "FormParams", "Payload"}
	if c.HeadOnly {
		known = known[:3]
	}
	c.Known(el, known...)
	e := &removal{}
	all := len(el.ChildElements()) == 0
	for _, f := range fieldKinds {
		s, ok := c.selection(el, f)
		switch {
		case ok:
		case all && (!f.body || c.HeadOnly): // a form goes with the payload, if that goes
			s = selection{of: f}
		default:
			continue
		}
		e.fields = append(e.fields, s)
		if f.body {
			c.ReadsContent(c.Message)
		}
	}
	e.payload = !c.HeadOnly && (all || c.flag(el, "Payload"))
	c.out.payload = c.out.payload || e.payload
	c.push(e)
}

// selection reads Headers and the like in Copy or Remove: empty is all of them.
func (c *editCompiler) selection(el *etree.Element, of *fields) (selection, bool) {
	list := Child(el, of.list)
	if list == nil {
		return selection{}, false
	}
	c.Known(list, of.item)
	s := selection{of: of}
	children := Children(list, of.item)
	if len(children) > 0 {
		s.items = []item{} // not nil: items that are switched off do not mean all
	}
	for _, child := range children {
		name := c.fieldName(child)
		if name == "" || !c.boolean(child, TextOf(child), true) {
			continue
		}
		if it, ok := c.item(child, name); ok {
			s.items = append(s.items, it)
		}
	}
	return s, true
}

// item splits NAME.N.
func (c *editCompiler) item(el *etree.Element, name string) (item, bool) {
	dot := strings.LastIndexByte(name, '.')
	if dot <= 0 {
		return item{name: name}, true
	}
	n, err := strconv.Atoi(name[dot+1:])
	if err != nil {
		return item{name: name}, true
	}
	if n < 1 {
		c.refuseEdit(el, "InvalidIndex", "the first value has the index 1", "item", name[:dot], "index", name[dot+1:])
		return item{}, false
	}
	return item{name[:dot], n}, true
}

// flag reads a Boolean part of Copy or Remove. Apigee's tables give false as the
// default of an empty element, but its own examples and most bundles write it
// empty and mean true (policies-1.md 4.3).
func (c *editCompiler) flag(el *etree.Element, tag string) bool {
	child := Child(el, tag)
	if child == nil {
		return false
	}
	if TextOf(child) == "" {
		c.Warn(child, "EmptyFlag", "an empty "+tag+" in "+el.Tag+" is taken as true", "write <"+tag+">true</"+tag+">")
	}
	return c.Bool(el, tag, true)
}
