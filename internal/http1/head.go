package http1

import (
	"bufio"
	"bytes"
	"net/http"
	"strings"
)

// Field is one header line: the name as written, the value without surrounding
// white space. An alias of a plain struct, so that lists pass between packages
// that do not know each other.
type Field = struct{ Name, Value string }

// spareFields is room that parsed headers have for lines a gateway adds.
const spareFields = 4

// section is a complete header section as it arrived: the first line without
// CRLF, the header lines with theirs. Both share one string, which the fields
// cut from it keep alive: one allocation for everything in it.
type section struct {
	first, block string
	lines        int
}

// sectionReader reads header sections up to their empty line. It refuses lines
// that do not end in CRLF as soon as it sees them, and whatever exceeds max.
type sectionReader struct {
	br      *bufio.Reader
	max     *Limits
	trailer bool         // no first line: the section is a list of fields
	request bool         // empty lines may come before it (RFC 9112, 2.2)
	more    func() error // called once before waiting for the rest of a section

	begin, first, line, seen, lines int // offsets; see scan
}

// read waits for a section and consumes it. io.EOF means that not one byte came.
func (s *sectionReader) read() (section, error) {
	if _, err := s.br.Peek(1); err != nil {
		return section{}, err
	}
	buf, _ := s.br.Peek(s.br.Buffered())
	end, err := s.scan(buf)
	if err != nil {
		return section{}, err
	}
	if end > 0 {
		sec := s.cut(buf[:end])
		_, _ = s.br.Discard(end) // these bytes are buffered
		return sec, nil
	}
	if s.more != nil {
		if err := s.more(); err != nil {
			return section{}, err
		}
	}
	return s.readLong(buf)
}

// readLong collects a section that comes in pieces or exceeds the read buffer.
func (s *sectionReader) readLong(start []byte) (section, error) {
	spill := append(make([]byte, 0, 2*len(start)+512), start...)
	_, _ = s.br.Discard(len(start)) // these bytes are buffered
	for {
		if _, err := s.br.Peek(1); err != nil {
			return section{}, unexpectedEOF(err)
		}
		buf, _ := s.br.Peek(s.br.Buffered())
		before := len(spill)
		spill = append(spill, buf...)
		end, err := s.scan(spill)
		if err != nil {
			return section{}, err
		}
		if end > 0 {
			_, _ = s.br.Discard(end - before) // these bytes are buffered
			return s.cut(spill[:end]), nil
		}
		_, _ = s.br.Discard(len(buf)) // these bytes are buffered
	}
}

// scan looks on from where it stopped in buf, which holds the section from its
// first byte. It returns the offset after the empty line, or 0 if there is none yet.
func (s *sectionReader) scan(buf []byte) (int, error) {
	for {
		i := bytes.IndexByte(buf[s.seen:], '\n')
		if i < 0 {
			s.seen = len(buf)
			return 0, s.check(len(buf))
		}
		lf := s.seen + i
		s.seen = lf + 1
		if lf == s.line || buf[lf-1] != '\r' {
			return 0, invalid("line that does not end in CRLF")
		}
		empty := lf == s.line+1
		s.line = lf + 1
		switch {
		case !empty:
			s.lines++
			if s.lines == 1 && !s.trailer {
				s.first = s.line
			}
		case s.lines > 0 || s.trailer:
			return s.line, s.check(s.line)
		default:
			s.begin = s.line
			if !s.request || s.begin > 8 {
				return 0, invalid("empty lines instead of a message")
			}
		}
		if err := s.check(s.line); err != nil {
			return 0, err
		}
	}
}

// check applies the limits to the first n bytes.
func (s *sectionReader) check(n int) error {
	var err *ProtocolError
	switch {
	case s.first == 0 && !s.trailer:
		if n-s.begin > s.max.Line+2 {
			err = tooBigLine()
		}
	case s.first-s.begin > s.max.Line+2:
		err = tooBigLine()
	case n-s.first > s.max.HeaderBytes+2 || s.lines > s.max.HeaderLines+1:
		err = tooBigHeaders()
	}
	if err == nil {
		return nil
	}
	return err
}

func (s *sectionReader) cut(b []byte) section {
	all := string(b[s.begin : len(b)-2])
	if s.trailer {
		return section{block: all, lines: s.lines}
	}
	n := s.first - s.begin
	return section{first: all[:n-2], block: all[n:], lines: s.lines - 1}
}

