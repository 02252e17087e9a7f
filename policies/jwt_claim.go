package policies

import (
	"slices"
	"strconv"
	"strings"

	"github.com/beevik/etree"

	"sluice/flow"
	"sluice/internal/ordjson"
)

// jwtClaim is a Claim element of AdditionalClaims or AdditionalHeaders.
type jwtClaim struct {
	name      string
	value     *flow.TextOrRef
	template  *flow.Template // the text of a map
	kind      ordjson.Kind   // String, Number, Bool, or Object for a map
	array     bool
	wantFault bool // an unresolved ref may be a fault
}

// jwtClaims are AdditionalClaims or AdditionalHeaders.
type jwtClaims struct {
	ref    *flow.Name // a variable with a JSON object of claims, or nil
	list   []jwtClaim
	asData bool // what a ref holds is never expanded
}

// jwtRegistered are the names that a Claim cannot have.
var jwtRegistered = []string{"kid", "iss", "sub", "aud", "iat", "exp", "nbf", "jti"}

// jwtCompileClaims reads AdditionalClaims.
func jwtCompileClaims(b *flow.Build, el *etree.Element) jwtClaims {
	c := jwtClaims{ref: b.Ref(el, "ref"), asData: jwtRefsAreData(b, el)}
	c.read(b, el, "Claim", jwtRegistered)
	return c
}

// jwtCompileHeaders reads AdditionalHeaders. The pages of the JWS policies print
// the error for typ too, and in an example use it, which wins here.
func jwtCompileHeaders(b *flow.Build, el *etree.Element) jwtClaims {
	c := jwtClaims{asData: jwtRefsAreData(b, el)}
	refused := []string{"alg", "typ"}
	if strings.HasSuffix(b.Kind, "JWS") {
		refused = refused[:1]
	}
	c.read(b, el, "Header", refused)
	return c
}

// jwtRefsAreData reads the property treatRefsAsData, which is ours: Apigee expands
// what the variable of a map or of a JWS payload holds as a message template, so
// that whoever writes that variable can read others. It is off by default.
func jwtRefsAreData(b *flow.Build, el *etree.Element) bool {
	if el == nil {
		return false
	}
	for _, p := range flow.Children(b.Child(el.Parent(), "Properties"), "Property") {
		if b.Attr(p, "name") == "treatRefsAsData" {
			return flow.TextOf(p) == "true"
		}
	}
	return false
}

func (c *jwtClaims) read(b *flow.Build, el *etree.Element, what string, refused []string) {
	b.Known(el, "Claim")
	for _, e := range flow.Children(el, "Claim") {
		name := b.Attr(e, "name")
		switch {
		case name == "":
			b.RefuseText(e, "MissingNameForAdditional"+what, "Claim has no name", `write <Claim name="...">`)
			continue
		case slices.Contains(refused, name):
			b.RefuseText(e, "InvalidNameForAdditional"+what, name+" cannot be set here", "use the element that the policy has for it")
			continue
		}
		c.list = append(c.list, jwtCompileClaim(b, e, name, what))
	}
}

var jwtKinds = map[string]ordjson.Kind{"": ordjson.String, "string": ordjson.String, "number": ordjson.Number, "boolean": ordjson.Bool, "map": ordjson.Object}

func jwtCompileClaim(b *flow.Build, el *etree.Element, name, what string) jwtClaim {
	c := jwtClaim{name: name, value: b.TextOrRef(el), wantFault: b.BoolAttr(el, "wantFaultIfUnresolved", true)}
	kind, ok := jwtKinds[b.Attr(el, "type")]
	if !ok {
		b.RefuseText(el, "InvalidTypeForAdditional"+what, "type "+b.Attr(el, "type")+" of "+name+" is not known", "write string, number, boolean or map")
	}
	c.kind = kind
	switch array := b.Attr(el, "array"); array {
	case "", "true", "false":
		c.array = array == "true"
	default:
		b.RefuseText(el, "InvalidValueOfArrayAttribute", strconv.Quote(array)+" is not true or false", `write array="true", or leave it out`)
	}
	if c.kind == ordjson.Object && c.value.Text != "" {
		c.template = b.Template(el, c.value.Text)
	}
	return c
}

