package flow

import (
	"errors"
	"testing"
)

// newExchangeWithMessages has a request, a response, and a message "callout".
func newExchangeWithMessages() *Exchange {
	x := newTestExchange()
	x.Request.Method, x.Request.Path, x.Request.Query = "POST", "/a%20b", "q=1&p=x%20y&q=2"
	x.Request.Header = parseHeader("Content-Type: application/x-www-form-urlencoded | Accept: a, b | X: 1 | x: 2")
	x.Request.SetContent([]byte("f=1&g=a+b&f=2>?"))
	x.Response = NewResponse()
	x.Response.Status = 404
	callout := NewResponse()
	callout.SetContent([]byte("from callout"))
	x.SetMessage("callout", callout)
	return x
}

// TestMessageParts reads every property of runtime.md 6.1.
func TestMessageParts(t *testing.T) {
	x := newExchangeWithMessages()
	read := map[string]bool{}
	for _, c := range []struct {
		name string
		typ  Type
		want string
	}{
		{"request.content", String, "f=1&g=a+b&f=2>?"},
		{"request.content.as.base64", String, "Zj0xJmc9YStiJmY9Mj4/"},
		{"request.content.as.url.safe.base64", String, "Zj0xJmc9YStiJmY9Mj4_"},
		{"request.headers.count", Integer, "3"},
		{"request.headers.names", Collection, "[Content-Type, Accept, X]"},
		{"request.headers.names.string", String, "Content-Type,Accept,X"},
		{"request.header.accept", String, "a"},
		{"request.header.X", String, "1"},
		{"request.header.accept.2", String, "b"},
		{"request.header.x.2", String, "2"},
		{"request.header.accept.values", Collection, "[a, b]"},
		{"request.header.accept.values.count", Integer, "2"},
		{"request.header.accept.values.string", String, "a, b"},
		{"request.header.x.values.string", String, "1, 2"},
		{"request.querystring", String, "q=1&p=x%20y&q=2"},
		{"request.queryparams.count", Integer, "2"},
		{"request.queryparams.names", Collection, "[q, p]"},
		{"request.queryparams.names.string", String, "q,p"},
		{"request.queryparam.p", String, "x y"},
		{"request.queryparam.q", String, "1"},
		{"request.queryparam.q.2", String, "2"},
		{"request.queryparam.q.values", Collection, "[1, 2]"},
		{"request.queryparam.q.values.count", Integer, "2"},
		{"request.formstring", String, "f=1&g=a+b&f=2>?"},
		{"request.formparams.count", Integer, "2"},
		{"request.formparams.names", Collection, "[f, g]"},
		{"request.formparams.names.string", String, "f,g"},
		{"request.formparam.g", String, "a b"},
		{"request.formparam.f.2", String, "2>?"},
		{"request.formparam.f.values", Collection, "[1, 2>?]"},
		{"request.formparam.f.values.count", Integer, "2"},
		{"request.verb", String, "POST"},
		{"request.version", String, "1.1"},
		{"message.path", String, "/a%20b"},
		{"message.uri", String, "/a%20b?q=1&p=x%20y&q=2"},
		{"response.version", String, "HTTP/1.1"},
		{"response.status.code", Integer, "404"},
		{"response.reason.phrase", String, "Not Found"},
		{"callout.content", String, "from callout"},
		{"callout.status.code", Integer, "200"},
		{"request.header.none", Null, ""},
		{"request.header.none.values", Null, ""},
		{"request.header.none.values.count", Integer, "0"},
		{"request.header.x.3", Null, ""},
		{"request.queryparam.none", Null, ""},
		{"request.queryparam.q.3", Null, ""},
		{"request.formparam.none", Null, ""},
		{"request.status.code", Null, ""},
		{"request.reason.phrase", Null, ""},
		{"response.verb", Null, ""},
		{"response.path", Null, ""},
		{"response.uri", Null, ""},
		{"error.content", Null, ""},
		{"error.status.code", Null, ""},
		{"nothing.content", Null, ""},
	} {
		n := ParseName(c.name)
		got := x.Get(n)
		if got.Type() != c.typ || got.String() != c.want {
			t.Errorf("%s is %s %q, want %s %q", c.name, got.Type(), got, c.typ, c.want)
		}
		if n.part != nil && !got.IsNull() {
			read[n.part.name] = true
			if got.Type().String() != n.part.typ {
				t.Errorf("%s is a %s, documented as %s", c.name, got.Type(), n.part.typ)
			}
		}
	}
	for _, p := range partList() {
		if !read[p.name] {
			t.Errorf("no test reads %s", p.name)
		}
	}
	if err := x.Err(); err != nil {
		t.Error(err)
	}
}