func tooBigLine() *ProtocolError {
	return &ProtocolError{Status: http.StatusRequestURITooLong, Kind: TooBigLine, Detail: "first line exceeds the limit"}
}

func tooBigHeaders() *ProtocolError {
	return &ProtocolError{Status: http.StatusRequestHeaderFieldsTooLarge, Kind: TooBigHeaders, Detail: "header lines exceed the limit"}
}

// fields cuts the header lines; the strings are parts of the section's own.
func (s section) fields() ([]Field, *ProtocolError) {
	list := make([]Field, 0, s.lines+spareFields)
	for rest := s.block; rest != ""; {
		lf := strings.IndexByte(rest, '\n')
		line := rest[:lf-1] // scan has seen the CR
		rest = rest[lf+1:]
		f, err := parseField(line)
		if err != nil {
			return nil, err
		}
		list = append(list, f)
	}
	return list, nil
}

func parseField(line string) (Field, *ProtocolError) {
	colon := 0
	for colon < len(line) && isToken[line[colon]] {
		colon++
	}
	if colon == 0 || colon == len(line) || line[colon] != ':' {
		return Field{}, badName(line, colon)
	}
	value := trimSpace(line[colon+1:])
	if !isValue(value) {
		return Field{}, &ProtocolError{Status: http.StatusBadRequest, Kind: HeaderWithInvalidChar, Name: line[:colon], Detail: "control character in the value"}
	}
	return Field{Name: line[:colon], Value: value}, nil
}

// badName explains why line has no valid name; at is the first byte that cannot be in one.
func badName(line string, at int) *ProtocolError {
	name, _, colon := strings.Cut(line, ":")
	e := &ProtocolError{Status: http.StatusBadRequest, Kind: HeaderWithInvalidChar, Name: name, Detail: "invalid character in the name"}
	switch {
	case at < len(line) && line[at] >= 0x80:
		e.Kind, e.Detail = HeaderNameWithNonASCIIChar, "non-ASCII character in the name"
	case at == 0 && (line[0] == ' ' || line[0] == '\t'):
		return invalid("folded header line")
	case at == 0 && line[0] == ':':
		return invalid("header line without a name")
	case !colon:
		return invalid("header line without a colon")
	}
	return e
}

// isToken tells the bytes of methods and header names (RFC 9110, 5.6.2).
var isToken = func() (t [256]bool) {
	for c := '0'; c <= '9'; c++ {
		t[c] = true
	}
	for c := 'a'; c <= 'z'; c++ {
		t[c], t[c-'a'+'A'] = true, true
	}
	for _, c := range "!#$%&'*+-.^_`|~" {
		t[c] = true
	}
	return t
}()

func isTokenText(s string) bool {
	for i := range len(s) {
		if !isToken[s[i]] {
			return false
		}
	}
	return s != ""
}

// isValue reports whether s has no control characters but tab, which is what a
// field value may hold (RFC 9110, 5.5). Bytes from 0x80 pass: they are obsolete
// but in use. Eight bytes at a time; this runs over every header byte.
func isValue(s string) bool {
	for len(s) >= 8 {
		w := uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
			uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
		if mayHoldControl(w) && !isValueSlow(s[:8]) {
			return false
		}
		s = s[8:]
	}
	return isValueSlow(s)
}

// mayHoldControl is true if a byte of w is below 0x20 or 0x7f; tab makes it
// true as well.
func mayHoldControl(w uint64) bool {
	const ones, highs = 0x0101010101010101, 0x8080808080808080
	low := (w - ones*0x20) & ^w & highs
	x := w ^ ones*0x7f
	del := (x - ones) & ^x & highs
	return low|del != 0
}

func isValueSlow(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < 0x20 && c != '\t' || c == 0x7f {
			return false
		}
	}
	return true
}

func trimSpace(s string) string {
	for s != "" && (s[0] == ' ' || s[0] == '\t') {
		s = s[1:]
	}
	for s != "" && (s[len(s)-1] == ' ' || s[len(s)-1] == '\t') {
		s = s[:len(s)-1]
	}
	return s
}

// equalFold compares ASCII text without regard to case; lower is in lower case.
func equalFold(s, lower string) bool {
	if len(s) != len(lower) {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		if c != lower[i] {
			return false
		}
	}
	return true
}
