package xslt

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"sluice/internal/xpath"
)

func isBlank(s string) bool { return strings.Trim(s, " \t\r\n") == "" }

func isXSL(n *xpath.Node, locals ...string) bool {
	return n.Kind() == xpath.ElementNode && n.Space() == Space && slices.Contains(locals, n.Local())
}

// version is that of the nearest element that tells one.
func version(el *xpath.Node) float64 {
	for ; el != nil; el = el.Parent() {
		for _, a := range el.Attributes() {
			if a.Local() != "version" || a.Space() != Space && (a.Space() != "" || el.Space() != Space) || isXSL(el, "output") {
				continue
			}
			if v, err := strconv.ParseFloat(strings.TrimSpace(a.Value()), 64); err == nil {
				return v
			}
		}
	}
	return 1
}

// knows refuses attributes that an element of XSLT does not have, but for those of other namespaces.
func (c *compiler) knows(el *xpath.Node, names ...string) {
	for _, a := range el.Attributes() {
		if a.Space() == "" && !slices.Contains(names, a.Local()) && version(el) <= 1 {
			c.fail(el, "it may have "+strings.Join(names, ", "), "%s has no attribute %s", el.Name(), a.Local())
		}
	}
}

// need is the value of an attribute that must be there.
func (c *compiler) need(el *xpath.Node, attr string) string { return c.needOr(el, attr, "") }

// needOr is need with a value to go on with when there is none.
func (c *compiler) needOr(el *xpath.Node, attr, missing string) string {
	text, ok := el.Attribute(attr)
	if !ok {
		c.fail(el, `add `+attr+`="..."`, "%s has no attribute %s", el.Name(), attr)
		return missing
	}
	return text
}

// nameAttr is the name in an attribute that must be there. A name without a prefix is in no namespace.
func (c *compiler) nameAttr(el *xpath.Node, attr string) name {
	return c.name(el, c.need(el, attr))
}

func (c *compiler) name(el *xpath.Node, text string) name {
	n, err := resolveName(el, strings.TrimSpace(text))
	if err != nil {
		c.fail(el, "", "%v", err)
	}
	return n
}

func resolveName(el *xpath.Node, text string) (name, error) {
	prefix, local, ok := strings.Cut(text, ":")
	if !ok {
		prefix, local = "", text
	}
	switch {
	case local == "" && !ok:
		return name{}, nil // it has been told that it is missing
	case !xpath.IsName(local) || ok && !xpath.IsName(prefix):
		return name{}, fmt.Errorf("%q is no name", text)
	case !ok:
		return name{"", local}, nil
	}
	space, found := el.Lookup(prefix)
	if !found {
		return name{}, fmt.Errorf("prefix %s is not declared", prefix)
	}
	return name{space, local}, nil
}

func (c *compiler) yes(el *xpath.Node, attr string) bool {
	text, _ := el.Attribute(attr)
	switch strings.TrimSpace(text) {
	case "yes", "true", "1":
		return true
	case "", "no", "false", "0":
		return false
	}
	c.fail(el, "write yes or no", "%s=%q is not yes or no", attr, text)
	return false
}
