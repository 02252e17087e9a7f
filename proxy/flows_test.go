package proxy

import (
	"strings"
	"testing"
)

// trail makes policies that append their names to the variable "way".
func trail(names ...string) []string {
	var list []string
	for _, n := range names {
		list = append(list, `<Assign name="`+n+`"><V name="way">{way} `+n+`</V></Assign>`)
	}
	return list
}

func tellWay() string { return `<Assign name="Tell"><V name="response.header.Way">{way}</V></Assign>` }

// TestOrderOfFlows walks one request through everything that runs policies
// (runtime.md 3.1, 3.7): hooks outermost, PreFlow, one conditional flow, PostFlow,
// on both endpoints and both sides; the position in the file does not matter.
func TestOrderOfFlows(t *testing.T) {
	env := &Environment{FlowHooks: map[string]FlowHook{
		preProxyHook: {"preproxy", true}, preTargetHook: {"pretarget", false}, postTargetHook: {"posttarget", true}, postProxyHook: {"postproxy", true},
	}}
	shared := map[string][]string{}
	for _, name := range []string{"preproxy", "pretarget", "posttarget", "postproxy"} {
		tell := `<Assign name="H"><V name="way">{way} {apigee.edge.flowhook.name}/{apigee.edge.sharedflow.name}</V><V name="response.header.Way">{way}</V></Assign>`
		shared[name] = []string{`<SharedFlow name="default">` + steps("H") + `</SharedFlow>`, tell}
	}
	flows := func(prefix string) string {
		return postFlow(onRequest(prefix+"post"), onResponse(prefix+"rpost")) +
			`<Flows><Flow name="no"><Condition>way = "x"</Condition>` + onRequest(prefix+"never") + onResponse(prefix+"rno") + `</Flow>` +
			`<Flow name="first">` + onRequest(prefix+"one") + `</Flow>` +
			`<Flow name="second">` + onRequest(prefix+"two") + onResponse(prefix+"rtwo") + `</Flow></Flows>` +
			preFlow(onRequest(prefix+"pre", prefix+"off if request.verb = \"POST\""), onResponse(prefix+"rpre"))
	}
	var files []string
	for _, prefix := range []string{"p", "t"} {
		files = append(files, trail(prefix+"pre", prefix+"off", prefix+"one", prefix+"two", prefix+"never", prefix+"post", prefix+"rpre", prefix+"rno", prefix+"rtwo", prefix+"rpost")...)
	}
	files = append(files, proxyAt("/p", flows("p"), postClient("N")), targetAt(echoTarget(t), flows("t")), `<Note name="N">{way} {current.flow.name} {proxy.flow.name} {target.flow.name}</Note>`)
	s := rig{files: files, shared: shared, env: env}.serve(t)
	a := s.ask("GET /p HTTP/1.1")
	want := " PreProxyFlowHook/preproxy ppre pone ppost PreTargetFlowHook/pretarget tpre tone tpost trpre trpost PostTargetFlowHook/posttarget prpre prpost PostProxyFlowHook/postproxy"
	if got := s.note(); got != want+" PostClientFlow PostClientFlow PostTargetFlowHook" || a.header("Way") != strings.TrimSpace(want) {
		t.Errorf("the way was\n%s, want\n%s", got, want)
	}
}

// TestConditionalFlowIsChosenAnewForTheResponse (runtime.md 3.3), and the first
// whose condition holds counts even without steps for this side.
func TestConditionalFlowIsChosenAnewForTheResponse(t *testing.T) {
	flows := `<Flows><Flow name="made"><Condition>response.status.code = 201</Condition>` + onRequest("A") + onResponse("B") + `</Flow>` +
		`<Flow name="get"><Condition>request.verb = "GET"</Condition>` + onRequest("C") + `</Flow><Flow name="all">` + onRequest("D") + onResponse("E") + `</Flow></Flows>`
	url := rawTarget(t, func(r arrived) string {
		if strings.Contains(r.line, "/made") {
			return "HTTP/1.1 201 Created\nContent-Length: 0\n\n"
		}
		return "HTTP/1.1 200 OK\nContent-Length: 0\n\n"
	})
	s := rig{files: append(trail("A", "B", "C", "D", "E"), tellWay(), proxyAt("/p", flows, postFlow(onResponse("Tell"))), targetAt(url))}.serve(t)
	for request, want := range map[string]string{
		"GET /p/made HTTP/1.1": "C B", "GET /p HTTP/1.1": "C", "DELETE /p HTTP/1.1": "D E",
	} {
		if got := s.ask(request).header("Way"); got != want {
			t.Errorf("%s went %q, want %q", request, got, want)
		}
	}
}

