package policies

import (
	"bytes"
	"encoding/xml"
	"errors"
	"net/url"
	"strings"

	"github.com/beevik/etree"

	"sluice/faults"
	"sluice/flow"
	"sluice/internal/ordjson"
)

// oauthv2Answers says what a policy sends by itself: GenerateResponse,
// GenerateErrorResponse, RFCCompliantRequestResponse.
type oauthv2Answers struct {
	generate        bool   // GenerateResponse
	format          string // of what is sent: JSON, FORM_PARAM, XML
	generateErrors  bool   // GenerateErrorResponse
	errorFormat     string
	realm           string
	rfc             bool
	continueOnError bool
	challenge       bool // 401 and 403 carry WWW-Authenticate: verification
}

func compileOAuthV2Answers(b *flow.Build, el *etree.Element) oauthv2Answers {
	a := oauthv2Answers{
		realm: "null", // what gateways send (policies-2.md 8.3, observed)
		rfc:   b.Bool(el, "RFCCompliantRequestResponse", false),
	}
	a.continueOnError = b.BoolAttr(el, "continueOnError", false)
	a.generate, a.format = oauthv2Enabled(b, b.Child(el, "GenerateResponse"))
	errorResponse := b.Child(el, "GenerateErrorResponse")
	a.generateErrors, a.errorFormat = oauthv2Enabled(b, errorResponse)
	for _, realm := range [...]string{b.Attr(errorResponse, "Realm"), b.Attr(errorResponse, "realm"), b.Text(errorResponse, "Realm")} {
		if realm != "" {
			a.realm = realm
		}
	}
	return a
}

func oauthv2Enabled(b *flow.Build, el *etree.Element) (enabled bool, format string) {
	if el == nil {
		return false, "JSON"
	}
	b.Known(el, "Format", "Realm")
	return b.BoolAttr(el, "enabled", true), b.Enum(el, "Format", "JSON", "FORM_PARAM", "XML")
}

// oauthv2Field is a member of an answer, and a variable.
type oauthv2Field struct {
	name   string
	text   string
	number bool     // JSON number
	list   []string // JSON array, in place of text
	hidden bool     // a variable only
}

// respond makes the fields the answer to the client, when GenerateResponse is on.
// Which of an answer's headers RFC mode adds is recalled from RFC 6749 5.1.
func (a *oauthv2Answers) respond(x *flow.Exchange, fields []oauthv2Field) {
	if !a.generate {
		return
	}
	m := oauthv2Response(x)
	m.Status, m.Reason = 200, ""
	oauthv2Write(m, a.format, fields)
	if a.rfc {
		m.Header.Set("Cache-Control", "no-store")
		m.Header.Set("Pragma", "no-cache")
	}
}

// redirect answers with 302.
func (a *oauthv2Answers) redirect(x *flow.Exchange, location string) {
	if !a.generate {
		return
	}
	m := oauthv2Response(x)
	m.Status, m.Reason = 302, ""
	m.ClearContent()
	m.Header.Del("Content-Type")
	m.Header.Set("Location", location)
}

// oauthv2Response is the response, which keeps the headers that it has, or a new
// one: in a request flow.
func oauthv2Response(x *flow.Exchange) *flow.Message {
	if x.Response == nil {
		x.Response = flow.NewResponse()
	}
	return x.Response
}

func oauthv2Write(m *flow.Message, format string, fields []oauthv2Field) {
	m.Header.Del("Content-Encoding")
	switch format {
	case "FORM_PARAM":
		m.Header.Set("Content-Type", flow.FormType)
		m.SetContent(oauthv2Form(fields))
	case "XML":
		m.Header.Set("Content-Type", "application/xml")
		m.SetContent(oauthv2XML(fields))
	default:
		m.Header.Set("Content-Type", "application/json")
		m.SetContent(oauthv2JSON(fields))
	}
}

func oauthv2JSON(fields []oauthv2Field) []byte {
	o := ordjson.NewObject()
	for _, f := range fields {
		switch {
		case f.hidden:
		case f.list != nil:
			items := ordjson.NewArray()
			for _, s := range f.list {
				items.Push(ordjson.NewString(s))
			}
			o.Set(f.name, items)
		case f.number:
			o.Set(f.name, ordjson.NewNumber(f.text))
		default:
			o.Set(f.name, ordjson.NewString(f.text))
		}
	}
	return ordjson.Append(nil, o)
}

func oauthv2Form(fields []oauthv2Field) []byte {
	var b bytes.Buffer
	for _, f := range fields {
		if f.hidden || f.list != nil {
			continue
		}
		if b.Len() > 0 {
			b.WriteByte('&')
		}
		b.WriteString(url.QueryEscape(f.name) + "=" + url.QueryEscape(f.text))
	}
	return b.Bytes()
}

// oauthv2XML has an element per field. How Apigee names the root is not
// established. A name that XML does not allow is an attribute there.
func oauthv2XML(fields []oauthv2Field) []byte {
	var b bytes.Buffer
	b.WriteString("<OAuthV2>")
	for _, f := range fields {
		if f.hidden || f.list != nil {
			continue
		}
		open, shut := f.name, f.name
		if strings.ContainsFunc(f.name, func(r rune) bool { return !oauthv2NameRune(r) }) || f.name[0] < 'A' {
			var name bytes.Buffer
			xml.EscapeText(&name, []byte(f.name)) // a bytes.Buffer never fails
			open, shut = `attribute name="`+name.String()+`"`, "attribute"
		}
		b.WriteString("<" + open + ">")
		xml.EscapeText(&b, []byte(f.text))
		b.WriteString("</" + shut + ">")
	}
	b.WriteString("</OAuthV2>")
	return b.Bytes()
}

