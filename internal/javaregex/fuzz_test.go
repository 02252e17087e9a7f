package javaregex

import (
	"errors"
	"testing"
	"time"
)

// FuzzTranslate asks that any pattern compiles or is refused with an offset, that
// the translation is accepted by its engine, that a match ends in bounded time, and
// that the two engines agree.
func FuzzTranslate(f *testing.F) {
	for _, row := range goldens(f) {
		f.Add(row.pattern, row.input)
	}
	f.Fuzz(func(t *testing.T, pattern, input string) {
		if len(pattern) > 200 || len(input) > 200 {
			return
		}
		start := time.Now()
		r, err := Compile(pattern, Options{})
		if err != nil {
			wantOffset(t, pattern, err)
			return
		}
		matches, find := answers(t, r, input)
		if r.linear {
			r.linear = false
			exactMatches, exactFind := answers(t, r, input)
			if matches*exactMatches < 0 || find*exactFind < 0 {
				t.Errorf("%q on %q: linear and exact disagree", pattern, input)
			}
		}
		if d := time.Since(start); d > 30*time.Second {
			t.Errorf("%q on %q took %v", pattern, input, d)
		}
	})
}

func wantOffset(t *testing.T, pattern string, err error) {
	t.Helper()
	var syntax *SyntaxError
	if !errors.As(err, &syntax) {
		t.Fatalf("%q: not a SyntaxError: %v", pattern, err)
	}
	if syntax.Offset < 0 || syntax.Offset > len(pattern) {
		t.Errorf("%q: offset %d", pattern, syntax.Offset)
	}
	if _, _, parseErr := parse(pattern, Options{}); parseErr == nil {
		t.Errorf("the engine refuses the translation: %v", err)
	}
}

// answers are 1 for yes, -1 for no, 0 for a call that hit a bound.
func answers(t *testing.T, r *Regexp, input string) (matches, find int) {
	t.Helper()
	answer := func(yes bool, err error) int {
		switch {
		case errors.Is(err, ErrTimeout), errors.Is(err, ErrTooComplex), errors.Is(err, ErrTooLong):
			return 0
		case err != nil:
			t.Fatalf("%q: %v", r, err)
		case yes:
			return 1
		}
		return -1
	}
	matches = answer(r.MatchString(input))
	find = answer(r.Find(input))
	return matches, find
}

func BenchmarkMatch(b *testing.B) {
	for _, bm := range []struct{ name, pattern, input string }{
		{"anchored", `^/items/[0-9]+$`, "/items/123456"},
		{"word", `.*\bid_token\b.*`, "code id_token token"},
		{"lookahead", `^(?=.*\d)(?=.*[a-z])[\w&&[^_]]{4,20}$`, "abcd1234"},
		{"sql", `(?i).*((delete)|(exec)|(drop\s*table)|(insert)|(shutdown)|(update)|(\bor\b)).*`,
			"a hundred characters of an innocent text that says nothing at all about any table in the data base"},
	} {
		b.Run(bm.name, func(b *testing.B) {
			r, err := Compile(bm.pattern, Options{})
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				if _, err := r.MatchString(bm.input); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkReplaceAll(b *testing.B) {
	r, err := Compile(`(\d+)-(\d+)`, Options{})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := r.ReplaceAll("from 10-20 to 30-40", "$2-$1"); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkCompile(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Compile(`^(?i)/v[12]/(\p{Alpha}+)/[\w&&[^_]]{1,20}$`, Options{}); err != nil {
			b.Fatal(err)
		}
	}
}
