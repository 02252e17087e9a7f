package xslt

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"sluice/internal/xpath"
)

// sortKey is xsl:sort. Texts compare by code points, as in Saxon without a collation; lang does not count.
type sortKey struct {
	value    *expression
	order    *valueTemplate // nil: ascending
	dataType *valueTemplate // nil: text, or what byKind says
	byKind   bool           // numbers compare as such, as in XSLT 2.0
	cases    *valueTemplate // case-order; nil: code points
}

// sorts reads the xsl:sort at the beginning of an element.
func (c *compiler) sorts(el *xpath.Node) []sortKey {
	var list []sortKey
	for _, child := range el.Children() {
		if !isXSL(child, "sort") {
			continue
		}
		c.knows(child, "select", "lang", "data-type", "order", "case-order", "collation", "stable")
		if lang, ok := child.Attribute("lang"); ok {
			c.warn(child, "lang=%q does not count: texts are sorted by their code points", lang)
		}
		text, ok := child.Attribute("select")
		if !ok {
			text = "string(.)"
		}
		list = append(list, sortKey{
			value:    c.expression(child, text),
			order:    c.optionalTemplate(child, "order"),
			dataType: c.optionalTemplate(child, "data-type"),
			byKind:   version(child) >= 2,
			cases:    c.optionalTemplate(child, "case-order"),
		})
	}
	return list
}

func (c *compiler) optionalTemplate(el *xpath.Node, attr string) *valueTemplate {
	if text, ok := el.Attribute(attr); ok {
		return c.valueTemplate(el, text)
	}
	return nil
}

// sortable is a node with the values of its keys: text, or a number.
type sortable struct {
	node    *xpath.Node
	texts   []string
	numbers []float64
	numeric []bool // that the value is a number
}

// sorting is a key as it is in one run.
type sorting struct {
	descending, numeric bool
	cases               string
}

// sorted brings nodes into the order of the keys.
func (f *frame) sorted(list []*xpath.Node, keys []sortKey) ([]*xpath.Node, error) {
	if len(keys) == 0 || len(list) == 0 {
		return list, nil
	}
	how := make([]sorting, len(keys))
	for i := range keys {
		var err error
		if how[i], err = keys[i].sorting(f); err != nil {
			return nil, err
		}
	}
	all, err := f.sortables(list, keys)
	if err != nil {
		return nil, err
	}
	for i, k := range keys {
		if k.byKind && k.dataType == nil {
			how[i].numeric = !slices.ContainsFunc(all, func(s sortable) bool { return !s.numeric[i] })
		}
	}
	if err := f.run.work.Spend(len(all) * 8); err != nil {
		return nil, err
	}
	slices.SortStableFunc(all, func(a, b sortable) int {
		for i := range how {
			if c := how[i].compare(a, b, i); c != 0 {
				return c
			}
		}
		return 0
	})
	sorted := make([]*xpath.Node, len(all))
	for i := range all {
		sorted[i] = all[i].node
	}
	return sorted, nil
}

func (f *frame) sortables(list []*xpath.Node, keys []sortKey) ([]sortable, error) {
	inner := f.inner()
	inner.Size = len(list)
	all := make([]sortable, len(list))
	for i, n := range list {
		inner.Node, inner.Position = n, i+1
		all[i] = sortable{n, make([]string, len(keys)), make([]float64, len(keys)), make([]bool, len(keys))}
		for k := range keys {
			v, err := keys[k].value.eval(inner)
			if err != nil {
				return nil, err
			}
			s, err := f.run.work.Text(v)
			if err != nil {
				return nil, err
			}
			all[i].texts[k], all[i].numbers[k], all[i].numeric[k] = s, xpath.OfString(s).Number(), v.Kind() == xpath.Number
		}
	}
	return all, nil
}

func (k *sortKey) sorting(f *frame) (sorting, error) {
	order, err := k.order.word(f, "ascending")
	if err != nil {
		return sorting{}, err
	}
	dataType, err := k.dataType.word(f, "text")
	if err != nil {
		return sorting{}, err
	}
	cases, err := k.cases.word(f, "")
	if err != nil {
		return sorting{}, err
	}
	if order != "ascending" && order != "descending" {
		return sorting{}, at(k.value.line, fmt.Errorf("order=%q is not ascending or descending", order))
	}
	return sorting{order == "descending", dataType == "number", cases}, nil
}

// word is or without white space around it.
func (t *valueTemplate) word(f *frame, missing string) (string, error) {
	s, err := t.or(f, missing)
	return strings.TrimSpace(s), err
}

// or is the text of a template that may be missing.
func (t *valueTemplate) or(f *frame, missing string) (string, error) {
	if t == nil {
		return missing, nil
	}
	return t.text(f)
}

func (s sorting) compare(a, b sortable, key int) int {
	c := 0
	if s.numeric {
		c = compareNumbers(a.numbers[key], b.numbers[key])
	} else {
		c = s.compareTexts(a.texts[key], b.texts[key])
	}
	if s.descending {
		return -c
	}
	return c
}

// compareNumbers puts what is no number first.
func compareNumbers(a, b float64) int {
	if math.IsNaN(a) || math.IsNaN(b) {
		return cmp.Compare(rank(a), rank(b))
	}
	return cmp.Compare(a, b)
}

func rank(f float64) int {
	if math.IsNaN(f) {
		return 0
	}
	return 1
}

// compareTexts: with a case-order, letter case counts only between texts that are else the same.
func (s sorting) compareTexts(a, b string) int {
	if s.cases == "" {
		return cmp.Compare(a, b)
	}
	c := cmp.Compare(strings.ToLower(a), strings.ToLower(b))
	if c == 0 {
		c = cmp.Compare(a, b) // capitals come first
		if s.cases == "lower-first" {
			c = -c
		}
	}
	return c
}
