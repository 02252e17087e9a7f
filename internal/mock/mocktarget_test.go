package mock

import (
	"testing"
)

func TestMocktarget(t *testing.T) {
	text := []string{"Content-Type: text/plain; charset=utf-8", "Access-Control-Allow-Origin: *"}
	html := []string{"Content-Type: text/html; charset=utf-8"}
	json := []string{"Content-Type: application/json; charset=utf-8"}
	check(t, Mocktarget(), "mocktarget.apigee.net", []exchange{
		{request: "GET /", want: "Hello, Guest!", wantHeader: text},
		{request: "GET //", want: "Hello, Guest!"},
		{request: "GET /?user=Ada%20L", want: "Hello, Ada L!"},
		{request: "GET /user", want: "Hello, Guest!", wantHeader: text},
		{request: "GET /User/?user=Ada", want: "Hello, Ada!"},
		{request: "HEAD /user", wantHeader: text},
		{request: "GET /help", contains: "/statuscode/{code}", wantHeader: html},
		{request: "GET /iloveapis", want: "<H2>I <3 APIs</H2>", wantHeader: html},
		{request: "GET /ip", want: `{"ip":"127.0.0.1"}`, wantHeader: json},
		{request: "GET /ip?forwarded", header: []string{"X-Forwarded-For: 192.0.2.7"}, want: `{"ip":"192.0.2.7"}`},
		{request: "GET /json", want: `{"firstName":"John","lastName":"Doe","city":"San Jose","state":"CA"}`, wantHeader: json},
		{request: "GET /xml", contains: "<root><city>San Jose</city><firstName>John</firstName>",
			wantHeader: []string{"Content-Type: application/xml; charset=utf-8"}},
		{request: "GET /echo", header: []string{"User-Agent: test", "Accept-Encoding: identity"}, wantHeader: json,
			want: `{"headers":{"accept-encoding":"identity","host":"mocktarget.apigee.net","user-agent":"test"},"method":"GET","url":"/","args":{},"body":""}`},
		{request: "POST /echo/a%20b?x=1&x=2&y=3", body: `{"k":"<v>"}`,
			wantJSON: `{"method":"POST","url":"/a%20b?x=1&x=2&y=3","args":{"x":["1","2"],"y":"3"},"body":"{\"k\":\"<v>\"}"}`},
		{request: "DELETE /echo", wantJSON: `{"method":"DELETE"}`},
		{request: "GET /statuscode/503", status: 503, wantJSON: `{"status":503,"message":"Service Unavailable"}`},
		{request: "GET /statuscode/204", status: 204},
		{request: "GET /statuscode/101", status: 404},
		{request: "GET /statuscode/x", status: 404},
		{request: "GET /statuscode", status: 404},
		{request: "GET /auth", status: 401, wantHeader: []string{`WWW-Authenticate: Basic realm="mocktarget"`}},
		{request: "GET /auth/", header: []string{"Authorization: Basic dTpw"}, wantJSON: `{"authenticated":true,"user":"u"}`},
		{request: "GET /no<where>", status: 404, contains: "<pre>Cannot GET /no%3Cwhere%3E</pre>", wantHeader: html},
		{request: "POST /json", status: 404, contains: "Cannot POST /json"},
		{request: "GET /echoes", status: 404},
	})
}