func oauthv2NameRune(r rune) bool {
	return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || r == '_' || r == '.' || r == '-'
}

// failed makes of an operation's error what the client gets. An error of ours
// stays as it is; nil is nil.
func (p *oauthv2) failed(x *flow.Exchange, err error) error {
	if err == nil {
		return nil
	}
	if broken := x.Err(); broken != nil {
		return broken // a body that cannot be read looks like a missing parameter
	}
	f, ok := errors.AsType[*faults.Fault](err)
	if !ok {
		return err
	}
	oauthv2Tell(x, p.name, f)
	m := p.errorMessage(f)
	if p.generateErrors && p.continueOnError {
		x.Response = m
	}
	return &flow.Raised{Fault: f, Message: m}
}

// oauthv2Tell sets the variables of a failure. fault.name is the whole code,
// except where it begins with "steps." (policies-2.md 8.4, observed; the pages
// print short names).
func oauthv2Tell(x *flow.Exchange, policy string, f *faults.Fault) {
	f.At(policy, x.Flow.Current, x.Phase.String())
	name := f.Code()
	if strings.HasPrefix(name, "steps.") {
		name = f.Name()
	}
	x.Put("oauthV2."+policy+".fault.name", flow.Text(name))
	x.Put("oauthV2."+policy+".fault.cause", flow.Text(f.Reason))
}

// errorMessage is the standard body, or the generated one.
func (a *oauthv2Answers) errorMessage(f *faults.Fault) *flow.Message {
	m := flow.NewResponse()
	m.Status = f.Status
	m.Header.Set("Content-Type", "application/json")
	m.SetContent(f.Body())
	if a.generate && !a.challenge || a.generateErrors {
		a.writeError(m, f)
	}
	if a.challenge && (f.Status == 401 || f.Status == 403) {
		m.Header.Set("WWW-Authenticate", a.bearerChallenge(f))
	}
	return m
}

// writeError puts the generated body in place of the standard one: in RFC mode of
// any fault, otherwise of those that have one.
func (a *oauthv2Answers) writeError(m *flow.Message, f *faults.Fault) {
	format := a.format
	if a.generateErrors {
		format = a.errorFormat
	}
	switch body := f.ResponseBody(); {
	case a.rfc:
		if f.Name() == "UnSupportedGrantType" {
			f.Status, m.Status = 400, 400 // RFC 6749 5.2
		}
		oauthv2Write(m, format, []oauthv2Field{{name: "error", text: oauthv2RFCError(f)}, {name: "error_description", text: oauthv2RFCText(f)}})
		m.Header.Set("Cache-Control", "no-store")
		m.Header.Set("Pragma", "no-cache")
	case body == nil && f.Name() != "invalid_request":
	case format != "JSON" || body == nil:
		oauthv2Write(m, format, []oauthv2Field{{name: "ErrorCode", text: f.Name()}, {name: "Error", text: f.Reason}})
	default:
		m.SetContent(body)
	}
}

// bearerChallenge is as observed on gateways. The faultstring comes from the
// catalogue and from the bundle, so it has no quotes to escape; it is checked all
// the same, for a header must not break.
func (a *oauthv2Answers) bearerChallenge(f *faults.Fault) string {
	kind := "invalid_token"
	if f.Status == 403 {
		kind = "insufficient_scope"
	}
	text := strings.Map(func(r rune) rune {
		if r == '"' || r == '\\' || r < ' ' {
			return ' '
		}
		return r
	}, f.Code()+": "+f.Reason)
	return `Bearer realm="` + a.realm + `",error="` + kind + `",error_description="` + text + `"`
}

// oauthv2RFCError is the error code of RFC 6749 5.2 and 4.1.2.1 for a fault.
func oauthv2RFCError(f *faults.Fault) string {
	switch f.Name() {
	case "UnSupportedGrantType":
		return "unsupported_grant_type"
	case "InsufficientScope":
		return "insufficient_scope"
	case "invalid_client", "InvalidClientIdentifier", "consumer_key_expired", "invalid_client-app_not_approved",
		"invalid_client-client_id_not_approved", "DeveloperStatusNotActive":
		return "invalid_client"
	case "InvalidAccessToken", "invalid_access_token", "access_token_expired", "access_token_not_approved", "JWTDecodingFailed":
		return "invalid_token"
	}
	switch f.Def.Variant[strings.LastIndexByte(f.Def.Variant, '/')+1:] {
	case "Invalid Authorization Code", "Invalid Refresh Token", "Refresh Token expired", "Invalid redirect_uri : {redirect_uri}":
		return "invalid_grant"
	case "Invalid Scope":
		return "invalid_scope"
	case "Response type must be code", "Response type must be token":
		return "unsupported_response_type"
	}
	return "invalid_request"
}

// oauthv2RFCText is the faultstring; that of an expired refresh token is
// documented in lower case.
func oauthv2RFCText(f *faults.Fault) string {
	if f.Reason == "Refresh Token expired" {
		return "refresh token expired"
	}
	return f.Reason
}