// json is the claim as JSON. With nothing to say, because its variable is
// unresolved, it is nil if that is to be ignored.
func (c *jwtClaim) json(x *flow.Exchange, ignore, asData bool) (*ordjson.Node, error) {
	v, err := c.get(x, ignore, asData)
	switch {
	case err != nil || v.IsNull():
		return nil, err
	case c.array:
		return c.items(v)
	}
	return c.scalar(v.String())
}

// get is the claim's value: that of the variable, or its text. Both are message
// templates for a map, and the variable's only unless refs are data.
func (c *jwtClaim) get(x *flow.Exchange, ignore, asData bool) (v flow.Value, err error) {
	if c.value.Ref != nil {
		v = x.Get(c.value.Ref)
	}
	text := c.value.Text
	switch {
	case !v.IsNull() && c.kind == ordjson.Object && !asData:
		text, err = jwtExpand(x, v.String(), ignore)
	case !v.IsNull():
		return v, nil
	case c.template != nil:
		text, err = c.template.Expand(x, ignore)
		err = jwtTemplateFailure(err)
	case text == "" && c.value.Ref != nil && (ignore || !c.wantFault):
		return flow.Value{}, nil
	case text == "" && c.value.Ref != nil:
		return flow.Value{}, jwtUnresolved(c.value.Ref.String())
	}
	return flow.Text(text), err
}

// items makes an array: of a list, or of text divided at commas; an array that is
// JSON already stays as it is (recommended).
func (c *jwtClaim) items(v flow.Value) (*ordjson.Node, error) {
	if text := strings.TrimSpace(v.String()); v.Items() == nil && strings.HasPrefix(text, "[") {
		if n, err := ordjson.Parse([]byte(text)); err == nil && n.Kind() == ordjson.Array {
			return n, nil
		}
	}
	list := ordjson.NewArray()
	for _, item := range jwtList(v) {
		n, err := c.scalar(item)
		if err != nil {
			return nil, err
		}
		list.Push(n)
	}
	return list, nil
}

// jwtList are the parts of a comma list, or the items of a collection.
func jwtList(v flow.Value) []string {
	if items := v.Items(); items != nil {
		return items
	}
	var list []string
	for part := range strings.SplitSeq(v.String(), ",") {
		if part = strings.TrimSpace(part); part != "" {
			list = append(list, part)
		}
	}
	return list
}

// scalar makes a JSON value of text. What is not of the type is InvalidClaim, and
// InvalidJsonFormat for a map; the pages do not say.
func (c *jwtClaim) scalar(text string) (*ordjson.Node, error) {
	switch c.kind {
	case ordjson.String:
		return ordjson.NewString(text), nil
	case ordjson.Object:
		return jwtObject([]byte(text))
	}
	n, err := ordjson.Parse([]byte(strings.TrimSpace(text)))
	if err != nil || n.Kind() != c.kind {
		return nil, jwtBadClaim(c.name)
	}
	return n, nil
}

// object reads the variable of AdditionalClaims@ref, which holds a JSON object;
// nil when there is none.
func (c *jwtClaims) object(x *flow.Exchange, ignore bool) (*ordjson.Node, error) {
	if c.ref == nil {
		return nil, nil
	}
	v := x.Get(c.ref)
	switch {
	case v.IsNull() && ignore:
		return nil, nil
	case v.IsNull():
		return nil, jwtUnresolved(c.ref.String())
	case len(v.String()) > jwtMaxPayload:
		return nil, jwtFail("InvalidJsonFormat")
	}
	return jwtObject([]byte(v.String()))
}

// jwtExpand expands text of a variable as a template. What is no template is
// taken as it is: JSON is full of braces.
func jwtExpand(x *flow.Exchange, text string, ignore bool) (string, error) {
	if !strings.Contains(text, "{") {
		return text, nil
	}
	t, err := flow.CompileTemplate(text, flow.TemplateOptions{})
	if err != nil {
		return text, nil
	}
	expanded, err := t.Expand(x, ignore)
	return expanded, jwtTemplateFailure(err)
}

// put sets the Claim elements as members of an object.
func (c *jwtCommon) put(x *flow.Exchange, object *ordjson.Node, claims *jwtClaims) error {
	for i := range claims.list {
		claim := &claims.list[i]
		n, err := claim.json(x, c.ignoreUnresolved, claims.asData)
		if err != nil {
			return err
		}
		if n != nil {
			object.Set(claim.name, n)
		}
	}
	return nil
}
