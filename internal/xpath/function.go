package xpath

import (
	"math"
	"strings"
)

// function is one of the core library (XPath 1.0, section 4).
type function struct {
	result   Kind
	least    int  // arguments at least
	most     int  // arguments at most
	ofSet    bool // the first argument must be a node-set
	ofSelf   bool // without arguments the context node is meant
	position bool // depends on the context's position or size
	call     func(c *context, args []any) any
}

const manyArguments = 1000

var functions = map[string]function{
	"last":     {result: Number, position: true, call: func(c *context, _ []any) any { return float64(c.size) }},
	"position": {result: Number, position: true, call: func(c *context, _ []any) any { return float64(c.position) }},
	"count":    {result: Number, least: 1, most: 1, ofSet: true, call: count},
	"id":       {result: NodeSet, least: 1, most: 1, call: func(*context, []any) any { return nodes(nil) }},

	"local-name":    {result: String, most: 1, ofSet: true, ofSelf: true, call: nameOf(func(n *Node) string { return n.local })},
	"namespace-uri": {result: String, most: 1, ofSet: true, ofSelf: true, call: nameOf(func(n *Node) string { return n.space })},
	"name":          {result: String, most: 1, ofSet: true, ofSelf: true, call: nameOf((*Node).Name)},

	"string":           {result: String, most: 1, ofSelf: true, call: func(c *context, args []any) any { return c.string(args[0]) }},
	"concat":           {result: String, least: 2, most: manyArguments, call: concat},
	"starts-with":      {result: Boolean, least: 2, most: 2, call: texts(func(a, b string) any { return strings.HasPrefix(a, b) })},
	"contains":         {result: Boolean, least: 2, most: 2, call: texts(func(a, b string) any { return strings.Contains(a, b) })},
	"substring-before": {result: String, least: 2, most: 2, call: texts(substringBefore)},
	"substring-after":  {result: String, least: 2, most: 2, call: texts(substringAfter)},
	"substring":        {result: String, least: 2, most: 3, call: substring},
	"string-length":    {result: Number, most: 1, ofSelf: true, call: stringLength},
	"normalize-space":  {result: String, most: 1, ofSelf: true, call: normalizeSpace},
	"translate":        {result: String, least: 3, most: 3, call: translate},

	"boolean": {result: Boolean, least: 1, most: 1, call: func(_ *context, args []any) any { return toBoolean(args[0]) }},
	"not":     {result: Boolean, least: 1, most: 1, call: func(_ *context, args []any) any { return !toBoolean(args[0]) }},
	"true":    {result: Boolean, call: func(*context, []any) any { return true }},
	"false":   {result: Boolean, call: func(*context, []any) any { return false }},
	"lang":    {result: Boolean, least: 1, most: 1, call: lang},

	"number":  {result: Number, most: 1, ofSelf: true, call: func(c *context, args []any) any { return c.number(args[0]) }},
	"sum":     {result: Number, least: 1, most: 1, ofSet: true, call: sum},
	"floor":   {result: Number, least: 1, most: 1, call: rounding(math.Floor)},
	"ceiling": {result: Number, least: 1, most: 1, call: rounding(math.Ceil)},
	"round":   {result: Number, least: 1, most: 1, call: rounding(roundHalfUp)},
}

// call is a function with its arguments.
type call struct {
	function
	args []expr
}

func (f call) kind() Kind { return f.result }

func (f call) eval(c *context) any {
	if len(f.args) == 0 && f.ofSelf {
		return f.call(c, []any{nodes{c.node}})
	}
	args := make([]any, len(f.args))
	for i, arg := range f.args {
		args[i] = arg.eval(c)
	}
	return f.call(c, args)
}

func count(c *context, args []any) any { return float64(len(c.nodes(args[0]))) }

