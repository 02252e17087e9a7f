package xslt

import (
	"fmt"
	"math"
	"slices"
	"strconv"

	"sluice/internal/xpath"
)

// number is xsl:number (XSLT 1.0, section 7.7). lang and letter-value do not count: letters are English.
type number struct {
	value        *expression // nil: the place of the node counts
	selected     *expression // XSLT 2.0; nil: the current node
	level        string
	count, from  []*xpath.Pattern // nil: nodes like the current one; from the root
	format       *valueTemplate
	groupWith    *valueTemplate
	groupingSize *valueTemplate
	line         int
}

func (c *compiler) number(el *xpath.Node) instruction {
	c.knows(el, "level", "count", "from", "value", "format", "lang", "letter-value", "grouping-separator", "grouping-size")
	i := &number{level: "single", line: el.Line()}
	if text, ok := el.Attribute("level"); ok {
		i.level = text
	}
	if !slices.Contains([]string{"single", "multiple", "any"}, i.level) {
		c.fail(el, "write single, multiple or any", "level=%q is not supported", i.level)
	}
	if text, ok := el.Attribute("count"); ok {
		i.count = c.patterns(el, text)
	}
	if text, ok := el.Attribute("from"); ok {
		i.from = c.patterns(el, text)
	}
	if text, ok := el.Attribute("value"); ok {
		i.value = c.expression(el, text)
	}
	if text, ok := el.Attribute("select"); ok {
		i.selected = c.expression(el, text)
	}
	i.format = c.optionalTemplate(el, "format")
	i.groupWith = c.optionalTemplate(el, "grouping-separator")
	i.groupingSize = c.optionalTemplate(el, "grouping-size")
	return i
}

func (i *number) run(f *frame) error {
	if i.value != nil {
		v, err := i.value.eval(f)
		if err != nil {
			return err
		}
		n := math.Floor(v.Number() + 0.5)
		if !(n >= 0.5 && n < 1<<53) {
			return f.out.Text(xpath.OfNumber(v.Number()).String(), false) // the recommendation leaves it open
		}
		return i.write(f, []int{int(n)})
	}
	n := f.Node
	if i.selected != nil {
		list, err := i.selected.nodes(f)
		if err != nil || len(list) == 0 {
			return err
		}
		n = list[0]
	}
	numbers, err := i.place(f, n)
	if err != nil {
		return at(i.line, err)
	}
	return i.write(f, numbers)
}

// place is the number of the node, for the level multiple also those of the nodes around it.
func (i *number) place(f *frame, n *xpath.Node) ([]int, error) {
	if i.level == "any" {
		k, err := i.countBefore(f, n)
		if k == 0 {
			return nil, err
		}
		return []int{k}, err
	}
	var numbers []int
	for a := n; a != nil; a = a.Parent() {
		counts, err := i.counts(f, n, a)
		if err != nil {
			return nil, err
		}
		if counts {
			k, err := i.siblings(f, n, a)
			if err != nil {
				return nil, err
			}
			numbers = append(numbers, k)
			if i.level == "single" {
				break
			}
		}
		if ends, err := fits(f, i.from, a); ends || err != nil {
			if i.level == "single" && !counts {
				numbers = nil
			}
			return reversed(numbers), err
		}
	}
	return reversed(numbers), nil
}

func reversed(list []int) []int {
	slices.Reverse(list)
	return list
}

// siblings is the place of a among its siblings that count.
func (i *number) siblings(f *frame, n, a *xpath.Node) (int, error) {
	k := 1
	if a.Parent() == nil || a.Kind() == xpath.AttributeNode {
		return k, nil
	}
	for _, s := range a.Parent().Children() {
		if s == a {
			break
		}
		counts, err := i.counts(f, n, s)
		if err != nil {
			return 0, err
		}
		if counts {
			k++
		}
	}
	return k, nil
}

// countBefore counts the nodes up to n that count, since the last one that from matches.
func (i *number) countBefore(f *frame, n *xpath.Node) (int, error) {
	k := 0
	var walk func(a *xpath.Node) error
	walk = func(a *xpath.Node) error {
		if a.Order() > n.Order() {
			return nil
		}
		if starts, err := fits(f, i.from, a); err != nil {
			return err
		} else if starts {
			k = 0
		}
		counts, err := i.counts(f, n, a)
		if err != nil {
			return err
		}
		if counts {
			k++
		}
		for _, child := range a.Children() {
			if err := walk(child); err != nil {
				return err
			}
		}
		return nil
	}
	err := walk(n.Root())
	return k, err
}

// counts tells whether a is counted when n gets its number.
func (i *number) counts(f *frame, n, a *xpath.Node) (bool, error) {
	if i.count != nil {
		return fits(f, i.count, a)
	}
	return a.Kind() == n.Kind() && a.Local() == n.Local() && a.Space() == n.Space(), f.run.work.Spend(1)
}

// fits tells whether any of the patterns matches n.
func fits(f *frame, patterns []*xpath.Pattern, n *xpath.Node) (bool, error) {
	c := f.Context
	c.Node = n
	for _, p := range patterns {
		if matches, err := p.Matches(&c); matches || err != nil {
			return matches, err
		}
	}
	return false, nil
}

func (i *number) write(f *frame, numbers []int) error {
	format, err := i.format.or(f, "1")
	if err != nil {
		return err
	}
	separator, err := i.groupWith.or(f, "")
	if err != nil {
		return err
	}
	sizeText, err := i.groupingSize.word(f, "")
	if err != nil {
		return err
	}
	size, err := strconv.Atoi(sizeText)
	if err != nil || separator == "" {
		size = 0
	}
	if len(format) > maxPicture {
		return at(i.line, fmt.Errorf("the format is longer than %d bytes", maxPicture))
	}
	return f.out.Text(formatNumbers(numbers, format, separator, size), false)
}
