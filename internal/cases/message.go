package cases

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net/http/httputil"
	"strconv"
	"strings"
)

// message is what came over a connection, as it came. net/http would change the
// order and the letter case of header lines, which is what cases look at.
type message struct {
	head []string
	body string
}

func (m *message) first() string {
	if len(m.head) == 0 {
		return ""
	}
	return m.head[0]
}

// Bounds of what is read.
const (
	maxHead = 1 << 20
	maxBody = 64 << 20
)

var errHead = errors.New("the header section has no end")

// readRequest reads what the upstream got.
func readRequest(r *bufio.Reader) (*message, error) {
	m := &message{}
	if err := m.readHead(r); err != nil {
		return m, err
	}
	return m, m.readBody(r, "0")
}

// readResponse reads what the client got, without the interim responses.
func readResponse(r *bufio.Reader, method string) (*message, error) {
	for {
		m := &message{}
		if err := m.readHead(r); err != nil {
			return m, err
		}
		status := statusOf(m.first())
		switch {
		case status >= 100 && status < 200 && status != 101:
			continue
		case method == "HEAD" || withoutBody(status):
			return m, nil
		}
		return m, m.readBody(r, "")
	}
}

func (m *message) readHead(r *bufio.Reader) error {
	for size := 0; size < maxHead; {
		line, err := r.ReadString('\n')
		if err != nil {
			return err
		}
		size += len(line)
		line = strings.TrimRight(line, "\r\n")
		if line == "" {
			return nil
		}
		m.head = append(m.head, line)
	}
	return errHead
}

// readBody reads the body. length is its length where no line tells it; "" is
// until the connection closes.
func (m *message) readBody(r *bufio.Reader, length string) error {
	if strings.EqualFold(headerValue(m.head[1:], "Transfer-Encoding"), "chunked") {
		return m.readChunks(r)
	}
	if given := headerValue(m.head[1:], "Content-Length"); given != "" {
		length = given
	}
	if length == "" {
		body, err := io.ReadAll(io.LimitReader(r, maxBody))
		m.body = string(body)
		return err
	}
	n, err := strconv.ParseInt(length, 10, 64)
	if err != nil || n > maxBody {
		return fmt.Errorf("a body of %s bytes", length)
	}
	body := make([]byte, n)
	got, err := io.ReadFull(r, body)
	m.body = string(body[:got])
	return cut(err)
}

func (m *message) readChunks(r *bufio.Reader) error {
	body, err := io.ReadAll(io.LimitReader(httputil.NewChunkedReader(r), maxBody))
	m.body = string(body)
	if err != nil {
		return cut(err)
	}
	trailer := &message{}
	return cut(trailer.readHead(r)) // with the blank line that ends the message
}

// cut says what the end of a connection means inside a body.
func cut(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}
