package logs

import (
	"bytes"
	"context"
	"net"
	"time"
	"unicode"
	"unicode/utf8"

	"sluice/flow"
)

// Bounds of a message, in bytes.
const (
	maxDatagram = 65_000    // UDP over IPv6 carries 65,487
	maxMessage  = 256 << 10 // of a stream; the documented limit of an entry of Cloud Logging
)

// writeTimeout bounds how long a server may take no byte.
const writeTimeout = 10 * time.Second

// Syslog implements flow.Logs. The message is made one line: see oneLine.
func (s *Service) Syslog(server *flow.SyslogServer, message []byte) error {
	limit := maxMessage
	if server.Datagrams {
		limit = maxDatagram
	}
	line := oneLine(message, limit)
	if !server.Datagrams {
		line = append(line, '\n')
	}
	return s.put("syslog "+server.ID, "the syslog server "+server.Address, line, func() sink { return &syslogSink{server: server} })
}

// oneLine is text in valid UTF-8 of at most limit bytes and one line: line breaks and
// other control characters but tabs become spaces, those of Unicode too (C1, the
// separators of lines and paragraphs, and what changes the direction of text). Otherwise
// a client could write messages of its own into the log, commands to the terminal that
// shows it, or a line that reads as another. The text belongs to the log, which changes it.
//
// RFC 6587 has two framings for streams: Apigee's is taken to be the one that ends each
// message with a line feed (recalled; log services that bundles name read that one), in
// which no message can have a line of its own.
func oneLine(text []byte, limit int) []byte {
	line := bytes.TrimRight(text, "\r\n")
	if len(line) > limit {
		line = bytes.Clone(cut(line, limit)) // what is cut off is not kept
	}
	if !utf8.Valid(line) {
		line = cut(bytes.ToValidUTF8(line, []byte("\uFFFD")), limit)
	}
	for i, c := range line {
		if c >= utf8.RuneSelf {
			return append(line[:i], bytes.Map(visible, line[i:])...) // which is never longer
		}
		if c < ' ' && c != '\t' || c == 0x7f {
			line[i] = ' '
		}
	}
	return line
}

// visible is r, or a space for a character that no line may have.
func visible(r rune) rune {
	switch {
	case r == '\t':
		return r
	case unicode.IsControl(r), r == '\u2028', r == '\u2029', unicode.Is(unicode.Bidi_Control, r):
		return ' '
	}
	return r
}

// cut is what of b is not above limit bytes, without a part of a character at its end.
func cut(b []byte, limit int) []byte {
	if len(b) <= limit {
		return b
	}
	end := limit
	for end > 0 && end > limit-utf8.UTFMax && !utf8.RuneStart(b[end]) {
		end--
	}
	return b[:end]
}

// syslogSink is a connection to a syslog server, made when there is something to say.
type syslogSink struct {
	server *flow.SyslogServer
	conn   net.Conn
	gone   chan struct{} // closed when the server has closed conn
}

// write sends messages, each with one Write: of UDP that is one datagram, and a stream
// that breaks ends between two messages, or within one that is sent again.
func (s *syslogSink) write(ctx context.Context, batch [][]byte) (int, error) {
	if err := s.connect(ctx); err != nil {
		return 0, err
	}
	conn := s.conn
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() }) // wakes Write
	defer stop()
	for i, m := range batch {
		err := s.send(m)
		switch {
		case err == nil:
		case s.server.Datagrams:
			s.close() // the name may lead to another address now
			return i + 1, &refusedError{err}
		default:
			s.close()
			return i, err
		}
	}
	return len(batch), nil
}

// send writes one message. The error of a datagram may be that of an earlier one, which
// nobody took, so it is sent again at once; then it is lost, as datagrams are.
func (s *syslogSink) send(m []byte) error {
	if err := s.conn.SetWriteDeadline(time.Now().Add(writeTimeout)); err != nil {
		return err
	}
	_, err := s.conn.Write(m)
	if err != nil && s.server.Datagrams {
		_, err = s.conn.Write(m)
	}
	return err
}

// connect connects unless there is a connection that the server has not closed: what
// would be written to that one is lost without an error.
func (s *syslogSink) connect(ctx context.Context) error {
	if s.conn != nil {
		select {
		case <-s.gone:
			s.close()
		default:
			return nil
		}
	}
	c, err := s.server.Dial(ctx)
	if err != nil {
		return err
	}
	s.conn = c
	s.watch(c)
	return nil
}

// watch notices the end of the connection: a syslog server says nothing, so what is read
// is its end, or dropped.
func (s *syslogSink) watch(c net.Conn) {
	gone := make(chan struct{})
	s.gone = gone
	if s.server.Datagrams {
		return
	}
	go func() {
		defer close(gone)
		var b [512]byte
		for {
			if _, err := c.Read(b[:]); err != nil {
				return
			}
		}
	}()
}

func (s *syslogSink) close() {
	if s.conn == nil {
		return
	}
	_ = s.conn.Close() // what was written is out, or lost either way
	if !s.server.Datagrams {
		<-s.gone
	}
	s.conn = nil
}
