package policies

import (
	"errors"

	"github.com/beevik/etree"

	"sluice/flow"
	"sluice/internal/jsonpath"
	"sluice/internal/ordjson"
)

// extractJSON is JSONPayload.
type extractJSON struct{ variables []extractJSONVariable }

// extractJSONVariable is set from the first of its paths that has a result.
type extractJSONVariable struct {
	name  *flow.Name
	typ   extractType
	paths []extractJSONPath
}

// extractJSONPath is a path: compiled, or a template that makes one for each
// request.
type extractJSONPath struct {
	text *flow.Template
	path *jsonpath.Path // nil for a template with variables
}

func (c *extractCompiler) json(el *etree.Element) *extractJSON {
	c.Known(el, "Variable")
	e := &extractJSON{}
	for _, child := range flow.Children(el, "Variable") {
		c.Known(child, "JSONPath")
		name, typ, ok := c.payloadVariable(child)
		if paths := c.jsonPaths(child); ok {
			e.variables = append(e.variables, extractJSONVariable{name, typ, paths})
		}
	}
	return e
}

func (c *extractCompiler) jsonPaths(el *etree.Element) []extractJSONPath {
	children := flow.Children(el, "JSONPath")
	if len(children) == 0 {
		c.Refuse(el, "NoJSONPathsToEvaluate")
	}
	var list []extractJSONPath
	for _, child := range children {
		if path, ok := c.jsonPath(child); ok {
			list = append(list, path)
		}
	}
	return list
}

func (c *extractCompiler) jsonPath(el *etree.Element) (extractJSONPath, bool) {
	text := flow.TextOf(el)
	if text == "" {
		c.Refuse(el, "EmptyJSONPathExpression")
		return extractJSONPath{}, false
	}
	known := len(c.Problems)
	path := extractJSONPath{text: c.Template(el, text)}
	static, ok := path.text.Static()
	if refused := len(c.Problems) > known; refused || !ok {
		return path, !refused
	}
	var err error
	if path.path, err = jsonpath.Compile(static); err != nil {
		c.Refuse(el, "JSONPathCompilationFailed", "jsonpath", text)
		c.hint(err.Error())
	}
	return path, err == nil
}

func isExtractJSON(mediaType string) bool { return mediaType == "application/json" }

func (e *extractJSON) extract(p *extractVariables, x *flow.Exchange, in extractInput) error {
	data, ok, err := in.payload(isExtractJSON)
	if !ok {
		return err
	}
	root, err := ordjson.Parse(data)
	if err != nil {
		return p.failed.Wrap(err)
	}
	for i := range e.variables {
		if err := e.variables[i].extract(p, x, root); err != nil {
			return err
		}
	}
	return nil
}

func (v *extractJSONVariable) extract(p *extractVariables, x *flow.Exchange, root *ordjson.Node) error {
	var tried string
	for i := range v.paths {
		node, text, err := v.paths[i].find(p, x, root)
		if err != nil {
			return err
		}
		if node != nil {
			return v.set(p, x, node)
		}
		tried = text
	}
	if p.ignore {
		return nil
	}
	return p.noResult.New("jsonpath", tried)
}

// find evaluates the path. node is nil when there is no result; text is the path
// with its variables filled in. A text from a template that is no path has no
// result either.
func (e *extractJSONPath) find(p *extractVariables, x *flow.Exchange, root *ordjson.Node) (node *ordjson.Node, text string, err error) {
	if text, err = e.text.Expand(x, p.ignore); err != nil {
		return nil, text, p.templateFault(err)
	}
	path := e.path
	if path == nil {
		if path, err = jsonpath.Compile(text); err != nil {
			return nil, text, nil
		}
	}
	node, err = path.Value(root)
	if errors.Is(err, jsonpath.ErrTooMuchWork) {
		return nil, text, p.failed.Wrap(err)
	}
	if err != nil {
		return nil, text, nil // ErrNotFound, or a function without anything to work on
	}
	return node, text, nil
}

func (p *extractVariables) templateFault(err error) error {
	var missing *flow.UnresolvedError
	var failed *flow.FunctionError
	switch {
	case errors.As(err, &missing):
		return p.unresolved.Wrap(err, "variable", missing.Name)
	case errors.As(err, &failed), errors.Is(err, flow.ErrTemplateTooBig):
		return p.failed.Wrap(err)
	}
	return err
}

// set converts and stores a result. A JSON null leaves the variable unset
// (recalled); the type nodeset is the JSON text, which keeps a string's quotes.
func (v *extractJSONVariable) set(p *extractVariables, x *flow.Exchange, node *ordjson.Node) error {
	switch {
	case node.Kind() == ordjson.Null:
		return p.set(x, v.name, flow.Value{})
	case v.typ == extractNodeset:
		return p.set(x, v.name, flow.Text(string(ordjson.Append(nil, node))))
	}
	return p.cast(x, v.name, v.typ, node.Text())
}
