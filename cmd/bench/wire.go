package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
)

// wire reads HTTP/1.1 messages with a Content-Length or without a body, one after
// the other, from a keep-alive connection. The load and the upstream use it instead
// of net/http because they share a CPU: with net/http that CPU would be full before
// the peer's is, and the peer's CPU per request would be that of an idle process.
type wire struct {
	net.Conn
	buf []byte
}

func newWire(c net.Conn) *wire { return &wire{Conn: c, buf: make([]byte, 64<<10)} }

var (
	blankLine = []byte("\r\n\r\n")
	lineEnd   = []byte("\r\n")
)

// next reads one message. It returns the head, valid until the next call, and the
// length of the body, which is dropped; -1 is a message that does not say its length.
// Bytes behind the message are an error, because nobody here sends ahead. The end of
// the connection between two messages is io.EOF.
func (w *wire) next() (head []byte, length int, err error) {
	n, end := 0, -1
	for end < 0 {
		if n == len(w.buf) {
			return nil, 0, errors.New("the head of a message is too long")
		}
		m, err := w.Read(w.buf[n:])
		if err != nil {
			return nil, 0, endOf(n, err)
		}
		n += m
		end = bytes.Index(w.buf[:n], blankLine)
	}
	head = w.buf[:end]
	if length, err = contentLength(head); err != nil {
		return nil, 0, err
	}
	body := end + len(blankLine)
	return head, length, w.drop(w.buf[body:], max(length, 0)-(n-body))
}

// drop reads the rest of a body into the buffer.
func (w *wire) drop(buf []byte, rest int) error {
	for rest > 0 {
		n, err := w.Read(buf)
		if err != nil {
			return endOf(1, err)
		}
		rest -= n
	}
	if rest < 0 {
		return fmt.Errorf("%d bytes too many follow a message", -rest)
	}
	return nil
}

// endOf tells an end within a message from one between messages.
func endOf(read int, err error) error {
	if err == io.EOF && read > 0 {
		return io.ErrUnexpectedEOF
	}
	return err
}

// contentLength returns the value of Content-Length, or -1 without one.
func contentLength(head []byte) (int, error) {
	const name = "content-length"
	for line := range bytes.SplitSeq(head, lineEnd) {
		if len(line) < len(name)+2 || line[len(name)] != ':' || !bytes.EqualFold(line[:len(name)], []byte(name)) {
			continue
		}
		n, err := strconv.Atoi(string(bytes.TrimSpace(line[len(name)+1:])))
		if err != nil || n < 0 {
			return 0, fmt.Errorf("bad header %q", line)
		}
		return n, nil
	}
	return -1, nil
}

// status returns the status code of a response's head, 0 if it has none.
func status(head []byte) int {
	const at = len("HTTP/1.1 ")
	if len(head) < at+3 {
		return 0
	}
	code, _ := strconv.Atoi(string(head[at : at+3])) // 0 is no status either
	return code
}
