package mock

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"fmt"
	"image/png"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

var jsonHeader = []string{"Content-Type: application/json"}

var requestExchanges = []exchange{
	{request: "GET /", contains: "httpbin.org"},
	{request: "GET /get?a=1&b=2&a=3", header: []string{"User-Agent: test", "Accept-Encoding: identity", "X-A: 1", "X-A: 2"},
		wantHeader: []string{"Content-Type: application/json", "Access-Control-Allow-Origin: *"},
		want: `{
  "args": {
    "a": [
      "1",
      "3"
    ],
    "b": "2"
  },
  "headers": {
    "Accept-Encoding": "identity",
    "Host": "httpbin.org",
    "User-Agent": "test",
    "X-A": "1,2"
  },
  "origin": "127.0.0.1",
  "url": "http://httpbin.org/get?a=1&b=2&a=3"
}
`},
	{request: "GET /get?behind=proxy", header: []string{"X-Forwarded-For: 192.0.2.7", "X-Forwarded-Proto: https"},
		wantJSON: `{"origin":"192.0.2.7","url":"https://httpbin.org/get?behind=proxy"}`},
	{request: "POST /get", status: 405, wantHeader: []string{"Allow: GET, HEAD"}},
	{request: "POST /post", body: `{"b":1.10,"a":[]}`, wantHeader: jsonHeader,
		wantJSON: `{"data":"{\"b\":1.10,\"a\":[]}","json":{"b":1.10,"a":[]},"form":{},"files":{}}`},
	{request: "POST /post?not=json", body: "a=b", wantJSON: `{"data":"a=b","json":null,"form":{}}`},
	{request: "POST /post?binary", body: "\xff", wantJSON: `{"data":"data:application/octet-stream;base64,/w==","json":null}`},
	{request: "POST /post?binary=in-json", body: "\"\xff\"", wantJSON: `{"json":null}`},
	{request: "POST /post?form", header: []string{"Content-Type: application/x-www-form-urlencoded; charset=utf-8"}, body: "a=1&b=x+y&a=2&%zz=1",
		wantJSON: `{"data":"","json":null,"form":{"a":["1","2"],"b":"x y"}}`},
	{request: "POST /post?multipart", header: []string{"Content-Type: multipart/form-data; boundary=X"},
		body: "--X\r\nContent-Disposition: form-data; name=\"f\"\r\n\r\nv\r\n" +
			"--X\r\nContent-Disposition: form-data; name=\"up\"; filename=\"a.txt\"\r\n\r\nhello\r\n" +
			"--X\r\nContent-Disposition: form-data; name=\"bin\"; filename=\"a.bin\"\r\nContent-Type: image/x\r\n\r\n\xff\r\n--X--\r\n",
		wantJSON: `{"data":"","form":{"f":"v"},"files":{"up":"hello","bin":"data:image/x;base64,/w=="}}`},
	{request: "POST /post?broken-multipart", header: []string{"Content-Type: multipart/form-data"}, body: "--",
		wantJSON: `{"form":{},"files":{}}`},
	{request: "POST /post?large", body: strings.Repeat("x", maxRequestBody+1), status: 413},
	{request: "PUT /put", body: "1", wantJSON: `{"json":1}`},
	{request: "PATCH /patch", body: "1", wantJSON: `{"json":1}`},
	{request: "DELETE /delete", wantJSON: `{"json":null,"data":""}`},
	{request: "TRACE /anything", wantJSON: `{"method":"TRACE"}`},
	{request: "PUT /anything/a%2Fb/c?x=1", body: "{}", wantJSON: `{"method":"PUT","json":{},"url":"http://httpbin.org/anything/a%2Fb/c?x=1"}`},
	{request: "POST /delay/0.001", body: "x", wantJSON: `{"data":"x"}`},
	{request: "GET /delay/soon", status: 400},
	{request: "GET /delay/NaN", status: 400},
	{request: "GET /headers", header: []string{"User-Agent: t", "Accept-Encoding: x", "Via: 1.1 a"},
		wantJSON: `{"headers":{"Host":"httpbin.org","User-Agent":"t","Accept-Encoding":"x"}}`},
	{request: "GET /headers?show_env=1", header: []string{"User-Agent: t", "Accept-Encoding: x", "Via: 1.1 a"},
		wantJSON: `{"headers":{"Host":"httpbin.org","User-Agent":"t","Accept-Encoding":"x","Via":"1.1 a"}}`},
	{request: "GET /ip", wantJSON: `{"origin":"127.0.0.1"}`},
	{request: "GET /user-agent", header: []string{"User-Agent: test"}, wantJSON: `{"user-agent":"test"}`},
	{request: "GET /user-agent?none", header: []string{"User-Agent: "}, wantJSON: `{"user-agent":null}`},
	{request: "GET /nowhere", status: 404},
	{request: "OPTIONS /get", header: []string{"Origin: https://a.example", "Access-Control-Request-Headers: x-a"},
		wantHeader: []string{"Access-Control-Allow-Origin: https://a.example", "Access-Control-Allow-Headers: x-a",
			"Access-Control-Allow-Methods: GET, POST, PUT, DELETE, PATCH, OPTIONS"}},
}

