package javatime

import (
	"math"
	"time"
)

// values are the fields that Parse has read, by letter, and the zone.
type values struct {
	centuryStart time.Time
	byLetter     map[byte]int
	zone         time.Duration
}

func newValues(centuryStart time.Time) *values {
	return &values{centuryStart: centuryStart, byLetter: map[byte]int{}}
}

func (v *values) set(letter byte, value int) {
	switch {
	case letter == 'L':
		letter = 'M'
	case letter == 'k' && value == 24:
		letter, value = 'H', 0
	case letter == 'k':
		letter = 'H'
	case letter == 'h' && value == 12:
		letter, value = 'K', 0
	case letter == 'h':
		letter = 'K'
	case letter == 'u':
		letter, value = 'E', value%7
	}
	v.byLetter[letter] = value
}

// setZone returns true, for its callers' sake.
func (v *values) setZone(offset time.Duration) bool {
	v.zone = offset
	return true
}

// century places a year of two digits within a hundred years of centuryStart.
func (v *values) century(year int, twoDigits bool) int {
	if !twoDigits {
		return year
	}
	first := v.centuryStart.Year()
	year += first - first%100
	if year < first {
		year += 100
	}
	return year
}

func (v *values) get(letter byte, missing int) int {
	if value, ok := v.byLetter[letter]; ok {
		return value
	}
	return missing
}

func (v *values) has(letter byte) bool {
	_, ok := v.byLetter[letter]
	return ok
}

// time adds the fields up. Each value fits an int32, so the seconds fit an int64,
// though not a time.Duration.
func (v *values) time() time.Time {
	day := v.date()
	seconds := int64(v.hour())*3600 + int64(v.get('m', 0))*60 + int64(v.get('s', 0)) - int64(v.zone/time.Second)
	millis := int64(v.get('S', 0))
	return time.Unix(day.Unix()+seconds+millis/1000, millis%1000*int64(time.Millisecond)).UTC()
}

func (v *values) hour() int {
	if v.has('K') && !v.has('H') {
		return v.get('K', 0) + 12*v.get('a', 0)
	}
	return v.get('H', 0)
}

func (v *values) date() time.Time {
	year := v.year('y')
	switch {
	case v.has('D'):
		return date(year, 1, v.get('D', 1))
	case v.has('M') || v.has('d'):
		return date(year, v.get('M', 1), v.get('d', 1))
	case v.has('w') || v.has('Y') || v.has('E'):
		return v.weekDate()
	}
	return date(year, 1, 1)
}

// year is 1970, or the year of the era.
func (v *values) year(letter byte) int {
	year := v.get(letter, 1970)
	if v.get('G', 1) == 0 {
		return 1 - year
	}
	return year
}

// weekDate is the day E of week w, which begins on the Sunday before January 1.
func (v *values) weekDate() time.Time {
	letter := byte('y')
	if v.has('Y') {
		letter = 'Y'
	}
	year := v.year(letter)
	sunday := 1 - int(date(year, 1, 1).Weekday())
	return date(year, 1, sunday+7*(v.get('w', 1)-1)+v.get('E', 0))
}

// maxYear keeps package time's arithmetic exact; Java's own calendar ends in the
// year 292278994.
const maxYear = 100_000_000

func date(year, month, day int) time.Time {
	year = min(max(year, -maxYear), maxYear)
	month = min(max(month, -math.MaxInt32), math.MaxInt32)
	return time.Date(year, time.Month(month), day, 0, 0, 0, 0, time.UTC)
}
