package policies

import (
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/beevik/etree"

	"sluice/flow"
	"sluice/internal/javatime"
)

var jwtUnits = []struct {
	suffix string
	unit   time.Duration
}{
	{"ms", time.Millisecond}, {"s", time.Second}, {"m", time.Minute}, {"h", time.Hour}, {"d", 24 * time.Hour}, {"w", 7 * 24 * time.Hour},
}

// jwtSpan reads 10s, 8h, 30d; a bare number means milliseconds. Weeks are
// documented for MaxLifespan only (recalled); they are harmless elsewhere.
func jwtSpan(text string) (time.Duration, bool) {
	text = strings.TrimSpace(text)
	unit := time.Millisecond
	for _, u := range jwtUnits {
		if number, ok := strings.CutSuffix(text, u.suffix); ok {
			text, unit = strings.TrimSpace(number), u.unit
			break
		}
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 || n > math.MaxInt64/int64(unit) {
		return 0, false
	}
	return time.Duration(n) * unit, true
}

// jwtFixedSpan reads an element whose text is a span; def when it is absent.
func jwtFixedSpan(b *flow.Build, el *etree.Element, def time.Duration) time.Duration {
	text := flow.TextOf(el)
	if text == "" {
		return def
	}
	d, ok := jwtSpan(text)
	if !ok {
		b.RefuseText(el, "InvalidTimeFormat", strconv.Quote(text)+" is no span of time", "write a number with s, m, h or d, such as 30s")
	}
	return d
}

// jwtFormats are the absolute times of NotBefore: RFC 3339 with a zone as -0700,
// RFC 1123, RFC 850 and ANSI C, the last in UTC.
var jwtFormats = []*javatime.Format{
	jwtFormat("yyyy-MM-dd'T'HH:mm:ss.SSSZ"),
	jwtFormat("EEE, dd MMM yyyy HH:mm:ss zzz"),
	jwtFormat("EEEE, dd-MMM-yy HH:mm:ss zzz"),
	jwtFormat("EEE MMM d HH:mm:ss yyyy"),
}

// jwtFormat compiles a constant pattern, so that it cannot fail.
func jwtFormat(pattern string) *javatime.Format {
	f, err := javatime.Compile(pattern)
	if err != nil {
		panic(err)
	}
	return f
}

// jwtNotBefore reads NotBefore: a span from now, or an absolute time.
func jwtNotBefore(text string, now time.Time) (time.Time, bool) {
	if d, ok := jwtSpan(text); ok {
		return now.Add(d), true
	}
	for _, f := range jwtFormats {
		if t, err := f.Parse(strings.TrimSpace(text)); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}
