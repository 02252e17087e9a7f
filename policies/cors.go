package policies

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"

	"sluice/faults"
	"sluice/flow"
)

var _ = register(flow.Kind{
	Name:    "CORS",
	Group:   "security",
	Compile: compileCORS,
	Doc: flow.Doc{
		Title: "lets web pages of other origins call the API",
		Text: `Attach it to the request PreFlow of a ProxyEndpoint, without a condition for OPTIONS. A request without an Origin
header is left alone.

A preflight, OPTIONS with Origin and Access-Control-Request-Method, is answered here: the rest of the request flows and
the target are skipped, and the flow goes on at the response PreFlow of the ProxyEndpoint. With
GeneratePreflightResponse="false" it goes its way instead. Any other request goes its way too; its answer, be it a
response or an error, gets Access-Control-Allow-Origin, -Allow-Credentials and -Expose-Headers at the very end, in
place of those that it has.

The Origin must be an entry of AllowOrigins, character by character, or AllowOrigins must have the entry "*"; otherwise
nothing is added and the browser refuses. AllowOrigins, AllowMethods, AllowHeaders and ExposeHeaders are message
templates.

Variables set, below cross_origin_resource_sharing: request.type (ACTUAL or PRE_FLIGHT), request.origin,
request.method, request.headers, allow.origin, allow.origins.list, allow.methods, allow.headers, allow.credentials,
expose.headers, max.age, preflight.accepted.`,
		Sample: `<CORS name="CORS-Portal">
  <AllowOrigins>https://portal.example.com, {propertyset.portal.origin:https://localhost:4200}</AllowOrigins>
  <AllowMethods>GET, PUT, POST, DELETE</AllowMethods>
  <AllowHeaders>origin, x-requested-with, accept, content-type, authorization</AllowHeaders>
  <ExposeHeaders>x-request-id</ExposeHeaders>
  <MaxAge>3600</MaxAge>
  <AllowCredentials>true</AllowCredentials>
  <GeneratePreflightResponse>true</GeneratePreflightResponse>
  <IgnoreUnresolvedVariables>true</IgnoreUnresolvedVariables>
</CORS>`,
	},
})

// cors is specified by policies-1.md 7.
type cors struct {
	name                              string // of the policy
	origins, methods, headers, expose *flow.Template
	maxAge                            int
	credentials                       flow.Value // null: the header is not sent
	generate                          bool       // GeneratePreflightResponse
	ignore                            bool       // IgnoreUnresolvedVariables
	unresolved                        *faults.Def
}

// corsGrant is what a cors policy has to say to one request. The fields are
// header values; an empty one is not sent.
type corsGrant struct {
	origin                            string // Access-Control-Allow-Origin
	echoed                            bool   // origin is that of the request
	origins, methods, headers, expose string
}

func (p *cors) Execute(_ context.Context, x *flow.Exchange) error {
	origin, ok := x.Request.Header.Get("Origin")
	if !ok {
		return nil
	}
	method, ok := x.Request.Header.Get("Access-Control-Request-Method")
	// The page says just OPTIONS; the Fetch standard tells a preflight so.
	preflight := ok && x.Request.Method == "OPTIONS"
	// In a response flow or a fault rule there is an answer already.
	generate := preflight && p.generate && x.Phase <= flow.TargetRequest && !x.InError()
	grant, err := p.grant(x, origin)
	if fault, ok := errors.AsType[*faults.Fault](err); ok && generate && fault.Def == p.unresolved {
		// The error flow is skipped and its variables are not set (documented).
		fault.At(p.name, x.Flow.Current, x.Phase.String())
		return &flow.Served{Response: flow.ErrorMessage(fault)}
	}
	if err != nil {
		return err
	}
	p.tell(x, origin, grant)
	if !preflight {
		x.OnAnswer(func(m *flow.Message) { p.answer(m, grant) })
		return nil
	}
	tellCORSPreflight(x, method, grant)
	if !generate {
		return nil
	}
	return &flow.Served{Response: p.preflight(grant)}
}

// grant expands what the policy allows and decides about the origin.
func (p *cors) grant(x *flow.Exchange, origin string) (g corsGrant, err error) {
	for _, part := range [...]struct {
		to   *string
		from *flow.Template
	}{{&g.origins, p.origins}, {&g.methods, p.methods}, {&g.headers, p.headers}, {&g.expose, p.expose}} {
		if *part.to, err = p.expand(x, part.from); err != nil {
			return g, err
		}
	}
	wildcard := false
	for entry := range strings.SplitSeq(g.origins, ",") {
		switch strings.TrimSpace(entry) {
		case origin:
			g.origin, g.echoed = origin, true
			return g, nil
		case "*":
			wildcard = true
		}
	}
	switch {
	case wildcard && p.credentials.True():
		g.origin, g.echoed = origin, true // browsers refuse "*" with credentials
	case wildcard:
		g.origin = "*" // or the origin: not established
	}
	return g, nil
}

func (p *cors) expand(x *flow.Exchange, t *flow.Template) (string, error) {
	text, err := t.Expand(x, p.ignore)
	if broken := x.Err(); broken != nil {
		return "", broken
	}
	if missing, ok := errors.AsType[*flow.UnresolvedError](err); ok {
		return "", p.unresolved.New("variable", missing.Name)
	}
	return strings.TrimSpace(text), err
}

// preflight makes the response to a preflight. Its status is recalled.
func (p *cors) preflight(g corsGrant) *flow.Message {
	m := flow.NewResponse()
	if g.origin == "" {
		return m
	}
	p.allow(m, g)
	setCORS(m, "Access-Control-Allow-Methods", g.methods)
	setCORS(m, "Access-Control-Allow-Headers", g.headers)
	setCORS(m, "Access-Control-Max-Age", strconv.Itoa(p.maxAge))
	return m
}

// answer is the hidden step at the end of the response or error flow. That it
// takes the place of a target's own headers is not established: of two values
// every browser refuses both.
func (p *cors) answer(m *flow.Message, g corsGrant) {
	if g.origin == "" {
		return
	}
	p.allow(m, g)
	setCORS(m, "Access-Control-Expose-Headers", g.expose)
}

// allow adds what every answer to an allowed origin has. Caches must not hand an
// answer for one origin to another.
func (p *cors) allow(m *flow.Message, g corsGrant) {
	setCORS(m, "Access-Control-Allow-Origin", g.origin)
	setCORS(m, "Access-Control-Allow-Credentials", p.credentials.String())
	if !g.echoed {
		return
	}
	varies := func(name string) bool { return name == "*" || strings.EqualFold(name, "Origin") }
	if !slices.ContainsFunc(m.Header.Items("Vary"), varies) {
		m.Header.Add("Vary", "Origin")
	}
}

func setCORS(m *flow.Message, name, value string) {
	if value != "" {
		m.Header.Set(name, value)
	}
}
