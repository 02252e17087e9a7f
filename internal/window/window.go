package window

import "time"

// Kind is the way in which windows follow each other: Quota's type attribute.
type Kind uint8

// The kinds.
const (
	Default  Kind = iota // aligned to the clock in UTC
	Calendar             // consecutive from Start
	Flexi                // from the first request of each counter
	Rolling              // the last Length units, at any time
)

// Unit is Quota's TimeUnit.
type Unit uint8

// The units. A month is 28 days, but for Default, which knows the calendar.
const (
	Second Unit = iota
	Minute
	Hour
	Day
	Week
	Month
)

const (
	day = 24 * time.Hour
	// longest bounds a window, whatever a bundle or a product says, so that no
	// time overflows.
	longest = 100 * 12 * 28 * day
)

var spans = [...]time.Duration{time.Second, time.Minute, time.Hour, day, 7 * day, 28 * day}

var units = map[string]Unit{"second": Second, "minute": Minute, "hour": Hour, "day": Day, "week": Week, "month": Month}

// ParseUnit reads a TimeUnit as policies and products write it.
func ParseUnit(text string) (Unit, bool) {
	u, ok := units[text]
	return u, ok
}

// Window says how time is divided for one counter.
type Window struct {
	Kind    Kind
	Unit    Unit
	Length  int       // how many units, 1 or more
	Start   time.Time // Calendar only
	Precise bool      // Rolling only: finer parts, see Grain
}

// Span is the length of a window, at most a hundred years; for Default windows
// of months, of a window of 28-day months.
func (w Window) Span() time.Duration { return time.Duration(w.length()) * spans[w.Unit] }

func (w Window) length() int {
	return min(max(w.Length, 1), int(longest/spans[w.Unit]))
}

// Bounds returns the window that now is in: begin is part of it, end is not. A
// Flexi window is taken to begin now, a Rolling one to end now: who counts
// remembers when the first request was.
func (w Window) Bounds(now time.Time) (begin, end time.Time) {
	switch w.Kind {
	case Calendar:
		return w.consecutive(now, w.Start.Unix())
	case Flexi:
		return now, now.Add(w.Span())
	case Rolling:
		return now.Add(-w.Span()), now
	case Default:
		if w.Unit == Month {
			return w.months(now.UTC())
		}
		if w.Unit == Week {
			return w.consecutive(now, firstSunday)
		}
	}
	return w.consecutive(now, 0)
}

// firstSunday is 00:00 on the first Sunday of 1970, in Unix seconds.
const firstSunday = 3 * 24 * 60 * 60

// consecutive counts windows from start, in Unix seconds. Default windows are
// counted from 1970: one of n units then begins with a unit and lasts n of them.
// What Apigee does for n above 1 is not known; each window beginning anew with
// the present unit would make it last one unit only.
func (w Window) consecutive(now time.Time, start int64) (begin, end time.Time) {
	span := int64(w.Span() / time.Second)
	at := now.Unix() - start
	at -= floorMod(at, span)
	return time.Unix(start+at, 0).UTC(), time.Unix(start+at+span, 0).UTC()
}

// months are those of the calendar. Apigee's page has them end at "00:00 GMT of
// the last day", as it has days end at 00:00 GMT "of the current day": both mean
// the end of it.
func (w Window) months(now time.Time) (begin, end time.Time) {
	n := w.length()
	month := now.Year()*12 + int(now.Month()) - 1
	month -= floorMod(month, n)
	begin = time.Date(0, time.January, 1, 0, 0, 0, 0, time.UTC).AddDate(0, month, 0)
	return begin, begin.AddDate(0, n, 0)
}

// floorMod is a mod b, never negative.
func floorMod[T int | int64](a, b T) T { return (a%b + b) % b }
