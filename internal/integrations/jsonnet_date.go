package integrations

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// jsonnetDate is dateFormat(timestamp, format_string, timezone, current_format). The formats are
// made of the elements of its page ("Supported timestamp format elements"), of which only YYYY
// and YY, and in an export of Google M, D, HH, m and E, could be read; the others are those of the
// libraries that share this notation. E is the number of seconds since 1970.
func jsonnetDate(args []any) (any, error) {
	format, ok1 := args[1].(string)
	zone, ok2 := args[2].(string)
	current, ok3 := args[3].(string)
	if !ok1 || !ok2 || !ok3 {
		return nil, errArguments
	}
	loc, err := findZone(zone)
	if err != nil {
		return nil, err
	}
	t, err := parseElements(args[0], current, loc)
	if err != nil {
		return nil, err
	}
	return formatElements(t.In(loc), format), nil
}

// dateElements maps elements to layouts of package time, longest first.
var dateElements = []struct{ element, layout string }{
	{"YYYY", "2006"}, {"YY", "06"},
	{"MMMM", "January"}, {"MMM", "Jan"}, {"MM", "01"}, {"M", "1"},
	{"dddd", "Monday"}, {"ddd", "Mon"}, {"DD", "02"}, {"D", "2"},
	{"HH", "15"}, {"hh", "03"}, {"h", "3"},
	{"mm", "04"}, {"m", "4"}, {"ss", "05"}, {"s", "5"}, {"SSS", "000"},
	{"A", "PM"}, {"a", "pm"}, {"ZZ", "-0700"}, {"Z", "-07:00"}, {"z", "MST"},
}

func formatElements(t time.Time, format string) string {
	var b strings.Builder
	for format != "" {
		element, layout := nextElement(format)
		switch {
		case strings.HasPrefix(format, "E"):
			element = "E"
			fmt.Fprint(&b, t.Unix())
		case element == "":
			element = format[:1]
			b.WriteString(element)
		case layout == "000": // package time wants a point before it
			fmt.Fprintf(&b, "%03d", t.Nanosecond()/1e6)
		default:
			b.WriteString(t.Format(layout))
		}
		format = format[len(element):]
	}
	return b.String()
}

func nextElement(format string) (element, layout string) {
	for _, e := range dateElements {
		if strings.HasPrefix(format, e.element) {
			return e.element, e.layout
		}
	}
	return "", ""
}

// parseElements reads a timestamp in the given format; without one it is RFC 3339.
func parseElements(v any, format string, loc *time.Location) (time.Time, error) {
	if format == "E" {
		seconds, err := toDouble(v)
		if err != nil || seconds < -1e11 || seconds > 1e11 {
			return time.Time{}, errors.New("the timestamp is not a number of seconds")
		}
		return time.UnixMilli(int64(seconds * 1000)), nil
	}
	s, ok := v.(string)
	if !ok {
		return time.Time{}, errArguments
	}
	if format == "" {
		return time.Parse(time.RFC3339Nano, s)
	}
	var layout strings.Builder
	for rest := format; rest != ""; {
		element, l := nextElement(rest)
		if element == "" {
			element, l = rest[:1], rest[:1]
		}
		layout.WriteString(l)
		rest = rest[len(element):]
	}
	return time.ParseInLocation(layout.String(), s, loc)
}