func nameOf(part func(*Node) string) func(*context, []any) any {
	return func(c *context, args []any) any {
		set := c.nodes(args[0])
		if len(set) == 0 || set[0].kind == TextNode || set[0].kind == CommentNode {
			return ""
		}
		return part(set[0])
	}
}

func concat(c *context, args []any) any {
	var text strings.Builder
	for _, arg := range args {
		s := c.string(arg)
		c.spend(1 + len(s)/16)
		text.WriteString(s)
	}
	return text.String()
}

func texts(f func(a, b string) any) func(*context, []any) any {
	return func(c *context, args []any) any {
		a, b := c.string(args[0]), c.string(args[1])
		c.spend(1 + len(a)/16)
		return f(a, b)
	}
}

func substringBefore(a, b string) any {
	before, _, found := strings.Cut(a, b)
	if !found {
		return ""
	}
	return before
}

func substringAfter(a, b string) any {
	_, after, _ := strings.Cut(a, b)
	return after
}

// substring counts characters from 1 and rounds its numbers; NaN selects nothing.
func substring(c *context, args []any) any {
	text := c.string(args[0])
	c.spend(1 + len(text)/16)
	first := roundHalfUp(c.number(args[1]))
	end := math.Inf(1)
	if len(args) == 3 {
		end = first + roundHalfUp(c.number(args[2]))
	}
	var from, to, position = len(text), len(text), 0.0
	for i := range text {
		position++
		if position >= first && i < from {
			from = i
		}
		if !(position < end) {
			to = i
			break
		}
	}
	if math.IsNaN(first) || from >= to {
		return ""
	}
	return text[from:to]
}

func stringLength(c *context, args []any) any {
	n := 0
	for range c.string(args[0]) {
		n++
	}
	return float64(n)
}

func normalizeSpace(c *context, args []any) any {
	var out strings.Builder
	for word := range strings.FieldsFuncSeq(c.string(args[0]), isSpace) {
		if out.Len() > 0 {
			out.WriteByte(' ')
		}
		out.WriteString(word)
	}
	return out.String()
}

func isSpace(r rune) bool { return r == ' ' || r == '\t' || r == '\r' || r == '\n' }

// translate replaces the characters of the second argument by those at the same place in the third; where that is shorter, it
// drops them.
func translate(c *context, args []any) any {
	text := c.string(args[0])
	c.spend(1 + len(text)/16)
	from, to := []rune(c.string(args[1])), []rune(c.string(args[2]))
	mapped := make(map[rune]rune, len(from))
	for i, r := range from {
		if _, ok := mapped[r]; ok {
			continue
		}
		mapped[r] = -1
		if i < len(to) {
			mapped[r] = to[i]
		}
	}
	return strings.Map(func(r rune) rune {
		if replacement, ok := mapped[r]; ok {
			return replacement
		}
		return r
	}, text)
}

// lang looks at the nearest xml:lang: lang("en") holds for en and en-GB.
func lang(c *context, args []any) any {
	wanted := c.string(args[0])
	for n := c.node; n != nil; n = n.parent {
		c.spend(1 + len(n.attrs)/4)
		for _, a := range n.attrs {
			if a.space == xmlSpace && a.local == "lang" {
				head, rest := a.text, ""
				if len(wanted) <= len(head) {
					head, rest = head[:len(wanted)], head[len(wanted):]
				}
				return strings.EqualFold(head, wanted) && (rest == "" || rest[0] == '-')
			}
		}
	}
	return false
}

func sum(c *context, args []any) any {
	total := 0.0
	for _, n := range c.nodes(args[0]) {
		total += parseNumber(c.text(n))
	}
	return total
}

func rounding(f func(float64) float64) func(*context, []any) any {
	return func(c *context, args []any) any { return f(c.number(args[0])) }
}

// roundHalfUp rounds towards positive infinity, unlike math.Round.
func roundHalfUp(f float64) float64 {
	whole := math.Floor(f)
	if f-whole >= 0.5 {
		whole++
	}
	return whole
}
