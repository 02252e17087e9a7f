package flow

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"

	"github.com/beevik/etree"
)

// assignment is AssignVariable. Of its sources the first that is there counts:
// ResourceURL, Template, Ref, Value, PropertySetRef; Value is also what Ref falls
// back to (policies-1.md 4.4).
// A name below a variable that holds a value is set as any other: public bundles do
// that. The playbook has a fault for it in ExtractVariables only.
type assignment struct {
	name *Name
	from func(r editRun) (v Value, source string, err error) // source is what a null is blamed on
}

func (a *assignment) apply(_ context.Context, r editRun) error {
	v, source, err := a.from(r)
	if err != nil {
		return err
	}
	if v.IsNull() && !r.ignoreUnresolved && source != "" {
		return r.fault(&UnresolvedError{Name: source})
	}
	err = r.x.Set(a.name, v)
	if s := (*SetError)(nil); errors.As(err, &s) {
		return r.setFailed.Wrap(err, "variable", s.Name)
	}
	return err
}

// assign compiles AssignVariable. Without a Name element it is ignored with a
// warning, although Apigee documents InvalidVariableName for that as for an
// empty one: public bundles have it, and nothing is lost.
func (c *editCompiler) assign(el *etree.Element) {
	c.Known(el, "Name", "Value", "Ref", "Template", "ResourceURL", "PropertySetRef")
	if Child(el, "Name") == nil {
		c.Warn(el, "MissingElement", "AssignVariable without a Name is ignored", "add <Name>...</Name>")
		return
	}
	name := c.Text(el, "Name")
	if name == "" {
		c.refuseEdit(Child(el, "Name"), "InvalidVariableName", "write the name of a variable")
		return
	}
	c.push(&assignment{name: c.Name(name), from: c.assignSource(el)})
}

func (c *editCompiler) assignSource(el *etree.Element) func(editRun) (Value, string, error) {
	value := Value{}
	if v := Child(el, "Value"); v != nil {
		value = Text(RawText(v))
	}
	template, ref := Child(el, "Template"), Child(el, "Ref")
	templateRef, own := c.Ref(template, "ref"), RawText(template)
	switch {
	case c.Text(el, "ResourceURL") != "":
		return c.resource(Child(el, "ResourceURL"))
	case templateRef != nil || TextOf(template) != "":
		var t *Template
		if TextOf(template) != "" {
			t = c.Template(template, own)
		}
		return fromTemplate(templateRef, t)
	case TextOf(ref) != "":
		if strings.ContainsAny(TextOf(ref), "{}") {
			c.Warn(ref, "BracesInRef", "Ref takes the name of a variable, without braces", "use Template for text with {variables}")
		}
		return fromRef(c.Name(TextOf(ref)), value)
	case value.IsNull() && c.Text(el, "PropertySetRef") != "":
		return c.propertySet(Child(el, "PropertySetRef"))
	case value.IsNull():
		c.Warn(el, "NoValue", "AssignVariable without a value sets the variable to null", "add Value, Ref or Template")
	}
	return fromValue(value)
}

// resource reads a resource whose address is fixed now, so that a deployment
// does not keep its bundle alive.
func (c *editCompiler) resource(el *etree.Element) func(editRun) (Value, string, error) {
	t := c.Template(el, TextOf(el))
	url, fixed := t.Static()
	if !fixed {
		return fromResource(t, c.Resource)
	}
	data, ok := c.Resource(url)
	if !ok {
		c.Warn(el, "MissingResource", "resource "+url+" does not exist", "the variable will be unresolved")
		return fromResource(t, func(string) ([]byte, bool) { return nil, false })
	}
	return fromValue(Text(string(data)))
}

func (c *editCompiler) propertySet(el *etree.Element) func(editRun) (Value, string, error) {
	t := c.Template(el, TextOf(el))
	if key, ok := t.Static(); ok {
		return fromRef(c.Name("propertyset."+key), Value{})
	}
	return fromPropertySet(t)
}

// fromRef reads a variable, whose value keeps its type; value is used when it
// is null, and may be null itself.
func fromRef(ref *Name, value Value) func(editRun) (Value, string, error) {
	return func(r editRun) (Value, string, error) {
		if v := r.x.Get(ref); !v.IsNull() {
			return v, "", nil
		}
		return value, ref.String(), nil
	}
}

func fromValue(v Value) func(editRun) (Value, string, error) {
	return func(editRun) (Value, string, error) { return v, "", nil }
}

// fromTemplate expands a template: the one that the variable ref holds, else own.
func fromTemplate(ref *Name, own *Template) func(editRun) (Value, string, error) {
	var newest atomic.Pointer[heldTemplate]
	return func(r editRun) (Value, string, error) {
		t, source := own, ""
		if ref != nil {
			source = ref.String()
			if v := r.x.Get(ref); !v.IsNull() {
				var err error
				if t, err = compileHeld(&newest, v.String()); err != nil {
					return Value{}, "", r.setFailed.Wrap(err, "variable", source)
				}
			}
		}
		if t == nil {
			return Value{}, source, nil
		}
		s, err := r.expand(t)
		return Text(s), "", err
	}
}

// heldTemplate is a template that a variable held, compiled.
type heldTemplate struct {
	text string
	t    *Template
}

// compileHeld compiles a template that is known only now. It keeps the newest:
// most come from a resource and are the same for every request.
func compileHeld(newest *atomic.Pointer[heldTemplate], text string) (*Template, error) {
	if held := newest.Load(); held != nil && held.text == text {
		return held.t, nil
	}
	t, err := CompileTemplate(text, TemplateOptions{Name: ParseName})
	if err == nil {
		newest.Store(&heldTemplate{text, t})
	}
	return t, err
}

// fromResource reads a resource of the bundle or the environment.
func fromResource(url *Template, resource func(string) ([]byte, bool)) func(editRun) (Value, string, error) {
	return func(r editRun) (Value, string, error) {
		at, err := r.expand(url)
		if err != nil {
			return Value{}, "", err
		}
		if data, ok := resource(at); ok {
			return Text(string(data)), "", nil
		}
		return Value{}, at, nil
	}
}

// fromPropertySet reads set.key of the property sets.
func fromPropertySet(key *Template) func(editRun) (Value, string, error) {
	return func(r editRun) (Value, string, error) {
		text, err := r.expand(key)
		if err != nil {
			return Value{}, "", err
		}
		name := "propertyset." + text
		return r.x.Lookup(name), name, nil
	}
}
