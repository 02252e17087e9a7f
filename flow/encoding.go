package flow

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"errors"
	"io"

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
	plain, err := readAtMost(r, int64(len(raw))*3, m.limit())
	if errors.Is(err, ErrBodyTooBig) {
		return nil, m.bodyFault(err)
	}
	if err != nil {
		return nil, m.decompressionFault(err)
	}
	return plain, nil
}

func (m *Message) decompressionFault(err error) error {
	return decompressionFailure[m.Kind].Wrap(err)
}

var errCoding = errors.New("unknown content coding")

// decoder returns a reader of the plain bytes. "deflate" is read as zlib, and
// as raw deflate when there is no zlib header, because both are sent under that
// name.
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

func encoder(coding string, dst io.Writer) (io.WriteCloser, error) {
	switch coding {
	case "gzip", "x-gzip":
		return gzip.NewWriter(dst), nil
	case "deflate":
		return zlib.NewWriter(dst), nil
	}
	return nil, errCoding
}

// Outgoing returns the body as it has to be sent, and its size (negative:
// unknown). compression is the property compression.algorithm: "" keeps the
// coding that the message came with, "none" sends it plain, "gzip" or "deflate"
// code it. The Content-Encoding header follows. The caller closes the reader.
func (m *Message) Outgoing(compression string) (io.ReadCloser, int64, error) {
	coding, want := m.Coding(), compression
	switch compression {
	case "":
		want = coding
	case "none":
		want = ""
	}
	if want == coding && (!m.recoded || coding == "") {
		r, n := m.Body.Take()
		return r, n, nil
	}
	if m.Body.Size() == 0 {
		r, n := m.Body.Take()
		return r, n, nil
	}
	plain, err := m.plainStream(coding)
	if err != nil {
		return nil, 0, err
	}
	m.setCoding(want)
	if want == "" {
		return plain, -1, nil
	}
	return compressed(want, plain, m)
}

// plainStream returns the body without its coding; it does not hold it.
func (m *Message) plainStream(coding string) (io.ReadCloser, error) {
	if m.hasPlain {
		return io.NopCloser(bytes.NewReader(m.plain)), nil
	}
	src, _ := m.Body.Take()
	if m.recoded || coding == "" {
		return src, nil
	}
	r, err := decoder(coding, src)
	if errors.Is(err, errCoding) {
		_ = src.Close() // the fault below is what the client hears of
		return nil, unsupportedEncoding[m.Kind].New("encoding", coding)
	}
	if err != nil {
		_ = src.Close()
		return nil, m.decompressionFault(err)
	}
	return readCloser{r, src}, nil
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

// compressed codes src as it is read. A small held body is coded at once, so
// that its Content-Length is known.
func compressed(coding string, src io.ReadCloser, m *Message) (io.ReadCloser, int64, error) {
	pr, pw := io.Pipe()
	w, err := encoder(coding, pw)
	if err != nil {
		_ = src.Close()
		return nil, 0, unsupportedEncoding[m.Kind].New("encoding", coding)
	}
	if held, ok := m.Body.Held(); ok && len(held) <= 1<<20 {
		var b bytes.Buffer
		w, _ = encoder(coding, &b) // the coding was known a line above
		if _, err := io.Copy(w, src); err != nil {
			return nil, 0, m.decompressionFault(err)
		}
		if err := w.Close(); err != nil {
			return nil, 0, m.decompressionFault(err)
		}
		return io.NopCloser(&b), int64(b.Len()), nil
	}
	go func() {
		_, err := io.Copy(w, src)
		if err == nil {
			err = w.Close()
		}
		_ = src.Close()
		pw.CloseWithError(err)
	}()
	return pr, -1, nil
}
