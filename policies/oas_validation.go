package policies

import (
	"context"
	"path"
	"strings"

	"github.com/beevik/etree"

	"sluice/faults"
	"sluice/flow"
	"sluice/internal/oas"
)

var _ = register(flow.Kind{
	Name:    "OASValidation",
	Group:   "mediation",
	Compile: compileOASValidation,
	Doc: flow.Doc{
		Title: "holds a request or a response against an OpenAPI description",
		Text: `Looks for the operation of the path after the base path and of the verb, whatever the servers of the description say,
and then at parameters, content type, API keys, and whether a body is there that must be; with ValidateMessageBody at the
body too, if it is JSON or a form and the endpoint does not stream it (request.streaming.enabled,
response.streaming.enabled). Without a Content-Type it is taken for JSON if the description has nothing else for it, and
is not looked into otherwise. A Source that is a response is held against the responses of the operation of the
request. What is wrong is told all at once, in the sentences of Apigee.

The description is OpenAPI 3.0 or 3.1, in YAML or JSON, below resources/oas; it may refer to other files there. Parameters
that it does not name are let through unless AllowUnspecifiedParameters says otherwise; headers that every client and proxy
sends are never refused for that.`,
		Sample: `<OASValidation name="OAS-Sample">
  <Source>request</Source>
  <OASResource>oas://petstore.yaml</OASResource>
  <Options>
    <ValidateMessageBody>true</ValidateMessageBody>
    <AllowUnspecifiedParameters>
      <Header>true</Header>
      <Query>false</Query>
      <Cookie>true</Cookie>
    </AllowUnspecifiedParameters>
  </Options>
</OASValidation>`,
	},
})

// oasValidation is specified by policies-2.md 7. What that leaves open, such as the
// path that counts, follows Apigee's page; see package oas for the readings.
type oasValidation struct {
	source   *flow.Name
	resource string // oas://NAME
	spec     *oas.Spec
	options  oas.Options

	failed, missing, noMessage *faults.Def
}

func compileOASValidation(b *flow.Build, el *etree.Element) flow.Policy {
	b.Known(el, "OASResource", "Options", "Source")
	source := b.Text(el, "Source")
	if source == "" {
		source = "request"
	}
	p := &oasValidation{
		source:    b.Name(source),
		options:   compileOASOptions(b, b.Child(el, "Options")),
		failed:    b.Fault("Failed"),
		missing:   b.Fault("SourceMessageNotAvailable"),
		noMessage: b.Fault("NonMessageVariable"),
	}
	// Whether there is a body is looked at without options too, where one is required.
	b.ReadsContent(source)
	p.resource, p.spec = compileOASResource(b, el)
	return p
}

func compileOASOptions(b *flow.Build, el *etree.Element) oas.Options {
	b.Known(el, "ValidateMessageBody", "AllowUnspecifiedParameters")
	allow := b.Child(el, "AllowUnspecifiedParameters")
	b.Known(allow, "Header", "Query", "Cookie")
	return oas.Options{
		Body:             b.Bool(el, "ValidateMessageBody", false),
		OnlyKnownHeaders: !b.Bool(allow, "Header", true),
		OnlyKnownQuery:   !b.Bool(allow, "Query", true),
		OnlyKnownCookies: !b.Bool(allow, "Cookie", true),
	}
}

// compileOASResource reads the description. A description whose name a variable
// gives is refused: it could not be compiled before there is a request.
func compileOASResource(b *flow.Build, el *etree.Element) (string, *oas.Spec) {
	at := b.Child(el, "OASResource")
	url := flow.TextOf(at)
	name, ok := strings.CutPrefix(url, "oas://")
	if !ok || !oasExtension(name) || strings.ContainsAny(name, "{}") {
		if at == nil {
			at = el
		}
		b.RefuseText(at, "BadResourceURL", "OASResource "+url+" names no OpenAPI description", "write <OASResource>oas://NAME.yaml</OASResource>, or .yml or .json")
		return url, nil
	}
	data, ok := b.Resource(url)
	if !ok {
		b.RefuseText(at, "ResourceDoesNotExist", "resource "+url+" does not exist", "add it to resources/oas")
		return url, nil
	}
	spec, err := oas.Parse(data, func(file string) ([]byte, bool) { return b.Resource("oas://" + path.Join(path.Dir(name), file)) })
	if err != nil {
		b.RefuseText(at, "ResourceCompileFailed", url+" cannot be used: "+err.Error(), "write OpenAPI 3.0 or 3.1")
		return url, nil
	}
	for _, note := range spec.Notes {
		b.Warn(at, "InvalidDescription", url+": "+note, "the description is used as it is")
	}
	return url, spec
}

func oasExtension(name string) bool {
	switch strings.ToLower(path.Ext(name)) {
	case ".yaml", ".yml", ".json":
		return true
	}
	return false
}

func (p *oasValidation) Execute(_ context.Context, x *flow.Exchange) error {
	m := x.Message(p.source.String())
	if m == nil {
		return p.absent(x)
	}
	problems, err := p.validate(x, m)
	if err != nil {
		return err
	}
	if len(problems) > 0 {
		return p.failed.New("resource", p.resource, "reasons", problems.String())
	}
	return nil
}

// absent tells a variable that is no message from one that is not there.
func (p *oasValidation) absent(x *flow.Exchange) error {
	name := p.source.String()
	if v := x.Get(p.source); !v.IsNull() {
		return p.noMessage.New("variable", name)
	}
	if broken := x.Err(); broken != nil {
		return broken
	}
	return p.missing.New("source", name, "variable", name)
}

func (p *oasValidation) validate(x *flow.Exchange, m *flow.Message) (oas.Problems, error) {
	if m.Kind == flow.Response {
		return p.spec.Response(&oas.Response{
			Verb: x.Request.Method, Path: x.Path.Suffix, Status: m.Status, Header: m.Header, Body: oasBody{m},
		}, p.options)
	}
	return p.spec.Request(&oas.Request{
		Verb: m.Method, Path: x.Path.Suffix, Header: m.Header, Query: m, Body: oasBody{m},
	}, p.options)
}

// oasBody is the payload of a message. One that streams counts as there.
type oasBody struct{ *flow.Message }

func (b oasBody) Present() (bool, error) {
	if size := b.Body.Size(); size >= 0 || b.Streamed {
		return size != 0, nil
	}
	data, err := b.Message.Content()
	return len(data) > 0, err
}

func (b oasBody) Content() ([]byte, error) {
	if _, held := b.Body.Held(); b.Streamed && !held {
		return nil, oas.ErrStreams
	}
	return b.Message.Content()
}
