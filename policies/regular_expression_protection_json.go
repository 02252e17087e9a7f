package policies

import (
	"errors"
	"fmt"
	"strings"

	"github.com/beevik/etree"

	"sluice/flow"
	"sluice/internal/javaregex"
	"sluice/internal/jsonpath"
	"sluice/internal/ordjson"
)

// regexProtectionJSON is JSONPayload.
type regexProtectionJSON struct {
	escapeSlash bool // escapeSlashCharacter
	paths       []regexProtectionJSONPath
}

// regexProtectionJSONPath is a JSONPath with its patterns.
type regexProtectionJSONPath struct {
	path     *jsonpath.Path
	patterns []*javaregex.Regexp
}

func (c *regexProtectionCompiler) json(el *etree.Element) regexProtectionCheck {
	c.Known(el, "JSONPath")
	c.ReadsContent(c.source)
	e := &regexProtectionJSON{escapeSlash: c.BoolAttr(el, "escapeSlashCharacter", false)}
	children := flow.Children(el, "JSONPath")
	if len(children) == 0 {
		c.Refuse(el, "NoPatternsToEnforce", "element", el.Tag)
	}
	for _, child := range children {
		c.Known(child, "Expression", "Pattern")
		patterns := c.patterns(child)
		if path := c.jsonPath(child); path != nil && patterns != nil {
			e.paths = append(e.paths, regexProtectionJSONPath{path, patterns})
		}
	}
	return e
}

func (c *regexProtectionCompiler) jsonPath(el *etree.Element) *jsonpath.Path {
	text := c.Text(el, "Expression")
	if text == "" {
		c.Refuse(el, "EmptyJSONPathExpression")
		return nil
	}
	path, err := jsonpath.Compile(text)
	if unknown, ok := errors.AsType[*jsonpath.SyntaxError](err); ok && unknown.UnknownFunction() {
		c.Warn(flow.Child(el, "Expression"), "UnknownFunction", "the path selects nothing: "+unknown.Reason, "write a path such as $.user")
		return nil
	}
	if err != nil {
		c.Refuse(flow.Child(el, "Expression"), "JSONPathCompilationFailed", "jsonpath", text)
		c.hint(err.Error())
		return nil
	}
	return path
}

func (e *regexProtectionJSON) check(r *regexProtectionRun) error {
	if !r.message.IsJSON() {
		return nil
	}
	data, ok, err := threatPayload(r.message)
	if !ok || len(data) == 0 {
		return err
	}
	root, err := ordjson.Parse(data)
	if err != nil {
		return r.p.failed.Wrap(err)
	}
	// A path selects the last of two members with one name. Who reads the payload later may take the first: then that
	// one would have passed unseen. Of what Apigee does with these nothing is known.
	if name, ok := root.Repeated(); ok {
		return r.p.failed.Wrap(fmt.Errorf("an object of the payload has the member %.40q twice", name))
	}
	for i := range e.paths {
		if err := e.look(r, &e.paths[i], root); err != nil {
			return err
		}
	}
	return nil
}

// look looks at all that a path selects. A path that leads nowhere selects nothing.
func (e *regexProtectionJSON) look(r *regexProtectionRun, p *regexProtectionJSONPath, root *ordjson.Node) error {
	selected, err := p.path.Eval(root)
	if errors.Is(err, jsonpath.ErrTooMuchWork) {
		return r.p.failed.Wrap(err)
	}
	if err != nil {
		return nil // ErrNotFound, or a function without anything to work on
	}
	for _, node := range selected {
		if err := e.lookAt(r, p.patterns, node.Text()); err != nil {
			return err
		}
	}
	return nil
}

// lookAt looks at a text and, as escapeSlashCharacter wants, at the form of it in which slashes are escaped. That the plain
// form counts then too is sluice's reading: the patterns of Apigee's own sample match that one.
func (e *regexProtectionJSON) lookAt(r *regexProtectionRun, patterns []*javaregex.Regexp, text string) error {
	if err := r.look(patterns, text); err != nil || !e.escapeSlash || !strings.Contains(text, "/") {
		return err
	}
	return r.look(patterns, strings.ReplaceAll(text, "/", `\/`))
}
