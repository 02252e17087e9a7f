package policies

import (
	"errors"
	"regexp"
	"unicode/utf8"

	"github.com/beevik/etree"

	"sluice/flow"
)

// integrationParameter is a Parameter or a ParameterArray.
type integrationParameter struct {
	name  string
	typ   *integrationType
	array bool
	// own is the ref and the text of the element itself; an array has only a ref.
	own integrationValue
	// values are the Value elements of an array.
	values []integrationValue
}

// integrationValue is a ref, a text in which $#name#$ is replaced, or both.
type integrationValue struct {
	ref  *flow.Name     // may be nil
	text *flow.Template // nil when there is none
}

// compileIntegrationParameters compiles the Parameters element, which may be nil.
func compileIntegrationParameters(b *flow.Build, el *etree.Element) []integrationParameter {
	if el == nil {
		return nil
	}
	b.Known(el, "Parameter", "ParameterArray")
	delimiters := substitution(b, el)
	seen := map[string]bool{}
	var list []integrationParameter
	for _, c := range el.ChildElements() {
		if c.Tag != "Parameter" && c.Tag != "ParameterArray" {
			continue
		}
		list = append(list, compileIntegrationParameter(b, c, delimiters))
		name := b.Attr(c, "name")
		if reason := nameProblem(name, seen); reason != "" {
			b.Refuse(c, "InvalidParameterName", "parameter", name, "reason", reason)
		}
		seen[name] = true
	}
	return list
}

func nameProblem(name string, seen map[string]bool) string {
	switch {
	case name == "":
		return "empty"
	case seen[name]:
		return "used twice"
	}
	return ""
}

// substitution reads which character stands for the # of $#name#$. The attribute
// is in the schema and nowhere described: that it replaces the # is our reading.
func substitution(b *flow.Build, el *etree.Element) flow.TemplateOptions {
	char := b.Attr(el, "substitutionVariableChar")
	if char == "" {
		char = "#"
	}
	if utf8.RuneCountInString(char) != 1 {
		b.RefuseText(el, "InvalidValue", "substitutionVariableChar "+char+" is not a single character", `write substitutionVariableChar="#"`)
	}
	return flow.TemplateOptions{Prefix: "$" + char, Suffix: char + "$"}
}

func compileIntegrationParameter(b *flow.Build, el *etree.Element, delimiters flow.TemplateOptions) integrationParameter {
	q := integrationParameter{name: b.Attr(el, "name"), array: el.Tag == "ParameterArray"}
	q.typ = integrationTypeNamed(b.Attr(el, "type"))
	if q.typ == nil || q.array && q.typ.array == "" {
		b.Refuse(el, "InvalidParameterType", "parameter", q.name, "type", b.Attr(el, "type"))
		q.typ = &integrationTypes[0]
	}
	q.own.ref = b.Ref(el, "ref")
	if !q.array {
		q.own.text = q.compileText(b, el, delimiters)
		return q
	}
	b.Known(el, "Value")
	for _, c := range flow.Children(el, "Value") {
		v := integrationValue{b.Ref(c, "ref"), q.compileText(b, c, delimiters)}
		if v.ref == nil && v.text == nil {
			b.Refuse(c, "EmptyValue", "parameter", q.name)
		}
		q.values = append(q.values, v)
	}
	return q
}

// bracedName is how variables were written in parameter text before 2022-11-23.
var bracedName = regexp.MustCompile(`\{[A-Za-z_][\w.\-]*\}`)

func (q *integrationParameter) compileText(b *flow.Build, el *etree.Element, delimiters flow.TemplateOptions) *flow.Template {
	text := flow.TextOf(el)
	if text == "" {
		return nil
	}
	if braced := bracedName.FindString(text); braced != "" {
		b.Warn(el, "BracesNotReplaced", braced+" stays as it is: variables in the text of parameters are not written in braces",
			"write "+delimiters.Prefix+braced[1:len(braced)-1]+delimiters.Suffix)
	}
	t := b.TemplateWith(el, text, delimiters)
	if literal, ok := t.Static(); ok {
		if _, ok := q.typ.append(nil, flow.Text(literal)); !ok {
			b.Warn(el, "InvalidParameterValue", literal+" is not of type "+q.typ.name+": the policy will fail", "")
		}
	}
	return t
}