var documentExchanges = []exchange{
	{request: "GET /json", contains: `"title": "Sample Slide Show"`, wantHeader: jsonHeader},
	{request: "GET /xml", contains: "<slideshow", wantHeader: []string{"Content-Type: application/xml"}},
	{request: "GET /html", contains: "Moby-Dick", wantHeader: []string{"Content-Type: text/html; charset=utf-8"}},
	{request: "GET /robots.txt", want: "User-agent: *\nDisallow: /deny\n", wantHeader: []string{"Content-Type: text/plain"}},
	{request: "GET /encoding/utf8", contains: "𝔘"},
	{request: "GET /forms/post", contains: `action="/post"`},
	{request: "GET /base64/aGVsbG8_", want: "hello?"},
	{request: "GET /base64/!", contains: "Incorrect Base64"},
}

var statusExchanges = []exchange{
	{request: "GET /status/503", status: 503},
	{request: "POST /status/201", status: 201},
	{request: "GET /status/204", status: 204},
	{request: "GET /status/302", status: 302, wantHeader: []string{"Location: /redirect/1"}},
	{request: "GET /status/401", status: 401, wantHeader: []string{`WWW-Authenticate: Basic realm="Fake Realm"`}},
	{request: "GET /status/407", status: 407, wantHeader: []string{`Proxy-Authenticate: Basic realm="Fake Realm"`}},
	{request: "GET /status/406", status: 406, wantHeader: jsonHeader, contains: "image/png"},
	{request: "GET /status/418", status: 418, contains: "teapot"},
	{request: "GET /status/200:0,500:1", status: 500},
	{request: "GET /status/500,500", status: 500},
	{request: "GET /status/200:0,404:0", status: 404},
	{request: "GET /status/200:-1,404", status: 400},
	{request: "GET /status/200:inf,404", status: 400},
	{request: "GET /status/1000", status: 400},
	{request: "GET /status/100", status: 400},
	{request: "GET /status/no", status: 400, want: "Invalid status code"},
	{request: "GET /redirect/3", status: 302, wantHeader: []string{"Location: /relative-redirect/2"}},
	{request: "GET /redirect/3?absolute=True", status: 302, wantHeader: []string{"Location: http://httpbin.org/absolute-redirect/2"}},
	{request: "GET /redirect/1", status: 302, wantHeader: []string{"Location: /get"}},
	{request: "GET /redirect/0", status: 400},
	{request: "GET /redirect/21", status: 400},
	{request: "GET /redirect/x", status: 404},
	{request: "GET /relative-redirect/2", status: 302, wantHeader: []string{"Location: /relative-redirect/1"}},
	{request: "GET /absolute-redirect/2", status: 302, wantHeader: []string{"Location: http://httpbin.org/absolute-redirect/1"}},
	{request: "GET /absolute-redirect/1", status: 302, wantHeader: []string{"Location: http://httpbin.org/get"}},
	{request: "POST /redirect-to?url=https%3A%2F%2Fa.example%2F&status_code=307", status: 307, wantHeader: []string{"Location: https://a.example/"}},
	{request: "GET /redirect-to?url=x%0d%0aSet-Cookie:a&status_code=200", status: 302, wantHeader: []string{"Set-Cookie: "}},
	{request: "GET /redirect-to", status: 400},
}

