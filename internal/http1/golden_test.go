package http1

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/tools/txtar"
)

// The files hold wire text: each line stands for itself and CRLF. \r, \n and
// \0 stand for bytes that a text line cannot hold, a line that ends in \ goes
// on without CRLF, and the comment on top says what the case is about.
var fromFile = strings.NewReplacer("\\\n", "", "\n", "\r\n", `\r`, "\r", `\n`, "\n", `\0`, "\x00")

// toFile is the reverse, for what the engine writes.
func toFile(wire string) []byte {
	s := strings.ReplaceAll(wire, "\r\n", "\x01")
	s = strings.ReplaceAll(s, "\n", `\n`)
	s = strings.ReplaceAll(s, "\x01", "\n")
	if s != "" && !strings.HasSuffix(s, "\n") {
		s += "\\\n"
	}
	return []byte(s)
}

func golden(t *testing.T, pattern string, run func(t *testing.T, in map[string]string) map[string]string) {
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) == 0 {
		t.Fatalf("no golden files: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			ar, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			in := map[string]string{}
			for _, f := range ar.Files {
				in[f.Name] = fromFile.Replace(string(f.Data))
			}
			out := run(t, in)
			if *update {
				rewrite(t, file, ar, out)
				return
			}
			for name, got := range out {
				if got != in[name] {
					t.Errorf("%s is\n%s\nwant\n%s", name, toFile(got), toFile(in[name]))
				}
			}
		})
	}
}

func rewrite(t *testing.T, file string, ar *txtar.Archive, out map[string]string) {
	for i, f := range ar.Files {
		if got, ok := out[f.Name]; ok {
			ar.Files[i].Data = toFile(got)
		}
	}
	if err := os.WriteFile(file, txtar.Format(ar), 0o666); err != nil {
		t.Fatal(err)
	}
}

// TestServerWire sends "client" over one connection and compares all that
// comes back with "server".
func TestServerWire(t *testing.T) {
	addr := serve(t, &Server{Handler: tellBack})
	golden(t, "testdata/server/*.txt", func(t *testing.T, in map[string]string) map[string]string {
		return map[string]string{"server": exchangeAll(t, addr, in["client"])}
	})
}

var fixedDate = Field{"Date", "Thu, 01 Jan 2026 00:00:00 GMT"}

// tellBack answers with what it has received. The path chooses the way.
func tellBack(_ context.Context, req *Request, w *ResponseWriter) {
	path, _, _ := strings.Cut(req.Origin(), "?")
	switch path {
	case "/silent":
	case "/unread":
		_ = w.WriteHead(200, "", []Field{fixedDate}, 0)
	case "/status/204":
		_ = w.WriteHead(204, "", []Field{fixedDate}, 0)
	case "/status/304":
		_ = w.WriteHead(304, "", []Field{fixedDate, {"ETag", `"a"`}}, 7)
	case "/early":
		_ = w.Inform(103, []Field{{"Link", "</a.css>; rel=preload"}})
		_ = w.WriteHead(200, "", []Field{fixedDate}, 2)
		_, _ = w.Write([]byte("ok"))
	case "/order":
		header := []Field{fixedDate, {"soapACTION", "a"}, {"content-LENGTH", "99"}, {"Set-Cookie", "a=1"}, {"x-B", "2"}, {"Set-Cookie", "b=2"}, {"Connection", "x"}}
		_ = w.WriteHead(299, "Fine By Me", header, 2)
		_, _ = w.Write([]byte("ok"))
	case "/chunks":
		_ = w.WriteHead(200, "", []Field{fixedDate, {"Trailer", "X-Sum"}}, -1)
		_, _ = w.Write([]byte("first,"))
		_, _ = w.CopyFrom(strings.NewReader("and a second one"), -1)
		_ = w.Finish([]Field{{"X-Sum", "22"}, {"Content-Length", "3"}})
	case "/short":
		_ = w.WriteHead(200, "", []Field{fixedDate}, 5)
		_, _ = w.Write([]byte("abc"))
	case "/upgrade":
		upgrade(w)
	default:
		tell(req, w)
	}
}

