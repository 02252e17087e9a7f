package http1

import (
	"bytes"
	"io"
)

// chunkState is the part of a body that only chunked framing needs.
type chunkState struct {
	max        *Limits
	inside     bool // a chunk was begun and its CRLF not yet read
	extensions int
	trailer    []Field
}

// readChunked reads from the chunk at hand, or from the next one. The end of
// the body is found as soon as it is buffered, so that a connection is free
// for its next message without another read.
func (b *body) readChunked(p []byte) (int, error) {
	if b.left == 0 {
		if err := b.nextChunk(); err != nil {
			return 0, err
		}
	}
	n, err := b.readSized(p, nil)
	if err != nil || b.left > 0 {
		return n, err
	}
	buf, _ := b.br.Peek(b.br.Buffered())
	if bytes.Equal(buf, lastChunk) {
		return n, b.nextChunk()
	}
	return n, nil
}

// lastChunk is the usual end of a body, after the last byte of data.
var lastChunk = []byte("\r\n0\r\n\r\n")

// nextChunk reads up to the data of the next chunk; io.EOF after the last.
func (b *body) nextChunk() error {
	if b.chunks.inside {
		end, err := b.br.Peek(len(crlf))
		if err != nil {
			return unexpectedEOF(err)
		}
		if string(end) != "\r\n" {
			return invalid("chunk is longer than its size")
		}
		_, _ = b.br.Discard(len(crlf)) // these bytes are buffered
		b.chunks.inside = false
	}
	line, err := peekLine(b.br, b.chunks.max.ChunkLine)
	if err != nil {
		return err
	}
	size, extension, perr := parseChunkLine(line[:len(line)-2])
	if perr != nil {
		return perr
	}
	_, _ = b.br.Discard(len(line)) // these bytes are buffered
	if b.chunks.extensions += extension; b.chunks.extensions > maxExtensions {
		return invalid("chunk extensions exceed the limit")
	}
	if size == 0 {
		return b.readTrailer()
	}
	b.left, b.chunks.inside = size, true
	return nil
}

// readTrailer reads the lines after the last chunk and returns io.EOF.
func (b *body) readTrailer() error {
	s := sectionReader{br: b.br, max: b.chunks.max, trailer: true}
	sec, err := s.read()
	if err != nil {
		return unexpectedEOF(err)
	}
	if sec.lines == 0 {
		return io.EOF
	}
	list, perr := sec.fields()
	if perr != nil {
		return perr
	}
	b.chunks.trailer = permitted(list)
	return io.EOF
}

// permitted drops what must not stand in a trailer section.
func permitted(list []Field) []Field {
	kept := list[:0]
	for _, f := range list {
		if mayTrail(f.Name) {
			kept = append(kept, f)
		}
	}
	return kept
}

// parseChunkLine reads a chunk size and returns how many bytes its extension
// takes, which nobody needs (RFC 9112, 7.1.1). At most 15 digits: no overflow.
func parseChunkLine(line []byte) (size int64, extension int, _ *ProtocolError) {
	digits := 0
	for digits < len(line) {
		d := hexDigit(line[digits])
		if d < 0 {
			break
		}
		size = size<<4 | int64(d)
		if digits++; digits > 15 {
			return 0, 0, invalid("chunk size is too large")
		}
	}
	rest := line[digits:]
	switch {
	case digits == 0:
		return 0, 0, invalid("chunk size is not a number")
	case len(rest) > 0 && rest[0] != ';':
		return 0, 0, invalid("chunk size is not a number")
	case !isValue(string(rest)):
		return 0, 0, invalid("control character in a chunk extension")
	}
	return size, len(rest), nil
}

func hexDigit(c byte) int {
	switch {
	case '0' <= c && c <= '9':
		return int(c - '0')
	case 'a' <= c && c <= 'f':
		return int(c-'a') + 10
	case 'A' <= c && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}

// startsIn reports whether buf, read at a chunk boundary, holds the first byte
// of the next chunk, or the end of the body.
func (c *chunkState) startsIn(buf []byte) bool {
	if c.inside {
		buf = bytes.TrimPrefix(buf, crlf)
	}
	i := bytes.IndexByte(buf, '\n')
	if i < 0 {
		return false
	}
	if buf[0] != '0' {
		return len(buf) > i+1
	}
	return bytes.HasPrefix(buf[i+1:], crlf) || bytes.Contains(buf[i+1:], []byte("\r\n\r\n"))
}

var crlf = []byte("\r\n")
