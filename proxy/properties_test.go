package proxy

import (
	"strings"
	"testing"

	"sluice/flow"
)

// TestProxyProperties (runtime.md 8). Those of bodies and of time have tests of
// their own.
func TestProxyProperties(t *testing.T) {
	url := echoTarget(t)
	tell := `<Assign name="T"><V name="response.header.Q">{request.queryparam.q}</V></Assign>`
	post := postFlow(onResponse("T"))
	s := rig{files: []string{tell, targetAt(url),
		proxyAt("/plain", post, nullRoute),
		proxyAt("/length", "allow.POST.without.content.length=true", "allow.put.without.content.length=true", nullRoute),
		proxyAt("/repeat", "HTTPHeader.allowDuplicates= Authorization , x", "HTTPHeader.multiValued=referer", nullRoute),
		proxyAt("/verbs", "allow.http.method.DELETE=false", "allow.http.method.PURGE=true", nullRoute),
		proxyAt("/plus", "request.queryparams.ignore.content.type.charset=true", post, nullRoute),
		proxyAt("/xff", "X-Forwarded-For=true", nullRoute),
		proxyAt("/unknown", "connection.timeout.millis=many", nullRoute),
	}}.serve(t)
	for _, c := range []struct {
		request string
		status  int
	}{
		{"POST /plain HTTP/1.1", 411}, {"PUT /plain HTTP/1.1", 411}, {"PATCH /plain HTTP/1.1", 200}, {"POST /plain HTTP/1.1\nContent-Length: 0", 200},
		{"POST /plain HTTP/1.1\nTransfer-Encoding: chunked\n\n0\r\n\r\n", 200}, {"POST /length HTTP/1.1", 200}, {"PUT /length HTTP/1.1", 200},
		{"GET /plain HTTP/1.1\nauthorization: a\nAuthorization: b", 400}, {"GET /repeat HTTP/1.1\nauthorization: a\nAuthorization: b\nReferer: a\nReferer: b", 200},
		{"DELETE /plain HTTP/1.1", 200}, {"DELETE /verbs HTTP/1.1", 405}, {"PURGE /plain HTTP/1.1", 405}, {"PURGE /verbs HTTP/1.1", 200}, {"GET /unknown HTTP/1.1", 200},
	} {
		if a := s.ask(c.request); a.code() != c.status {
			t.Errorf("%s: %s, want %d", c.request, a.status, c.status)
		}
	}
	if err := new(proxyProperties).check(&flow.Message{Method: "POST", Version: "2.0"}); err != nil {
		t.Errorf("HTTP/2 needs no Content-Length: %v", err)
	}
	for request, want := range map[string]string{
		"GET /plain?q=a+b%20c HTTP/1.1":                                               "a+b c",
		"GET /plain?q=a+b HTTP/1.1\nContent-Type: text/plain; charset=UTF-8":          "a b",
		"GET /plus?q=a+b HTTP/1.1\nContent-Type: application/json;charset=utf-8":      "a+b",
		"GET /plain?q=a+b HTTP/1.1\nContent-Type: application/json;charset=iso8859-1": "a+b",
	} {
		if got := s.ask(request).header("Q"); got != want {
			t.Errorf("%s: %q, want %q", request, got, want)
		}
	}
	if got := s.ask("GET /xff HTTP/1.1\nX-Forwarded-For: 203.0.113.7").header("X-Forwarded-For"); got != "203.0.113.7, 127.0.0.1, 127.0.0.1" {
		t.Errorf("X-Forwarded-For with the listener's address: %q", got)
	}
}

