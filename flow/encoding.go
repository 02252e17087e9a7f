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
	"sync"

	"sluice/faults"
)

// Faults of a body, by the kind of message: an answer's body that is wrong is the
// target's doing.
var (
	tooBigBody = [...]*faults.Def{
		Request:  faults.MustRuntime("TooBigBody"),
		Response: faults.MustRuntime("TooBigBody/response"),
	}
	unsupportedEncoding = [...]*faults.Def{
		Request:  faults.MustRuntime("UnsupportedEncoding"),
		Response: faults.MustRuntime("UnsupportedEncoding/response"),
	}
	decompressionFailure = [...]*faults.Def{
		Request:  faults.MustRuntime("DecompressionFailureAtRequest"),
		Response: faults.MustRuntime("DecompressionFailureAtResponse"),
	}
)

// bodyFault turns an error of the body into the fault that Apigee documents for it.
func (m *Message) bodyFault(err error) error {
	if errors.Is(err, ErrBodyTooBig) {
		return tooBigBody[m.Kind].Wrap(err)
	}
	if errors.Is(err, ErrMemory) {
		return serviceUnavailable.Wrap(err) // no fault is documented for it: nothing says that Apigee counts
	}
	return err
}

// decode undoes a Content-Encoding of gzip or deflate, up to the payload limit.
func (m *Message) decode(coding string, raw []byte) ([]byte, error) {
	r, err := decoder(coding, bytes.NewReader(raw))
	if errors.Is(err, errCoding) {
		return nil, unsupportedEncoding[m.Kind].New("encoding", coding)
	}
	if err != nil {
		return nil, m.decompressionFault(err)
	}
	plain, err := readAtMost(m.share.counting(r), int64(len(raw))*3, m.limit())
	if errors.Is(err, ErrBodyTooBig) || errors.Is(err, ErrMemory) {
		return nil, m.bodyFault(err)
	}
	if err != nil {
		return nil, m.decompressionFault(err)
	}
	return plain, nil
}

// decompressionFault makes a fault of what a decoder failed with, unless the
// decoder only passed on that its source failed.
func (m *Message) decompressionFault(err error) error {
	if _, ok := errors.AsType[*faults.Fault](err); ok || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return decompressionFailure[m.Kind].Wrap(err)
}

var errCoding = errors.New("unknown content coding")

// decoder returns a reader of the plain bytes; its error is io.EOF when there is
// not one byte. "deflate" is read as zlib, and as raw deflate when there is no
// zlib header, because both are sent under that name.
func decoder(coding string, src io.Reader) (io.Reader, error) {
	switch coding {
	case "gzip", "x-gzip":
		return gzip.NewReader(src)
	case "deflate":
		var head [2]byte
		n, err := io.ReadFull(src, head[:])
		if err != nil {
			return nil, err
		}
		whole := io.MultiReader(bytes.NewReader(head[:n]), src)
		if head[0]&0x0f == 8 && (uint(head[0])<<8|uint(head[1]))%31 == 0 {
			return zlib.NewReader(whole)
		}
		return flate.NewReader(whole), nil
	}
	return nil, errCoding
}

// encoder is a gzip.Writer or a zlib.Writer.
type encoder interface {
	io.WriteCloser
	Flush() error
	Reset(io.Writer)
}

// encoders holds encoders that are done, by coding: each is 800 KB of tables.
var encoders = map[string]*sync.Pool{
	"gzip":    {New: func() any { return gzip.NewWriter(nil) }},
	"deflate": {New: func() any { return zlib.NewWriter(nil) }},
}

// Outgoing returns the body as it has to be sent, and its size (negative:
// unknown). compression is the property compression.algorithm: "" keeps the
// coding that the message came with, "none" sends it plain, "gzip" or "deflate"
// code it. The Content-Encoding header follows. The caller closes the reader; one
// with a method Bytes() []byte has all of the body at hand.
func (m *Message) Outgoing(compression string) (io.ReadCloser, int64, error) {
	body, size, err := m.outgoing(compression)
	if _, held := m.Body.Held(); err == nil && held && m.Trailer != nil && len(m.Trailer()) > 0 {
		return readCloser{body, body}, -1, nil // only a body of unknown size can have a trailer
	}
	return body, size, err
}

