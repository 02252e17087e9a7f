package policies_test

import (
	"context"
	"errors"
	"io"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"sluice/faults"
	"sluice/flow"
)

// callee is a connection made of a function; nil answers 200 with no payload.
type callee struct {
	answer func(ctx context.Context, x *flow.Exchange, c flow.Call) (*flow.Message, error)
	mu     sync.Mutex // guards calls
	calls  []flow.Call
	only   int // the one status that is a success; 0: those below 400
}

func (c *callee) Success(status int) bool {
	return status == c.only || c.only == 0 && status < 400
}

func (c *callee) Call(ctx context.Context, x *flow.Exchange, call flow.Call) (*flow.Message, error) {
	c.mu.Lock()
	c.calls = append(c.calls, call)
	c.mu.Unlock()
	if c.answer == nil {
		return flow.NewResponse(), nil
	}
	return c.answer(ctx, x, call)
}

func says(status int, body string) func(context.Context, *flow.Exchange, flow.Call) (*flow.Message, error) {
	return func(context.Context, *flow.Exchange, flow.Call) (*flow.Message, error) {
		m := flow.NewResponse()
		m.Status = status
		m.Header.Add("X-From", "callee")
		m.Body.SetStream(stream(body), -1)
		return m, nil
	}
}

func failsWith(err error) func(context.Context, *flow.Exchange, flow.Call) (*flow.Message, error) {
	return func(context.Context, *flow.Exchange, flow.Call) (*flow.Message, error) { return nil, err }
}

func stream(text string) io.ReadCloser { return io.NopCloser(strings.NewReader(text)) }

const calloutURL = `<HTTPTargetConnection><URL>http://callee/base</URL></HTTPTargetConnection>`

func TestServiceCalloutRequest(t *testing.T) {
	for _, c := range []struct {
		name, elements string
		want           string // what is sent
		variable       string // that holds the request afterwards
		kept           string // what is in it
	}{
		{name: "no Request", want: "GET \n\n", variable: "servicecallout.request", kept: "GET \n\n"},
		{name: "inline", elements: `<Request variable="r"><Set><Verb>POST</Verb><Path>find/{request.verb}?a=1</Path><QueryParams><QueryParam name="b">2</QueryParam></QueryParams><Payload contentType="text/plain">x</Payload></Set></Request>`,
			want: "POST /find/POST?a=1&b=2\nContent-Type: text/plain\n\nx", variable: "r", kept: "POST find/POST?a=1?b=2\nContent-Type: text/plain\n\nx"},
		{name: "existing message", elements: `<Request variable="there"><Set><Headers><Header name="A">1</Header></Headers></Set></Request>`,
			want: "PUT /there\nA: 1\n\nthere", variable: "there", kept: "PUT /there\nA: 1\n\nthere"},
		{name: "no variable: a new message each time", elements: `<Request><Set><Verb>POST</Verb></Set></Request>`,
			want: "POST \n\n", variable: "servicecallout.request", kept: "POST \n\n"},
		{name: "clearPayload", elements: `<Request variable="there" clearPayload="true"/>`,
			want: "PUT /there\n\nthere", variable: "there", kept: "PUT /there\n\n"},
		{name: "the client's request, but not its path", elements: `<Request variable="request"/>`,
			want:     "POST ?name=Ada&name=Bob&q=1\nHost: example.com\nX-Many: a\nX-Many: b\nContent-Type: text/plain\n\nin",
			variable: "request", kept: "POST /v1/things?name=Ada&name=Bob&q=1\nHost: example.com\nX-Many: a\nX-Many: b\nContent-Type: text/plain\n\nin"},
		{name: "the client's request with a path", elements: `<Request variable="request"><Remove/><Set><Path>/p</Path></Set></Request>`,
			want: "POST /p\n\n", variable: "request", kept: "POST /p\n\n"},
		{name: "Copy, unresolved ignored", elements: `<Request variable="r"><Copy source="request"><Verb>true</Verb></Copy><Add><Headers><Header name="A">{none}</Header></Headers></Add><IgnoreUnresolvedVariables>true</IgnoreUnresolvedVariables></Request>`,
			want: "POST \nA: \n\n", variable: "r", kept: "POST \nA: \n\n"},
		{name: "token", elements: `<Authentication><GoogleIDToken><Audience useTargetUrl="true"/></GoogleIDToken></Authentication>`,
			want: "GET \nAuthorization: Bearer runner@acme [] 0s \"http://callee/base\" false\n\n", variable: "none", kept: "no message"},
		{name: "token inside Set", elements: `<Request><Set><Authentication><GoogleIDToken><Audience useTargetUrl="true"/></GoogleIDToken></Authentication></Set></Request>`,
			want: "GET \nAuthorization: Bearer runner@acme [] 0s \"http://callee/base\" false\n\n", variable: "none", kept: "no message"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w, to := permissive, &callee{}
			w.connection = to
			x := client()
			there := flow.NewRequest()
			there.Method, there.Path = "PUT", "/there"
			there.SetContent([]byte("there"))
			x.SetMessage("there", there)
			x.SetMessage("servicecallout.request", there)
			err := w.run(t, x, `<ServiceCallout>`+c.elements+`<Response>a</Response>`+calloutURL+`</ServiceCallout>`)
			if err != nil || len(to.calls) != 1 {
				t.Fatalf("%d calls, %v", len(to.calls), err)
			}
			if got := wire(t, to.calls[0].Request); got != c.want {
				t.Errorf("sent\n%s\nwant\n%s", got, c.want)
			}
			if got := wire(t, x.Message(c.variable)); got != c.kept {
				t.Errorf("%s is\n%s\nwant\n%s", c.variable, got, c.kept)
			}
		})
	}
}

