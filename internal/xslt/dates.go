package xslt

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"sluice/internal/xpath"
)

// dateFunctions are those of XPath 2.0 that stylesheets use. A date is its text, as everywhere in this package.
var dateFunctions = map[string]*xpath.Function{
	"current-dateTime": {Result: xpath.String, Call: now("2006-01-02T15:04:05.000Z07:00")},
	"current-date":     {Result: xpath.String, Call: now("2006-01-02Z07:00")},
	"current-time":     {Result: xpath.String, Call: now("15:04:05.000Z07:00")},

	"format-dateTime": {Least: 2, Most: 5, Result: xpath.String, Call: formatDate},
	"format-date":     {Least: 2, Most: 5, Result: xpath.String, Call: formatDate},
	"format-time":     {Least: 2, Most: 5, Result: xpath.String, Call: formatDate},

	"year-from-dateTime":    part(time.Time.Year),
	"month-from-dateTime":   part(func(t time.Time) int { return int(t.Month()) }),
	"day-from-dateTime":     part(time.Time.Day),
	"hours-from-dateTime":   part(time.Time.Hour),
	"minutes-from-dateTime": part(time.Time.Minute),
	"seconds-from-dateTime": part(time.Time.Second),
	"year-from-date":        part(time.Time.Year),
	"month-from-date":       part(func(t time.Time) int { return int(t.Month()) }),
	"day-from-date":         part(time.Time.Day),
	"hours-from-time":       part(time.Time.Hour),
	"minutes-from-time":     part(time.Time.Minute),
	"seconds-from-time":     part(time.Time.Second),
}

func now(layout string) func(*xpath.Context, []xpath.Result) (xpath.Result, error) {
	return func(c *xpath.Context, _ []xpath.Result) (xpath.Result, error) {
		return xpath.OfString(c.Env.(*frame).options.Now.UTC().Format(layout)), nil
	}
}

func part(f func(time.Time) int) *xpath.Function {
	return &xpath.Function{Least: 1, Most: 1, Result: xpath.Any, Call: func(c *xpath.Context, args []xpath.Result) (xpath.Result, error) {
		if isNothing(args[0]) {
			return args[0], nil
		}
		t, err := dateOf(c, args[0])
		return xpath.OfNumber(float64(f(t))), err
	}}
}

func isNothing(r xpath.Result) bool { return r.Kind() == xpath.NodeSet && r.Len() == 0 }

var dateLayouts = []string{
	"2006-01-02T15:04:05.999999999Z07:00", "2006-01-02T15:04:05.999999999",
	"2006-01-02Z07:00", "2006-01-02", "15:04:05.999999999Z07:00", "15:04:05.999999999",
}

// dateOf is the date that a value stands for, at the price of its text.
func dateOf(c *xpath.Context, value xpath.Result) (time.Time, error) {
	text, err := c.Work.Text(value)
	if err != nil {
		return time.Time{}, err
	}
	return parseDate(text)
}