func TestDisabledAndContinueOnError(t *testing.T) {
	files := append(trail("A", "B"), tellWay(), proxyAt("/p", preFlow(onRequest("A", "Off", "Bad", "B")), postFlow(onResponse("Tell")), nullRoute),
		`<Fault name="Off" enabled="false" code="BadFormData"/>`, `<Fault name="Bad" continueOnError="true" code="BadFormData"/>`)
	s := rig{files: files}.serve(t)
	if a := s.wants("GET /p HTTP/1.1", 200, ""); a.header("Way") != "A B" {
		t.Error(a.raw)
	}
}

// TestFlowHooks: a hook goes on after an error unless it says not to, also when
// its shared flow does not exist.
func TestFlowHooks(t *testing.T) {
	shared := map[string][]string{"bad": {`<SharedFlow name="default">` + steps("F") + `</SharedFlow>`, `<Fault name="F" code="BadFormData"/>`}}
	for _, c := range []struct {
		hook   FlowHook
		status int
		code   string
	}{
		{FlowHook{"bad", true}, 200, ""}, {FlowHook{"bad", false}, 500, "protocol.http.BadFormData"},
		{FlowHook{"absent", true}, 200, ""}, {FlowHook{"absent", false}, 500, "flow.SharedFlowNotFound"},
	} {
		s := rig{files: []string{proxyAt("/p", nullRoute)}, shared: shared, env: &Environment{FlowHooks: map[string]FlowHook{preProxyHook: c.hook}}}.serve(t)
		if a := s.ask("GET /p HTTP/1.1"); a.code() != c.status || !strings.Contains(a.text(), c.code) {
			t.Errorf("%+v: %d %s, want %d %s", c.hook, a.code(), a.text(), c.status, c.code)
		}
	}
}

// TestSharedFlows nest, share the caller's variables, and end at the depth limit.
func TestSharedFlows(t *testing.T) {
	call := func(name string) string { return `<Call name="C">` + name + `</Call>` }
	flowOf := func(names ...string) string { return `<SharedFlow name="default">` + steps(names...) + `</SharedFlow>` }
	shared := map[string][]string{
		"outer": append(trail("O", "P"), flowOf("O", "C", "P"), call("inner")),
		"inner": append(trail("I"), flowOf("I")),
	}
	for i := range 12 { // a chain longer than the limit
		shared["deep"+string(rune('a'+i))] = []string{flowOf("C"), call("deep" + string(rune('a'+i+1)))}
	}
	s := rig{shared: shared, files: append(trail("A", "B"), tellWay(), call("outer"), `<Call name="Deep">deepa</Call>`,
		proxyAt("/p", preFlow(onRequest("A", "C", "B")), postFlow(onResponse("Tell")), nullRoute),
		proxyAt("/deep", preFlow(onRequest("Deep")), nullRoute))}.serve(t)
	if a := s.wants("GET /p HTTP/1.1", 200, ""); a.header("Way") != "A O I P B" {
		t.Error(a.raw)
	}
	s.faults("GET /deep HTTP/1.1", 500, "sluice.ChainTooDeep")
}

// TestRoutes: the first rule whose condition holds, a URL, and none at all.
func TestRoutes(t *testing.T) {
	url := echoTarget(t)
	route := func(name, condition, target string) string {
		return `<RouteRule name="` + name + `">` + when(condition) + target + `</RouteRule>`
	}
	s := rig{files: []string{
		proxyAt("/p", postFlow(onResponse("T")),
			route("one", `request.header.to = "one"`, "<TargetEndpoint>one</TargetEndpoint>"),
			route("url", `request.header.to = "url"`, "<URL>"+url+"/url?fixed=1</URL>"),
			route("null", `request.header.to = "null"`, ""),
			route("two", `request.header.to != "nowhere"`, "<TargetEndpoint>two</TargetEndpoint>")),
		targetNamed("one", url+"/one"), targetNamed("two", url+"/two", preFlow(onRequest("Dynamic"))),
		`<Assign name="T"><V name="response.header.Route">{route.name} {route.target} {target.name}</V></Assign>`,
		`<Assign name="Dynamic"><V name="target.copy.pathsuffix">false</V></Assign>`,
	}}.serve(t)
	for _, c := range []struct{ to, line, route string }{
		{"one", "GET /one/x?a=1 HTTP/1.1", "one one one"}, {"url", "GET /url/x?fixed=1&a=1 HTTP/1.1", "url default default"},
		{"null", "", "null"}, {"other", "GET /two?a=1 HTTP/1.1", "two two two"},
	} {
		a := s.wants("GET /p/x?a=1 HTTP/1.1\nto: "+c.to, 200, "")
		if got := a.header("Route"); a.header("X-Line") != c.line || got != c.route {
			t.Errorf("%s: sent %q by %q, want %q by %q", c.to, a.header("X-Line"), got, c.line, c.route)
		}
	}
	s.faults("GET /p HTTP/1.1\nto: nowhere", 500, "messaging.runtime.RouteFailed")
}

