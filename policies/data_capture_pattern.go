package policies

import (
	"errors"
	"regexp"
	"strings"

	"github.com/beevik/etree"

	"sluice/flow"
)

// dataPattern is a compiled Pattern. It is a regexp of the standard library, which takes
// linear time whatever a client sends. Beside {$} it knows what patterns of
// ExtractVariables know ("*", in a path "**", and "%" before what is meant literally),
// although the page shows {$} alone.
type dataPattern struct{ re *regexp.Regexp }

// maxDataPattern bounds a pattern, in bytes.
const maxDataPattern = 4 << 10

func (c *dataCaptureCompiler) patterns(el *etree.Element, path bool) []*dataPattern {
	c.Known(el, "Pattern")
	var list []*dataPattern
	for _, child := range flow.Children(el, "Pattern") {
		text := flow.TextOf(child)
		pattern, err := compileDataPattern(text, path, c.BoolAttr(child, "ignoreCase", false))
		if err != nil {
			c.RefuseText(child, "PatternCompilationFailed", "pattern "+text+" does not compile: "+err.Error(), "write exactly one variable, {$}")
			continue
		}
		list = append(list, pattern)
	}
	return list
}

// compileDataPattern compiles a Pattern; of a path each wildcard stays in its segment.
func compileDataPattern(text string, path, fold bool) (*dataPattern, error) {
	if len(text) > maxDataPattern {
		return nil, errors.New("it is longer than 4 KB")
	}
	if path && !strings.HasPrefix(text, "/") && !strings.HasPrefix(text, "**") {
		text = "/" + text // what Apigee does is not established
	}
	re := `(?s)^`
	if fold {
		re = `(?is)^`
	}
	captures := 0
	for rest := text; rest != ""; {
		piece, after, err := dataPiece(rest, path)
		if err != nil {
			return nil, err
		}
		if strings.HasPrefix(piece, "(") {
			captures++
		}
		re, rest = re+piece, after
	}
	if captures != 1 {
		return nil, errors.New("it has not exactly one {$}")
	}
	compiled, err := regexp.Compile(re + "$")
	return &dataPattern{compiled}, err
}

// dataPiece translates the beginning of a pattern to a piece of a regexp.
func dataPiece(text string, path bool) (piece, rest string, err error) {
	anything := `.`
	if path {
		anything = `[^/]`
	}
	switch {
	case text[0] == '%' && len(text) > 1 && strings.IndexByte("{}*%", text[1]) >= 0:
		return regexp.QuoteMeta(text[1:2]), text[2:], nil
	case strings.HasPrefix(text, "{$}"):
		return "(" + anything + "+?)", text[3:], nil
	case text[0] == '{' || text[0] == '}':
		return "", "", errors.New("a brace belongs to no {$}")
	case path && strings.HasPrefix(text, "**"):
		return `.+?`, strings.TrimLeft(text, "*"), nil
	case text[0] == '*':
		return anything + `*?`, strings.TrimLeft(text, "*"), nil
	}
	end := strings.IndexAny(text[1:], "{}*%") + 1
	if end == 0 {
		end = len(text)
	}
	return regexp.QuoteMeta(text[:end]), text[end:], nil
}

// match returns what {$} takes when the whole text matches.
func (p *dataPattern) match(text string) (found string, ok bool) {
	m := p.re.FindStringSubmatch(text)
	if m == nil {
		return "", false
	}
	return m[1], true
}
