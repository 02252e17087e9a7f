package xslt

import (
	"sluice/internal/xpath"
)

// variable is xsl:variable and xsl:param in a template.
type variable struct {
	name  name
	slot  int
	param bool
	value content
}

func (c *compiler) localVariable(el *xpath.Node) instruction {
	c.knows(el, "name", "select", "as", "required", "tunnel")
	v := &variable{name: c.nameAttr(el, "name"), param: el.Local() == "param", value: c.content(el)}
	v.slot = c.slots
	c.slots++
	c.locals = append(c.locals, local{v.name, v.slot})
	return v
}

func (v *variable) run(f *frame) error {
	if v.param {
		for _, a := range f.args {
			if a.name == v.name {
				f.locals[v.slot] = a.value
				return nil
			}
		}
	}
	value, err := v.value.eval(f)
	f.locals[v.slot] = value
	return err
}
