package xpath

import (
	"cmp"
	"math"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"
)

const (
	// FunctionSpace is the namespace of XPath 2.0's functions; they may be called without it.
	FunctionSpace = "http://www.w3.org/2005/xpath-functions"
	schemaSpace   = "http://www.w3.org/2001/XMLSchema"
)

// extendedFunction is a function of XPath 2.0, or a constructor such as xs:integer().
func extendedFunction(space, local string) (function, bool) {
	switch space {
	case "", FunctionSpace:
		f, ok := extendedFunctions[local]
		if !ok && space != "" {
			f, ok = functions[local]
		}
		return f, ok
	case schemaSpace:
		f, ok := constructors[local]
		return f, ok
	}
	return function{}, false
}

var extendedFunctions = map[string]function{
	"matches":     {result: Boolean, least: 2, most: 3, call: matches},
	"replace":     {result: String, least: 3, most: 4, call: replace},
	"tokenize":    {result: NodeSet, least: 1, most: 3, call: tokenize},
	"lower-case":  {result: String, least: 1, most: 1, call: onText(strings.ToLower)},
	"upper-case":  {result: String, least: 1, most: 1, call: onText(strings.ToUpper)},
	"ends-with":   {result: Boolean, least: 2, most: 2, call: texts(func(a, b string) any { return strings.HasSuffix(a, b) })},
	"string-join": {result: String, least: 1, most: 2, call: stringJoin},
	"compare":     {result: Number, least: 2, most: 2, call: texts(func(a, b string) any { return float64(cmp.Compare(a, b)) })},

	"encode-for-uri":       {result: String, least: 1, most: 1, call: onText(encodeForURI)},
	"codepoints-to-string": {result: String, least: 1, most: 1, call: codepointsToString},
	"string-to-codepoints": {result: NodeSet, least: 1, most: 1, call: stringToCodepoints},

	"exists":          {result: Boolean, least: 1, most: 1, call: func(c *context, args []any) any { return len(c.items(args[0])) > 0 }},
	"empty":           {result: Boolean, least: 1, most: 1, call: func(c *context, args []any) any { return len(c.items(args[0])) == 0 }},
	"distinct-values": {result: NodeSet, least: 1, most: 1, call: distinctValues},
	"index-of":        {result: NodeSet, least: 2, most: 2, call: indexOf},
	"reverse":         {result: NodeSet, least: 1, most: 1, call: reverse},
	"subsequence":     {result: NodeSet, least: 2, most: 3, call: subsequence},
	"insert-before":   {result: NodeSet, least: 3, most: 3, call: insertBefore},
	"remove":          {result: NodeSet, least: 2, most: 2, call: remove},
	"data":            {result: NodeSet, least: 1, most: 1, call: data},
	"deep-equal":      {result: Boolean, least: 2, most: 2, call: deepEqual},
	"root":            {result: NodeSet, most: 1, ofSelf: true, call: root},
	"node-name":       {result: String, least: 1, most: 1, call: nameOf((*Node).Name)},

	"abs":                {result: Number, least: 1, most: 1, call: rounding(math.Abs)},
	"round-half-to-even": {result: Number, least: 1, most: 2, call: roundHalfToEven},
	"avg":                {result: Number, least: 1, most: 1, call: avg},
	"min":                {result: Any, least: 1, most: 1, call: extreme(-1)},
	"max":                {result: Any, least: 1, most: 1, call: extreme(1)},
}

// constructors convert; the types of dates keep the text.
var constructors = map[string]function{
	"string": {result: String, least: 1, most: 1, call: onText(func(s string) string { return s })}, "anyURI": {result: String, least: 1, most: 1, call: onText(strings.TrimSpace)},
	"integer": {result: Number, least: 1, most: 1, call: rounding(math.Trunc)}, "int": {result: Number, least: 1, most: 1, call: rounding(math.Trunc)}, "long": {result: Number, least: 1, most: 1, call: rounding(math.Trunc)},
	"decimal": {result: Number, least: 1, most: 1, call: rounding(identity)}, "double": {result: Number, least: 1, most: 1, call: rounding(identity)}, "float": {result: Number, least: 1, most: 1, call: rounding(identity)},
	"date": {result: String, least: 1, most: 1, call: onText(strings.TrimSpace)}, "dateTime": {result: String, least: 1, most: 1, call: onText(strings.TrimSpace)}, "time": {result: String, least: 1, most: 1, call: onText(strings.TrimSpace)},
	"boolean": {result: Boolean, least: 1, most: 1, call: toBool},
}

func identity(f float64) float64 { return f }

func toBool(c *context, args []any) any {
	switch v := args[0].(type) {
	case bool, float64:
		return toBoolean(v)
	}
	switch s := strings.TrimSpace(c.string(args[0])); s {
	case "true", "1":
		return true
	case "false", "0":
	default:
		fail("%q is no xs:boolean", s)
	}
	return false
}

func onText(f func(string) string) func(*context, []any) any {
	return func(c *context, args []any) any {
		s := c.string(args[0])
		c.spend(1 + len(s)/16)
		return f(s)
	}
}

func (c *context) texts(list []string) nodes {
	var all nodes
	for _, s := range list {
		all = append(all, c.item(s))
	}
	return all
}

