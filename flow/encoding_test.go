package flow

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"sluice/faults"
)

func encode(t testing.TB, coding, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	var w io.WriteCloser
	switch coding {
	case "gzip":
		w = gzip.NewWriter(&b)
	case "zlib":
		w = zlib.NewWriter(&b)
	case "raw deflate":
		w, _ = flate.NewWriter(&b, flate.DefaultCompression)
	default:
		return []byte(text)
	}
	if _, err := io.WriteString(w, text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// codedMessage returns a response whose body flows in a coding.
func codedMessage(header string, body []byte) *Message {
	m := NewResponse()
	if header != "" {
		m.Header.Add("Content-Encoding", header)
	}
	m.Body.SetStream(io.NopCloser(bytes.NewReader(body)), int64(len(body)))
	return m
}

func TestContentDecodes(t *testing.T) {
	for _, c := range []struct{ header, coding string }{
		{"", ""}, {"identity", ""}, {"gzip", "gzip"}, {" GZip ", "gzip"}, {"x-gzip", "gzip"},
		{"deflate", "zlib"}, {"deflate", "raw deflate"},
	} {
		m := codedMessage(c.header, encode(t, c.coding, "hello, hello"))
		for range 2 {
			if got, err := m.Content(); string(got) != "hello, hello" || err != nil {
				t.Errorf("%q (%s): %q, %v", c.header, c.coding, got, err)
			}
		}
	}
	for _, coding := range []string{"gzip", "deflate", "br"} {
		if got, err := codedMessage(coding, nil).Content(); len(got) != 0 || err != nil {
			t.Errorf("no body at all in %s: %q, %v", coding, got, err)
		}
	}
}

func TestContentFaults(t *testing.T) {
	bomb := encode(t, "gzip", strings.Repeat("\x00", 1<<20))
	for _, c := range []struct {
		name, header      string
		body              []byte
		request, response string
		status            [2]int
	}{
		{"unknown coding", "br", []byte("x"), "UnsupportedEncoding", "UnsupportedEncoding", [2]int{415, 502}},
		{"two codings", "gzip, gzip", []byte("x"), "UnsupportedEncoding", "UnsupportedEncoding", [2]int{415, 502}},
		{"no gzip", "gzip", []byte("plain text, no gzip"), "DecompressionFailureAtRequest", "DecompressionFailureAtResponse", [2]int{400, 502}},
		{"cut off", "gzip", encode(t, "gzip", "hello")[:12], "DecompressionFailureAtRequest", "DecompressionFailureAtResponse", [2]int{400, 502}},
		{"no deflate", "deflate", []byte("\xff\xff\xff"), "DecompressionFailureAtRequest", "DecompressionFailureAtResponse", [2]int{400, 502}},
		{"one byte", "deflate", []byte("x"), "DecompressionFailureAtRequest", "DecompressionFailureAtResponse", [2]int{400, 502}},
		{"too big once plain", "gzip", bomb, "TooBigBody", "TooBigBody", [2]int{413, 502}},
	} {
		for kind, want := range map[MessageKind]string{Request: c.request, Response: c.response} {
			m := codedMessage(c.header, c.body)
			m.Kind, m.Limit = kind, 1<<19
			_, err := m.Content()
			f, ok := errors.AsType[*faults.Fault](err)
			if !ok || f.Name() != want || f.Status != c.status[kind] {
				t.Errorf("%s of a %s: %v, want %d %s", c.name, kind, err, c.status[kind], want)
			}
		}
	}
}

// outgoing sends m and returns what went out: text as header and plain body.
func outgoing(t *testing.T, m *Message, compression string) (header, text string, size int64, err error) {
	t.Helper()
	r, size, err := m.Outgoing(compression)
	if err != nil {
		return "", "", 0, err
	}
	data, err := io.ReadAll(r)
	if err != nil {
		return "", "", 0, err
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	if size >= 0 && size != int64(len(data)) {
		t.Errorf("%d bytes announced, %d sent", size, len(data))
	}
	sent := codedMessage(m.Header.Value("Content-Encoding"), data)
	plain, err := sent.Content()
	if err != nil {
		t.Fatalf("what was sent does not decode: %v", err)
	}
	return sent.coding(), string(plain), size, nil
}

// TestOutgoing: the property compression.algorithm against what came in, and
// against what policies did with it.
func TestOutgoing(t *testing.T) {
	read := func(m *Message) { _, _ = m.Content() }
	set := func(m *Message) { m.SetContent([]byte("new")) }
	relabel := func(coding string) func(*Message) {
		return func(m *Message) {
			read(m)
			m.setCoding(coding)
		}
	}
	for _, c := range []struct {
		name, header, compression string
		act                       func(*Message)
		wantHeader, wantText      string
		sized                     bool
	}{
		{"plain", "", "", nil, "", "hello", true},
		{"coded stays coded", "gzip", "", nil, "gzip", "hello", true},
		{"coded and read", "gzip", "", read, "gzip", "hello", true},
		{"coded and set", "gzip", "", set, "gzip", "new", true},
		{"none", "gzip", "none", nil, "", "hello", false},
		{"none, read", "gzip", "none", read, "", "hello", true},
		{"none, set", "gzip", "none", set, "", "new", true},
		{"none of plain", "", "none", nil, "", "hello", true},
		{"gzip of plain", "", "gzip", nil, "gzip", "hello", true},
		{"gzip of gzip", "gzip", "gzip", nil, "gzip", "hello", true},
		{"gzip of what was set", "gzip", "gzip", set, "gzip", "new", true},
		{"deflate of gzip", "gzip", "deflate", nil, "deflate", "hello", false},
		{"deflate of gzip, read", "gzip", "deflate", read, "deflate", "hello", true},
		{"header removed after reading", "gzip", "", relabel(""), "", "hello", true},
		{"header changed after reading", "gzip", "", relabel("deflate"), "deflate", "hello", true},
		{"unknown coding passes untouched", "br", "", nil, "br", "hello", true},
	} {
		coding := c.header
		if coding == "br" {
			coding = ""
		}
		m := codedMessage(c.header, encode(t, coding, "hello"))
		if c.act != nil {
			c.act(m)
		}
		if c.header == "br" {
			r, size, err := m.Outgoing(c.compression)
			if err != nil || size != 5 || m.coding() != "br" {
				t.Errorf("%s: size %d, %s, %v", c.name, size, m.coding(), err)
			}
			_ = r.Close()
			continue
		}
		header, text, size, err := outgoing(t, m, c.compression)
		if header != c.wantHeader || text != c.wantText || err != nil || (size >= 0) != c.sized {
			t.Errorf("%s: %q in %q, size %d, %v; want %q in %q, sized %v", c.name, text, header, size, err, c.wantText, c.wantHeader, c.sized)
		}
	}
}

func TestOutgoingStream(t *testing.T) {
	text := strings.Repeat("0123456789", 20_000)
	m := codedMessage("", nil)
	m.Body.SetStream(io.NopCloser(iotest.HalfReader(strings.NewReader(text))), -1)
	header, got, size, err := outgoing(t, m, "gzip")
	if header != "gzip" || got != text || size != -1 || err != nil {
		t.Errorf("%d bytes in %q, size %d, %v", len(got), header, size, err)
	}
}

// TestOutgoingPassesOnAtOnce: an event must not wait for the next one in a
// compressor.
func TestOutgoingPassesOnAtOnce(t *testing.T) {
	m := codedMessage("", nil)
	src, events := io.Pipe()
	m.Body.SetStream(src, -1)
	r, _, err := m.Outgoing("gzip")
	if err != nil {
		t.Fatal(err)
	}
	go func() { _, _ = io.WriteString(events, "data: 1\n\n") }() // and nothing after it
	plain, err := gzip.NewReader(r)
	if err != nil {
		t.Fatal(err)
	}
	got := make([]byte, 9)
	if _, err := io.ReadFull(plain, got); string(got) != "data: 1\n\n" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := events.Write([]byte("x")); err == nil {
		t.Error("closing what is sent does not close the source")
	}
}

func TestOutgoingWithoutBody(t *testing.T) {
	for _, compression := range []string{"", "none", "gzip"} {
		for _, size := range []int64{0, -1} {
			m := codedMessage("gzip", nil)
			m.Body.SetStream(io.NopCloser(strings.NewReader("")), size)
			r, _, err := m.Outgoing(compression)
			if err != nil {
				t.Errorf("%q: %v", compression, err)
				continue
			}
			if data, err := io.ReadAll(r); len(data) != 0 || err != nil {
				t.Errorf("%q: %q, %v", compression, data, err)
			}
		}
	}
}

func TestOutgoingFaults(t *testing.T) {
	timeout := faults.MustRuntime("GatewayTimeout").New()
	whole := encode(t, "gzip", strings.Repeat("hello", 100))
	for _, c := range []struct {
		name, header, compression string
		body                      io.Reader
		want                      string
	}{
		{"unknown coding in", "br", "none", strings.NewReader("x"), "UnsupportedEncoding"},
		{"unknown coding out", "", "br", strings.NewReader("x"), "UnsupportedEncoding"},
		{"no gzip", "gzip", "none", strings.NewReader("no gzip at all"), "DecompressionFailureAtResponse"},
		{"damaged", "gzip", "none", bytes.NewReader(whole[:len(whole)-4]), "DecompressionFailureAtResponse"},
		{"damaged, coded anew", "gzip", "deflate", bytes.NewReader(whole[:len(whole)-4]), "DecompressionFailureAtResponse"},
		{"target fails at once", "gzip", "none", failed{timeout}, "GatewayTimeout"},
		{"target fails later", "gzip", "none", io.MultiReader(bytes.NewReader(whole[:14]), failed{timeout}), "GatewayTimeout"},
	} {
		m := codedMessage(c.header, nil)
		s := &stream{Reader: c.body}
		m.Body.SetStream(s, -1)
		r, _, err := m.Outgoing(c.compression)
		if err == nil {
			_, err = io.ReadAll(r)
			_ = r.Close()
		}
		if err == nil || faultOf(t, err) != c.want {
			t.Errorf("%s: %v, want %s", c.name, err, c.want)
		}
		if s.closed != 1 {
			t.Errorf("%s: source closed %d times", c.name, s.closed)
		}
	}
}

func TestDecodingPassesOnCancellation(t *testing.T) {
	m := codedMessage("gzip", nil)
	m.Body.SetStream(io.NopCloser(failed{context.Canceled}), -1)
	if _, _, err := m.Outgoing("none"); err != context.Canceled {
		t.Errorf("%v", err)
	}
}

// FuzzContent: no payload makes Content panic or exceed the limit.
func FuzzContent(f *testing.F) {
	f.Add("gzip", encode(f, "gzip", "hello"))
	f.Add("deflate", encode(f, "zlib", "hello"))
	f.Add("deflate", encode(f, "raw deflate", "hello"))
	f.Add("br", []byte("x"))
	f.Fuzz(func(t *testing.T, coding string, body []byte) {
		m := codedMessage(coding, body)
		m.Limit = 1 << 16
		plain, err := m.Content()
		if err != nil {
			faultOf(t, err)
			return
		}
		if int64(len(plain)) > m.Limit {
			t.Fatalf("%d bytes of content, above the limit", len(plain))
		}
	})
}

func BenchmarkCompress(b *testing.B) {
	text := []byte(strings.Repeat(`{"id":1234,"name":"item"},`, 400))
	b.ReportAllocs()
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		m := NewResponse()
		m.SetContent(text)
		if _, _, err := m.Outgoing("gzip"); err != nil {
			b.Fatal(err)
		}
	}
}
