package window_test

import (
	"testing"
	"time"

	"sluice/internal/window"
)

func at(t testing.TB, text string) time.Time {
	t.Helper()
	v, err := time.Parse("2006-01-02T15:04:05.999", text)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// 2026-01-01 is a Thursday, 2026-03-01 a Sunday.
func TestBounds(t *testing.T) {
	const now = "2026-03-04T05:06:07.089"
	tests := []struct {
		name       string
		w          window.Window
		now        string
		begin, end string
	}{
		{"a second", window.Window{Unit: window.Second, Length: 1}, now, "2026-03-04T05:06:07", "2026-03-04T05:06:08"},
		{"a minute", window.Window{Unit: window.Minute, Length: 1}, now, "2026-03-04T05:06:00", "2026-03-04T05:07:00"},
		{"an hour", window.Window{Unit: window.Hour, Length: 1}, now, "2026-03-04T05:00:00", "2026-03-04T06:00:00"},
		{"a day", window.Window{Unit: window.Day, Length: 1}, now, "2026-03-04T00:00:00", "2026-03-05T00:00:00"},
		{"a week, to the end of Saturday", window.Window{Unit: window.Week, Length: 1}, now, "2026-03-01T00:00:00", "2026-03-08T00:00:00"},
		{"a week on a Sunday", window.Window{Unit: window.Week, Length: 1}, "2026-03-01T00:00:00", "2026-03-01T00:00:00", "2026-03-08T00:00:00"},
		{"a week on a Saturday", window.Window{Unit: window.Week, Length: 1}, "2026-02-28T23:59:59.999", "2026-02-22T00:00:00", "2026-03-01T00:00:00"},
		{"a month, of its own length", window.Window{Unit: window.Month, Length: 1}, now, "2026-03-01T00:00:00", "2026-04-01T00:00:00"},
		{"February of a leap year", window.Window{Unit: window.Month, Length: 1}, "2028-02-29T12:00:00", "2028-02-01T00:00:00", "2028-03-01T00:00:00"},
		{"December", window.Window{Unit: window.Month, Length: 1}, "2026-12-31T23:59:59.999", "2026-12-01T00:00:00", "2027-01-01T00:00:00"},
		{"five minutes", window.Window{Unit: window.Minute, Length: 5}, now, "2026-03-04T05:05:00", "2026-03-04T05:10:00"},
		{"six hours", window.Window{Unit: window.Hour, Length: 6}, now, "2026-03-04T00:00:00", "2026-03-04T06:00:00"},
		{"three months are a quarter", window.Window{Unit: window.Month, Length: 3}, now, "2026-01-01T00:00:00", "2026-04-01T00:00:00"},
		{"no length is one", window.Window{Unit: window.Minute}, now, "2026-03-04T05:06:00", "2026-03-04T05:07:00"},
		{"before 1970", window.Window{Unit: window.Hour, Length: 1}, "1969-12-31T23:30:00", "1969-12-31T23:00:00", "1970-01-01T00:00:00"},

		{"calendar", window.Window{Kind: window.Calendar, Unit: window.Hour, Length: 2, Start: at(t, "2026-03-04T01:30:00")}, now, "2026-03-04T03:30:00", "2026-03-04T05:30:00"},
		{"calendar, before its start", window.Window{Kind: window.Calendar, Unit: window.Hour, Length: 2, Start: at(t, "2026-03-04T05:30:00")}, now, "2026-03-04T03:30:00", "2026-03-04T05:30:00"},
		{"calendar, at its start", window.Window{Kind: window.Calendar, Unit: window.Day, Length: 1, Start: at(t, now[:19])}, now[:19], "2026-03-04T05:06:07", "2026-03-05T05:06:07"},
		{"calendar, a month is 28 days", window.Window{Kind: window.Calendar, Unit: window.Month, Length: 1, Start: at(t, "2026-01-01T00:00:00")}, now, "2026-02-26T00:00:00", "2026-03-26T00:00:00"},
		{"calendar, from far away", window.Window{Kind: window.Calendar, Unit: window.Day, Length: 1, Start: at(t, "0001-01-01T12:00:00")}, now, "2026-03-03T12:00:00", "2026-03-04T12:00:00"},

		{"flexi begins now", window.Window{Kind: window.Flexi, Unit: window.Week, Length: 2}, now, now, "2026-03-18T05:06:07.089"},
		{"rolling ends now", window.Window{Kind: window.Rolling, Unit: window.Minute, Length: 2}, now, "2026-03-04T05:04:07.089", now},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			begin, end := tt.w.Bounds(at(t, tt.now))
			if !begin.Equal(at(t, tt.begin)) || !end.Equal(at(t, tt.end)) {
				t.Errorf("from %s to %s, want from %s to %s", begin, end, tt.begin, tt.end)
			}
		})
	}
}