func stringJoin(c *context, args []any) any {
	separator := ""
	if len(args) == 2 {
		separator = c.string(args[1])
	}
	var out strings.Builder
	for i, n := range c.items(args[0]) {
		if i > 0 {
			out.WriteString(separator)
		}
		s := c.text(n)
		c.spend((len(s) + len(separator)) / 4)
		out.WriteString(s)
	}
	return out.String()
}

func encodeForURI(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }

func codepointsToString(c *context, args []any) any {
	var out strings.Builder
	for _, n := range c.items(args[0]) {
		f := parseNumber(c.text(n))
		if !(f >= 1 && f <= utf8.MaxRune) {
			fail("%v is no code point", f)
		}
		out.WriteRune(rune(f))
	}
	return out.String()
}

func stringToCodepoints(c *context, args []any) any {
	var all nodes
	for _, r := range c.string(args[0]) {
		all = append(all, c.item(float64(r)))
	}
	return all
}

func distinctValues(c *context, args []any) any {
	seen := map[string]bool{}
	var all nodes
	for _, n := range c.items(args[0]) {
		if s := c.text(n); !seen[s] {
			seen[s] = true
			all = append(all, c.item(s))
		}
	}
	return all
}

func indexOf(c *context, args []any) any {
	wanted := c.string(args[1])
	var all nodes
	for i, n := range c.items(args[0]) {
		if c.text(n) == wanted {
			all = append(all, c.item(float64(i+1)))
		}
	}
	return all
}

func reverse(c *context, args []any) any {
	all := slices.Clone(c.items(args[0]))
	c.spend(len(all))
	slices.Reverse(all)
	return all
}

func subsequence(c *context, args []any) any {
	first, end := roundHalfUp(c.number(args[1])), math.Inf(1)
	if len(args) == 3 {
		end = first + roundHalfUp(c.number(args[2]))
	}
	var all nodes
	for i, n := range c.items(args[0]) {
		if at := float64(i + 1); at >= first && at < end {
			all = append(all, n)
		}
	}
	c.spend(len(all))
	return all
}

func insertBefore(c *context, args []any) any {
	all, more := c.items(args[0]), c.items(args[2])
	c.spend(len(all) + len(more))
	at := clamp(c.number(args[1])-1, len(all))
	return slices.Concat(all[:at], more, all[at:])
}

func remove(c *context, args []any) any {
	all := slices.Clone(c.items(args[0]))
	c.spend(len(all))
	if f := c.number(args[1]); f >= 1 && f <= float64(len(all)) {
		at := int(f) - 1
		return slices.Delete(all, at, at+1)
	}
	return all
}

func clamp(f float64, high int) int {
	if !(f > 0) {
		return 0
	}
	return int(min(f, float64(high)))
}

// data is the text of each item.
func data(c *context, args []any) any {
	var all nodes
	for _, n := range c.items(args[0]) {
		all = append(all, c.item(c.text(n)))
	}
	return all
}

func deepEqual(c *context, args []any) any {
	a, b := c.items(args[0]), c.items(args[1])
	return slices.EqualFunc(a, b, c.equal)
}

// equal compares what the nodes are and hold; comments and processing instructions within do not count.
func (c *context) equal(a, b *Node) bool {
	c.spend(1)
	if a.kind != b.kind || a.space != b.space || a.local != b.local || a.text != b.text || len(a.attrs) != len(b.attrs) {
		return false
	}
	for _, attr := range a.attrs {
		if !slices.ContainsFunc(b.attrs, func(other *Node) bool { return c.equal(attr, other) }) {
			return false
		}
	}
	return slices.EqualFunc(essential(a), essential(b), c.equal)
}

func essential(n *Node) []*Node {
	ignored := func(n *Node) bool { return n.kind == CommentNode || n.kind == InstructionNode }
	if !slices.ContainsFunc(n.children, ignored) {
		return n.children
	}
	return slices.DeleteFunc(slices.Clone(n.children), ignored)
}

func root(c *context, args []any) any {
	set := c.nodes(args[0])
	if len(set) == 0 {
		return set
	}
	return nodes{set[0].Root()}
}

func roundHalfToEven(c *context, args []any) any {
	scale := 1.0
	if len(args) == 2 {
		scale = math.Pow(10, c.number(args[1]))
	}
	return math.RoundToEven(c.number(args[0])*scale) / scale
}

func avg(c *context, args []any) any {
	all := c.items(args[0])
	total := 0.0
	for _, n := range all {
		total += parseNumber(c.text(n))
	}
	return total / float64(len(all))
}

// extreme is min (-1) or max (1): of numbers if all are, else of texts; without items the empty sequence.
func extreme(sign int) func(*context, []any) any {
	return func(c *context, args []any) any {
		all := c.items(args[0])
		if len(all) == 0 {
			return nodes(nil)
		}
		texts := make([]string, len(all))
		numbers := make([]float64, len(all))
		for i, n := range all {
			texts[i] = c.text(n)
			numbers[i] = parseNumber(texts[i])
		}
		if slices.ContainsFunc(numbers, math.IsNaN) {
			return slices.MaxFunc(texts, func(a, b string) int { return sign * cmp.Compare(a, b) })
		}
		return slices.MaxFunc(numbers, func(a, b float64) int { return sign * cmp.Compare(a, b) })
	}
}

// HasFunction tells whether expressions of an extended scope can call a function without the scope's help.
func HasFunction(space, local string) bool {
	_, core := functions[local]
	_, ok := extendedFunction(space, local)
	return ok || core && space == ""
}
