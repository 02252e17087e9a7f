package javatime

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// maxText bounds what Parse reads, in bytes.
const maxText = 4096

// A ParseError is text that does not fit a pattern.
type ParseError struct {
	Pattern, Text string
	Offset        int // of the first byte of the text that does not fit
}

func (e *ParseError) Error() string {
	return fmt.Sprintf("unparseable date %q: does not fit the pattern %q at offset %d", e.Text, e.Pattern, e.Offset)
}

// Parse reads a time as a lenient SimpleDateFormat does: it ignores what follows the
// last field, lets a field run over into the next larger one (month 13 is January),
// and takes January 1, 1970, 0:00 UTC for what the pattern does not have. The time
// is in UTC. The error, if any, is a *ParseError.
func (f *Format) Parse(s string) (time.Time, error) {
	r := &reader{text: s, values: newValues(f.centuryStart)}
	if len(s) > maxText {
		return time.Time{}, &ParseError{f.pattern, s[:maxText], maxText}
	}
	for i, fd := range f.fields {
		abuts := i+1 < len(f.fields) && f.fields[i+1].numeric()
		if !r.field(fd, abuts) {
			return time.Time{}, &ParseError{f.pattern, s, r.pos}
		}
	}
	return r.values.time(), nil
}

// numeric reports whether fd is read as a number, so that a number before it must
// end after as many digits as its pattern has letters.
func (fd field) numeric() bool {
	switch fd.letter {
	case 0, 'G', 'E', 'a', 'z', 'Z', 'X':
		return false
	case 'M', 'L':
		return fd.count <= 2
	}
	return true
}

// A reader walks through the text. Its methods return false where text does not fit.
type reader struct {
	text   string
	pos    int
	values *values
}

func (r *reader) rest() string { return r.text[r.pos:] }

func (r *reader) field(fd field, abuts bool) bool {
	if fd.letter == 0 {
		if !strings.HasPrefix(r.rest(), fd.literal) {
			return false
		}
		r.pos += len(fd.literal)
		return true
	}
	if fd.numeric() {
		r.skipSpace()
		return r.number(fd, abuts)
	}
	switch fd.letter {
	case 'M', 'L':
		return r.name(monthNames, 'M', 1)
	case 'E':
		return r.name(weekdayNames, 'E', 0)
	case 'G':
		return r.name([]string{"BC", "AD"}, 'G', 0)
	case 'a':
		return r.name(halves[:], 'a', 0)
	}
	r.skipSpace()
	if fd.letter == 'X' {
		return r.isoZone(fd.count)
	}
	return r.generalZone()
}

// skipSpace moves past space before a number or a zone; names must stand at once.
func (r *reader) skipSpace() {
	r.pos = len(r.text) - len(strings.TrimLeft(r.rest(), " \t"))
}

// number reads a signed number, of at most fd.count digits if a number follows.
func (r *reader) number(fd field, abuts bool) bool {
	text := r.rest()
	if abuts {
		text = text[:min(len(text), fd.count)]
	}
	digits := strings.TrimPrefix(text, "-")
	negative := len(digits) < len(text)
	value, size := leadingNumber(digits)
	if size == 0 {
		return false
	}
	if negative {
		value, size = -value, size+1
	}
	r.pos += size
	if fd.letter == 'y' || fd.letter == 'Y' {
		value = r.values.century(value, fd.count <= 2 && size == 2 && !negative)
	}
	r.values.set(fd.letter, value)
	return true
}

// leadingNumber reads digits as Java does: cut to 32 bits, or the largest int if
// even 64 would not do.
func leadingNumber(s string) (value, size int) {
	for size < len(s) && s[size] >= '0' && s[size] <= '9' {
		size++
	}
	long, err := strconv.ParseInt(s[:size], 10, 64)
	if errors.Is(err, strconv.ErrRange) {
		return math.MaxInt32, size
	}
	return int(int32(long)), size
}

var (
	monthNames   = names(12, func(i int) string { return time.Month(i + 1).String() })
	weekdayNames = names(7, func(i int) string { return time.Weekday(i).String() })
)

func names(n int, name func(int) string) []string {
	all := make([]string, n)
	for i := range all {
		all[i] = name(i)
	}
	return all
}

// name reads one of names, in full or as its first three letters, without regard to
// case, and sets letter to its index plus first.
func (r *reader) name(names []string, letter byte, first int) bool {
	rest := r.rest()
	for i, full := range names {
		for _, name := range []string{full, full[:min(3, len(full))]} {
			if len(rest) >= len(name) && strings.EqualFold(rest[:len(name)], name) {
				r.pos += len(name)
				r.values.set(letter, i+first)
				return true
			}
		}
	}
	return false
}

// isoZone reads Z, or +hh, +hhmm, +hh:mm for one, two, three letters.
func (r *reader) isoZone(count int) bool {
	if strings.HasPrefix(r.rest(), "Z") {
		r.pos++
		return r.values.setZone(0)
	}
	return r.offset([]string{"+00", "+0000", "+00:00"}[count-1])
}

// generalZone reads what z and Z both take: a name, GMT+h:mm, or +hhmm.
func (r *reader) generalZone() bool {
	if c := r.rest(); c != "" && (c[0] == '+' || c[0] == '-') {
		return r.offset("+0000")
	}
	offset, size := zoneAt(r.rest())
	if size == 0 {
		return false
	}
	isGMT := strings.EqualFold(r.rest()[:size], "GMT")
	r.pos += size
	after := r.rest()
	if !isGMT || after == "" || after[0] != '+' && after[0] != '-' {
		return r.values.setZone(offset)
	}
	return r.offset("+00:00") || r.offset("+0:00")
}

// offset reads an offset in the given form, in which 0 stands for a digit.
func (r *reader) offset(form string) bool {
	rest := r.rest()
	if len(rest) < len(form) || rest[0] != '+' && rest[0] != '-' {
		return false
	}
	value := 0
	for i := 1; i < len(form); i++ {
		isDigit := rest[i] >= '0' && rest[i] <= '9'
		if isDigit != (form[i] == '0') || !isDigit && rest[i] != form[i] {
			return false
		}
		if isDigit {
			value = value*10 + int(rest[i]-'0')
		}
	}
	if len(form) == len("+00") {
		value *= 100
	}
	if value/100 > 23 || value%100 > 59 {
		return false
	}
	r.pos += len(form)
	offset := time.Duration(value/100)*time.Hour + time.Duration(value%100)*time.Minute
	if rest[0] == '-' {
		offset = -offset
	}
	return r.values.setZone(offset)
}
