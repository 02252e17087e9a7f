package ordjson

import "unicode/utf8"

// Append writes n to dst as compact JSON, with members in their order and numbers as they were written, and returns the
// longer slice. Strings are escaped as Jackson and json-smart do by default: the quote, the backslash and the controls below
// U+0020, and nothing for HTML's sake. Invalid UTF-8 becomes U+FFFD. A tree that contains itself never ends.
func Append(dst []byte, n *Node) []byte {
	switch n.kind {
	case Bool:
		if n.truth {
			return append(dst, "true"...)
		}
		return append(dst, "false"...)
	case Number:
		return append(dst, n.text...)
	case String:
		return AppendString(dst, n.text)
	case Array:
		return appendArray(dst, n)
	case Object:
		return appendObject(dst, n)
	}
	return append(dst, "null"...)
}

func appendArray(dst []byte, n *Node) []byte {
	dst = append(dst, '[')
	for i, item := range n.items {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = Append(dst, item)
	}
	return append(dst, ']')
}

func appendObject(dst []byte, n *Node) []byte {
	dst = append(dst, '{')
	for i, name := range n.names {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = AppendString(dst, name)
		dst = append(dst, ':')
		dst = Append(dst, n.items[i])
	}
	return append(dst, '}')
}

// AppendString writes s to dst as a JSON string, quotes included, under the rules of [Append].
func AppendString(dst []byte, s string) []byte {
	dst = append(dst, '"')
	done := 0 // s[:done] is written
	for i := 0; i < len(s); {
		c := s[i]
		if c >= utf8.RuneSelf {
			r, size := utf8.DecodeRuneInString(s[i:])
			if r == utf8.RuneError && size == 1 {
				dst = append(append(dst, s[done:i]...), "\uFFFD"...)
				done = i + 1
			}
			i += size
			continue
		}
		if c < ' ' || c == '"' || c == '\\' {
			dst = appendEscape(append(dst, s[done:i]...), c)
			done = i + 1
		}
		i++
	}
	return append(append(dst, s[done:]...), '"')
}

func appendEscape(dst []byte, c byte) []byte {
	const hex = "0123456789ABCDEF"
	switch c {
	case '"', '\\':
		return append(dst, '\\', c)
	case '\b':
		return append(dst, '\\', 'b')
	case '\f':
		return append(dst, '\\', 'f')
	case '\n':
		return append(dst, '\\', 'n')
	case '\r':
		return append(dst, '\\', 'r')
	case '\t':
		return append(dst, '\\', 't')
	}
	return append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
}
