package xpath

import (
	"errors"
	"regexp"
	"strings"
)

// maxRegexp bounds the length of a pattern: Go's engine takes time that is linear in the text and in the pattern.
const maxRegexp = 4 << 10

// regexp compiles a pattern once for all that shares the work. The language is Go's, which has all of XML Schema's but
// subtraction of classes, \i and \c.
func (c *context) regexp(args []any, flags int) *regexp.Regexp {
	pattern, mode := c.string(args[1]), ""
	if len(args) > flags {
		mode = c.string(args[flags])
	}
	return c.compiledRegexp(pattern, mode)
}

func (w *Work) compiledRegexp(pattern, mode string) *regexp.Regexp {
	key := mode + "/" + pattern
	if re := w.regexps[key]; re != nil {
		return re
	}
	w.spend(1 + len(pattern))
	re := compileRegexp(pattern, mode)
	if w.regexps == nil {
		w.regexps = map[string]*regexp.Regexp{}
	}
	if len(w.regexps) < 100 {
		w.regexps[key] = re
	}
	return re
}

// Regexp compiles a regular expression as matches() does, with its flags.
func (w *Work) Regexp(pattern, flags string) (re *regexp.Regexp, err error) {
	defer catch(&err)
	return w.compiledRegexp(pattern, flags), nil
}

func compileRegexp(pattern, mode string) *regexp.Regexp {
	switch {
	case len(pattern) > maxRegexp:
		fail("a regular expression is longer than %d bytes", maxRegexp)
	case strings.Trim(mode, "smixq") != "":
		fail("%q are no flags of a regular expression", mode)
	case strings.Contains(mode, "q"):
		pattern = regexp.QuoteMeta(pattern)
	case strings.Contains(mode, "x"):
		pattern = strings.Join(strings.FieldsFunc(pattern, isSpace), "")
	}
	if mode = strings.Map(onlyGoFlags, mode); mode != "" {
		pattern = "(?" + mode + ")" + pattern
	}
	re, err := regexp.Compile(pattern)
	if err != nil {
		panic(stop{err})
	}
	return re
}

func onlyGoFlags(r rune) rune {
	if r == 'x' || r == 'q' {
		return -1
	}
	return r
}

func (w *Work) spendOnRegexp(re *regexp.Regexp, text string) {
	w.spend(1 + len(text)/16*(1+len(re.String())/16))
}

// maxGroups bounds what a regular expression finds in one text: matches, times their groups with the match itself as one. Go
// gathers all of them before it gives the first, at some forty bytes each.
const maxGroups = 1 << 20

var errManyMatches = errors.New("xpath: a regular expression matches too often")

// Matches are those of re in text, as FindAllStringSubmatchIndex has them, at their price.
func (w *Work) Matches(re *regexp.Regexp, text string) (found [][]int, err error) {
	defer catch(&err)
	return w.matches(re, text), nil
}

func (w *Work) matches(re *regexp.Regexp, text string) [][]int {
	w.spendOnRegexp(re, text)
	most := maxGroups / (1 + re.NumSubexp())
	found := re.FindAllStringSubmatchIndex(text, most+1)
	if len(found) > most {
		panic(stop{errManyMatches})
	}
	w.spend(len(found) * (1 + re.NumSubexp()))
	return found
}

func matches(c *context, args []any) any {
	text, re := c.string(args[0]), c.regexp(args, 2)
	c.spendOnRegexp(re, text)
	return re.MatchString(text)
}

func replace(c *context, args []any) any {
	text, re, with := c.string(args[0]), c.regexp(args, 3), c.string(args[2])
	if re.MatchString("") {
		fail("the regular expression %q of replace() matches the empty string", re)
	}
	found := c.matches(re, text)
	c.spend(len(found) * (1 + len(with)/4))
	template := goReplacement(with, re.NumSubexp())
	var out []byte
	last := 0
	for _, at := range found {
		out = append(out, text[last:at[0]]...)
		out = re.ExpandString(out, template, text, at)
		if len(out) > MaxBytes {
			fail("the text of replace() is too long")
		}
		last = at[1]
	}
	return string(append(out, text[last:]...))
}

// goReplacement writes $1 as ${1}, and $ and \ that are escaped as Go wants them.
func goReplacement(with string, groups int) string {
	var out strings.Builder
	for i := 0; i < len(with); i++ {
		switch b := with[i]; {
		case b == '\\' && i+1 < len(with):
			i++
			if with[i] == '$' {
				out.WriteByte('$')
			}
			out.WriteByte(with[i])
		case b == '$' && i+1 < len(with) && isDigit(with[i+1]):
			end := i + 2
			for end < len(with) && isDigit(with[end]) && int(parseNumber(with[i+1:end+1])) <= groups {
				end++
			}
			out.WriteString("${" + with[i+1:end] + "}")
			i = end - 1
		case b == '$':
			fail("a '$' without a digit in the replacement %q", with)
		default:
			out.WriteByte(b)
		}
	}
	return out.String()
}

func tokenize(c *context, args []any) any {
	text := c.string(args[0])
	var all nodes
	if len(args) == 1 {
		for part := range strings.FieldsFuncSeq(text, isSpace) {
			all = append(all, c.item(part))
		}
		return all
	}
	re := c.regexp(args, 2)
	if text == "" {
		return all
	}
	c.spendOnRegexp(re, text)
	parts := re.Split(text, maxGroups+1)
	if len(parts) > maxGroups {
		panic(stop{errManyMatches})
	}
	return c.texts(parts)
}
