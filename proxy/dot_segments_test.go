package proxy

import (
	"net/http"
	"testing"
)

func TestWithoutDots(t *testing.T) {
	for path, want := range map[string]string{
		"": "", "*": "*", "/": "/", "/x/y/z": "/x/y/z", "/x/": "/x/",
		"/a/b/../c": "/a/c", "/a/b/./c": "/a/b/c", "/a/b/../../../../c": "/c", "/../a/b": "/a/b", "/./a/b": "/a/b",
		"/..": "/", "/.": "/", "/a/..": "/", "/a/.": "/a/", "/a/b/..": "/a/", "/a/../": "/", "/a/b/.././": "/a/",
		"/a/b/%2E%2E/c": "/a/c", "/a/b/%2e./c": "/a/c", "/a/b/.%2E/c": "/a/c", "/a/%2e/c": "/a/c", "/a/%2e%2E": "/",
		"/a//b": "/a//b", "//a": "//a", "/a//../b": "/a/b", "//../a": "/a", "//..//a": "//a",
		`/a/..\c`: "/c", `/a\b`: "/a/b", `/\..\a`: "/a", `/a/b\.`: "/a/b/",
		"/A/%2F%2f/c": "/A/%2F%2f/c", "/a/..%2fb": "/a/..%2fb", "/a%2f..%2fb": "/a%2f..%2fb", "/%5c%25": "/%5c%25", "/a/..%5c": "/a/..%5c",
		"/.well-known/x": "/.well-known/x", "/a/...": "/a/...", "/a/..b": "/a/..b", "/a/b..": "/a/b..", "/a/.%2": "/a/.%2",
		"/a/%252e%252e/b": "/a/%252e%252e/b", "/a/..;x/b": "/a/..;x/b", "/%c0%ae%c0%ae/a": "/%c0%ae%c0%ae/a",
	} {
		if got := withoutDots(path); got != want {
			t.Errorf("%q becomes %q, want %q", path, got, want)
		}
	}
}

// TestDotSegmentsStayInside: the base path, the variables and the target see one
// path, from both engines.
func TestDotSegmentsStayInside(t *testing.T) {
	got := make(chan arrived, 10)
	url := rawTarget(t, func(r arrived) string { got <- r; return "HTTP/1.1 200 OK\nContent-Length: 2\n\nok" })
	const tell = `<Assign name="T"><V name="told">{request.uri} {message.uri} {proxy.url} {proxy.pathsuffix}</V></Assign>`
	s := rig{files: []string{proxyAt("/clos", preFlow(onRequest("T")+onResponse("S"))), targetAt(url + "/x"), tell,
		`<Assign name="S"><V name="response.header.Told">{told}</V></Assign>`}}.serve(t)
	for _, path := range []string{"/clos/../../secret", "/clos/%2e%2E/secret", `/clos/..\secret`} {
		s.faults("GET "+path+" HTTP/1.1", 404, "messaging.adaptors.http.flow.ApplicationNotFound")
	}
	const path = "/other/../clos/a/%2e%2e/b//c%2F..?up=/../x"
	want := "/clos/b//c%2F..?up=/../x"
	want += " " + want + " http://" + s.addr + want + " /b//c%2F.."
	resp, err := http2Caller(t, nil).Get("http://" + s.addr + path)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	answers := map[string]string{"HTTP/2": resp.Header.Get("Told")}
	line := next(t, got, "the request").line
	answers["HTTP/1"] = s.ask("GET " + path + " HTTP/1.1\nHost: " + s.addr).header("Told")
	for engine, told := range answers {
		if told != want {
			t.Errorf("%s: told %q, want %q", engine, told, want)
		}
	}
	for _, line := range []string{line, next(t, got, "the request").line} {
		if line != "GET /x/b//c%2F..?up=/../x HTTP/1.1" {
			t.Error("the target got", line)
		}
	}
	if resp.StatusCode != http.StatusOK {
		t.Error(resp.Status)
	}
}

func BenchmarkWithoutDots(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		withoutDots("/v1/customers/4711/orders/2024-11/items.json")
	}
}