// TestBoundsFollow: windows of every kind that has fixed ones follow each other
// without a gap, and now lies in its own.
func TestBoundsFollow(t *testing.T) {
	for _, kind := range []window.Kind{window.Default, window.Calendar} {
		for unit := window.Second; unit <= window.Month; unit++ {
			for _, length := range []int{1, 2, 7, 1 << 40} {
				w := window.Window{Kind: kind, Unit: unit, Length: length, Start: at(t, "2030-05-06T07:08:09")}
				now := at(t, "2026-03-04T05:06:07.089")
				for range 20 {
					begin, end := w.Bounds(now)
					if now.Before(begin) || !now.Before(end) {
						t.Fatalf("%+v: %s is not from %s to %s", w, now, begin, end)
					}
					if b, _ := w.Bounds(end); !b.Equal(end) {
						t.Fatalf("%+v: after the window to %s comes one from %s", w, end, b)
					}
					if b, _ := w.Bounds(end.Add(-1)); !b.Equal(begin) {
						t.Fatalf("%+v: just before %s the window begins at %s, not at %s", w, end, b, begin)
					}
					now = end
				}
			}
		}
	}
}

// TestParts: a moment is in the window from its own part on, and no shorter than
// Span nor longer than Span and a part.
func TestParts(t *testing.T) {
	for unit := window.Second; unit <= window.Month; unit++ {
		for _, precise := range []bool{false, true} {
			w := window.Window{Kind: window.Rolling, Unit: unit, Length: 1, Precise: precise}
			then := at(t, "2026-03-04T05:06:07.089")
			p := w.Part(then)
			for _, tt := range []struct {
				after time.Duration
				in    bool
			}{{0, true}, {w.Span() - 1, true}, {w.Span() + w.Grain(), false}} {
				first, last := w.Parts(then.Add(tt.after))
				if in := first <= p && p <= last; in != tt.in {
					t.Errorf("%+v: %s after it was counted, it is in: %v", w, tt.after, in)
				}
				if n := last - first; n > 601 {
					t.Errorf("%+v: %d parts", w, n)
				}
			}
			if first, _ := w.Parts(w.Leaves(p)); first != p+1 {
				t.Errorf("%+v: when part %d leaves, the first one is %d", w, p, first)
			}
		}
	}
}

func TestParseUnit(t *testing.T) {
	for text, want := range map[string]window.Unit{"second": window.Second, "minute": window.Minute, "hour": window.Hour, "day": window.Day, "week": window.Week, "month": window.Month} {
		if u, ok := window.ParseUnit(text); !ok || u != want {
			t.Errorf("%s is %v, %v", text, u, ok)
		}
	}
	for _, text := range []string{"", "year", "Minute", "minutes"} {
		if _, ok := window.ParseUnit(text); ok {
			t.Errorf("%q is a unit", text)
		}
	}
}

func BenchmarkBounds(b *testing.B) {
	w := window.Window{Unit: window.Minute, Length: 1}
	now := at(b, "2026-03-04T05:06:07")
	b.ReportAllocs()
	for b.Loop() {
		w.Bounds(now)
	}
}