func TestSetMessageParts(t *testing.T) {
	for _, c := range []struct {
		name  string
		value Value
		look  string // variable that shows the change
		want  string
	}{
		{"request.content", Text("new"), "request.content", "new"},
		{"request.content", Value{}, "request.content", ""},
		{"request.header.accept", Text("c"), "request.header.accept.values.string", "c"},
		{"request.header.accept", List([]string{"c", "d"}), "request.header.accept.values.string", "c, d"},
		{"request.header.accept", Value{}, "request.header.accept.values.count", "0"},
		{"request.header.accept.2", Text("c"), "request.header.accept.values.string", "a,c"},
		{"request.header.accept.2", Value{}, "request.header.accept.values.string", "a"},
		{"request.querystring", Text("z=1"), "request.queryparam.z", "1"},
		{"request.queryparam.q", Text("a&b"), "request.querystring", "q=a%26b&p=x%20y"},
		{"request.queryparam.q", Value{}, "request.querystring", "p=x%20y"},
		{"request.queryparam.q.2", Text("3"), "request.querystring", "q=1&p=x%20y&q=3"},
		{"request.queryparam.q.2", Value{}, "request.querystring", "q=1&p=x%20y"},
		{"request.formparam.f", Text("3"), "request.content", "f=3&g=a+b"},
		{"request.formparam.f", Value{}, "request.content", "g=a+b"},
		{"request.formparam.f.2", Text("3"), "request.content", "f=1&g=a+b&f=3"},
		{"request.formparam.f.2", Value{}, "request.content", "f=1&g=a+b"},
		{"request.verb", Text("PUT"), "request.verb", "PUT"},
		{"request.version", Text("1.0"), "request.version", "1.0"},
		{"response.version", Text("HTTP/1.0"), "response.version", "HTTP/1.0"},
		{"message.path", Text("/new"), "request.path", "/new"},
		{"message.uri", Text("/new?a=1"), "request.queryparam.a", "1"},
		{"response.status.code", Text("503"), "response.reason.phrase", "Service Unavailable"},
		{"response.status.code", Int(204), "response.status.code", "204"},
		{"response.status.code", Text("many"), "response.status.code", "404"},
		{"response.status.code", Int(99), "response.status.code", "404"},
		{"response.status.code", Value{}, "response.status.code", "404"},
		{"request.status.code", Int(200), "request.status.code", ""},
		{"response.reason.phrase", Text("Gone away"), "response.reason.phrase", "Gone away"},
		{"callout.content", Text("new"), "callout.content", "new"},
		{"error.content", Text("before its scope: nothing"), "error.content", ""},
		{"none.content", Text("a variable like any other"), "none.content", "a variable like any other"},
	} {
		x := newExchangeWithMessages()
		if err := x.Set(ParseName(c.name), c.value); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		if got := x.Lookup(c.look).String(); got != c.want {
			t.Errorf("%s set to %s %q: %s is %q, want %q", c.name, c.value.Type(), c.value, c.look, got, c.want)
		}
	}
}

func TestReadOnlyMessageParts(t *testing.T) {
	for _, name := range []string{
		"request.content.as.base64", "request.headers.count", "request.headers.names", "request.header.a.values", "request.header.a.values.count",
		"request.header.a.values.string", "request.queryparams.count", "request.queryparam.a.values", "request.formstring", "callout.formparams.names",
	} {
		err := newExchangeWithMessages().Set(ParseName(name), Text("x"))
		if _, ok := errors.AsType[*SetError](err); !ok {
			t.Errorf("%s: %v", name, err)
		}
	}
}
