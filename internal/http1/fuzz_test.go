package http1

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/http/httputil"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"golang.org/x/tools/txtar"
)

// seed adds the named part of each golden file.
func seed(f *testing.F, dir, part string) {
	files, _ := filepath.Glob("testdata/" + dir + "/*.txt")
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		for _, p := range txtar.Parse(b).Files {
			if p.Name == part {
				f.Add([]byte(fromFile.Replace(string(p.Data))))
			}
		}
	}
}

var fuzzLimits = Limits{Line: 200, HeaderBytes: 300, HeaderLines: 10}.orDefault()

// readSectionOf reads the same bytes at once and one by one: the result must
// not depend on how they come.
func readSectionOf(t *testing.T, data []byte, request bool) (section, *bufio.Reader, error) {
	var secs [2]section
	var errs [2]error
	var br *bufio.Reader
	for i, r := range []io.Reader{iotest.OneByteReader(bytes.NewReader(data)), bytes.NewReader(data)} {
		br = bufio.NewReaderSize(r, readBuffer)
		s := sectionReader{br: br, max: &fuzzLimits, request: request}
		secs[i], errs[i] = s.read()
	}
	if secs[0] != secs[1] || (errs[0] == nil) != (errs[1] == nil) {
		t.Fatalf("byte by byte: %+v, %v; at once: %+v, %v", secs[0], errs[0], secs[1], errs[1])
	}
	if errs[1] == nil && (len(secs[1].first) > fuzzLimits.Line || len(secs[1].block) > fuzzLimits.HeaderBytes) {
		t.Fatalf("over the limits: %+v", secs[1])
	}
	return secs[1], br, errs[1]
}

// FuzzReadRequest: what is accepted means the same to net/http.
func FuzzReadRequest(f *testing.F) {
	seed(f, "server", "client")
	f.Fuzz(func(t *testing.T, data []byte) {
		sec, br, err := readSectionOf(t, data, true)
		if err != nil {
			return
		}
		var r Request
		if r.parse(sec) != nil {
			return
		}
		list, _ := sec.fields() // parse has been through them
		sameFields(t, list, sec.block)
		for _, f := range r.Header {
			if strings.EqualFold(f.Name, "Host") && f.Value != r.Host {
				t.Fatalf("the Host line says %q, the host is %q", f.Value, r.Host)
			}
		}
		_ = r.Origin()
		std, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(data)))
		if err != nil {
			if r.framing.chunked || r.framing.length > 0 {
				t.Logf("net/http refuses it: %v", err) // it knows more forbidden targets, not less framing
			}
			return
		}
		if std.Method != r.Method || std.RequestURI != r.Target || std.ContentLength != r.ContentLength {
			t.Fatalf("got %q %q %d, net/http has %q %q %d", r.Method, r.Target, r.ContentLength, std.Method, std.RequestURI, std.ContentLength)
		}
		sameBody(t, bodyOf(br, r.ContentLength, r.framing.chunked), std.Body)
	})
}

// sameFields: the fields are the block, white space aside.
func sameFields(t *testing.T, list []Field, block string) {
	t.Helper()
	var sb strings.Builder
	for _, f := range list {
		if !isTokenText(f.Name) || !isValue(f.Value) || f.Value != strings.Trim(f.Value, " \t") {
			t.Fatalf("field %q", f)
		}
		sb.WriteString(f.Name + ":" + f.Value)
	}
	squeeze := strings.NewReplacer(" ", "", "\t", "", "\r\n", "")
	if got, want := squeeze.Replace(sb.String()), squeeze.Replace(block); got != want {
		t.Fatalf("fields %q of %q", got, want)
	}
}

// freeOwner is an exchange that does nothing.
type freeOwner struct{}

func (freeOwner) beforeRead() error { return nil }
func (freeOwner) ended(error)       {}
func (freeOwner) interrupt()        {}

func bodyOf(br *bufio.Reader, length int64, inChunks bool) *body {
	b := &body{br: br, owner: freeOwner{}, op: ReadRequest, left: length}
	switch {
	case inChunks:
		b.shape, b.left, b.chunks.max = chunked, 0, &fuzzLimits
	case length < 0:
		b.shape = endless
	case length == 0:
		b.err = io.EOF
	}
	return b
}

