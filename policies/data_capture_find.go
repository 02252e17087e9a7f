package policies

import (
	"errors"

	"sluice/faults"
	"sluice/flow"
	"sluice/internal/jsonpath"
	"sluice/internal/ordjson"
	"sluice/internal/xpath"
)

// dataVariable is the attribute ref of Collect.
type dataVariable struct{ name *flow.Name }

func (d *dataVariable) find(p *dataCapture, x *flow.Exchange) (string, error) {
	if d.name.Private() {
		return "", p.private.New("variable", d.name.String())
	}
	v := x.Get(d.name)
	if v.IsNull() {
		return "", p.unresolved.New("variable", d.name.String())
	}
	if m := v.Message(); m != nil {
		content, err := m.Content()
		return string(content), err
	}
	return v.String(), nil
}

// dataPart is URIPath, QueryParam, Header or FormParam.
type dataPart struct {
	source      *flow.Name
	value       *flow.Name
	requestOnly bool // a response has none
	patterns    []*dataPattern
}

// find returns what the first pattern that matches takes; without patterns the value
// itself, although the documentation does not have that.
func (d *dataPart) find(p *dataCapture, x *flow.Exchange) (string, error) {
	m, err := p.message(x, d.source)
	switch {
	case err != nil:
		return "", err
	case d.requestOnly && m.Kind != flow.Request:
		return "", errDataNothing
	}
	v := x.Get(d.value)
	if v.IsNull() {
		return "", p.unresolved.New("variable", d.value.String())
	}
	if len(d.patterns) == 0 {
		return v.String(), nil
	}
	for _, pattern := range d.patterns {
		if found, ok := pattern.match(v.String()); ok {
			return found, nil
		}
	}
	return "", p.failed.New("variable", d.value.String())
}

// message is the message that Source names.
func (p *dataCapture) message(x *flow.Exchange, source *flow.Name) (*flow.Message, error) {
	if source.Private() {
		return nil, p.private.New("variable", source.String())
	}
	m := x.Message(source.String())
	if m == nil {
		return nil, p.notMessage.New("variable", source.String())
	}
	return m, nil
}

// payload is that of a message whose Content-Type is wanted.
func (p *dataCapture) payload(x *flow.Exchange, source *flow.Name, wanted func(*flow.Message) bool) ([]byte, error) {
	m, err := p.message(x, source)
	if err != nil {
		return nil, err
	}
	if !wanted(m) {
		return nil, p.badType.New("variable", source.String())
	}
	return m.Content()
}

// dataJSON is JSONPayload.
type dataJSON struct {
	source *flow.Name
	text   *flow.Template
	path   *jsonpath.Path // nil for a template with variables
}

func (d *dataJSON) find(p *dataCapture, x *flow.Exchange) (string, error) {
	data, err := p.payload(x, d.source, (*flow.Message).IsJSON)
	if err != nil {
		return "", err
	}
	root, err := ordjson.Parse(data)
	if err != nil {
		return "", p.badContent.Wrap(err)
	}
	path, err := d.at(p, x)
	if err != nil {
		return "", err
	}
	node, err := path.Value(root)
	switch {
	case errors.Is(err, jsonpath.ErrTooMuchWork):
		return "", p.failed.Wrap(err)
	case err != nil:
		return "", p.noJSON.Wrap(err, "jsonpath", path.String())
	case node.Kind() == ordjson.Null:
		return "", p.noJSON.New("jsonpath", path.String()) // null is no value (as in ExtractVariables)
	}
	return node.Text(), nil
}

// at is the path for this request.
func (d *dataJSON) at(p *dataCapture, x *flow.Exchange) (*jsonpath.Path, error) {
	if d.path != nil {
		return d.path, nil
	}
	for _, n := range d.text.Names() {
		if n.Private() {
			return nil, p.private.New("variable", n.String())
		}
	}
	text, err := d.text.Expand(x, p.ignore)
	if err != nil {
		return nil, p.templateFault(err)
	}
	path, err := jsonpath.Compile(text)
	if err != nil {
		return nil, p.noJSON.Wrap(err, "jsonpath", text)
	}
	return path, nil
}

func (p *dataCapture) templateFault(err error) error {
	if missing, ok := errors.AsType[*flow.UnresolvedError](err); ok {
		return p.unresolved.Wrap(err, "variable", missing.Name)
	}
	if _, ok := errors.AsType[*faults.Fault](err); ok {
		return err // a body that cannot be read
	}
	return p.failed.Wrap(err)
}

// dataXML is XMLPayload.
type dataXML struct {
	source *flow.Name
	path   *xpath.Expr
}

func (d *dataXML) find(p *dataCapture, x *flow.Exchange) (string, error) {
	data, err := p.payload(x, d.source, (*flow.Message).IsXML)
	if err != nil {
		return "", err
	}
	doc, err := xpath.ParseDocument(data)
	if err != nil {
		return "", p.badContent.Wrap(err)
	}
	r, err := d.path.Eval(doc)
	switch {
	case err != nil:
		return "", p.failed.Wrap(err)
	case r.Kind() == xpath.NodeSet && r.Len() == 0:
		return "", p.noXML.New("xpath", d.path.String())
	}
	return r.String(), nil
}