// TestNullRouteEchoes: header and payload of the request, status 200, unless a
// policy made a response (runtime.md 2.2).
func TestNullRouteEchoes(t *testing.T) {
	s := rig{files: []string{
		proxyAt("/p", preFlow(onRequest("S if request.header.set = \"1\"")), nullRoute),
		`<Assign name="S"><V name="request.content">changed {request.content}</V><V name="request.header.X-New">1</V></Assign>`,
	}}.serve(t)
	a := s.wants("POST /p?a=1 HTTP/1.1\nhost: lower\nx-A: 1\n\nbody", 200, "body")
	if a.header("x-A") != "1" || a.header("host") != "" || a.header("Content-Length") != "4" {
		t.Error(a.raw)
	}
	a = s.wants("POST /p HTTP/1.1\nset: 1\n\nbody", 200, "changed body")
	if a.header("X-New") != "1" {
		t.Error(a.raw)
	}
}

// TestLocalTargets calls other proxies of the snapshot, by name and by path.
func TestLocalTargets(t *testing.T) {
	local := func(connection string) string {
		return `<TargetEndpoint name="default"><LocalTargetConnection>` + connection + `</LocalTargetConnection></TargetEndpoint>`
	}
	tell := `<Assign name="T"><V name="response.header.Callee">{proxy.pathsuffix} {request.querystring} {client.ip} {request.header.x-a}</V></Assign>`
	s := rig{proxies: map[string][]string{
		"named":  {proxyAt("/named"), local("<APIProxy>callee</APIProxy><ProxyEndpoint>{absent:internal}</ProxyEndpoint>")},
		"bypath": {proxyAt("/bypath", postClient("N")), local("<Path>/internal/by</Path>"), `<Note name="N">caller {response.header.Callee}</Note>`},
		"uncopied": {proxyAt("/uncopied"), strings.Replace(local("<Path>/internal/un</Path>"), "<Local", preFlow(onRequest("U"))+"<Local", 1),
			`<Assign name="U"><V name="target.copy.pathsuffix">false</V><V name="target.copy.queryparams">false</V></Assign>`},
		"loop":   {proxyAt("/loop"), local("<Path>/loop</Path>")},
		"lost":   {proxyAt("/lost"), local("<Path>/nowhere</Path>")},
		"empty":  {proxyAt("/empty"), local("<APIProxy/><ProxyEndpoint/><Path/>")},
		"faulty": {proxyAt("/faulty"), local("<Path>/internal-fault</Path>")},
		"callout": {proxyAt("/callout", preFlow(onRequest("C", "S")), nullRoute), `<Callout name="C"><LocalTargetConnection><Path>/internal/called</Path></LocalTargetConnection></Callout>`,
			`<Assign name="S"><V name="request.content">{callout.status.code} {callout.header.Callee}</V></Assign>`},
		"callee": {proxyAt("/internal", postFlow(onResponse("T")), postClient("N"), nullRoute), tell, `<Note name="N">callee {response.header.Callee}</Note>`,
			proxyAt("/internal-fault", preFlow(onRequest("F")), nullRoute), `<Fault name="F" code="BadFormData"/>`},
	}}.serve(t)
	a := s.wants("POST /named/x?q=1 HTTP/1.1\nx-a: 1\n\nbody", 200, "body")
	if got := a.header("Callee"); got != "/x q=1 127.0.0.1 1" {
		t.Errorf("by name: %q", got)
	}
	if got := s.note(); got != "callee /x q=1 127.0.0.1 1" {
		t.Errorf("the callee's PostClientFlow: %q", got)
	}
	a = s.wants("POST /bypath/x?q=1 HTTP/1.1\n\nbody", 200, "body")
	if got := a.header("Callee"); got != "/by/x q=1 127.0.0.1" {
		t.Errorf("by path: %q", got)
	}
	if got := s.note() + ", " + s.note(); got != "callee /by/x q=1 127.0.0.1 , caller /by/x q=1 127.0.0.1 " {
		t.Errorf("PostClientFlows: %q", got)
	}
	if got := s.ask("GET /uncopied/x?q=1 HTTP/1.1").header("Callee"); got != "/un  127.0.0.1" {
		t.Errorf("without suffix and query: %q", got)
	}
	s.faults("GET /loop HTTP/1.1", 500, "sluice.ChainTooDeep")
	s.faults("GET /lost HTTP/1.1", 404, "messaging.adaptors.http.flow.ApplicationNotFound")
	s.faults("GET /empty HTTP/1.1", 404, "messaging.adaptors.http.flow.ApplicationNotFound")
	s.faults("GET /faulty HTTP/1.1", 500, "protocol.http.BadFormData")
	s.wants("POST /callout HTTP/1.1\n\nx", 200, "200 /called  127.0.0.1 ")
}

