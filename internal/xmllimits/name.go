package xmllimits

import "unicode/utf8"

// name reads a name without a colon and tells its length.
func (s *scanner) name() (name span, length int, err error) {
	from := s.at
	for s.at < len(s.src) {
		r, size := rune(s.src[s.at]), 1
		if r >= utf8.RuneSelf {
			r, size = utf8.DecodeRune(s.src[s.at:])
		}
		if !isName(r, s.at > from) {
			break
		}
		s.at += size
		if length++; r > 0xFFFF {
			length++
		}
	}
	if s.at == from || s.at == len(s.src) {
		return span{}, 0, s.wrong("Not a name")
	}
	return span{from, s.at}, length, nil
}

// isName follows productions 4 and 4a of XML 1.0, fifth edition, without the colon. Inner characters may be more.
func isName(r rune, inner bool) bool {
	switch {
	case 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z', r == '_':
		return true
	case '0' <= r && r <= '9', r == '-', r == '.', r == 0xB7, 0x300 <= r && r <= 0x36F, 0x203F <= r && r <= 0x2040:
		return inner
	case r < 0xC0, r == 0xD7, r == 0xF7, r == 0x37E, r == utf8.RuneError:
		return false
	}
	for _, wide := range nameRanges {
		if r <= wide.last {
			return r >= wide.first
		}
	}
	return false
}

var nameRanges = [...]struct{ first, last rune }{
	{0xC0, 0x2FF}, {0x370, 0x1FFF}, {0x200C, 0x200D}, {0x2070, 0x218F}, {0x2C00, 0x2FEF}, {0x3001, 0xD7FF},
	{0xF900, 0xFDCF}, {0xFDF0, 0xFFFD}, {0x10000, 0xEFFFF},
}