func TestServiceCalloutVariables(t *testing.T) {
	w, to := permissive, &callee{}
	w.connection = to
	x := client()
	for name, value := range map[string]string{
		"servicecallout.P.target.url": "http://other/", "servicecallout.P.expectedcn": "cn", "servicecallout.requesturi": "/uri?a=1",
	} {
		if err := x.Set(flow.ParseName(name), flow.Text(value)); err != nil {
			t.Fatal(err)
		}
	}
	err := w.run(t, x, `<ServiceCallout><Request><IgnoreUnresolvedVariables>true</IgnoreUnresolvedVariables></Request><Response>a</Response><Timeout>1500</Timeout>`+calloutURL+`</ServiceCallout>`)
	if err != nil {
		t.Fatal(err)
	}
	got := to.calls[0]
	if got.URL != "http://other/" || got.ExpectedCN != "cn" || got.URI != "/uri?a=1" || got.Timeout != 1500*time.Millisecond || !got.IgnoreUnresolved {
		t.Errorf("call is %+v", got)
	}
}

func TestServiceCalloutAnswer(t *testing.T) {
	for _, c := range []struct {
		name, connection string
		status, only     int
		fault            string
	}{
		{"success", calloutURL, 302, 0, ""},
		{"client error", calloutURL, 404, 0, "ResponseCode 404 is treated as error"},
		{"server error", calloutURL, 503, 0, "ResponseCode 503 is treated as error"},
		{"named code", calloutURL, 404, 404, ""},
		{"other code", calloutURL, 403, 404, "ResponseCode 403 is treated as error"},
		{"only what is named", calloutURL, 200, 404, "ResponseCode 200 is treated as error"},
		{"local", `<LocalTargetConnection><APIProxy>p</APIProxy><ProxyEndpoint>default</ProxyEndpoint></LocalTargetConnection>`, 500, 0, "ResponseCode 500 is treated as error"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := permissive
			w.connection = &callee{answer: says(c.status, "body"), only: c.only}
			x := client()
			err := w.run(t, x, `<ServiceCallout><Response>a</Response>`+c.connection+`</ServiceCallout>`)
			want := "<nil>"
			if c.fault != "" {
				want = "500 steps.servicecallout.ExecutionFailed: Execution of ServiceCallout P failed. Reason: " + c.fault
			}
			if got := faultText(err); got != want {
				t.Errorf("got %s, want %s", got, want)
			}
			if x.Lookup("a.status.code").Int() != int64(c.status) || x.Lookup("a.content").String() != "body" || x.Lookup("a.header.x-from").String() != "callee" {
				t.Errorf("a is %s", wire(t, x.Message("a")))
			}
			if _, held := x.Message("a").Body.Held(); !held {
				t.Error("the payload is not held")
			}
		})
	}
}

// TestServiceCalloutIntoRequest is what bundles do that transform a request.
func TestServiceCalloutIntoRequest(t *testing.T) {
	w := permissive
	w.connection = &callee{answer: says(200, "changed")}
	x := client()
	if err := w.run(t, x, `<ServiceCallout><Response>request</Response>`+calloutURL+`</ServiceCallout>`); err != nil {
		t.Fatal(err)
	}
	if got, want := wire(t, x.Request), "POST /v1/things?name=Ada&name=Bob&q=1\nX-From: callee\n\nchanged"; got != want {
		t.Errorf("request is\n%s\nwant\n%s", got, want)
	}
}

