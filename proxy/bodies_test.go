package proxy

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"sluice/flow"
)

func gzipped(text string) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = w.Write([]byte(text)) // to memory
	_ = w.Close()
	return b.String()
}

func deflated(text string) string {
	var b bytes.Buffer
	w := zlib.NewWriter(&b)
	_, _ = w.Write([]byte(text)) // to memory
	_ = w.Close()
	return b.String()
}

func inflated(t *testing.T, coding, data string) string {
	t.Helper()
	var r io.Reader = strings.NewReader(data)
	var err error
	switch coding {
	case "gzip":
		r, err = gzip.NewReader(r)
	case "deflate":
		r, err = zlib.NewReader(r)
	}
	if err != nil {
		t.Fatalf("%s: %v in %q", coding, err, data)
	}
	plain, err := io.ReadAll(r)
	if err != nil {
		t.Fatalf("%s: %v", coding, err)
	}
	return string(plain)
}

// TestBodiesStream passes far more than the memory it may take, both ways, with
// policies that do not look at bodies.
func TestBodiesStream(t *testing.T) {
	const size = 192 << 20
	url := webTarget(t, func(w http.ResponseWriter, r *http.Request) {
		n, err := io.Copy(io.Discard, r.Body)
		w.Header().Set("X-Got", fmt.Sprint(n, err))
		_, _ = io.CopyN(w, zeros{}, size) // a loss shows at the client
	})
	s := rig{files: append(trail("A"), proxyAt("/p", preFlow(onRequest("A"), onResponse("A"))), targetAt(url))}.serve(t)
	stop, peak := make(chan bool), make(chan uint64)
	go func() {
		var most uint64
		for {
			select {
			case <-stop:
				peak <- most
				return
			case <-time.After(10 * time.Millisecond):
				var m runtime.MemStats
				runtime.ReadMemStats(&m)
				most = max(most, m.HeapInuse)
			}
		}
	}()
	resp, err := caller(t).Post("http://"+s.addr+"/p", "application/octet-stream", io.LimitReader(zeros{}, size))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	n, err := io.Copy(io.Discard, resp.Body)
	close(stop)
	if got := resp.Header.Get("X-Got"); n != size || err != nil || got != fmt.Sprint(size, nil) {
		t.Errorf("the client got %d, %v; the target %s", n, err, got)
	}
	if most := <-peak; most > 64<<20 {
		t.Errorf("%d MiB were in use", most>>20)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// TestHolds: what is read after it was sent is still there, whoever reads it.
func TestHolds(t *testing.T) {
	url := rawTarget(t, func(r arrived) string {
		if strings.Contains(r.line, "/bad") {
			return "HTTP/1.1 400 Bad Request\nContent-Length: 3\n\nbad"
		}
		return "HTTP/1.1 200 OK\nContent-Length: 2\n\nok"
	})
	const condition = `request.formparam.a = "b"`
	read, mark := `<Assign name="Q"><V name="message.header.Read">{request.content}</V></Assign>`, `<Assign name="M"><V name="message.header.Read">a=b</V></Assign>`
	note := `<Note name="N">{request.content} {response.content}</Note>`
	// Each is a bundle of its own: one that reads makes all its endpoints hold.
	s := rig{
		shared: map[string][]string{"shared": {`<SharedFlow name="default">` + steps("Q") + `</SharedFlow>`, read}},
		proxies: map[string][]string{
			"response":         {read, proxyAt("/response", postFlow(onResponse("Q"))), targetAt(url)},
			"condition":        {mark, proxyAt("/condition", postFlow(onResponse("M if "+condition))), targetAt(url)},
			"null":             {read, proxyAt("/null", nullRoute, postFlow(onResponse("Q")))},
			"target":           {read, proxyAt("/target"), targetAt(url, postFlow(onResponse("Q")))},
			"target-condition": {mark, proxyAt("/target-condition"), targetAt(url, postFlow(onResponse("M if "+condition)))},
			"rule-condition":   {mark, proxyAt("/rule-condition"), targetAt(url, faultRules(faultRule("r", condition, "M")))},
			"rule":             {read, proxyAt("/rule"), targetAt(url, faultRules(faultRule("r", "", "Q")))},
			"default-rule":     {read, proxyAt("/default-rule"), targetAt(url, defaultRule(false, "Q"))},
			"shared":           {`<Call name="C">shared</Call>`, proxyAt("/shared", postFlow(onResponse("C"))), targetAt(url)},
			"client":           {note, proxyAt("/client", postClient("N")), targetAt(url)},
			"client-condition": {`<Note name="N">seen</Note>`, proxyAt("/client-condition", postClient(`N if message.content = "ok"`)), targetAt(url)},
			"nothing":          {`<Note name="N">{request.header.x}</Note>`, proxyAt("/nothing", preFlow(onRequest("N")), postFlow(onResponse("N"))), targetAt(url)},
		},
	}.serve(t)
	form := "POST %s HTTP/1.1\nContent-Type: application/x-www-form-urlencoded\n\na=b"
	for _, path := range []string{"/response", "/null", "/condition", "/target", "/target-condition", "/rule-condition/bad", "/rule/bad", "/default-rule/bad", "/shared"} {
		if a := s.ask(fmt.Sprintf(form, path)); a.header("Read") != "a=b" {
			t.Errorf("%s: the payload is lost: %s", path, a.raw)
		}
	}
	for path, want := range map[string]string{"/client": "a=b ok", "/client-condition": "seen"} {
		s.ask(fmt.Sprintf(form, path))
		if n := s.note(); n != want {
			t.Errorf("%s: PostClientFlow read %q, want %q", path, n, want)
		}
	}
	for _, e := range s.table.Snapshot().endpoints {
		if want := e.deployment.Name != "nothing"; (e.holds != holds{}) != want {
			t.Errorf("%s holds %+v", e.deployment.Name, e.holds)
		}
	}
}

// TestBodyMemory: requests that hold too much together are refused, and those after
// them are not. The memory is free when requests have ended, however they did.
func TestBodyMemory(t *testing.T) {
	g := rig{files: []string{proxyAt("/p", preFlow(onRequest("N", "G")), nullRoute), proxyAt("/fault", preFlow(onRequest("N", "F")), nullRoute),
		`<Note name="N">{request.content}</Note>`, `<Gate name="G"/>`, `<Fault name="F" code="BadFormData"/>`}}
	g.services.Memory = flow.NewMemory(3000)
	s := g.serve(t)
	big := "POST %s HTTP/1.1\n\n" + strings.Repeat("x", 2000)
	for range 3 {
		s.faults(fmt.Sprintf(big, "/fault"), 500, "protocol.http.BadFormData")
		next(t, s.ended, "its end")
		first := make(chan reply, 1)
		go func() { first <- s.ask(fmt.Sprintf(big, "/p")) }()
		next(t, s.entered, "the first to hold its body")
		s.faults(fmt.Sprintf(big, "/p"), 503, "messaging.adaptors.http.flow.ServiceUnavailable")
		s.gate <- struct{}{}
		if a := next(t, first, "the first"); a.code() != 200 {
			t.Error(a.raw)
		}
		next(t, s.ended, "the end of the one that was refused")
		next(t, s.ended, "its end")
	}
}

// TestPayloadLimit: what is read must fit, what is not read passes.
func TestPayloadLimit(t *testing.T) {
	big := strings.Repeat("x", 2<<10)
	url := rawTarget(t, func(r arrived) string {
		if r.body != "" {
			return fmt.Sprintf("HTTP/1.1 200 OK\nContent-Length: %d\n\n%s", len(r.body), r.body)
		}
		return "HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n800\r\n" + big + "\r\n0\r\n\r\n"
	})
	s := rig{files: []string{`<Note name="N">{message.content}</Note>`, `<Note name="Len">{request.header.x} {message.header.content-length}</Note>`,
		proxyAt("/request", preFlow(onRequest("N")), "request.payload.parse.limit=1k"), proxyAt("/response", preFlow(onResponse("N")), "response.payload.parse.limit=1k"),
		proxyAt("/unread", preFlow(onRequest("Len")), "request.payload.parse.limit=1k", "response.payload.parse.limit=1k"),
		proxyAt("/target", `<RouteRule name="t"><TargetEndpoint>limited</TargetEndpoint></RouteRule>`, preFlow(onResponse("N"))), targetNamed("limited", url, "response.payload.parse.limit=1k"),
		proxyAt("/condition", preFlow(onRequest("Len if request.content = \"a\"")), "request.payload.parse.limit=1k"),
		proxyAt("/streamed", preFlow(onRequest("N"), onResponse("N")), "request.payload.parse.limit=1k", "response.payload.parse.limit=1k", "request.streaming.enabled=true", "response.streaming.enabled=true"),
		targetAt(url)}}.serve(t)
	post := func(path string) string { return "POST " + path + " HTTP/1.1\n\n" + big }
	s.faults(post("/request"), 413, "protocol.http.TooBigBody")
	s.faults("POST /request HTTP/1.1\nTransfer-Encoding: chunked\n\n800\r\n"+big+"\r\n0\r\n\r\n", 413, "protocol.http.TooBigBody")
	s.faults(post("/condition"), 413, "protocol.http.TooBigBody")
	s.faults("GET /response HTTP/1.1", 502, "protocol.http.TooBigBody")
	s.faults("GET /target HTTP/1.1", 502, "protocol.http.TooBigBody")
	s.wants(post("/unread"), 200, big)
	for len(s.notes) > 0 {
		<-s.notes
	}
	s.wants(post("/streamed"), 200, big)
	if n := s.note() + s.note(); n != "" {
		t.Errorf("policies saw %.20q of a body that streams", n)
	}
}

// TestCompression: bodies pass as they come, policies read them plain, and what
// they write is coded as the message says; compression.algorithm recodes.
func TestCompression(t *testing.T) {
	got := make(chan arrived, 1)
	url := rawTarget(t, func(r arrived) string {
		got <- r
		if coding := r.header("Content-Encoding"); coding != "" {
			return fmt.Sprintf("HTTP/1.1 200 OK\nContent-Encoding: %s\nContent-Length: %d\n\n%s", coding, len(r.body), r.body)
		}
		return fmt.Sprintf("HTTP/1.1 200 OK\nContent-Length: %d\n\n%s", len(r.body), r.body)
	})
	write := `<Assign name="W"><V name="message.content">{message.content}!</V></Assign>`
	route := func(to string) string {
		return `<RouteRule name="r"><TargetEndpoint>` + to + `</TargetEndpoint></RouteRule>`
	}
	s := rig{files: []string{write, `<Note name="N">{message.content}</Note>`,
		proxyAt("/pass", route("plain")), proxyAt("/read", preFlow(onRequest("N"), onResponse("N")), route("plain")), proxyAt("/write", preFlow(onRequest("W"), onResponse("W")), route("plain")), targetNamed("plain", url),
		proxyAt("/none", "compression.algorithm=none", route("none")), targetNamed("none", url, "compression.algorithm=none"),
		proxyAt("/gzip", "compression.algorithm=gzip", route("gzip")), targetNamed("gzip", url, "compression.algorithm=gzip"),
		proxyAt("/deflate", "compression.algorithm=deflate", route("deflate")), targetNamed("deflate", url, "compression.algorithm=deflate"),
		proxyAt("/echo", preFlow(onRequest("N")), nullRoute), proxyAt("/echo-write", preFlow(onRequest("W")), nullRoute)}}.serve(t)
	ask := func(path, coding, body string) reply {
		head := "POST " + path + " HTTP/1.1"
		if coding != "" {
			head += "\nContent-Encoding: " + coding
		}
		return s.ask(head + "\n\n" + body)
	}
	for _, c := range []struct{ path, coding, sent, atTarget, target, atClient, client string }{
		{"/pass", "gzip", gzipped("a"), "gzip", "a", "gzip", "a"},
		{"/pass", "br", "anything", "br", "anything", "br", "anything"},
		{"/read", "deflate", deflated("a"), "deflate", "a", "deflate", "a"},
		{"/write", "gzip", gzipped("a"), "gzip", "a!", "gzip", "a!!"},
		{"/none", "gzip", gzipped("a"), "", "a", "", "a"},
		{"/gzip", "", "a", "gzip", "a", "gzip", "a"},
		{"/deflate", "gzip", gzipped("a"), "deflate", "a", "deflate", "a"},
	} {
		a, r := ask(c.path, c.coding, c.sent), <-got
		if coding := r.header("Content-Encoding"); coding != c.atTarget || inflated(t, coding, r.body) != c.target {
			t.Errorf("%s: the target got %q in %q", c.path, r.body, coding)
		}
		if coding := a.header("Content-Encoding"); a.code() != 200 || coding != c.atClient || inflated(t, coding, a.text()) != c.client {
			t.Errorf("%s: the client got %d %q in %q", c.path, a.code(), a.text(), coding)
		}
	}
	for path, want := range map[string]string{"/echo": "a", "/echo-write": "a!"} {
		if a := ask(path, "gzip", gzipped("a")); a.header("Content-Encoding") != "gzip" || inflated(t, "gzip", a.text()) != want {
			t.Errorf("%s: %q", path, a.raw)
		}
	}
	for _, c := range []struct {
		path, coding, code string
		status             int
	}{
		{"/read", "gzip", "messaging.adaptors.http.flow.DecompressionFailureAtRequest", 400},
		{"/read", "br", "protocol.http.UnsupportedEncoding", 415},
		{"/none", "gzip", "messaging.adaptors.http.flow.DecompressionFailureAtRequest", 400},
	} {
		s.faults("POST "+c.path+" HTTP/1.1\nContent-Encoding: "+c.coding+"\n\nnot in that coding", c.status, c.code)
	}
}

// TestBrokenAnswers: a target's body that does not decode, or ends early.
func TestBrokenAnswerBodies(t *testing.T) {
	url := rawTarget(t, func(r arrived) string {
		switch {
		case strings.Contains(r.line, "/br"):
			return "HTTP/1.1 200 OK\nContent-Encoding: br\nContent-Length: 3\n\nabc"
		case strings.Contains(r.line, "/gzip"):
			return "HTTP/1.1 200 OK\nContent-Encoding: gzip\nContent-Length: 3\n\nabc"
		case strings.Contains(r.line, "/chunks"):
			return "HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n5\r\nhello\r\n-1\r\n"
		}
		return "HTTP/1.1 200 OK\nContent-Length: 100\n\ntoo short"
	})
	s := rig{files: []string{`<Note name="N">{message.content}</Note>`, proxyAt("/read", preFlow(onResponse("N"))), proxyAt("/pass"), targetAt(url)}}.serve(t)
	s.faults("GET /read/br HTTP/1.1", 502, "protocol.http.UnsupportedEncoding")
	s.faults("GET /read/gzip HTTP/1.1", 502, "messaging.adaptors.http.flow.DecompressionFailureAtResponse")
	s.faults("GET /read/chunks HTTP/1.1", 502, "protocol.http.InvalidMessage")
	s.faults("GET /read HTTP/1.1", 502, "messaging.adaptors.http.flow.UnexpectedEOFAtTarget")
	for path, body := range map[string]string{"/pass": "too short", "/pass/chunks": "5\r\nhello\r\n"} {
		a := s.ask("GET " + path + " HTTP/1.1")
		if a.code() != 200 || !strings.HasPrefix(body, a.body) {
			t.Errorf("%s: what was cut off looks whole: %q", path, a.raw)
		}
	}
}
