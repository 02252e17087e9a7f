package policies_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"sluice/flow"
)

// corsExchange is a request from a web page at origin, to which more may be done.
func corsExchange(verb, origin string) *flow.Exchange {
	x := client()
	x.Request.Method = verb
	x.Request.Header.Add("Origin", origin)
	if verb == "OPTIONS" {
		x.Request.Header.Add("Access-Control-Request-Method", "GET")
	}
	return x
}

const corsA = `<CORS><AllowOrigins>https://a.example.com</AllowOrigins><ExposeHeaders>x-three</ExposeHeaders></CORS>`

// TestCORSInTheErrorState: a fault rule cannot answer a preflight, there is an
// answer already.
func TestCORSInTheErrorState(t *testing.T) {
	x := failing()
	x.Request = corsExchange("OPTIONS", "https://a.example.com").Request
	if err := permissive.run(t, x, corsA); err != nil {
		t.Errorf("got %v", err)
	}
	if v := x.Lookup("cross_origin_resource_sharing.preflight.accepted"); !v.True() {
		t.Errorf("preflight.accepted is %v", v)
	}
}

func TestCORSVary(t *testing.T) {
	for before, want := range map[string]string{
		"":                "Origin",
		"Accept":          "Accept, Origin",
		"Accept, origin":  "Accept, origin",
		"*":               "*",
		"Original-Accept": "Original-Accept, Origin",
	} {
		x := corsExchange("GET", "https://a.example.com")
		if err := permissive.run(t, x, corsA); err != nil {
			t.Fatal(err)
		}
		m := flow.NewResponse()
		if before != "" {
			m.Header.Add("Vary", before)
		}
		x.Answer(m)
		if got, _ := m.Header.Joined("Vary"); got != want {
			t.Errorf("Vary is %q after %q, want %q", got, before, want)
		}
	}
}

// TestCORSFailures are those that are no fault of the policy: they end the
// request also when it is a preflight.
func TestCORSFailures(t *testing.T) {
	for origins, want := range map[string]string{
		`{request.content}`:                   "TooBigBody",
		`{replaceAll(request.verb,broken,a)}`: "InternalError",
	} {
		x := corsExchange("OPTIONS", "https://a.example.com")
		x.Put("broken", flow.Text("("))
		x.Request.Limit = 4
		x.Request.Body.SetStream(shortStream{strings.NewReader("12345")}, 5)
		err := permissive.run(t, x, `<CORS><AllowOrigins>`+origins+`</AllowOrigins></CORS>`)
		if _, served := errors.AsType[*flow.Served](err); err == nil || served {
			t.Errorf("%s: got %v", origins, err)
			continue
		}
		if got := flow.FaultOf(err).Name(); got != want {
			t.Errorf("%s: got %s, want %s", origins, got, want)
		}
	}
}

func TestCORSDeployment(t *testing.T) {
	const origins = `<AllowOrigins>https://a.example.com</AllowOrigins>`
	long := strings.Repeat("x-header, ", 1000)
	tests := []struct {
		elements string
		want     []string
	}{
		{origins, nil},
		{`<AllowOrigins>*</AllowOrigins><AllowMethods>*</AllowMethods><AllowHeaders>*</AllowHeaders><MaxAge>-1</MaxAge>`, nil},
		{`<AllowOrigins>{request.header.origin:*}</AllowOrigins><AllowMethods>{verbs}</AllowMethods>`, nil},
		{`<AllowOrigins>null, http://localhost:4200</AllowOrigins>`, nil},
		{``, []string{"error MissingAllowOrigins"}},
		{`<AllowOrigins/>`, []string{"error MissingAllowOrigins"}},
		{`<AllowOrigins>https://a.example.com/</AllowOrigins>`, []string{"warning OriginForm"}},
		{`<AllowOrigins>a.example.com</AllowOrigins>`, []string{"warning OriginForm"}},
		{`<AllowOrigins>https://*.example.com</AllowOrigins>`, []string{"warning OriginForm"}},
		{origins + `<MaxAge>soon</MaxAge>`, []string{"error InvalidMaxAge"}},
		{origins + `<AllowMethods>GET, FETCH</AllowMethods>`, []string{"error InvalidHTTPMethods"}},
		{origins + `<AllowHeaders>` + long + `</AllowHeaders>`, []string{"error AllowHeadersSizeTooLarge"}},
		{origins + `<ExposeHeaders>` + long + `</ExposeHeaders>`, []string{"error ExposeHeadersSizeTooLarge"}},
		{origins + `<AllowCredentials>maybe</AllowCredentials>`, []string{"error InvalidValue"}},
		{origins + `<Vary/>`, []string{"warning UnknownElement"}},
	}
	for _, tt := range tests {
		_, b := permissive.compile(t, "<CORS>"+tt.elements+"</CORS>")
		if got := calloutProblems(b.Problems); !slices.Equal(got, tt.want) {
			t.Errorf("%.200s\n got %v\nwant %v", tt.elements, got, tt.want)
		}
	}
}

func BenchmarkCORS(b *testing.B) {
	p, _ := permissive.compile(b, corsA)
	for _, verb := range []string{"GET", "OPTIONS"} {
		x := corsExchange(verb, "https://a.example.com")
		m := flow.NewResponse()
		b.Run(verb, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_ = p.Execute(b.Context(), x)
				x.Answer(m)
			}
		})
	}
}