func TestTargetProperties(t *testing.T) {
	url := rawTarget(t, func(r arrived) string {
		sent := strings.ReplaceAll(strings.TrimSpace(r.head), "\n", "|")
		head := "\nContent-Length: 0\nX-Line: " + r.line + "\nX-Sent: " + sent + "\nx-keep: 1\nX-Drop: 1\n\n"
		switch {
		case strings.Contains(r.line, "/405"):
			return "HTTP/1.1 405 No" + head
		case strings.Contains(r.line, "/404"):
			return "HTTP/1.1 404 No" + head
		case strings.Contains(r.line, "/306"):
			return "HTTP/1.1 306 No" + head
		}
		return "HTTP/1.1 200 OK" + head
	})
	targets := map[string][]string{
		"plain": nil, "strict": {"ignore.allow.header.for.405=false"}, "success": {"success.codes=1xx, 2XX ,404"},
		"request":  {"request.retain.headers.enabled=false", "request.retain.headers=x-KEEP, Content-Type"},
		"response": {"response.retain.headers.enabled=false", "response.retain.headers=X-Keep,X-Line"},
		"query":    {"retain.queryparams.enabled=false", "retain.queryparams=a, b"},
		"listed":   {"request.retain.headers=x-keep"}, // without .enabled=false everything passes
		"override": {"enable.method.override=true", "GET.override.method=POST"},
	}
	var files []string
	for _, name := range sortedKeys(targets) {
		files = append(files, proxyAt("/"+name, `<RouteRule name="r"><TargetEndpoint>`+name+`</TargetEndpoint></RouteRule>`), targetNamed(name, url+"?fixed=1", targets[name]...))
	}
	s := rig{files: files}.serve(t)
	s.wants("GET /plain/405 HTTP/1.1", 405, "")
	s.faults("GET /strict/405 HTTP/1.1", 502, "protocol.http.Response405WithoutAllowHeader")
	s.faults("GET /plain/306 HTTP/1.1", 502, "protocol.http.Response306Reserved")
	for path, code := range map[string]string{"/success/404": "", "/plain/404": "ErrorResponseCode", "/success/405": "ErrorResponseCode"} {
		for len(s.raised) > 0 {
			<-s.raised
		}
		s.ask("GET " + path + " HTTP/1.1")
		if f := next(t, s.raised, "the request's end"); f == nil && code != "" || f != nil && f.Name() != code {
			t.Errorf("%s: fault %v, want %q", path, f, code)
		}
	}
	const lines = "GET %s/x?a=1&c=%%zz&b=2&a=3 HTTP/1.1\nX-Keep: 1\nX-Other: 2\nContent-Type: text/plain"
	sent := func(path string) (line, head string) {
		a := s.ask(strings.Replace(strings.Replace(lines, "%s", path, 1), "%%", "%", 1))
		return a.header("X-Line"), a.header("X-Sent")
	}
	if _, head := sent("/request"); !strings.HasSuffix(head, "|X-Keep: 1|Content-Type: text/plain") {
		t.Errorf("request.retain.headers: %q", head)
	}
	if _, head := sent("/listed"); !strings.Contains(head, "|X-Other: 2|") {
		t.Errorf("request.retain.headers without .enabled=false: %q", head)
	}
	if line, _ := sent("/query"); line != "GET /x?fixed=1&a=1&b=2&a=3 HTTP/1.1" {
		t.Errorf("retain.queryparams: %q", line)
	}
	if line, _ := sent("/plain"); line != "GET /x?fixed=1&a=1&c=%zz&b=2&a=3 HTTP/1.1" {
		t.Errorf("query: %q", line)
	}
	if line, head := sent("/override"); !strings.HasPrefix(line, "POST ") || !strings.Contains(head, "|X-HTTP-Method-Override: GET") {
		t.Errorf("method override: %q, %q", line, head)
	}
	if a := s.ask("GET /response HTTP/1.1"); a.header("x-keep") != "1" || a.header("X-Drop") != "" || a.header("X-Sent") != "" {
		t.Errorf("response.retain.headers: %s", a.raw)
	}
}