func upgrade(w *ResponseWriter) {
	_ = w.WriteHead(101, "", []Field{{"Upgrade", "echo"}}, 0)
	c, br, err := w.Hijack()
	if err == nil {
		_, _ = io.Copy(c, br)
	}
}

func tell(req *Request, w *ResponseWriter) {
	text := describe(req.Method+" "+req.Target+" "+req.Proto+" host="+req.Host, req.Header, req.Body, req.Trailer)
	_ = w.WriteHead(200, "", []Field{fixedDate}, int64(len(text)))
	_, _ = w.Write([]byte(text))
}

// describe prints a message in the notation of the golden files.
func describe(first string, header []Field, body io.Reader, trailer func() []Field) string {
	var sb strings.Builder
	fmt.Fprintf(&sb, "%s\r\n", first)
	for _, f := range header {
		fmt.Fprintf(&sb, "%s=%s\r\n", f.Name, f.Value)
	}
	b, err := io.ReadAll(body)
	fmt.Fprintf(&sb, "body %q\r\n", b)
	if err != nil {
		fmt.Fprintf(&sb, "error %v\r\n", err)
	}
	for _, f := range trailer() {
		fmt.Fprintf(&sb, "trailer %s=%s\r\n", f.Name, f.Value)
	}
	return sb.String()
}

// TestClientWire makes the call that "call" describes ("GET / as none",
// content, stream or chunks, then header lines, an empty line and the body), compares what
// the target gets with "wire", lets it send "answer" and compares what the
// caller gets with "response".
func TestClientWire(t *testing.T) {
	golden(t, "testdata/client/*.txt", func(t *testing.T, in map[string]string) map[string]string {
		wire := make(chan string, 1)
		to := target(t, func(_ int, c net.Conn) {
			wire <- receive(c, len(in["wire"]))
			_, _ = io.WriteString(c, in["answer"])
		})
		req, told := parseCall(in["call"])
		resp, err := newClient(t).Do(context.Background(), testKey, to, req)
		if err != nil {
			told.WriteString(errorText(err) + "\r\n")
		} else {
			first := fmt.Sprintf("%s %d %q length=%d", resp.Proto, resp.Status, resp.Reason, resp.ContentLength)
			told.WriteString(describe(first, resp.Header, resp.Body, resp.Trailer))
			resp.Body.Close()
		}
		close(wire) // a call that was refused sent nothing
		return map[string]string{"wire": <-wire, "response": told.String()}
	})
}

// receive reads n bytes; when golden files are rewritten, n is not known and a
// pause is the end.
func receive(c net.Conn, n int) string {
	if *update {
		_ = c.SetReadDeadline(time.Now().Add(100 * time.Millisecond))
		b, _ := io.ReadAll(c)
		return string(b)
	}
	b := make([]byte, n)
	n, _ = io.ReadFull(c, b)
	return string(b[:n])
}

func errorText(err error) string {
	var p *ProtocolError
	if errors.As(err, &p) {
		return fmt.Sprintf("refused %d %v", p.Status, p)
	}
	return "error " + err.Error()
}

// parseCall also returns where 1xx answers are noted.
func parseCall(text string) (*ClientRequest, *strings.Builder) {
	head, body, _ := strings.Cut(text, "\r\n\r\n")
	first, rest, _ := strings.Cut(head, "\r\nHost: ") // the target may hold line ends
	method, target, _ := strings.Cut(first, " ")
	target, kind, _ := strings.Cut(target, " as ")
	told := &strings.Builder{}
	r := &ClientRequest{Method: method, Target: target, Inform: func(status int, header []Field) {
		fmt.Fprintf(told, "inform %d %v\r\n", status, header)
	}}
	switch kind {
	case "chunks":
		r.Body, r.ContentLength = io.NopCloser(strings.NewReader(body)), -1
		r.Trailer = func() []Field { return []Field{{"X-Sum", "1"}, {"Host", "evil"}} }
	case "stream":
		r.Body, r.ContentLength = io.NopCloser(strings.NewReader(body)), int64(len(body))
	case "content":
		r.Content = []byte(body)
	}
	for line := range strings.SplitSeq("Host: "+rest, "\r\n") {
		name, value, _ := strings.Cut(line, ": ")
		r.Header = append(r.Header, Field{name, value})
	}
	return r, told
}
