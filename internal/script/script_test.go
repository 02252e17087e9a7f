package script_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"sluice/internal/script"
)

// The clock of the regexp2 engine runs on for a second after its last use.
func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/dlclark/regexp2/v2.runClock"))
}

// world is a transaction made of maps.
type world struct {
	limit    time.Duration // 0 is 10 seconds
	vars     map[string]any
	session  map[string]any
	messages map[script.Role]script.Message
	printed  []string
	send     func(r script.Request) (*script.Call, error)
	err      error // what Get and Set fail with
}

func newWorld() *world {
	return &world{vars: map[string]any{}, session: map[string]any{}, messages: map[script.Role]script.Message{}}
}

func (w *world) Get(name string) (any, error) { return w.vars[name], w.err }

func (w *world) Set(name string, v any) error {
	if v == nil {
		delete(w.vars, name)
	} else {
		w.vars[name] = v
	}
	return w.err
}

type session map[string]any

func (s session) Get(name string) any { return s[name] }
func (s session) Set(name string, v any) {
	if s[name] = v; v == nil {
		delete(s, name)
	}
}
func (s session) Names() []string { return slices.Sorted(maps.Keys(s)) }

func (w *world) env() *script.Env {
	return &script.Env{
		Variables: w,
		Message: func(r script.Role) script.Message {
			if m, ok := w.messages[r]; ok {
				return m
			}
			return nil
		},
		Send: func(_ context.Context, r script.Request) (*script.Call, error) { return w.send(r) },
		Format: func(pattern, zone string, t time.Time) (string, error) {
			if pattern == "bad" {
				return "", errors.New("bad pattern")
			}
			return pattern + "|" + zone + "|" + t.UTC().Format(time.RFC3339), nil
		},
		Print:      func(line string) { w.printed = append(w.printed, line) },
		Flow:       "PROXY_REQ_FLOW",
		Properties: map[string]string{"a": "1", "b": "two"},
		Session:    session(w.session),
		Now:        func() time.Time { return time.Date(2026, 1, 2, 3, 4, 5, 6e6, time.UTC) },
		Limit:      cmp.Or(w.limit, 10*time.Second),
	}
}

// run runs one script, called main.js.
func (w *world) run(t testing.TB, text string) error {
	t.Helper()
	p, err := script.Compile(script.Source{Name: "main.js", Text: text})
	if err != nil {
		t.Fatal(err)
	}
	return p.Run(t.Context(), w.env())
}

// message is a message made of maps.
type message struct {
	request bool
	parts   map[script.Part]any
	fields  map[script.FieldKind]map[string][]string
	err     error
}

func (m *message) IsRequest() bool                       { return m.request }
func (m *message) Part(p script.Part) (any, error)       { return m.parts[p], m.err }
func (m *message) SetPart(p script.Part, v string) error { m.parts[p] = v; return m.err }
func (m *message) Fields(k script.FieldKind) script.Fields {
	return fields{m.fields[k], k == script.Headers, m}
}

type fields struct {
	values map[string][]string
	joined bool
	m      *message
}

func (f fields) Names() ([]string, error) { return slices.Sorted(maps.Keys(f.values)), f.m.err }
func (f fields) Values(name string) ([]string, string, error) {
	v := f.values[name]
	if len(v) == 0 {
		return nil, "", f.m.err
	}
	if f.joined {
		return v, strings.Join(v, ", "), f.m.err
	}
	return v, v[0], f.m.err
}
func (f fields) Set(name string, values []string) error {
	if f.values[name] = values; len(values) == 0 {
		delete(f.values, name)
	}
	return f.m.err
}

