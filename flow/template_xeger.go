package flow

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	mathrand "math/rand/v2"
	"regexp/syntax"
	"unicode/utf8"
)

// Bounds of xeger: an open repetition (* and +) is repeated at most
// xegerRepeat times beyond its least; a text is at most xegerOutput bytes; a
// pattern at most xegerPattern.
const (
	xegerRepeat  = 10
	xegerOutput  = 64 << 10
	xegerPattern = 4 << 10
)

// xegerFlags make package syntax read what Java's and its own dialect share.
const xegerFlags = syntax.Perl

var errXegerTooLong = fmt.Errorf("the text would be longer than %d bytes", xegerOutput)

// runXeger is xeger(regex): a random text that matches. It is our own because
// the generators that exist for Go draw from math/rand's predictable source, and
// bound neither repetition nor output, while texts made here serve as passwords
// and the pattern may come from a variable. It walks the tree of regexp/syntax;
// anchors are taken as met, word boundaries and what Java has beyond RE2
// (look-around, back-references) are refused.
func runXeger(dst []byte, c *templateCall, args []string) ([]byte, error) {
	re, err := compiled(c, args[0], compileXeger)
	if err != nil {
		return dst, err
	}
	g := xeger{out: dst, end: len(dst) + xegerOutput, random: mathrand.New(new(randomSource))}
	if err := g.write(re); err != nil {
		return dst, err
	}
	return g.out, nil
}

func compileXeger(pattern string) (*syntax.Regexp, error) {
	if len(pattern) > xegerPattern {
		return nil, fmt.Errorf("the regular expression is longer than %d bytes", xegerPattern)
	}
	re, err := syntax.Parse(pattern, xegerFlags)
	if err != nil {
		return nil, err
	}
	return re, xegerCan(re)
}

// xegerCan reports what in re no text can be made for.
func xegerCan(re *syntax.Regexp) error {
	switch re.Op {
	case syntax.OpNoMatch:
		return errors.New("the regular expression matches nothing")
	case syntax.OpWordBoundary, syntax.OpNoWordBoundary:
		return errors.New(`\b and \B cannot be generated`)
	}
	for _, sub := range re.Sub {
		if err := xegerCan(sub); err != nil {
			return err
		}
	}
	return nil
}

// randomSource makes crypto/rand a source of math/rand/v2, for its unbiased
// IntN. It reads ahead, since every read is a system call.
type randomSource struct {
	buf  [128]byte
	left int
}

func (s *randomSource) Uint64() uint64 {
	if s.left == 0 {
		rand.Read(s.buf[:]) // never fails, see its documentation
		s.left = len(s.buf)
	}
	s.left -= 8
	return binary.NativeEndian.Uint64(s.buf[s.left:])
}

// xeger writes one text. The depth of a pattern, hence of the recursion, is
// bounded by syntax.Parse; the number of steps by steps, since a repetition of
// nothing writes nothing.
type xeger struct {
	out    []byte
	end    int
	steps  int
	random *mathrand.Rand
}

func (g *xeger) write(re *syntax.Regexp) error {
	if g.steps++; g.steps > xegerOutput || len(g.out) > g.end {
		return errXegerTooLong
	}
	switch re.Op {
	case syntax.OpLiteral:
		for _, r := range re.Rune {
			g.out = utf8.AppendRune(g.out, r)
		}
	case syntax.OpCharClass:
		g.out = utf8.AppendRune(g.out, g.pick(re.Rune))
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		g.out = append(g.out, byte(' '+g.random.IntN('~'-' '+1)))
	case syntax.OpAlternate:
		return g.write(re.Sub[g.random.IntN(len(re.Sub))])
	case syntax.OpCapture, syntax.OpConcat:
		return g.writeAll(re.Sub)
	case syntax.OpStar, syntax.OpPlus, syntax.OpQuest, syntax.OpRepeat:
		return g.repeat(re)
	}
	return nil
}

func (g *xeger) writeAll(list []*syntax.Regexp) error {
	for _, re := range list {
		if err := g.write(re); err != nil {
			return err
		}
	}
	return nil
}

func (g *xeger) repeat(re *syntax.Regexp) error {
	least, most := repetition(re)
	for n := least + g.random.IntN(most-least+1); n > 0; n-- {
		if err := g.write(re.Sub[0]); err != nil {
			return err
		}
	}
	return nil
}

// repetition is how often the operand of re may stand.
func repetition(re *syntax.Regexp) (least, most int) {
	switch re.Op {
	case syntax.OpQuest:
		return 0, 1
	case syntax.OpPlus:
		return 1, 1 + xegerRepeat
	case syntax.OpStar:
		return 0, xegerRepeat
	case syntax.OpRepeat:
		if re.Max >= 0 {
			return re.Min, re.Max
		}
		return re.Min, re.Min + xegerRepeat
	}
	return 1, 1
}

// pick draws from the ranges of a class: from its printable ASCII characters
// when it has some, so that [^a] does not come out as an unassigned code point.
func (g *xeger) pick(ranges []rune) rune {
	if size := classSize(ranges, ' ', '~'); size > 0 {
		return classRune(ranges, ' ', '~', g.random.IntN(size))
	}
	// Surrogates lie between the two, and are no characters.
	low, high := classSize(ranges, 0, 0xD7FF), classSize(ranges, 0xE000, utf8.MaxRune)
	if low+high == 0 {
		return utf8.RuneError
	}
	n := g.random.IntN(low + high)
	if n < low {
		return classRune(ranges, 0, 0xD7FF, n)
	}
	return classRune(ranges, 0xE000, utf8.MaxRune, n-low)
}

// classSize counts the characters of a class from lo to hi.
func classSize(ranges []rune, lo, hi rune) int {
	size := 0
	for i := 0; i+1 < len(ranges); i += 2 {
		size += max(int(min(ranges[i+1], hi)-max(ranges[i], lo))+1, 0)
	}
	return size
}

// classRune is character n of those that classSize counts.
func classRune(ranges []rune, lo, hi rune, n int) rune {
	for i := 0; i+1 < len(ranges); i += 2 {
		from := max(ranges[i], lo)
		size := max(int(min(ranges[i+1], hi)-from)+1, 0)
		if n < size {
			return from + rune(n)
		}
		n -= size
	}
	return utf8.RuneError
}
