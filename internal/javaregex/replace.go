package javaregex

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/dlclark/regexp2/v2"
)

// maxOutput bounds what a replacement may produce, in bytes.
const maxOutput = 4 * MaxInput

// maxOffsets bounds the memory for the places of matches: matches times groups.
const maxOffsets = 4 << 20

// ReplaceAll replaces every match in s as Java's replaceAll: $1 and ${name} in the
// replacement stand for groups, a backslash makes the next character literal. As in
// Java, a wrong replacement is an error only if there is a match.
func (r *Regexp) ReplaceAll(s, replacement string) (string, error) {
	return r.replace(s, replacement, -1)
}

// ReplaceFirst is ReplaceAll for the first match only.
func (r *Regexp) ReplaceFirst(s, replacement string) (string, error) {
	return r.replace(s, replacement, 1)
}

func (r *Regexp) replace(s, replacement string, limit int) (string, error) {
	if err := r.checkInput(s); err != nil {
		return "", err
	}
	matches, err := r.matches(s, limit)
	if err != nil || len(matches) == 0 {
		return s, err
	}
	pieces, err := r.parseReplacement(replacement)
	if err != nil {
		return "", err
	}
	return r.splice(s, matches, pieces)
}

// splice writes s with each match replaced.
func (r *Regexp) splice(s string, matches [][]int, pieces []piece) (string, error) {
	var b strings.Builder
	last := 0
	for _, m := range matches {
		b.WriteString(s[last:m[0]])
		for _, p := range pieces {
			b.WriteString(p.text)
			if p.text == "" && m[2*p.group] >= 0 {
				b.WriteString(s[m[2*p.group]:m[2*p.group+1]])
			}
			if b.Len() > maxOutput {
				return "", r.wrap(ErrTooLong)
			}
		}
		last = m[1]
	}
	b.WriteString(s[last:])
	return b.String(), nil
}

// matches returns the byte offsets of up to limit matches and their groups, as
// package regexp does: pairs, -1 for a group that took no part.
func (r *Regexp) matches(s string, limit int) ([][]int, error) {
	if !r.linearMatches(s, limit) {
		return r.exactMatches(s, limit)
	}
	re, err := r.linearFind()
	if err != nil {
		return nil, err
	}
	most := maxOffsets / (r.groups + 1)
	if limit > 0 {
		most = min(most, limit)
	}
	matches := re.FindAllStringSubmatchIndex(s, most)
	if len(matches) == most && most != limit {
		return nil, r.wrap(ErrTooLong)
	}
	return matches, nil
}

// linearMatches reports whether package regexp finds the same matches in s as Java.
func (r *Regexp) linearMatches(s string, limit int) bool {
	switch {
	case !r.linear, r.caveats.emptyTurn, r.caveats.nullable && limit != 1:
		return false
	case r.caveats.nonASCII && !isASCII(s):
		return false
	}
	return !r.caveats.finalTerminator || trimTerminator(s) == s
}

func (r *Regexp) exactMatches(s string, limit int) ([][]int, error) {
	re, err := r.exactFind()
	if err != nil {
		return nil, err
	}
	start := time.Now()
	m, err := re.FindStringMatch(s)
	var matches [][]int
	for m != nil && err == nil {
		matches = append(matches, r.offsets(m))
		if len(matches) == limit {
			break
		}
		if time.Since(start) > re.MatchTimeout {
			return nil, r.wrap(ErrTimeout)
		}
		m, err = re.FindNextMatch(m)
	}
	return matches, r.engineError(err)
}

func (r *Regexp) offsets(m *regexp2.Match) []int {
	offsets := make([]int, 0, 2*(r.groups+1))
	for n := range r.groups + 1 {
		g := m.GroupByNumber(n)
		if len(g.Captures) == 0 {
			offsets = append(offsets, -1, -1)
			continue
		}
		at, length := g.ByteRange()
		offsets = append(offsets, at, at+length)
	}
	return offsets
}

// A piece of a replacement is text or, if text is empty, a group.
type piece struct {
	text  string
	group int
}

// parseReplacement reads Java's replacement syntax (Matcher.appendReplacement).
func (r *Regexp) parseReplacement(s string) ([]piece, error) {
	var pieces []piece
	for s != "" {
		at := strings.IndexAny(s, `\$`)
		switch {
		case at < 0:
			return append(pieces, piece{text: s}), nil
		case at > 0:
			pieces = append(pieces, piece{text: s[:at]})
		}
		p, rest, err := r.special(s[at:])
		if err != nil {
			return nil, fmt.Errorf("replacement for %q: %w", r.source, err)
		}
		pieces = append(pieces, p)
		s = rest
	}
	return pieces, nil
}

// special reads what starts with a backslash or a dollar.
func (r *Regexp) special(s string) (p piece, rest string, err error) {
	if len(s) == 1 && s[0] == '\\' {
		return piece{}, "", errors.New("character to be escaped is missing")
	}
	if len(s) == 1 {
		return piece{}, "", errors.New("group index is missing after $")
	}
	if s[0] == '\\' {
		return piece{text: s[1:2]}, s[2:], nil // the rest of a longer character is plain text
	}
	if s[1] == '{' {
		return r.namedGroup(s[2:])
	}
	return r.numberedGroup(s[1:])
}

func (r *Regexp) namedGroup(s string) (p piece, rest string, err error) {
	name, rest, ok := strings.Cut(s, "}")
	if !ok {
		return piece{}, "", errors.New("named group is missing the closing '}'")
	}
	n, ok := r.names[name]
	if !ok {
		return piece{}, "", fmt.Errorf("no group with name {%s}", name)
	}
	return piece{group: n}, rest, nil
}

// numberedGroup reads digits for as long as they name a group; the first must.
func (r *Regexp) numberedGroup(s string) (p piece, rest string, err error) {
	n, digits := 0, 0
	for digits < len(s) && s[digits] >= '0' && s[digits] <= '9' {
		next := n*10 + int(s[digits]-'0')
		if digits > 0 && next > r.groups {
			break
		}
		n = next
		digits++
	}
	if digits == 0 {
		return piece{}, "", errors.New("illegal group reference")
	}
	if n > r.groups {
		return piece{}, "", fmt.Errorf("no group %d", n)
	}
	return piece{group: n}, s[digits:], nil
}