func (w *world) withMessages() *world {
	w.messages[script.RequestMessage] = &message{request: true,
		parts: map[script.Part]any{
			script.Content: `{"a": 1, "b": "2"}`, script.Method: "POST", script.URL: "https://example.com:8443/p/x?city=PaloAlto",
			script.Protocol: "https", script.Host: "example.com", script.Port: "8443", script.Path: "/p/x"},
		fields: map[script.FieldKind]map[string][]string{
			script.Headers:     {"Content-Type": {"application/json"}, "Accept": {"a", "b"}},
			script.QueryParams: {"city": {"PaloAlto", "NewYork"}, "q": {"1"}},
			script.FormParams:  {"vehicle": {"Car", "Truck"}}}}
	w.messages[script.ResponseMessage] = &message{
		parts: map[script.Part]any{script.Content: "<r/>", script.Status: int64(404), script.Reason: "Not Found"},
		fields: map[script.FieldKind]map[string][]string{
			script.Headers: {"X-A": {"1"}}}}
	for _, same := range []script.Role{script.AmbientMessage, script.ProxyRequestMessage, script.TargetRequestMessage} {
		w.messages[same] = w.messages[script.RequestMessage]
	}
	w.messages[script.ProxyResponseMessage] = w.messages[script.ResponseMessage]
	w.messages[script.TargetResponseMessage] = w.messages[script.ResponseMessage]
	return w
}

