package javatime

import (
	"fmt"
	"strconv"
	"time"
)

// Format writes t, in t's location, with English names and the calendar of the
// United States: weeks begin on Sunday, and week 1 is the one with January 1.
func (f *Format) Format(t time.Time) string {
	b := make([]byte, 0, len(f.pattern)+16)
	for _, fd := range f.fields {
		if fd.letter == 0 {
			b = append(b, fd.literal...)
			continue
		}
		b = fd.append(b, t)
	}
	return string(b)
}

func (fd field) append(b []byte, t time.Time) []byte {
	switch fd.letter {
	case 'y':
		return appendYear(b, yearOfEra(t.Year()), fd.count)
	case 'Y':
		year, _ := week(t)
		return appendYear(b, yearOfEra(year), fd.count)
	case 'M', 'L':
		if fd.count >= 3 {
			return append(b, fd.name(t.Month().String())...)
		}
		return appendPadded(b, int(t.Month()), fd.count)
	case 'E':
		return append(b, fd.name(t.Weekday().String())...)
	case 'G':
		return append(b, era(t.Year())...)
	case 'a':
		return append(b, halves[t.Hour()/12]...)
	case 'z':
		return append(b, zoneName(t, fd.count >= 4)...)
	case 'Z':
		return appendOffset(b, t, "")
	case 'X':
		return fd.appendISOZone(b, t)
	}
	return appendPadded(b, fd.number(t), fd.count)
}

// number returns the value of a field that is only ever a number.
func (fd field) number(t time.Time) int {
	switch fd.letter {
	case 'w':
		_, w := week(t)
		return w
	case 'W':
		return (t.Day()-1+int(t.AddDate(0, 0, 1-t.Day()).Weekday()))/7 + 1
	case 'D':
		return t.YearDay()
	case 'd':
		return t.Day()
	case 'F':
		return (t.Day()-1)/7 + 1
	case 'u':
		return (int(t.Weekday())+6)%7 + 1
	case 'H':
		return t.Hour()
	case 'k':
		return orLast(t.Hour(), 24)
	case 'K':
		return t.Hour() % 12
	case 'h':
		return orLast(t.Hour()%12, 12)
	case 'm':
		return t.Minute()
	case 's':
		return t.Second()
	case 'S':
		return t.Nanosecond() / int(time.Millisecond)
	}
	panic(fmt.Sprintf("javatime: no field %c", fd.letter)) // Compile lets only letters through
}

// orLast is for clocks that count from 1: they say last where others say 0.
func orLast(value, last int) int {
	if value == 0 {
		return last
	}
	return value
}

var halves = [...]string{"AM", "PM"}

func era(year int) string {
	if year <= 0 {
		return "BC"
	}
	return "AD"
}

// yearOfEra turns the years 0, -1, .. into 1, 2, .. BC.
func yearOfEra(year int) int {
	if year <= 0 {
		return 1 - year
	}
	return year
}

// week returns the week of the year and the year that it belongs to.
func week(t time.Time) (year, week int) {
	saturday := t.AddDate(0, 0, int(time.Saturday-t.Weekday())) // the last day of the week
	return saturday.Year(), (saturday.YearDay()-1)/7 + 1
}

// name cuts an English name to three letters unless the pattern has four or more.
func (fd field) name(full string) string {
	if fd.count >= 4 {
		return full
	}
	return full[:3]
}

func appendYear(b []byte, year, count int) []byte {
	if count == 2 {
		year %= 100
	}
	return appendPadded(b, year, count)
}

// appendPadded writes value, never negative, with at least width digits.
func appendPadded(b []byte, value, width int) []byte {
	digits := strconv.Itoa(value)
	for range width - len(digits) {
		b = append(b, '0')
	}
	return append(b, digits...)
}

// appendOffset writes +hhmm, with separator between hours and minutes.
func appendOffset(b []byte, t time.Time, separator string) []byte {
	_, seconds := t.Zone()
	minutes := seconds / 60
	if minutes < 0 {
		b, minutes = append(b, '-'), -minutes
	} else {
		b = append(b, '+')
	}
	b = appendPadded(b, minutes/60, 2)
	b = append(b, separator...)
	return appendPadded(b, minutes%60, 2)
}

func (fd field) appendISOZone(b []byte, t time.Time) []byte {
	switch _, seconds := t.Zone(); {
	case seconds == 0:
		return append(b, 'Z')
	case fd.count == 1:
		b = appendOffset(b, t, "")
		return b[:len(b)-2]
	case fd.count == 2:
		return appendOffset(b, t, "")
	}
	return appendOffset(b, t, ":")
}