// appendParameters writes the member inputParameters, with a leading comma.
func (p *setIntegrationRequest) appendParameters(dst []byte, x *flow.Exchange) ([]byte, error) {
	if len(p.parameters) == 0 {
		return dst, nil
	}
	dst = append(dst, `,"inputParameters":`...)
	for i := range p.parameters {
		dst = append(dst, "{,"[min(i, 1)])
		dst = append(appendJSONText(dst, p.parameters[i].name), ':')
		var err error
		if dst, err = p.appendParameter(dst, x, &p.parameters[i]); err != nil {
			return nil, err
		}
	}
	return append(dst, '}'), nil
}

// appendParameter writes a ValueType; the empty one, {}, is null.
func (p *setIntegrationRequest) appendParameter(dst []byte, x *flow.Exchange, q *integrationParameter) ([]byte, error) {
	v, err := p.resolve(x, &q.own)
	switch {
	case err != nil:
		return nil, err
	case q.array && v.IsNull() && len(q.values) > 0:
		return p.appendValues(dst, x, q)
	case v.IsNull() || q.typ.blankIsNull(v, q.array):
		return append(dst, '{', '}'), nil
	}
	write := q.typ.appendScalar
	if q.array {
		write = q.typ.appendArray
	}
	dst, ok := write(dst, v)
	if !ok {
		return nil, p.refuse(q, q.own.ref, v)
	}
	return dst, nil
}

// appendValues writes an array from its Value elements. One whose variable does
// not resolve is an empty Value, which is an error.
func (p *setIntegrationRequest) appendValues(dst []byte, x *flow.Exchange, q *integrationParameter) ([]byte, error) {
	dst = q.typ.openArray(dst)
	for i := range q.values {
		v, err := p.resolve(x, &q.values[i])
		if err != nil {
			return nil, err
		}
		if v.IsNull() {
			return nil, p.unresolved.New("variable", q.values[i].ref.String())
		}
		if i > 0 {
			dst = append(dst, ',')
		}
		var ok bool
		if dst, ok = q.typ.append(dst, v); !ok {
			return nil, p.refuse(q, q.values[i].ref, v)
		}
	}
	return append(dst, closeArray...), nil
}

// resolve is null when there is neither a variable that resolves nor a text. The
// policy has no IgnoreUnresolvedVariables, so a $#name#$ that does not resolve is
// a fault, as it is by default in the policies that have one.
func (p *setIntegrationRequest) resolve(x *flow.Exchange, s *integrationValue) (flow.Value, error) {
	if s.ref != nil {
		if v := x.Get(s.ref); !v.IsNull() {
			return v, nil
		}
	}
	if s.text == nil {
		return flow.Value{}, nil
	}
	text, err := s.text.Expand(x, false)
	var unresolved *flow.UnresolvedError
	if errors.As(err, &unresolved) {
		return flow.Value{}, p.unresolved.New("variable", unresolved.Name)
	}
	return flow.Text(text), err
}

func (p *setIntegrationRequest) refuse(q *integrationParameter, ref *flow.Name, v flow.Value) error {
	typ := q.typ.name
	if q.array {
		typ += " array"
	}
	return p.badValue.New("parameter", q.name, "value", shownValue(ref, v), "type", typ)
}

// shownValue is the value for a fault that a client may read: private ones are
// hidden, long ones cut.
func shownValue(ref *flow.Name, v flow.Value) string {
	const most = 64
	if ref != nil && ref.Private() {
		return "*****"
	}
	if v.Message() != nil {
		return "(message)"
	}
	text := v.String()
	if len(text) <= most {
		return text
	}
	cut := most
	for !utf8.RuneStart(text[cut]) {
		cut--
	}
	return text[:cut] + "..."
}