// TestExpressions evaluates an expression and compares what setVariable gets of it.
func TestExpressions(t *testing.T) {
	for _, tt := range []struct {
		expression string
		want       any
	}{
		{`1+1`, int64(2)}, {`0.5`, 0.5}, {`"a"`, "a"}, {`true`, true}, {`null`, nil}, {`undefined`, nil},
		{`1e21`, 1e21}, {`new String("s")`, "s"}, {`new Number(4)`, int64(4)}, {`new Boolean(false)`, false},
		{`({a:[1,{b:null}]})`, script.Data{JSON: `{"a":[1,{"b":null}]}`}}, {`[1,"b"]`, script.Data{JSON: `[1,"b"]`}},
		{`new Error("e")`, "Error: e"}, {`/x/g`, "/x/g"}, {`10n`, "10"},
		{`Object(Symbol.iterator).toString()`, "Symbol(Symbol.iterator)"},

		{`context.getVariable("none")`, nil}, {`context.getVariable("none") === null`, true},
		{`context.getVariable("text") + 1`, "abc1"}, {`context.getVariable("n") + 1`, int64(8)},
		{`typeof context.getVariable("yes")`, "boolean"}, {`context.getVariable("f")`, 1.5},
		{`context.getVariable("names") + ""`, "[a, b]"}, {`context.getVariable("names").toArray().length`, int64(2)},
		{`context.getVariable("names").size()`, int64(2)}, {`context.getVariable("names").get(1)`, "b"},
		{`context.getVariable("names").map(function(s){return s+s}).join()`, "aa,bb"}, {`context.getVariable("names")[0]`, "a"},
		{`context.getVariable("names").contains("b")`, true}, {`JSON.stringify(context.getVariable("names"))`, `["a","b"]`},
		{`var s=""; for (var i = context.getVariable("names").iterator(); i.hasNext();) s += i.next(); s`, "ab"},
		{`[...context.getVariable("names")].join("+")`, "a+b"}, {`context.getVariable("names")`, []string{"a", "b"}},
		{`context.getVariable("object").x[1]`, int64(2)}, {`context.flow`, "PROXY_REQ_FLOW"},
		{`Object.keys(context).length`, int64(9)}, {`context.nothing`, nil}, {`context.own = 3; context.own`, int64(3)},

		{`properties.a`, "1"}, {`properties.none`, nil}, {`typeof properties.none`, "undefined"}, {`JSON.stringify(properties)`, `{"a":"1","b":"two"}`},
		{`properties.a = "x"; properties.a`, "x"}, {`"a" in properties`, true}, {`delete properties.a; properties.a`, "1"},

		{`request.method`, "POST"}, {`request.url`, "https://example.com:8443/p/x?city=PaloAlto"}, {`request.port`, "8443"},
		{`request.headers["Content-Type"]`, "application/json"}, {`request.headers["Content-Type"] == "application/json"`, true},
		{`request.headers.Accept + ""`, "a, b"}, {`request.headers.Accept[1]`, "b"}, {`request.headers.Accept.length()`, int64(2)},
		{`request.headers["none"]`, nil}, {`request.headers["Content-Type"].split("/")[1]`, "json"},
		{`request.headers["Content-Type"].indexOf("json") > 0`, true}, {`request.headers.Accept[7]`, nil},
		{`context.proxyRequest.queryParams["city"] == "PaloAlto"`, true}, {`request.queryParams.city[1]`, "NewYork"},
		{`request.queryParams.city.length()`, int64(2)}, {`JSON.stringify(request.queryParams)`, `{"city":["PaloAlto","NewYork"],"q":"1"}`},
		{`JSON.stringify(request.headers)`, `{"Accept":"a, b","Content-Type":"application/json"}`},
		{`var n=[]; for (var h in request.headers) n.push(h); n.join()`, "Accept,Content-Type"},
		{`"Accept" in request.headers`, true}, {`request.headers.hasOwnProperty("none")`, false},
		{`request.content`, `{"a": 1, "b": "2"}`}, {`request.body.asJSON.b`, "2"}, {`JSON.parse(request.content).a`, int64(1)},
		{`request.content.length`, int64(18)}, {`request.content[0]`, "{"}, {`request.content.substring(2,3)`, "a"},
		{`request.body.asForm["vehicle"][1]`, "Truck"}, {`message.method`, "POST"}, {`request.status`, nil},
		{`JSON.stringify(request)`, `{"headers":{"Accept":"a, b","Content-Type":"application/json"},"queryParams":{"city":["PaloAlto","NewYork"],"q":"1"},"method":"POST","body":"{\"a\": 1, \"b\": \"2\"}","url":"https://example.com:8443/p/x?city=PaloAlto"}`},
		{`response.status.code`, int64(404)}, {`response.status`, int64(404)}, {`response.status == 404`, true}, {`response.status + "!"`, "404!"},
		{`response.status.message`, "Not Found"}, {`JSON.stringify(response)`, `{"headers":{"X-A":"1"},"content":"<r/>","status":{"code":404,"message":"Not Found"}}`},
		{`context.targetResponse.content == response.content + ""`, true}, {`typeof error`, "undefined"}, {`response.method`, nil},

		{`crypto.getSHA256().digest()`, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
		{`var h = crypto.getMD5(); h.update("a"); h.update("bc"); h.digest()`, "900150983cd24fb0d6963f7d28e17f72"},
		{`var h = crypto.getHash("SHA-1"); h.update("abc"); h.digest64()`, "qZk+NkcGgWq6PiVxeFDCbJzQ2J0="},
		{`crypto.getSHA512().digest64().length`, int64(88)}, {`var h = crypto.getSHA1(); h.update("a"); h.digest(); h.digest()`, "da39a3ee5e6b4b0d3255bfef95601890afd80709"},
		{`crypto.dateFormat("yyyy")`, "yyyy||2026-01-02T03:04:05Z"}, {`crypto.dateFormat("M", "PST", 1000)`, "M|PST|1970-01-01T00:00:01Z"},
		{`new Date().toISOString()`, "2026-01-02T03:04:05.006Z"}, {`Date.now()`, int64(1767323045006)},
	} {
		w := newWorld().withMessages()
		maps.Copy(w.vars, map[string]any{"text": "abc", "n": int64(7), "f": 1.5, "yes": true, "names": []string{"a", "b"}, "object": script.Data{JSON: `{"x":[1,2]}`}})
		// The expression's last statement gives the value.
		w.vars["code"] = tt.expression
		if err := w.run(t, `context.setVariable("result", eval(context.getVariable("code")))`); err != nil {
			t.Errorf("%s: %v", tt.expression, err)
			continue
		}
		if got := w.vars["result"]; fmt.Sprintf("%#v", got) != fmt.Sprintf("%#v", tt.want) {
			t.Errorf("%s is %#v, want %#v", tt.expression, got, tt.want)
		}
	}
}

// TestChanges runs a script and compares a message or variable afterwards.
func TestChanges(t *testing.T) {
	for _, tt := range []struct {
		script, want string
		got          func(w *world, request, response *message) any
	}{
		{`request.headers["X"] = "v"`, "[v]", func(_ *world, q, _ *message) any { return q.fields[script.Headers]["X"] }},
		{`request.headers["X"] = ["v", 2]`, "[v 2]", func(_ *world, q, _ *message) any { return q.fields[script.Headers]["X"] }},
		{`context.targetRequest.headers.X = 5`, "[5]", func(_ *world, q, _ *message) any { return q.fields[script.Headers]["X"] }},
		{`delete request.headers["Accept"]`, "[]", func(_ *world, q, _ *message) any { return q.fields[script.Headers]["Accept"] }},
		{`request.headers["Accept"] = null`, "[]", func(_ *world, q, _ *message) any { return q.fields[script.Headers]["Accept"] }},
		{`request.headers["Accept"][1] = "c"`, "[a c]", func(_ *world, q, _ *message) any { return q.fields[script.Headers]["Accept"] }},
		{`request.queryParams.city = "Rome"`, "[Rome]", func(_ *world, q, _ *message) any { return q.fields[script.QueryParams]["city"] }},
		{`request.body.asForm.vehicle = "Bus"`, "[Bus]", func(_ *world, q, _ *message) any { return q.fields[script.FormParams]["vehicle"] }},
		{`request.method = "PUT"`, "PUT", func(_ *world, q, _ *message) any { return q.parts[script.Method] }},
		{`request.url = "http://other/"`, "http://other/", func(_ *world, q, _ *message) any { return q.parts[script.URL] }},
		{`request.content = {a: 1}`, `{"a":1}`, func(_ *world, q, _ *message) any { return q.parts[script.Content] }},
		{`request.body = ""`, ``, func(_ *world, q, _ *message) any { return q.parts[script.Content] }},
		{`response.content = request.content`, `{"a": 1, "b": "2"}`, func(_ *world, _, r *message) any { return r.parts[script.Content] }},
		{`var o = request.content.asJSON; o.a++; context.proxyResponse.content.asJSON = [o.a]`, `[2]`, func(_ *world, _, r *message) any { return r.parts[script.Content] }},
		{`response.status.code = 201; response.status.message = "Made"`, `201 Made`, func(_ *world, _, r *message) any {
			return fmt.Sprint(r.parts[script.Status], " ", r.parts[script.Reason])
		}},
		{`response.status = 202`, `202`, func(_ *world, _, r *message) any { return r.parts[script.Status] }},
		{`context.setVariable("a", 1); context.removeVariable("a")`, "map[]", func(w *world, _, _ *message) any { return w.vars }},
		{`print("a", 1, {}); print()`, `["a 1 [object Object]" ""]`, func(w *world, _, _ *message) any { return fmt.Sprintf("%q", w.printed) }},
		{`for (var i = 0; i < 5000; i++) print("0123456789012345678901234567890123456789")`, `1599`, func(w *world, _, _ *message) any {
			return len(w.printed)
		}},
		{`context.session["k"] = {a: 1}; context.session.k.a = 2; context.session.n = 5`, `map[k:{"a":2} n:5]`, func(w *world, _, _ *message) any { return w.session }},
		{`context.session.k = 1; delete context.session.k`, `map[]`, func(w *world, _, _ *message) any { return w.session }},
		{`request.own = 1; if (request.own !== 1) throw "lost"`, `map[]`, func(w *world, _, _ *message) any { return w.vars }},
	} {
		w := newWorld().withMessages()
		if err := w.run(t, tt.script); err != nil {
			t.Errorf("%s: %v", tt.script, err)
			continue
		}
		got := fmt.Sprint(tt.got(w, w.messages[script.RequestMessage].(*message), w.messages[script.ResponseMessage].(*message)))
		if got != tt.want {
			t.Errorf("%s\ngives %s\nwant  %s", tt.script, got, tt.want)
		}
	}
}
