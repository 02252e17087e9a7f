package xmllimits

import (
	"bytes"
	"sync"
	"unicode/utf8"
)

// Check reads one document. It returns an *ExceededError, a *SyntaxError, or nil; of several mistakes the first in the text.
//
// Text of white space alone, as between the tags of an indented document, is layout: it is no child, and has no limit.
// Written as a reference or in a CDATA section, white space is text like any other.
func Check(src []byte, limits *Limits) error {
	s := scanners.Get().(*scanner)
	defer s.done()
	return s.check(src, limits)
}

// scanner walks over a document.
type scanner struct {
	src    []byte
	at     int // what is read so far
	limits *Limits
	open   []element // outermost first
}

// element is an element that is open.
type element struct {
	name     span
	children int
}

// span is a part of the document.
type span struct{ from, to int }

func (s *scanner) bytes(p span) []byte { return s.src[p.from:p.to] }

var scanners = sync.Pool{New: func() any { return new(scanner) }}

// done gives the scanner back.
func (s *scanner) done() {
	s.forget()
	scanners.Put(s)
}

// forget drops what was read. The stack stays; it holds MaxDepth elements at most.
func (s *scanner) forget() { *s = scanner{open: s.open[:0]} }

const (
	premature = "Premature end of document while parsing"
	prologue  = "Syntax error while parsing XML prologue"
)

func (s *scanner) check(src []byte, limits *Limits) error {
	src, err := decode(src)
	if err != nil {
		return err
	}
	s.src, s.limits = src, limits
	return s.document()
}

func (s *scanner) document() error {
	if err := s.declaration(); err != nil {
		return err
	}
	if err := s.around(); err != nil {
		return err
	}
	switch {
	case s.at == len(s.src):
		return s.wrong(premature)
	case s.src[s.at] != '<':
		return s.wrong(prologue)
	}
	if err := s.root(); err != nil {
		return err
	}
	if err := s.around(); err != nil {
		return err
	}
	if s.at < len(s.src) {
		return s.wrong("Text or markup after the root element")
	}
	return nil
}

// around reads white space, comments and processing instructions outside of the root element.
func (s *scanner) around() error {
	for {
		s.space()
		if !s.starts("<!") && !s.starts("<?") {
			return nil
		}
		if err := s.special(); err != nil {
			return err
		}
	}
}

// root reads the root element with all that is in it.
func (s *scanner) root() error {
	if err := s.startTag(); err != nil {
		return err
	}
	for len(s.open) > 0 {
		if err := s.content(); err != nil {
			return err
		}
	}
	return nil
}

// content reads one piece of what is in an element.
func (s *scanner) content() error {
	switch {
	case s.at == len(s.src):
		return s.wrong(premature)
	case s.src[s.at] != '<', s.starts(cdata):
		return s.text()
	case s.starts("</"):
		return s.endTag()
	case s.starts("<!"), s.starts("<?"):
		return s.special()
	}
	return s.startTag()
}

// child counts a child of the innermost element.
func (s *scanner) child(kind Children, at int) error {
	if len(s.open) == 0 || s.limits.Children&kind == 0 {
		return nil
	}
	parent := &s.open[len(s.open)-1]
	parent.children++
	return s.keeps(ChildCount, parent.children, at)
}

// keeps compares a count or length with its limit; at is where the counted begins.
func (s *scanner) keeps(l Limit, n, at int) error {
	if most := s.limits.Max[l]; most >= 0 && n > most {
		line, char := s.position(at)
		return &ExceededError{l, most, line, char}
	}
	return nil
}

// wrong is the error for what stands at s.at, or for the end.
func (s *scanner) wrong(reason string) error {
	if s.at >= len(s.src) {
		s.at, reason = len(s.src), premature
	}
	line, char := s.position(s.at)
	return &SyntaxError{reason, line, char}
}

// position is counted only when something is wrong.
func (s *scanner) position(at int) (line, char int) {
	before := s.src[:at]
	start := bytes.LastIndexByte(before, '\n') + 1
	return 1 + bytes.Count(before, []byte("\n")), utf8.RuneCount(before[start:])
}

func (s *scanner) starts(with string) bool {
	return len(s.src)-s.at >= len(with) && string(s.src[s.at:s.at+len(with)]) == with
}

// accept reads with, if it comes next.
func (s *scanner) accept(with string) bool {
	if !s.starts(with) {
		return false
	}
	s.at += len(with)
	return true
}

// space reads white space and tells whether there was any.
func (s *scanner) space() bool {
	from := s.at
	for s.at < len(s.src) && isSpace(s.src[s.at]) {
		s.at++
	}
	return s.at > from
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }
