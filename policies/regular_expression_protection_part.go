package policies

import (
	"strconv"
	"strings"

	"github.com/beevik/etree"

	"sluice/flow"
	"sluice/internal/javaregex"
)

// regexProtectionPart is URIPath, QueryParam, Header or FormParam.
type regexProtectionPart struct {
	name        string // of the parameter or header
	requestOnly bool
	texts       func(m *flow.Message, name string) ([]string, error)
	patterns    []*javaregex.Regexp
}

func (c *regexProtectionCompiler) path(el *etree.Element) regexProtectionCheck {
	c.Known(el, "Pattern")
	return &regexProtectionPart{"", true, regexProtectionPath, c.patterns(el)}
}

func (c *regexProtectionCompiler) queryParam(el *etree.Element) regexProtectionCheck {
	c.Known(el, "Pattern")
	return &regexProtectionPart{c.name(el), true, regexProtectionQuery, c.patterns(el)}
}

func (c *regexProtectionCompiler) header(el *etree.Element) regexProtectionCheck {
	c.Known(el, "Pattern")
	return &regexProtectionPart{c.name(el), false, regexProtectionHeader, c.patterns(el)}
}

func (c *regexProtectionCompiler) formParam(el *etree.Element) regexProtectionCheck {
	c.Known(el, "Pattern")
	name := c.name(el)
	c.Name(c.source + ".formparam." + name) // the payload must be kept
	return &regexProtectionPart{name, true, (*flow.Message).FormValues, c.patterns(el)}
}

func (e *regexProtectionPart) check(r *regexProtectionRun) error {
	if e.requestOnly && r.message.Kind != flow.Request {
		return nil
	}
	texts, err := e.texts(r.message, e.name)
	if err != nil {
		return err
	}
	for _, text := range texts {
		if err := r.look(e.patterns, text); err != nil {
			return err
		}
	}
	return nil
}

// regexProtectionPath returns both forms of the path: which of them Apigee looks at is not known, and a threat may hide in
// either.
func regexProtectionPath(m *flow.Message, _ string) ([]string, error) {
	plain := regexProtectionUnescape(m.Path)
	if plain == m.Path {
		return []string{m.Path}, nil
	}
	return []string{m.Path, plain}, nil
}

// regexProtectionUnescape resolves the escapes of a path. What is no escape stays: it must not save the others from being
// resolved, as it would by net/url.
func regexProtectionUnescape(path string) string {
	if !strings.Contains(path, "%") {
		return path
	}
	plain := make([]byte, 0, len(path))
	for i := 0; i < len(path); i++ {
		if path[i] == '%' && i+2 < len(path) {
			if c, err := strconv.ParseUint(path[i+1:i+3], 16, 8); err == nil {
				plain = append(plain, byte(c))
				i += 2
				continue
			}
		}
		plain = append(plain, path[i])
	}
	return string(plain)
}

// regexProtectionQuery returns the values of the parameter, and what they come to where a plus sign stands for a space: it
// stays in variables, but a target may read it so.
func regexProtectionQuery(m *flow.Message, name string) ([]string, error) {
	values := m.QueryValues(name)
	for _, value := range values {
		if strings.Contains(value, "+") {
			values = append(values, strings.ReplaceAll(value, "+", " "))
		}
	}
	return values, nil
}

// regexProtectionHeader returns each line of the header and, of a line that lists values, each of them: a pattern may be
// anchored, and one may span a comma.
func regexProtectionHeader(m *flow.Message, name string) ([]string, error) {
	lines := m.Header.Values(name)
	if items := m.Header.Items(name); len(items) > len(lines) {
		return append(lines, items...), nil
	}
	return lines, nil
}

// regexProtectionVariable is Variable.
type regexProtectionVariable struct {
	name     *flow.Name
	patterns []*javaregex.Regexp
}

func (c *regexProtectionCompiler) variable(el *etree.Element) regexProtectionCheck {
	c.Known(el, "Pattern")
	name := c.Name(c.name(el))
	return &regexProtectionVariable{name, c.patterns(el)}
}

func (e *regexProtectionVariable) check(r *regexProtectionRun) error {
	v := r.x.Get(e.name)
	if broken := r.x.Err(); broken != nil {
		return broken
	}
	switch {
	case v.IsNull() && r.p.ignore:
		return nil
	case v.IsNull():
		return r.p.unresolved.New("variable", e.name.String())
	}
	for _, item := range v.Items() {
		if err := e.look(r, item); err != nil {
			return err
		}
	}
	text, err := regexProtectionText(v)
	if err != nil {
		return err
	}
	return e.look(r, text)
}

// look shows nothing of a private variable.
func (e *regexProtectionVariable) look(r *regexProtectionRun, text string) error {
	if e.name.Private() {
		return r.lookShowing(e.patterns, text, "(hidden)")
	}
	return r.look(e.patterns, text)
}

// regexProtectionText is the text of a variable; a message stands for its payload, as in templates.
func regexProtectionText(v flow.Value) (string, error) {
	m := v.Message()
	if m == nil {
		return v.String(), nil
	}
	content, err := m.Content()
	return string(content), err
}