var headerExchanges = []exchange{
	{request: "GET /cookies", header: []string{"Cookie: a=1; b=2"}, wantJSON: `{"cookies":{"a":"1","b":"2"}}`},
	{request: "GET /cookies/set?b=2&a=1", status: 302, wantHeader: []string{"Set-Cookie: a=1; Path=/, b=2; Path=/", "Location: /cookies"}},
	{request: "GET /cookies/set/k/v", status: 302, wantHeader: []string{"Set-Cookie: k=v; Path=/", "Location: /cookies"}},
	{request: "GET /cookies/delete?k", status: 302,
		wantHeader: []string{"Set-Cookie: k=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0"}},
	{request: "GET /basic-auth/user/passwd", status: 401, wantHeader: []string{`WWW-Authenticate: Basic realm="Fake Realm"`}},
	{request: "GET /basic-auth/user/other", header: []string{"Authorization: Basic dXNlcjpwYXNzd2Q="}, status: 401},
	{request: "GET /basic-auth/user/passwd?ok", header: []string{"Authorization: Basic dXNlcjpwYXNzd2Q="}, wantJSON: `{"authenticated":true,"user":"user"}`},
	{request: "GET /hidden-basic-auth/user/passwd", status: 404},
	{request: "GET /hidden-basic-auth/user/passwd?ok", header: []string{"Authorization: Basic dXNlcjpwYXNzd2Q="}, wantJSON: `{"authenticated":true}`},
	{request: "GET /bearer", status: 401, wantHeader: []string{"WWW-Authenticate: Bearer"}},
	{request: "GET /bearer?ok", header: []string{"Authorization: Bearer tok"}, wantJSON: `{"authenticated":true,"token":"tok"}`},
	{request: "GET /response-headers?x-a=1&X-B=2&X-B=3", wantHeader: []string{"X-A: 1", "X-B: 2, 3", "Content-Type: application/json"},
		wantJSON: `{"X-A":"1","X-B":["2","3"],"Content-Type":"application/json","Content-Length":"115"}`},
	{request: "POST /response-headers?Content-Type=text/plain&Content-Length=1&Transfer-Encoding=x",
		wantHeader: []string{"Content-Type: text/plain", "Transfer-Encoding: "}},
	{request: "GET /cache", wantJSON: `{"args":{}}`},
	{request: "GET /cache?known", header: []string{"If-None-Match: x"}, status: 304},
	{request: "GET /cache?old", header: []string{"If-Modified-Since: x"}, status: 304},
	{request: "GET /cache/60", wantHeader: []string{"Cache-Control: public, max-age=60"}},
	{request: "GET /cache/-1", status: 404},
	{request: "GET /etag/v1", wantHeader: []string{"ETag: v1"}, wantJSON: `{"args":{}}`},
	{request: "GET /etag/v1?known", header: []string{`If-None-Match: "v0", W/"v1"`}, status: 304, wantHeader: []string{"ETag: v1"}},
	{request: "GET /etag/v1?new", header: []string{"If-None-Match: v0"}},
	{request: "GET /etag/v1?match", header: []string{`If-Match: "v1"`}},
	{request: "GET /etag/v1?nomatch", header: []string{`If-Match: "v2"`}, status: 412},
}

var streamExchanges = []exchange{
	{request: "GET /bytes/x", status: 404},
	{request: "GET /bytes/8?seed=x", status: 400},
	{request: "GET /drip?numbytes=3&duration=0&code=202", status: 202, want: "***", wantHeader: []string{"Content-Length: 3"}},
	{request: "GET /drip?numbytes=0", status: 400},
	{request: "GET /drip?code=99", status: 400},
	{request: "GET /drip?duration=x", status: 400},
	{request: "GET /range/30", want: "abcdefghijklmnopqrstuvwxyzabcd", wantHeader: []string{"Accept-Ranges: bytes", `ETag: "range30"`}},
	{request: "GET /range/30?part", header: []string{"Range: bytes=1-3"}, status: 206, want: "bcd", wantHeader: []string{"Content-Range: bytes 1-3/30"}},
	{request: "GET /range/30?beyond", header: []string{"Range: bytes=30-"}, status: 416},
	{request: "GET /range/102401", status: 404},
}

// TestHttpbin also proves that no route goes without an exchange. What a table cannot say has a test below.
func TestHttpbin(t *testing.T) {
	var seen sync.Map
	elsewhere := []string{
		"GET /uuid", "GET /image", "GET /image/png", "GET /gzip", "GET /deflate",
		"GET /bytes/{n}", "GET /stream-bytes/{n}", "GET /stream/{n}",
		"GET /digest-auth/{qop}/{user}/{passwd}", "GET /digest-auth/{qop}/{user}/{passwd}/{algorithm}",
	}
	httpbin := Httpbin()
	noting := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		httpbin.ServeHTTP(w, r)
		seen.Store(r.Pattern, true)
	})
	check(t, noting, "httpbin.org", slices.Concat(
		requestExchanges, documentExchanges, statusExchanges, headerExchanges, streamExchanges))
	for pattern := range httpbinRoutes {
		if _, ok := seen.Load(pattern); !ok && !slices.Contains(elsewhere, pattern) {
			t.Errorf("no exchange for %s", pattern)
		}
	}
}