// TestPostClientFlow runs after the last byte, also after a fault, and whatever
// happens in it is nobody else's business.
func TestPostClientFlow(t *testing.T) {
	note := `<Note name="N">{response.status.code} {error.status.code} {fault.name} {message.content} sent:{client.sent.end.timestamp}</Note>`
	s := rig{files: []string{note, `<Fault name="F" code="BadFormData"/>`, `<Panic name="P"/>`, `<Assign name="Late"><V name="response.content">late</V></Assign>`,
		proxyAt("/ok", postClient("N", "Late", "F")), proxyAt("/fault", preFlow(onResponse("F")), postClient("N")),
		proxyAt("/panic", postClient("P", "N")), targetAt(echoTarget(t)),
		proxyAt("/refused", postClient("N"), nullRoute)}}.serve(t)
	check := func(want string) {
		t.Helper()
		got, sent, _ := strings.Cut(s.note(), " sent:")
		if got != want || len(sent) != 13 {
			t.Errorf("noted %q, sent at %q; want %q", got, sent, want)
		}
	}
	s.wants("POST /ok HTTP/1.1\n\nbody", 200, "body")
	check("200   body")
	s.faults("POST /fault HTTP/1.1\n\nbody", 500, "protocol.http.BadFormData")
	check(`200 500 BadFormData {"fault":{"faultstring":"Bad Form Data","detail":{"errorcode":"protocol.http.BadFormData"}}}`)
	s.faults("POST /refused HTTP/1.1", 411, "messaging.adaptors.http.flow.LengthRequired")
	check(` 411 LengthRequired {"fault":{"faultstring":"\"Content-Length\" is missing","detail":{"errorcode":"messaging.adaptors.http.flow.LengthRequired"}}}`)
	s.wants("POST /panic HTTP/1.1\n\nbody", 200, "body")
	if stack := next(t, s.panics, "the report"); !strings.Contains(stack, "a policy's defect") || !strings.Contains(stack, "policies_test.go") {
		t.Errorf("reported %q", stack)
	}
}

// TestSeveralProxyEndpoints: the longest base path, wildcards, and
// proxy.basepath as it is written.
func TestSeveralProxyEndpoints(t *testing.T) {
	tell := `<Assign name="T"><V name="response.header.At">{proxy.name} {proxy.basepath} {proxy.pathsuffix}</V></Assign>`
	post := postFlow(onResponse("T"))
	s := rig{files: []string{tell, proxyAt("/a", post, nullRoute), proxyAt("/a/*/c", post, nullRoute), proxyAt("/a/b", post, nullRoute)}}.serve(t)
	for path, want := range map[string]string{"/a/x?y": "a /a /x", "/a/b/c": "a-b /a/b /c", "/a/x/c/d": "a-any-c /a/*/c /d", "/a": "a /a"} {
		if got := strings.TrimSpace(s.ask("GET " + path + " HTTP/1.1").header("At")); got != want {
			t.Errorf("%s: %q, want %q", path, got, want)
		}
	}
	s.faults("GET /ab HTTP/1.1", 404, "messaging.adaptors.http.flow.ApplicationNotFound")
}
