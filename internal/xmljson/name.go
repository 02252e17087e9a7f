package xmljson

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

func isNameStart(r rune) bool {
	if r < utf8.RuneSelf {
		return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || r == '_'
	}
	return unicode.Is(nameStart, r)
}

// isNamePart reports whether r may stand in a name without a prefix, which has no colon.
func isNamePart(r rune) bool {
	if r < utf8.RuneSelf {
		return isNameStart(r) || '0' <= r && r <= '9' || r == '-' || r == '.'
	}
	return unicode.Is(nameStart, r) || unicode.Is(namePart, r)
}

// plainName makes a name without a colon of s: each run of characters that no name has becomes the replacement, and where
// what comes out cannot begin a name, an underscore goes before it.
func (t *ToXML) plainName(s string) string {
	if isPlainName(s) {
		return s
	}
	var out strings.Builder
	replaced := false
	for _, r := range s {
		if isNamePart(r) {
			out.WriteRune(r)
			replaced = false
			continue
		}
		if !replaced {
			out.WriteString(t.o.InvalidCharsReplacement)
		}
		replaced = true
	}
	if first, _ := utf8.DecodeRuneInString(out.String()); !isNameStart(first) {
		return "_" + out.String()
	}
	return out.String()
}

func isPlainName(s string) bool {
	for i, r := range s {
		if !isNamePart(r) || i == 0 && !isNameStart(r) {
			return false
		}
	}
	return s != ""
}

// qualified splits a name at the namespace separator; without one, or with nothing on a side of it, all is local.
func (t *ToXML) qualified(s string) (prefix, local string) {
	prefix, local, ok := strings.Cut(s, t.o.NamespaceSeparator)
	if !ok || prefix == "" || local == "" {
		return "", s
	}
	return t.plainName(prefix), t.plainName(local)
}

// elementName is s as the name of an element. Whether its prefix is declared is not looked at: the XML may become part of
// other XML, which declares it.
func (t *ToXML) elementName(s string) string {
	prefix, local := t.qualified(s)
	if prefix == "" || prefix == "xmlns" {
		return t.plainName(s)
	}
	return prefix + ":" + local
}

// attributeName is s as the name of an attribute. ok is false for a declaration that XML does not allow.
func (t *ToXML) attributeName(s, value string) (name string, ok bool) {
	prefix, local := t.qualified(s)
	switch {
	case prefix == "":
		name = t.plainName(s)
		return name, name != "xmlns" || declarable("", value)
	case prefix == "xmlns":
		return "xmlns:" + local, declarable(local, value)
	}
	return prefix + ":" + local, true
}

// declarable reports whether a prefix, "" for the default namespace, may stand for uri.
func declarable(prefix, uri string) bool {
	switch {
	case uri == "http://www.w3.org/XML/1998/namespace", uri == "http://www.w3.org/2000/xmlns/":
		return false
	case prefix == "xml", prefix == "xmlns":
		return false
	}
	return prefix == "" || uri != ""
}