// get asks Httpbin directly.
func get(t *testing.T, uri string) *httptest.ResponseRecorder {
	t.Helper()
	recorder := httptest.NewRecorder()
	Httpbin().ServeHTTP(recorder, httptest.NewRequest("GET", uri, nil))
	if recorder.Code != http.StatusOK {
		t.Fatalf("GET %s: status %d", uri, recorder.Code)
	}
	return recorder
}

func TestUUID(t *testing.T) {
	version4 := regexp.MustCompile(`^\{\n  "uuid": "[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"\n\}\n$`)
	if body := get(t, "/uuid").Body.String(); !version4.MatchString(body) {
		t.Errorf("%s does not match %s", body, version4)
	}
}

func TestImages(t *testing.T) {
	for _, uri := range []string{"/image", "/image/png"} {
		if _, err := png.Decode(get(t, uri).Body); err != nil {
			t.Errorf("%s: %v", uri, err)
		}
	}
}

func TestCompressed(t *testing.T) {
	tests := []struct {
		uri, coding, member string
		open                func(io.Reader) (io.Reader, error)
	}{
		{"/gzip", "gzip", "gzipped", func(r io.Reader) (io.Reader, error) { return gzip.NewReader(r) }},
		{"/deflate", "deflate", "deflated", func(r io.Reader) (io.Reader, error) { return zlib.NewReader(r) }},
	}
	for _, test := range tests {
		response := get(t, test.uri)
		plain, err := test.open(response.Body)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(plain)
		if err != nil || response.Header().Get("Content-Encoding") != test.coding {
			t.Errorf("%s: %v, headers %v", test.uri, err, response.Header())
		}
		compareMembers(t, string(body), `{"`+test.member+`":true,"method":"GET","origin":"192.0.2.1"}`)
	}
}

func TestRandomBytes(t *testing.T) {
	for _, uri := range []string{"/bytes/%d?seed=%d", "/stream-bytes/%d?seed=%d&chunk_size=7"} {
		first := get(t, fmt.Sprintf(uri, 50, 1)).Body.Bytes()
		if len(first) != 50 || !bytes.Equal(first, get(t, fmt.Sprintf(uri, 50, 1)).Body.Bytes()) {
			t.Errorf("%s: the same seed gave other bytes, or not 50", uri)
		}
		if bytes.Equal(first, get(t, fmt.Sprintf(uri, 50, 2)).Body.Bytes()) {
			t.Errorf("%s: another seed gave the same bytes", uri)
		}
		if n := get(t, fmt.Sprintf(uri, 1<<40, 1)).Body.Len(); n != maxGenerated {
			t.Errorf("%s: %d bytes, want the limit", uri, n)
		}
	}
	if bytes.Equal(get(t, "/bytes/50").Body.Bytes(), get(t, "/bytes/50").Body.Bytes()) {
		t.Error("bytes repeat without a seed")
	}
}

// TestSelfMeasured walks over the lengths at which Content-Length gains a digit.
func TestSelfMeasured(t *testing.T) {
	for n := range 1100 {
		headers := map[string][]string{"X": {strings.Repeat("x", n)}}
		body := selfMeasured(headers)
		compareMembers(t, string(body), fmt.Sprintf(`{"Content-Length":"%d"}`, len(body)))
	}
}

func TestStreamLines(t *testing.T) {
	for asked, want := range map[int]int{3: 3, 1000: maxLines, 0: 0} {
		body := get(t, "/stream/"+strconv.Itoa(asked)).Body.String()
		lines := strings.Split(body, "\n")
		lines = lines[:len(lines)-1]
		if len(lines) != want {
			t.Fatalf("/stream/%d: %d lines, want %d", asked, len(lines), want)
		}
		for id, line := range lines {
			compareMembers(t, line, fmt.Sprintf(`{"id":%d,"args":{}}`, id))
		}
	}
}

func TestRedirectsEnd(t *testing.T) {
	server := httptest.NewServer(Httpbin())
	defer server.Close()
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return nil }}
	for _, uri := range []string{"/redirect/20", "/relative-redirect/3", "/absolute-redirect/3", "/status/302"} {
		response, err := client.Get(server.URL + uri)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if response.StatusCode != http.StatusOK || response.Request.URL.Path != "/get" {
			t.Errorf("%s ended at %s with %d", uri, response.Request.URL, response.StatusCode)
		}
	}
}