func (m *Message) outgoing(compression string) (io.ReadCloser, int64, error) {
	coding := m.coding()
	want := compression
	switch compression {
	case "":
		want = coding
	case "none":
		want = ""
	}
	if m.plainOf != "" && m.plainOf != coding {
		m.SetContent(m.plain) // a policy wrote another Content-Encoding since: the bytes held are not in it
	}
	if m.recoded && coding != "" && compression == "" && encoders[coding] == nil {
		m.setCoding("") // a policy wrote the payload, and nobody here can code it so
		coding, want = "", ""
	}
	if m.Body.Size() == 0 || want == coding && (!m.recoded || coding == "") {
		r, n := m.Body.Take()
		return r, n, nil
	}
	plain, size, err := m.takePlain(coding)
	if err != nil {
		return nil, 0, err
	}
	m.setCoding(want)
	if want == "" {
		return plain, size, nil
	}
	return m.coded(want, plain, size)
}

// takePlain is Body.Take without the coding; it does not hold the body.
func (m *Message) takePlain(coding string) (io.ReadCloser, int64, error) {
	if m.plainOf != "" {
		return newHeld(m.plain), int64(len(m.plain)), nil
	}
	src, size := m.Body.Take()
	if m.recoded || coding == "" {
		return src, size, nil
	}
	r, err := decoder(coding, src)
	switch {
	case err == nil:
		return &decoded{m: m, plain: r, Closer: src}, -1, nil
	case errors.Is(err, io.EOF):
		return src, 0, nil // no body at all, as after HEAD
	}
	_ = src.Close() // the fault below is what the client hears of
	if errors.Is(err, errCoding) {
		return nil, 0, unsupportedEncoding[m.Kind].New("encoding", coding)
	}
	return nil, 0, m.decompressionFault(err)
}

func (m *Message) setCoding(coding string) {
	if coding == "" {
		m.Header.Del("Content-Encoding")
		return
	}
	m.Header.Set("Content-Encoding", coding)
}

type readCloser struct {
	io.Reader
	io.Closer
}

// decoded is a stream without its coding; it fails with faults.
type decoded struct {
	m     *Message
	plain io.Reader
	io.Closer
}

func (d *decoded) Read(p []byte) (int, error) {
	n, err := d.plain.Read(p)
	if err != nil && err != io.EOF {
		err = d.m.decompressionFault(err)
	}
	return n, err
}

// codedAtOnce is up to which size a body is coded before it is sent, so that its
// Content-Length is known.
const codedAtOnce = 1 << 20

// coded is plain in a coding; size is that of plain.
func (m *Message) coded(coding string, plain io.ReadCloser, size int64) (io.ReadCloser, int64, error) {
	pool := encoders[strings.TrimPrefix(coding, "x-")]
	if pool == nil {
		_ = plain.Close() // the fault is what the client hears of
		return nil, 0, unsupportedEncoding[m.Kind].New("encoding", coding)
	}
	c := &coder{plain: plain, chunk: make([]byte, 32<<10), pool: pool, encoder: pool.Get().(encoder)}
	c.encoder.Reset(&c.out)
	if size < 0 || size > codedAtOnce {
		return c, -1, nil
	}
	defer plain.Close()
	data, err := io.ReadAll(c)
	if err != nil {
		return nil, 0, err
	}
	return newHeld(data), int64(len(data)), nil
}

// coder codes a stream while it is read. It needs no goroutine, so nothing reads
// from the peer once the reader is closed; and it passes on each piece as soon as
// it came, which event streams need.
type coder struct {
	plain   io.ReadCloser
	chunk   []byte
	pool    *sync.Pool
	encoder encoder      // back in the pool, and nil, once plain has ended
	out     bytes.Buffer // coded, not read yet
	err     error        // of plain
}

func (c *coder) Read(p []byte) (int, error) {
	for c.out.Len() == 0 {
		if c.err != nil {
			return 0, c.err
		}
		c.fill()
	}
	return c.out.Read(p)
}

// fill codes one piece. Writing to a buffer does not fail.
func (c *coder) fill() {
	n, err := c.plain.Read(c.chunk)
	if n > 0 {
		_, _ = c.encoder.Write(c.chunk[:n])
		_ = c.encoder.Flush()
	}
	if err == io.EOF {
		_ = c.encoder.Close()
		c.pool.Put(c.encoder)
		c.encoder = nil
	}
	c.err = err
}

func (c *coder) Close() error { return c.plain.Close() }
