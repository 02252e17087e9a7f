package xmllimits

import (
	"bytes"
	"strings"
)

const cdata = "<![CDATA["

// special reads a comment or processing instruction, and refuses the other markup that begins with <! or <?.
func (s *scanner) special() error {
	switch {
	case s.starts("<!--"):
		return s.comment()
	case s.starts("<?"):
		return s.instruction()
	case s.starts("<!DOCTYPE"):
		return s.wrong("A document type declaration is not allowed")
	}
	return s.malformed(cdata, "<!--", "<!DOCTYPE")
}

// malformed is the error for what comes next; if that is the beginning of one of the texts, the document is cut off.
func (s *scanner) malformed(texts ...string) error {
	rest := string(s.src[s.at:min(len(s.src), s.at+len(cdata))])
	for _, text := range texts {
		if len(rest) < len(text) && strings.HasPrefix(text, rest) {
			s.at = len(s.src)
		}
	}
	return s.wrong("Malformed markup")
}

func (s *scanner) comment() error {
	start := s.at
	s.at += len("<!--")
	length := 0
	for {
		n, err := s.run(&untilDash)
		if err != nil {
			return err
		}
		length += n
		if s.starts("--") {
			break
		}
		s.at++
		length++
	}
	if !s.accept("-->") {
		s.at += len("--")
		return s.wrong("Two hyphens within a comment")
	}
	if err := s.child(Comments, start); err != nil {
		return err
	}
	return s.keeps(Comment, length, start)
}

// instruction reads a processing instruction.
func (s *scanner) instruction() error {
	start := s.at
	s.at += len("<?")
	target, size, err := s.name()
	if err != nil {
		return err
	}
	if bytes.EqualFold(s.bytes(target), []byte("xml")) {
		s.at = start
		return s.wrong("An XML declaration may only be the beginning")
	}
	if err := s.child(ProcessingInstructions, start); err != nil {
		return err
	}
	if err := s.keeps(ProcessingInstructionTarget, size, start); err != nil {
		return err
	}
	if !s.space() && !s.starts("?>") {
		return s.wrong("Malformed processing instruction")
	}
	length, err := s.data()
	if err != nil {
		return err
	}
	return s.keeps(ProcessingInstructionData, length, start)
}

// data reads the rest of a processing instruction and tells its length.
func (s *scanner) data() (length int, err error) {
	for {
		n, err := s.run(&untilQuestion)
		if err != nil {
			return 0, err
		}
		length += n
		if s.accept("?>") {
			return length, nil
		}
		s.at++
		length++
	}
}

// startTag reads a start tag, or the tag of an empty element, which is not opened.
func (s *scanner) startTag() error {
	start := s.at
	s.at++
	name, err := s.qualified(ElementName)
	if err != nil {
		return err
	}
	if err := s.child(Elements, start); err != nil {
		return err
	}
	if err := s.keeps(NodeDepth, len(s.open)+1, start); err != nil {
		return err
	}
	if err := s.attributes(); err != nil {
		return err
	}
	if s.accept("/>") {
		return nil
	}
	if !s.accept(">") {
		s.accept("/")
		return s.wrong("Malformed tag")
	}
	if len(s.open) == MaxDepth {
		s.at = start
		return s.wrong("Elements are nested too deep")
	}
	s.open = append(s.open, element{name: name})
	return nil
}

func (s *scanner) endTag() error {
	last := s.open[len(s.open)-1]
	s.at += len("</")
	if !bytes.HasPrefix(s.src[s.at:], s.bytes(last.name)) {
		if bytes.HasPrefix(s.bytes(last.name), s.src[s.at:]) {
			s.at = len(s.src)
		}
		return s.wrong("The end tag is not that of the open element")
	}
	s.at += last.name.to - last.name.from
	s.space()
	if !s.accept(">") {
		return s.wrong("The end tag is not that of the open element")
	}
	s.open = s.open[:len(s.open)-1]
	return nil
}
