package xmllimits

import (
	"bytes"

	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/unicode"
)

// decode returns the document in UTF-8, without a byte order mark. The mark decides before the declaration. The charset of a
// Content-Type is not looked at: the readers in xpath and xslt do not know it either. xmljson does, and puts it above the
// declaration, as RFC 7303 wants. Where the two contradict each other in encodings such as Shift_JIS and ISO-8859-1, in which
// a byte may or may not be a part of the character before it, what is checked here is not what XMLToJSON reads.
func decode(src []byte) ([]byte, error) {
	if plain, ok := bytes.CutPrefix(src, []byte("\uFEFF")); ok {
		return plain, nil
	}
	if bytes.HasPrefix(src, []byte("\xFE\xFF")) || bytes.HasPrefix(src, []byte("\xFF\xFE")) {
		plain, err := unicode.UTF16(unicode.BigEndian, unicode.UseBOM).NewDecoder().Bytes(src)
		if err != nil {
			return nil, &SyntaxError{Reason: "The document is not in UTF-16", Line: 1}
		}
		return plain, nil
	}
	label := declaredEncoding(src)
	if len(label) == 0 || bytes.EqualFold(label, []byte("utf-8")) || bytes.EqualFold(label, []byte("us-ascii")) {
		return src, nil
	}
	encoding, err := htmlindex.Get(string(label))
	if err != nil {
		return nil, &SyntaxError{Reason: "The encoding of the document is not known", Line: 1}
	}
	plain, err := encoding.NewDecoder().Bytes(src)
	if err != nil {
		return nil, &SyntaxError{Reason: "The document is not in its declared encoding", Line: 1}
	}
	return plain, nil
}

// maxDeclaration is how long an XML declaration may be. The encoding is looked for in no more: a longer declaration must be
// refused, or it would hide the encoding in which the next reader takes the document.
const maxDeclaration = 1024

// declaredEncoding is the value of encoding in the XML declaration, empty if there is none. What is wrong with the declaration
// the scanner tells.
func declaredEncoding(src []byte) []byte {
	if !bytes.HasPrefix(src, []byte("<?xml")) {
		return nil
	}
	head, _, _ := bytes.Cut(src[:min(len(src), maxDeclaration)], []byte("?>"))
	_, rest, ok := bytes.Cut(head, []byte("encoding"))
	rest = bytes.TrimLeft(rest, " \t\r\n")
	if !ok || len(rest) == 0 || rest[0] != '=' {
		return nil
	}
	rest = bytes.TrimLeft(rest[1:], " \t\r\n")
	if len(rest) == 0 {
		return nil
	}
	label, _, ok := bytes.Cut(rest[1:], rest[:1])
	if !ok {
		return nil
	}
	return label
}

// declaration reads the XML declaration, if there is one.
func (s *scanner) declaration() error {
	const opening = "<?xml"
	if !s.starts(opening) || len(s.src) > len(opening) && !isSpace(s.src[len(opening)]) {
		return nil // also <?xml-stylesheet
	}
	s.at += len(opening)
	for _, part := range [...]struct {
		name  string
		needs bool
		valid func([]byte) bool
	}{
		{"version", true, func(v []byte) bool { return string(v) == "1.0" }},
		{"encoding", false, func(v []byte) bool { return len(v) > 0 }},
		{"standalone", false, func(v []byte) bool { return string(v) == "yes" || string(v) == "no" }},
	} {
		value, ok, err := s.pseudoAttribute(part.name)
		switch {
		case err != nil:
			return err
		case !ok && !part.needs:
		case !ok || !part.valid(value):
			return s.wrong(prologue)
		}
	}
	s.space()
	if !s.accept("?>") || s.at > maxDeclaration {
		return s.wrong(prologue)
	}
	return nil
}

// pseudoAttribute reads a part of the XML declaration, if it comes next.
func (s *scanner) pseudoAttribute(name string) (value []byte, ok bool, err error) {
	from := s.at
	if !s.space() || !s.accept(name) {
		s.at = from
		return nil, false, nil
	}
	s.space()
	if !s.accept("=") {
		return nil, false, s.wrong(prologue)
	}
	s.space()
	from = s.at + 1
	if !s.accept(`"`) && !s.accept("'") {
		return nil, false, s.wrong(prologue)
	}
	end := bytes.IndexByte(s.src[from:min(len(s.src), from+maxDeclaration)], s.src[from-1])
	if end < 0 {
		return nil, false, s.wrong(prologue)
	}
	s.at = from + end + 1
	return s.src[from : from+end], true, nil
}
