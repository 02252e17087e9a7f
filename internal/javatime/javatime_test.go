package javatime

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
	_ "time/tzdata"
)

// rows returns the rows of testdata/java17.tsv of one kind, without the kind.
func rows(t testing.TB, kind string) [][]string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", "java17.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	var found [][]string
	for line := range strings.Lines(string(data)) {
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if f[0] != kind {
			continue
		}
		for i := range f {
			if strings.HasPrefix(f[i], `"`) {
				if err := json.Unmarshal([]byte(f[i]), &f[i]); err != nil {
					t.Fatalf("%s: %v", line, err)
				}
			}
		}
		found = append(found, f[1:])
	}
	if len(found) == 0 {
		t.Fatalf("no rows of kind %s", kind)
	}
	return found
}

func compile(t testing.TB, pattern string) *Format {
	t.Helper()
	f, err := Compile(pattern)
	if err != nil {
		t.Fatal(err)
	}
	f.centuryStart = time.Date(1950, 1, 1, 0, 0, 0, 0, time.UTC)
	return f
}

// location takes Java's GMT-hh:mm beside names of the tz database.
func location(t testing.TB, name string) *time.Location {
	t.Helper()
	if at, err := time.Parse("GMT-07:00", name); err == nil {
		_, offset := at.Zone()
		return time.FixedZone("", offset)
	}
	loc, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return loc
}

func millis(t testing.TB, s string) time.Time {
	t.Helper()
	ms, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return time.UnixMilli(ms).UTC()
}

func TestCompile(t *testing.T) {
	for _, row := range rows(t, "compile") {
		pattern, want := row[0], row[1]
		_, err := Compile(pattern)
		if (err == nil) != (want == "ok") {
			t.Errorf("Compile(%q): got %v, Java 17 says %s", pattern, err, want)
		}
		var refused *PatternError
		if err != nil && (!errors.As(err, &refused) || refused.Offset >= len(pattern)) {
			t.Errorf("Compile(%q): not a usable PatternError: %v", pattern, err)
		}
	}
	if _, err := Compile(strings.Repeat("y", maxPattern+1)); err == nil {
		t.Error("an endless pattern is accepted")
	}
}

func TestFormat(t *testing.T) {
	for _, row := range rows(t, "format") {
		pattern, want := row[0], row[3]
		at := millis(t, row[1]).In(location(t, row[2]))
		if got := compile(t, pattern).Format(at); got != want {
			t.Errorf("%q of %s in %s: got %q, Java 17 says %q", pattern, row[1], row[2], got, want)
		}
	}
}

// gregorian is where Java's calendar goes over from Julian to Gregorian.
const gregorian = -12219292800000

func TestParse(t *testing.T) {
	for _, row := range rows(t, "parse") {
		pattern, text, want := row[0], row[1], row[2]
		if ms, err := strconv.ParseInt(want, 10, 64); err == nil && ms < gregorian {
			continue // see doc.go
		}
		got, err := compile(t, pattern).Parse(text)
		var unfit *ParseError
		switch {
		case want == "error" && !errors.As(err, &unfit):
			t.Errorf("%q of %q: got %v, %v, Java 17 refuses it", pattern, text, got, err)
		case want != "error" && err != nil:
			t.Error(err)
		case want != "error" && !got.Equal(millis(t, want)):
			t.Errorf("%q of %q: got %d, Java 17 says %s", pattern, text, got.UnixMilli(), want)
		}
	}
}

// A year of two digits is no more than 80 years ago.
func TestCenturyFollowsTheClock(t *testing.T) {
	f, err := Compile("yy")
	if err != nil {
		t.Fatal(err)
	}
	for ago := range 79 {
		year := time.Now().Year() - ago
		got, err := f.Parse(strconv.Itoa(year)[2:])
		if err != nil || got.Year() != year {
			t.Errorf("got %v, %v, want %d", got, err, year)
		}
	}
}

// FuzzFormat asks that no pattern and no text panics, that errors point into what
// they are about, and that what Format writes stays in proportion to the pattern.
func FuzzFormat(f *testing.F) {
	for _, row := range rows(f, "parse") {
		f.Add(row[0], row[1], int64(0))
	}
	for _, row := range rows(f, "format") {
		f.Add(row[0], row[3], int64(1736942400123))
	}
	f.Fuzz(func(t *testing.T, pattern, text string, ms int64) {
		format, err := Compile(pattern)
		if err != nil {
			var refused *PatternError
			if !errors.As(err, &refused) || refused.Offset > len(pattern) {
				t.Errorf("Compile(%q): %v", pattern, err)
			}
			return
		}
		if n := len(format.Format(time.UnixMilli(ms % (1 << 46)).UTC())); n > 40*len(pattern) {
			t.Errorf("%q writes %d bytes", pattern, n)
		}
		if _, err := format.Parse(text); err != nil {
			var unfit *ParseError
			if !errors.As(err, &unfit) || unfit.Offset > len(text) {
				t.Errorf("%q of %q: %v", pattern, text, err)
			}
		}
	})
}

// Whatever a full pattern writes it reads back.
func TestRoundTrip(t *testing.T) {
	for _, pattern := range []string{"yyyy-MM-dd'T'HH:mm:ss.SSSXXX", "EEE, d MMM yyyy hh:mm:ss.SSS a Z", "yyyyDDDHHmmssSSSX", "YYYY ww u kk:m:s.S z"} {
		f := compile(t, pattern)
		for day := range 1500 {
			at := time.Date(2019, 1, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(day)*25*time.Hour + 7*time.Millisecond)
			got, err := f.Parse(f.Format(at))
			if err != nil || !got.Equal(at) {
				t.Fatalf("%q: %v came back as %v, %v", pattern, at, got, err)
			}
		}
	}
}

func BenchmarkFormat(b *testing.B) {
	f := compile(b, "yyyy-MM-dd'T'HH:mm:ss.SSSXXX")
	at := millis(b, "1736942400123")
	b.ReportAllocs()
	for b.Loop() {
		f.Format(at)
	}
}

func BenchmarkParse(b *testing.B) {
	f := compile(b, "EEE, dd MMM yyyy HH:mm:ss z")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := f.Parse("Thu, 29 Feb 2024 12:34:56 GMT"); err != nil {
			b.Fatal(err)
		}
	}
}
