package policies

import (
	"context"
	"encoding/base64"
	"errors"
	"strings"

	"github.com/beevik/etree"

	"sluice/faults"
	"sluice/flow"
)

var _ = register(flow.Kind{
	Name:    "BasicAuthentication",
	Group:   "security",
	Compile: compileBasicAuthentication,
	Doc: flow.Doc{
		Title: "writes or reads HTTP Basic credentials",
		Text: `Encode makes "Basic " and the base64 of USER:PASSWORD out of the variables that User and Password name, and
assigns it to the variable AssignTo. With createNew="false", the default, a variable that has a value keeps it: an
Authorization header of the client survives.

Decode takes such a text out of the variable Source apart and assigns the user and the password to the variables that
User and Password name. Name the password's variable private.something to keep it out of traces.

Credentials are not checked against anything. A variable that does not resolve is empty for Encode, and leaves Decode
without work, unless IgnoreUnresolvedVariables is false: then it fails the policy.`,
		Sample: `<BasicAuthentication name="BA-Backend">
  <Operation>Encode</Operation>
  <User ref="private.backend.user"/>
  <Password ref="private.backend.password"/>
  <AssignTo createNew="true">request.header.Authorization</AssignTo>
  <IgnoreUnresolvedVariables>false</IgnoreUnresolvedVariables>
</BasicAuthentication>`,
	},
})

// basicAuthentication is what both operations have in common (policies-1.md 5).
type basicAuthentication struct {
	user, password *flow.Name
	ignore         bool // IgnoreUnresolvedVariables
	unresolved     *faults.Def
}

type basicAuthenticationEncode struct {
	basicAuthentication
	to        *flow.Name
	createNew bool
}

type basicAuthenticationDecode struct {
	basicAuthentication
	source  *flow.Name
	invalid *faults.Def
}

func compileBasicAuthentication(b *flow.Build, el *etree.Element) flow.Policy {
	b.Known(el, "Operation", "User", "Password", "AssignTo", "Source", "IgnoreUnresolvedVariables")
	b.Need(el, "Operation")
	common := basicAuthentication{
		user:       basicAuthenticationRef(b, el, "User", "UserNameRequired"),
		password:   basicAuthenticationRef(b, el, "Password", "PasswordRequired"),
		ignore:     b.Bool(el, "IgnoreUnresolvedVariables", true),
		unresolved: b.Fault("UnresolvedVariable"),
	}
	if b.Enum(el, "Operation", "Encode", "Decode") == "Encode" {
		to := b.Child(el, "AssignTo")
		return &basicAuthenticationEncode{
			basicAuthentication: common,
			to:                  basicAuthenticationName(b, el, "AssignTo", "AssignToRequired"),
			createNew:           b.BoolAttr(to, "createNew", false),
		}
	}
	return &basicAuthenticationDecode{
		basicAuthentication: common,
		source:              basicAuthenticationName(b, el, "Source", "SourceRequired"),
		invalid:             b.Fault("InvalidBasicAuthenticationSource"),
	}
}

// basicAuthenticationRef reads the variable of User or Password. Text in its place
// is no credential: the schema has the attribute alone.
func basicAuthenticationRef(b *flow.Build, el *etree.Element, tag, code string) *flow.Name {
	child := b.Child(el, tag)
	name := b.Ref(child, "ref")
	switch {
	case child == nil:
		b.Refuse(el, code)
	case name == nil:
		b.RefuseText(child, code, tag+" names no variable", `write <`+tag+` ref="VARIABLE"/>`)
	}
	return name
}

// basicAuthenticationName reads an element whose text is the name of a variable.
func basicAuthenticationName(b *flow.Build, el *etree.Element, tag, code string) *flow.Name {
	text := b.Text(el, tag)
	if text == "" {
		b.Refuse(el, code)
		return nil
	}
	return b.Name(text)
}

func (p *basicAuthenticationEncode) Execute(_ context.Context, x *flow.Exchange) error {
	if !p.createNew && !x.Get(p.to).IsNull() {
		return nil
	}
	credentials := make([]byte, 0, 128)
	for i, name := range [...]*flow.Name{p.user, p.password} {
		v := x.Get(name)
		if err := p.check(x, name, v); err != nil {
			return err
		}
		if i > 0 {
			credentials = append(credentials, ':')
		}
		credentials = append(credentials, v.String()...)
	}
	return basicAuthenticationSet(x, p.to, "Basic "+base64.StdEncoding.EncodeToString(credentials))
}

func (p *basicAuthenticationDecode) Execute(_ context.Context, x *flow.Exchange) error {
	v := x.Get(p.source)
	if err := p.check(x, p.source, v); err != nil || v.IsNull() {
		return err
	}
	user, password, ok := basicAuthenticationParse(v.String())
	if !ok {
		return p.invalid.New()
	}
	if err := basicAuthenticationSet(x, p.user, user); err != nil {
		return err
	}
	return basicAuthenticationSet(x, p.password, password)
}

// check tells whether the flow may go on with what was read of a variable.
func (p *basicAuthentication) check(x *flow.Exchange, name *flow.Name, v flow.Value) error {
	if broken := x.Err(); broken != nil {
		return broken // a body that cannot be read looks like an unresolved variable
	}
	if v.IsNull() && !p.ignore {
		return p.unresolved.New("variable", name.String())
	}
	return nil
}

// basicAuthenticationParse takes "Basic BASE64(USER:PASSWORD)" apart, at the first
// colon: only the password may hold one (RFC 7617). The scheme is compared without
// case, as HTTP has it; what Apigee does is not documented.
func basicAuthenticationParse(text string) (user, password string, ok bool) {
	scheme, encoded, _ := strings.Cut(strings.TrimSpace(text), " ")
	if !strings.EqualFold(scheme, "Basic") {
		return "", "", false
	}
	encoded = strings.TrimRight(strings.TrimSpace(encoded), "=") // clients forget the padding
	plain, err := base64.RawStdEncoding.DecodeString(encoded)
	if err != nil {
		return "", "", false
	}
	return strings.Cut(string(plain), ":")
}

// basicAuthenticationSet assigns text to a variable. One that cannot be written is
// left as it is, as Apigee does with predefined variables (runtime.md 6).
func basicAuthenticationSet(x *flow.Exchange, name *flow.Name, text string) error {
	err := x.Set(name, flow.Text(text))
	if denied, ok := errors.AsType[*flow.SetError](err); ok {
		x.Warn(denied.Error())
		return nil
	}
	return err
}
