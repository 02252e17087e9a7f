package state

import (
	"errors"
	"fmt"
	"strings"
)

// Keys are written in the alphabet of NATS key-value buckets, so that the nats
// command shows them: letters, digits, - _ / and dots between parts stay, any
// other byte is = and two hexadecimal digits, and an empty part is = alone.
//
//	my.key      my.key
//	a b=c       a=20b=3Dc
//	.x..        =.x.=.=
const hexDigits = "0123456789ABCDEF"

// escapeKey returns a key as it stands in a subject.
func escapeKey(key string) string {
	if isPlain(key) {
		return key
	}
	var b strings.Builder
	b.Grow(len(key) + 16)
	for i, part := range strings.Split(key, ".") {
		if i > 0 {
			b.WriteByte('.')
		}
		escapePart(&b, part)
	}
	return b.String()
}

func escapePart(b *strings.Builder, part string) {
	if part == "" {
		b.WriteByte('=')
	}
	for i := range len(part) {
		c := part[i]
		if isLetter(c) {
			b.WriteByte(c)
			continue
		}
		b.WriteByte('=')
		b.WriteByte(hexDigits[c>>4])
		b.WriteByte(hexDigits[c&15])
	}
}

// isPlain tells whether a key is the same when it is escaped.
func isPlain(key string) bool {
	last := byte('.')
	for i := range len(key) {
		c := key[i]
		if c == '.' && last == '.' || c != '.' && !isLetter(c) {
			return false
		}
		last = c
	}
	return last != '.'
}

func isLetter(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_' || c == '/'
}

var errNotEscaped = errors.New("not written by sluice")

// unescapeKey is the reverse of escapeKey. What escapeKey does not write is an
// error, so that no two subjects are one key.
func unescapeKey(subject string) (string, error) {
	if isPlain(subject) {
		return subject, nil
	}
	var b strings.Builder
	for i, part := range strings.Split(subject, ".") {
		if i > 0 {
			b.WriteByte('.')
		}
		if part != "=" {
			unescapePart(&b, part)
		}
	}
	if key := b.String(); escapeKey(key) == subject {
		return key, nil
	}
	return "", fmt.Errorf("state: the key %q: %w", subject, errNotEscaped)
}

func unescapePart(b *strings.Builder, part string) {
	for i := 0; i < len(part); i++ {
		c := part[i]
		if c == '=' && i+2 < len(part) {
			c = hexValue(part[i+1])<<4 | hexValue(part[i+2])
			i += 2
		}
		b.WriteByte(c)
	}
}

// hexValue returns the value of a digit, something for what is none.
func hexValue(c byte) byte {
	return byte(strings.IndexByte(hexDigits, c)) & 15
}
