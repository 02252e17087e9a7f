package jsonlimits

import (
	"bytes"
	"sync"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// Check reads exactly one JSON value, with white space and one byte order mark around it allowed. It returns an
// *ExceededError, a *SyntaxError, or nil; of several mistakes the first in the text.
func Check(src []byte, limits Limits) error {
	s := scanners.Get().(*scanner)
	defer s.done()
	return s.check(src, limits)
}

type scanner struct {
	dec    *jsontext.Decoder
	in     bytes.Buffer
	src    []byte
	limits Limits
	starts []int // where each open container begins, outermost first
}

// scanners are used again: a decoder costs more than a small body.
var scanners = sync.Pool{New: func() any { return newScanner() }}

func newScanner() *scanner { return &scanner{dec: jsontext.NewDecoder(new(bytes.Buffer))} }

// done gives the scanner back.
func (s *scanner) done() {
	s.forget()
	scanners.Put(s)
}

// forget drops what was read. The stack stays; it holds MaxDepth entries at most.
func (s *scanner) forget() {
	s.src, s.in, s.starts = nil, bytes.Buffer{}, s.starts[:0]
	s.dec.Reset(&s.in)
}

func (s *scanner) check(src []byte, limits Limits) error {
	src = bytes.TrimPrefix(src, []byte("\uFEFF"))
	s.src, s.limits = src, limits
	s.in = *bytes.NewBuffer(src)
	s.dec.Reset(&s.in, jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	for {
		if err := s.token(); err != nil {
			return err
		}
		if len(s.starts) == 0 {
			return s.end()
		}
	}
}

// token reads one token and checks it, with what it means for the container around it.
func (s *scanner) token() error {
	around, before := s.dec.StackIndex(s.dec.StackDepth())
	switch s.dec.PeekKind() {
	case '{', '[':
		return s.open(around, before)
	case '}', ']':
		if _, err := s.dec.ReadToken(); err != nil {
			return s.unexpected()
		}
		s.starts = s.starts[:len(s.starts)-1]
		return nil
	}
	raw, err := s.dec.ReadValue()
	if err != nil {
		return s.unexpected()
	}
	start := s.offset() - len(raw)
	if err := s.counted(around, before, start); err != nil || raw[0] != '"' {
		return err
	}
	return s.text(raw, around == '{' && before%2 == 0, start)
}

// offset is where the last token ends.
func (s *scanner) offset() int { return int(s.dec.InputOffset()) }

func (s *scanner) open(around jsontext.Kind, before int64) error {
	if len(s.starts) == MaxDepth {
		return s.exceeded(ContainerDepth, s.offset())
	}
	if _, err := s.dec.ReadToken(); err != nil {
		return s.unexpected()
	}
	start := s.offset() - 1
	if err := s.counted(around, before, start); err != nil {
		return err
	}
	s.starts = append(s.starts, start)
	if exceeds(len(s.starts), s.limits.ContainerDepth) {
		return s.exceeded(ContainerDepth, start)
	}
	return nil
}

// counted checks what begins at start as a member of the container around it, in which before names and values came
// earlier.
func (s *scanner) counted(around jsontext.Kind, before int64, start int) error {
	switch {
	case around == '[' && exceeds(int(before)+1, s.limits.ArrayElementCount):
		return s.exceeded(ArrayElementCount, s.starts[len(s.starts)-1])
	case around == '{' && before%2 == 0 && exceeds(int(before)/2+1, s.limits.ObjectEntryCount):
		return s.exceeded(ObjectEntryCount, start)
	}
	return nil
}

// text checks the length of a name or string, given with its quotes. It has no more characters than bytes.
func (s *scanner) text(raw []byte, name bool, start int) error {
	limit, most := StringValueLength, s.limits.StringValueLength
	if name {
		limit, most = ObjectEntryNameLength, s.limits.ObjectEntryNameLength
	}
	raw = raw[1 : len(raw)-1]
	if exceeds(len(raw), most) && exceeds(length(raw), most) {
		return s.exceeded(limit, start)
	}
	return nil
}

func exceeds(n, limit int) bool { return limit >= 0 && n > limit }

// length counts UTF-16 code units of what stands between the quotes of a valid JSON string.
func length(raw []byte) int {
	n := 0
	for i := 0; i < len(raw); n++ {
		switch c := raw[i]; {
		case c == '\\' && raw[i+1] == 'u':
			i += 6
		case c == '\\':
			i += 2
		case c < utf8.RuneSelf:
			i++
		default:
			r, size := utf8.DecodeRune(raw[i:])
			if r > 0xFFFF {
				n++
			}
			i += size
		}
	}
	return n
}

// end tells whether nothing but white space follows the value.
func (s *scanner) end() error {
	if at := s.skipSpace(s.offset()); at < len(s.src) {
		return &SyntaxError{"the end", s.line(at)}
	}
	return nil
}

func (s *scanner) exceeded(l Limit, at int) error { return &ExceededError{l, s.line(at)} }

// line is counted only when something is wrong.
func (s *scanner) line(at int) int { return 1 + bytes.Count(s.src[:min(at, len(s.src))], []byte("\n")) }