// TestTargetVariables: target.url and the copy flags (runtime.md 2.4).
func TestTargetVariables(t *testing.T) {
	url := rawTarget(t, func(r arrived) string {
		return "HTTP/1.1 200 OK\nContent-Length: 0\nX-Line: " + r.line + "\nX-Host: " + r.header("Host") + "\n\n"
	})
	host := strings.TrimPrefix(url, "http://")
	s := rig{files: []string{
		proxyAt("/p", preFlow(onRequest("Early")), `<RouteRule name="i"><Condition>request.header.set = "in url"</Condition><TargetEndpoint>templated</TargetEndpoint></RouteRule><RouteRule name="d"><TargetEndpoint>default</TargetEndpoint></RouteRule>`),
		targetAt(url+"/static/", preFlow(onRequest("U if request.header.set = \"url\"", "V if request.header.set = \"evaluated\"", "E if request.header.set = \"empty\"",
			"B if request.header.set = \"bad\"", "S if request.header.set = \"space\"", "G if request.header.set = \"gone\"", "C if request.header.copy = \"no\"", "H if request.header.set = \"host\""))),
		targetNamed("templated", "{scheme:http}://"+host+"/{request.header.set}"),
		`<Assign name="Early"><V name="target.url">http://127.0.0.1:1/early</V></Assign>`, // out of scope: ignored
		`<Assign name="U"><V name="target.url">` + url + `/dynamic?own=1</V></Assign>`,
		`<Assign name="V"><V name="target.url">http://127.0.0.1:1/</V><V name="target.evaluated.url">` + url + `/evaluated</V></Assign>`,
		`<Assign name="E"><V name="target.url">` + url + `</V></Assign>`,
		`<Assign name="B"><V name="target.url">no url</V></Assign>`,
		`<Assign name="S"><V name="target.url">` + url + `/a b</V></Assign>`,
		`<Assign name="G"><V name="target.url">http://nowhere.invalid/x</V></Assign>`,
		`<Assign name="C"><V name="target.copy.pathsuffix">false</V><V name="target.copy.queryparams">false</V></Assign>`,
		`<Assign name="H"><V name="target.header.host">other.example:8080</V></Assign>`,
	}}.serve(t)
	for _, c := range []struct{ headers, line, host string }{
		{"", "GET /static//x?q=1 HTTP/1.1", host},
		{"set: url", "GET /dynamic/x?own=1&q=1 HTTP/1.1", host},
		{"set: evaluated", "GET /evaluated/x?q=1 HTTP/1.1", host},
		{"set: url\ncopy: no", "GET /dynamic?own=1 HTTP/1.1", host},
		{"copy: no", "GET /static/ HTTP/1.1", host},
		{"set: host", "GET /static//x?q=1 HTTP/1.1", "other.example:8080"},
	} {
		a := s.ask("GET /p/x?q=1 HTTP/1.1\nX-A: 1\n" + c.headers)
		if a.header("X-Line") != c.line || a.header("X-Host") != c.host {
			t.Errorf("%q: sent %q to %q, want %q to %q", c.headers, a.header("X-Line"), a.header("X-Host"), c.line, c.host)
		}
	}
	s.faults("GET /p/x HTTP/1.1\nset: in url", 500, "protocol.http.BadPath")
	s.faults("GET /p/x HTTP/1.1\nset: empty", 500, "protocol.http.EmptyPath")
	s.faults("GET /p/x HTTP/1.1\nset: bad", 500, "protocol.http.BadPath")
	s.faults("GET /p/x HTTP/1.1\nset: space", 500, "protocol.http.BadPath")
	s.faults("GET /p/x HTTP/1.1\nset: gone", 503, "protocol.http.NoResolvedHost")
}

// TestBadPropertyValues are refused when the bundle is compiled, with the place.
func TestBadPropertyValues(t *testing.T) {
	for property, want := range map[string]string{
		"response.streaming.enabled=yes": "is not true or false", "api.timeout=soon": "is not a number of milliseconds", "api.timeout=-1": "is not a number of milliseconds",
		"request.payload.parse.limit=big": "is not a size such as 15M", "compression.algorithm=br": "is not gzip, deflate or none",
	} {
		s := rig{}.compiled(t)
		_, problems := s.compiler.Proxy(bundleOf("test", proxyAt("/p", property, nullRoute)))
		name, _, _ := strings.Cut(property, "=")
		if len(problems) != 1 || !problems.Refused() || problems[0].Code != "InvalidProperty" || problems[0].Line == 0 ||
			!strings.Contains(problems[0].Message, want) || !strings.Contains(problems[0].Message, name) {
			t.Errorf("%s: %v", property, problems)
		}
	}
	s := rig{}.compiled(t)
	if _, problems := s.compiler.Proxy(bundleOf("test", proxyAt("/p"), targetAt("http://x/", "success.codes=2xx,abc"))); !problems.Refused() {
		t.Errorf("success.codes: %v", problems)
	}
}