func parseDate(text string) (time.Time, error) {
	for _, layout := range dateLayouts {
		if t, err := time.Parse(layout, strings.TrimSpace(text)); err == nil {
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("%.40q is no date, dateTime or time", text)
}

// formatDate is format-dateTime() and its like; language, calendar and place do not count: names are English.
func formatDate(c *xpath.Context, args []xpath.Result) (xpath.Result, error) {
	if isNothing(args[0]) {
		return args[0], nil
	}
	t, err := dateOf(c, args[0])
	if err != nil {
		return xpath.Result{}, err
	}
	text := args[1].String()
	if len(text) > maxPicture {
		return xpath.Result{}, fmt.Errorf("the picture is longer than %d bytes", maxPicture)
	}
	var out strings.Builder
	for text != "" {
		before, rest, found := strings.Cut(text, "[")
		out.WriteString(strings.ReplaceAll(before, "]]", "]"))
		if !found {
			break
		}
		if strings.HasPrefix(rest, "[") {
			out.WriteByte('[')
			text = rest[1:]
			continue
		}
		marker, after, closed := strings.Cut(rest, "]")
		marker = strings.Join(strings.Fields(marker), "")
		if !closed || marker == "" {
			return xpath.Result{}, fmt.Errorf("%q is no picture of a date", args[1])
		}
		component, err := formatComponent(t, marker)
		if err != nil {
			return xpath.Result{}, err
		}
		out.WriteString(component)
		text = after
	}
	return xpath.OfString(out.String()), nil
}

// component is a part of a date: a number, or for some a name.
type component struct {
	number func(t time.Time) int
	name   func(t time.Time) string // nil: numbers only
	// presentation is what counts when the marker has none, least the digits that there are then.
	presentation string
	least        int
}

var components = map[byte]component{
	'Y': {number: time.Time.Year},
	'M': {number: func(t time.Time) int { return int(t.Month()) }, name: func(t time.Time) string { return t.Month().String() }},
	'D': {number: time.Time.Day},
	'd': {number: time.Time.YearDay},
	'F': {number: func(t time.Time) int { return (int(t.Weekday())+6)%7 + 1 }, name: func(t time.Time) string { return t.Weekday().String() }, presentation: "n"},
	'W': {number: func(t time.Time) int { _, week := t.ISOWeek(); return week }},
	'H': {number: time.Time.Hour},
	'h': {number: func(t time.Time) int { return (t.Hour()+11)%12 + 1 }},
	'P': {number: time.Time.Hour, name: halfOfDay, presentation: "n"},
	'm': {number: time.Time.Minute, least: 2},
	's': {number: time.Time.Second, least: 2},
}

func halfOfDay(t time.Time) string {
	if t.Hour() < 12 {
		return "a.m."
	}
	return "p.m."
}

// formatComponent writes what a marker such as Y0001, MNn,3-3 or D1o asks for.
func formatComponent(t time.Time, marker string) (string, error) {
	presentation, width, _ := strings.Cut(marker[1:], ",")
	low, high, _ := strings.Cut(width, "-")
	least, _ := strconv.Atoi(low) // * and nothing bound nothing
	most, _ := strconv.Atoi(high)
	if least > maxPicture {
		return "", fmt.Errorf("the width of [%s] is too large", marker)
	}
	switch marker[0] {
	case 'f':
		digits := fmt.Sprintf("%09d", t.Nanosecond())
		return digits[:min(max(len(presentation), most, 1), 9)], nil
	case 'Z':
		return t.Format("-07:00"), nil
	case 'z':
		return t.Format("GMT-07:00"), nil
	case 'E':
		return "AD", nil
	case 'C':
		return "ISO", nil
	}
	c, ok := components[marker[0]]
	if !ok {
		return "", fmt.Errorf("[%s] is no component of a date", marker)
	}
	n, text := c.number(t), ""
	if c.name != nil {
		text = c.name(t)
	}
	if marker[0] == 'Y' {
		n = shortYear(n, presentation, most)
	}
	if presentation == "" {
		presentation = c.presentation
	}
	return present(n, text, presentation, max(least, c.least), most), nil
}

// shortYear is the year of so many digits at most, which two digits of the presentation also ask for.
func shortYear(year int, presentation string, most int) int {
	if most == 0 && len(presentation) == 2 && strings.Trim(presentation, "0123456789") == "" {
		most = 2
	}
	if most <= 0 || most > 3 {
		return year
	}
	return year % int(math.Pow10(most))
}

func present(n int, text, presentation string, least, most int) string {
	if text != "" && presentation != "" {
		switch presentation[0] {
		case 'N':
			if !strings.HasPrefix(presentation, "Nn") {
				text = strings.ToUpper(text)
			}
			return shortened(text, most)
		case 'n':
			return shortened(strings.ToLower(text), most)
		}
	}
	presentation, ordinal := strings.CutSuffix(presentation, "o")
	token := presentation
	if token == "" {
		token = "1"
	}
	if strings.Trim(token, "0123456789") == "" {
		least = max(least, len(token))
		token = "1"
	}
	out := formatOne(n, token, "", 0)
	if token == "1" && len(out) < least {
		out = strings.Repeat("0", least-len(out)) + out
	}
	if ordinal {
		out += ordinalSuffix(n)
	}
	return out
}

// shortened is a name of so many letters at most; points go first.
func shortened(text string, most int) string {
	if most <= 0 || len(text) <= most {
		return text
	}
	text = strings.ReplaceAll(text, ".", "")
	return text[:min(most, len(text))]
}

func ordinalSuffix(n int) string {
	if n%100/10 == 1 {
		return "th"
	}
	switch n % 10 {
	case 1:
		return "st"
	case 2:
		return "nd"
	case 3:
		return "rd"
	}
	return "th"
}