// sameBody: we may refuse what net/http accepts; what we accept is the same.
func sameBody(t *testing.T, b *body, std io.Reader) {
	t.Helper()
	got, err := io.ReadAll(b)
	want, stdErr := io.ReadAll(std)
	switch {
	case !bytes.HasPrefix(want, got):
		t.Fatalf("body %q, net/http has %q", got, want)
	case err == nil && (stdErr != nil || len(got) != len(want)):
		t.Fatalf("body %q is complete, net/http says %q, %v", got, want, stdErr)
	}
	var p *ProtocolError
	var i *IOError
	if err != nil && !errors.As(err, &p) && !errors.As(err, &i) {
		t.Fatalf("untyped error %v", err)
	}
}

// FuzzReadResponse: what is accepted means the same to net/http.
func FuzzReadResponse(f *testing.F) {
	seed(f, "client", "answer")
	f.Fuzz(func(t *testing.T, data []byte) {
		sec, br, err := readSectionOf(t, data, false)
		if err != nil {
			return
		}
		var r Response
		if r.parse(sec) != nil {
			return
		}
		sameFields(t, r.Header, sec.block)
		std, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(data)), nil)
		if err != nil {
			return
		}
		if std.StatusCode != r.Status || std.Proto != r.Proto || std.ContentLength != r.framing.length && std.StatusCode >= 200 && std.StatusCode != 204 && std.StatusCode != 304 {
			t.Fatalf("got %d %s %d, net/http has %d %s %d", r.Status, r.Proto, r.framing.length, std.StatusCode, std.Proto, std.ContentLength)
		}
		if old := r.Proto == "HTTP/1.0" && r.framing.chunked; r.Status < 200 || r.Status == 204 || r.Status == 304 || old {
			return
		}
		sameBody(t, bodyOf(br, r.framing.length, r.framing.chunked), std.Body)
	})
}

// FuzzChunked: the body is what net/http reads, however it comes, and nothing
// behind it is touched.
func FuzzChunked(f *testing.F) {
	for _, s := range []string{
		"3\r\nabc\r\n0\r\n\r\n", "3;a=\"b\"\r\nabc\r\n00a\r\n0123456789\r\n0\r\nX-A: 1\r\n\r\nGET /", "0\r\n\r\n", "1\r\na\r\n1\r\nb", "\r\n0\r\n\r\n",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		slow := bodyOf(bufio.NewReaderSize(iotest.OneByteReader(bytes.NewReader(data)), readBuffer), -1, true)
		b := bodyOf(bufio.NewReaderSize(bytes.NewReader(data), readBuffer), -1, true)
		sameBody(t, b, httputil.NewChunkedReader(bytes.NewReader(data)))
		fromSlow, err := io.ReadAll(slow)
		if (err == nil) != (b.err == io.EOF) {
			t.Fatalf("byte by byte %q, %v; at once %v", fromSlow, err, b.err)
		}
		if rest, _ := io.ReadAll(b.br); b.err == io.EOF && !bytes.HasSuffix(data, rest) {
			t.Fatalf("%q is left of %q", rest, data)
		}
		for _, field := range b.trailer() {
			if !mayTrail(field.Name) {
				t.Fatalf("trailer %q", field)
			}
		}
	})
}

// FuzzChunkCopy: what sink.copy writes in chunks reads back as it was.
func FuzzChunkCopy(f *testing.F) {
	f.Add([]byte("hello"), uint16(1))
	f.Add(bytes.Repeat([]byte("x"), 5000), uint16(4095))
	f.Fuzz(func(t *testing.T, data []byte, step uint16) {
		var wire bytes.Buffer
		s := sink{b: make([]byte, 0, 100+2*smallRead), to: &link{Conn: bufferConn{w: &wire}}}
		r := io.Reader(bytes.NewReader(data))
		if step > 0 {
			r = &stepReader{r: r, step: int(step)}
		}
		if n, err := s.copy(r, -1, true); err != nil || n != int64(len(data)) {
			t.Fatal(n, err)
		}
		s.lastChunk(nil)
		_ = s.flush()
		b := bodyOf(bufio.NewReader(&wire), -1, true)
		if got, err := io.ReadAll(b); err != nil || !bytes.Equal(got, data) {
			t.Fatalf("%q became %q, %v", data, got, err)
		}
	})
}

type stepReader struct {
	r    io.Reader
	step int
}

func (s *stepReader) Read(p []byte) (int, error) { return s.r.Read(p[:min(len(p), s.step)]) }
func (s *stepReader) Ready() bool                { return s.step%2 == 0 }
