package javaregex

import (
	"cmp"
	"slices"
	"sync"
	"unicode"
)

// A span is an inclusive range of code points.
type span struct{ lo, hi rune }

// A set is a set of code points: sorted spans that neither overlap nor touch.
// Sets are never changed once made.
type set []span

var anyRune = set{{0, unicode.MaxRune}}

// runes returns the set of the given code points.
func runes(rs ...rune) set {
	spans := make([]span, len(rs))
	for i, r := range rs {
		spans[i] = span{r, r}
	}
	return normal(spans)
}

// normal sorts and joins spans; it takes over its argument.
func normal(spans []span) set {
	slices.SortFunc(spans, func(a, b span) int { return cmp.Compare(a.lo, b.lo) })
	out := spans[:0]
	for _, sp := range spans {
		if n := len(out); n > 0 && sp.lo <= out[n-1].hi+1 {
			out[n-1].hi = max(out[n-1].hi, sp.hi)
			continue
		}
		out = append(out, sp)
	}
	return set(out)
}

func union(sets ...set) set { return normal(slices.Concat(sets...)) }

func (s set) negate() set {
	var out set
	next := rune(0)
	for _, sp := range s {
		if sp.lo > next {
			out = append(out, span{next, sp.lo - 1})
		}
		next = sp.hi + 1
	}
	if next <= unicode.MaxRune {
		out = append(out, span{next, unicode.MaxRune})
	}
	return out
}

func intersect(a, b set) set { return union(a.negate(), b.negate()).negate() }

func subtract(a, b set) set { return union(a.negate(), b).negate() }

func (s set) contains(r rune) bool {
	_, found := slices.BinarySearchFunc(s, r, func(sp span, r rune) int {
		if r < sp.lo {
			return 1
		}
		if r > sp.hi {
			return -1
		}
		return 0
	})
	return found
}

func (s set) isAny() bool { return len(s) == 1 && s[0] == anyRune[0] }

// tables returns the union of tables of package unicode.
func tables(ts ...*unicode.RangeTable) set {
	var spans []span
	for _, t := range ts {
		for _, r := range t.R16 {
			spans = appendStride(spans, rune(r.Lo), rune(r.Hi), rune(r.Stride))
		}
		for _, r := range t.R32 {
			spans = appendStride(spans, rune(r.Lo), rune(r.Hi), rune(r.Stride))
		}
	}
	return normal(spans)
}

func appendStride(spans []span, lo, hi, stride rune) []span {
	if stride == 1 {
		return append(spans, span{lo, hi})
	}
	for r := lo; r <= hi; r += stride {
		spans = append(spans, span{r, r})
	}
	return spans
}

// foldASCII adds the other case of every ASCII letter in s: Java's
// CASE_INSENSITIVE without UNICODE_CASE.
func (s set) foldASCII() set {
	extra := slices.Clone(s)
	for r := 'a'; r <= 'z'; r++ {
		upper := r - 'a' + 'A'
		if s.contains(r) || s.contains(upper) {
			extra = append(extra, span{r, r}, span{upper, upper})
		}
	}
	return normal(extra)
}

// canonical is Java's toLowerCase(toUpperCase(r)), its key for UNICODE_CASE.
func canonical(r rune) rune { return unicode.ToLower(unicode.ToUpper(r)) }

// cased lists every code point whose case can change, keyed by canonical form.
var cased = sync.OnceValue(func() map[rune][]rune {
	byKey := map[rune][]rune{}
	for _, cr := range unicode.CaseRanges {
		for r := rune(cr.Lo); r <= rune(cr.Hi); r++ {
			byKey[canonical(r)] = append(byKey[canonical(r)], r)
		}
	}
	return byKey
})

// foldRune returns what r matches under CASE_INSENSITIVE and UNICODE_CASE. Java
// does not fold a character such as ß whose upper case is its own lower case.
func foldRune(r rune) set {
	key := canonical(r)
	if unicode.ToUpper(r) == key {
		return runes(r)
	}
	return runes(append([]rune{r}, cased()[key]...)...)
}

// foldUnicode returns what a range matches under CASE_INSENSITIVE and
// UNICODE_CASE: Java asks for the character, its upper case, and the lower case
// of that.
func (s set) foldUnicode() set {
	spans := slices.Clone(s)
	for key, rs := range cased() {
		for _, r := range rs {
			if s.contains(unicode.ToUpper(r)) || s.contains(key) {
				spans = append(spans, span{r, r})
			}
		}
	}
	return normal(spans)
}
