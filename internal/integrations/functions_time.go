package integrations

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// formatTime writes t with a pattern of java.text.SimpleDateFormat, in the named zone: UTC, GMT,
// either with an offset (UTC+05:30), or a name of the tz database. It is written by hand because
// the Go libraries at hand for such patterns guess at letters that they do not know.
func formatTime(t time.Time, pattern, zone string) (string, error) {
	loc, err := findZone(zone)
	if err != nil {
		return "", err
	}
	t = t.In(loc)
	var b strings.Builder
	for i := 0; i < len(pattern); {
		c := pattern[i]
		n := 1
		for i+n < len(pattern) && pattern[i+n] == c {
			n++
		}
		switch {
		case c == '\'':
			n = quotedPattern(&b, pattern[i:])
		case c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z':
			field, err := timeField(t, c, n)
			if err != nil {
				return "", err
			}
			b.WriteString(field)
		default:
			b.WriteString(pattern[i : i+n])
		}
		i += n
	}
	return b.String(), nil
}

// quotedPattern writes text in single quotes (two of them are one) and returns its length.
func quotedPattern(b *strings.Builder, s string) int {
	if strings.HasPrefix(s, "''") {
		b.WriteByte('\'')
		return 2
	}
	end := strings.IndexByte(s[1:], '\'')
	if end < 0 {
		b.WriteString(s[1:])
		return len(s)
	}
	b.WriteString(s[1 : 1+end])
	return end + 2
}

func timeField(t time.Time, letter byte, n int) (string, error) {
	layouts := map[byte][2]string{ // short and, from four letters on, long
		'E': {"Mon", "Monday"}, 'a': {"PM", "PM"}, 'z': {"MST", "MST"}, 'Z': {"-0700", "-0700"}, 'X': {"Z07:00", "Z07:00"},
	}
	switch l, ok := layouts[letter]; {
	case ok && n >= 4:
		return t.Format(l[1]), nil
	case ok:
		return t.Format(l[0]), nil
	case letter == 'M' && n >= 4:
		return t.Format("January"), nil
	case letter == 'M' && n == 3:
		return t.Format("Jan"), nil
	case letter == 'y' && n == 2:
		return t.Format("06"), nil
	}
	numbers := map[byte]int{
		'y': t.Year(), 'M': int(t.Month()), 'd': t.Day(), 'D': t.YearDay(), 'H': t.Hour(), 'h': (t.Hour()+11)%12 + 1,
		'k': (t.Hour()+23)%24 + 1, 'K': t.Hour() % 12, 'm': t.Minute(), 's': t.Second(), 'S': t.Nanosecond() / 1e6,
		'u': (int(t.Weekday())+6)%7 + 1,
	}
	v, ok := numbers[letter]
	if !ok {
		return "", fmt.Errorf("letter %q of a time pattern is not supported", letter)
	}
	digits := strconv.Itoa(v)
	return strings.Repeat("0", max(0, min(n, 20)-len(digits))) + digits, nil
}

func findZone(zone string) (*time.Location, error) {
	for _, prefix := range []string{"UTC", "GMT"} {
		offset, ok := strings.CutPrefix(zone, prefix)
		if !ok || offset == "" {
			continue
		}
		for _, layout := range []string{"-07:00", "-0700", "-07"} {
			if at, err := time.Parse(layout, offset); err == nil {
				_, seconds := at.Zone()
				return time.FixedZone(zone, seconds), nil
			}
		}
	}
	if zone == "" || zone == "Local" {
		return nil, fmt.Errorf("%q is not a time zone", zone)
	}
	return time.LoadLocation(zone)
}