func TestServiceCalloutFaults(t *testing.T) {
	const failed = "500 steps.servicecallout.ExecutionFailed: Execution of ServiceCallout P failed. Reason: "
	fault := func(name string) error { return faults.MustRuntime(name).New("detail", "x") }
	for _, c := range []struct {
		name, elements string
		answer         func(context.Context, *flow.Exchange, flow.Call) (*flow.Message, error)
		want           string
	}{
		{"refused", "", failsWith(fault("ServiceUnavailable")), failed + "Host not reachable"},
		{"unknown host", "", failsWith(fault("NoResolvedHost")), failed + "Host not reachable"},
		{"no server", "", failsWith(fault("NoActiveTargets")), failed + "Host not reachable"},
		{"slow", "", failsWith(fault("GatewayTimeout")), failed + "timeout occurred in P"},
		{"TLS", "", failsWith(fault("SslHandshakeFailed")), failed + "SSL Handshake failed x"},
		{"no token for Google", "", failsWith(fault("GoogleTokenGenerationFailure")), "500 messaging.adaptors.http.filter.GoogleTokenGenerationFailure: GoogleTokenGenerationFailure: a Google token for <Authentication> cannot be made (detail x)"},
		{"an error of ours", "", failsWith(errors.New("oops")), failed + "oops"},
		{"URL", "", failsWith(&flow.UnresolvedError{Name: "host"}), "500 entities.UnresolvedVariable: Unresolved variable : host"},
		{"answer too big", "", func(ctx context.Context, x *flow.Exchange, c flow.Call) (*flow.Message, error) {
			m, err := says(200, "too long")(ctx, x, c)
			m.Limit = 1
			return m, err
		}, failed + "Body buffer overflow"},
		{"request template", `<Request><Set><Verb>{none}</Verb></Set></Request>`, nil, "500 entities.UnresolvedVariable: Unresolved variable : none"},
		{"no message", `<Request variable="text"/>`, nil, "500 steps.servicecallout.RequestVariableNotMessageType: ServiceCallout[P]: request variable text value is not of type Message"},
		{"not there yet", `<Request variable="response"/>`, nil, "500 steps.servicecallout.RequestVariableNotMessageType: ServiceCallout[P]: request variable response value is not of type Message"},
		{"a response", `<Request variable="reply"/>`, nil, "500 steps.servicecallout.RequestVariableNotRequestMessageType: ServiceCallout[P]: request variable reply value is not of type Request Message"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := permissive
			w.connection = &callee{answer: c.answer}
			x := client()
			x.Put("text", flow.Text("t"))
			x.SetMessage("reply", flow.NewResponse())
			err := w.run(t, x, `<ServiceCallout>`+c.elements+`<Response>a</Response>`+calloutURL+`</ServiceCallout>`)
			if got := faultText(err); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

// hangs answers nothing until its context ends.
func hangs(ctx context.Context, _ *flow.Exchange, _ flow.Call) (*flow.Message, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

func TestServiceCalloutTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := permissive
		w.connection = &callee{answer: hangs}
		start := time.Now()
		err := w.run(t, client(), `<ServiceCallout><Response>a</Response>`+calloutURL+`</ServiceCallout>`)
		if got := faultText(err); !strings.HasSuffix(got, "Reason: timeout occurred in P") || time.Since(start) != 55*time.Second {
			t.Errorf("got %s after %v", got, time.Since(start))
		}
	})
}

func TestServiceCalloutClientGone(t *testing.T) {
	w := permissive
	w.connection = &callee{answer: hangs}
	p, _ := w.compile(t, `<ServiceCallout><Response>a</Response>`+calloutURL+`</ServiceCallout>`)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := p.Execute(ctx, client()); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

// TestServiceCalloutUnawaited shows that nobody waits without a Response: the
// call outlives the request, works on what the request was, and only its
// Timeout ends it.
func TestServiceCalloutUnawaited(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		var host, content string
		var ended time.Duration
		w := permissive
		w.connection = &callee{answer: func(ctx context.Context, x *flow.Exchange, c flow.Call) (*flow.Message, error) {
			time.Sleep(time.Second)
			host, content = x.Lookup("request.header.host").String(), x.Lookup("saved.content").String()+x.Lookup("var").String()
			m, err := hangs(ctx, x, c)
			ended = time.Since(start)
			return m, err
		}}
		x := client()
		x.SetMessage("saved", x.Request)
		x.Put("var", flow.Text("1"))
		p, _ := w.compile(t, `<ServiceCallout><Timeout>3000</Timeout>`+calloutURL+`</ServiceCallout>`)
		ctx, gone := context.WithCancel(t.Context())
		if err := p.Execute(ctx, x); err != nil || time.Since(start) != 0 {
			t.Errorf("got %v after %v", err, time.Since(start))
		}
		gone()
		x.Request.Header.Set("Host", "changed")
		x.Request.SetContent([]byte("changed"))
		x.Reset()
		time.Sleep(time.Minute)
		synctest.Wait()
		if host != "example.com" || content != "in1" || ended != 3*time.Second {
			t.Errorf("host %q, content %q, ended after %v", host, content, ended)
		}
	})
}

func TestServiceCalloutUnawaitedLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, to := permissive, &callee{answer: hangs}
		w.connection = to
		p, _ := w.compile(t, `<ServiceCallout><Timeout>3000</Timeout>`+calloutURL+`</ServiceCallout>`)
		var err error
		n := 0
		for ; err == nil && n < 1000; n++ {
			err = p.Execute(t.Context(), client())
		}
		if got := faultText(err); n != 65 || !strings.Contains(got, "more than 64 calls without a Response are under way") {
			t.Errorf("call %d: %s", n, got)
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		to.answer = func(context.Context, *flow.Exchange, flow.Call) (*flow.Message, error) { panic("defect") }
		for range 100 {
			if err := p.Execute(t.Context(), client()); err != nil {
				t.Fatalf("after the calls ended: %v", err)
			}
			synctest.Wait()
		}
	})
}

func TestServiceCalloutUnawaitedUnresolved(t *testing.T) {
	err := permissive.run(t, client(), `<ServiceCallout><HTTPTargetConnection><URL>http://{host.name}/</URL></HTTPTargetConnection></ServiceCallout>`)
	if got := faultText(err); got != "500 entities.UnresolvedVariable: Unresolved variable : host.name" {
		t.Errorf("got %s", got)
	}
}

func TestServiceCalloutDeployment(t *testing.T) {
	for _, c := range []struct{ name, elements, want string }{
		{"no URL", `<HTTPTargetConnection><URL> </URL></HTTPTargetConnection>`, "error URLMissing URL is missing in Step P."},
		{"no connection", ``, "error ConnectionInfoMissing Connection information is missing in Step P."},
		{"empty connection", `<LocalTargetConnection><APIProxy/><Path/></LocalTargetConnection>`, "error ConnectionInfoMissing Connection information is missing in Step P."},
		{"zero timeout", `<Timeout>0</Timeout>` + calloutURL, "error InvalidTimeoutValue Invalid Timeout value 0."},
		{"negative timeout", `<Timeout>-1</Timeout>` + calloutURL, "error InvalidTimeoutValue Invalid Timeout value -1."},
		{"timeout is text", `<Timeout>soon</Timeout>` + calloutURL, "error InvalidTimeoutValue Invalid Timeout value soon."},
		{"unknown child", `<Verb>GET</Verb>` + calloutURL, "warning UnknownElement "},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, b := permissive.compile(t, `<ServiceCallout>`+c.elements+`</ServiceCallout>`)
			if len(b.Problems) != 1 {
				t.Fatalf("got %d problems: %v", len(b.Problems), b.Problems)
			}
			p := b.Problems[0]
			if got := p.Severity + " " + p.Code + " " + p.Message; !strings.HasPrefix(got, c.want) {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
	for _, connection := range []string{
		`<HttpTargetConnection><URL>http://a</URL></HttpTargetConnection>`,
		`<HTTPTargetConnection><LoadBalancer><Server name="s"/></LoadBalancer></HTTPTargetConnection>`,
		`<HTTPTargetConnection/><LocalTargetConnection><Path>/p</Path></LocalTargetConnection>`,
		calloutURL + `<LocalTargetConnection><APIProxy/></LocalTargetConnection>`,
	} {
		if _, b := permissive.compile(t, `<ServiceCallout>`+connection+`</ServiceCallout>`); len(b.Problems) > 0 {
			t.Errorf("%s: %v", connection, b.Problems)
		}
	}
}

// TestServiceCalloutReasons keeps the reasons in the code and in the catalogue
// the same.
func TestServiceCalloutReasons(t *testing.T) {
	d, _ := faults.Lookup("ServiceCallout", "ExecutionFailed")
	if got, want := strings.Join(d.Reasons, "; "), "Host not reachable; ResponseCode {http_code} is treated as error; timeout occurred in {policy}"; got != want {
		t.Errorf("catalogue has %q, want %q", got, want)
	}
}
