package window

import "time"

const (
	parts        = 60
	preciseParts = 600
	// shortest is how long a part is at least: what comes in less is one part.
	shortest = 100 * time.Millisecond
)

// Grain is the length of the parts that a Rolling window is counted in: a
// sixtieth of it, with Precise a six hundredth, and at least a tenth of a second.
// Apigee says that it counts minutes, with PreciseAtSecondsLevel seconds, and not
// for which windows (policies-2.md, Quota): here a window of an hour has parts of
// a minute, and one of ten minutes has parts of a second when it is precise.
func (w Window) Grain() time.Duration {
	n := time.Duration(parts)
	if w.Precise {
		n = preciseParts
	}
	return max(w.Span()/n, shortest)
}

// Part is the number of the part that now is in.
func (w Window) Part(now time.Time) int64 { return floorDiv(now.UnixNano(), int64(w.Grain())) }

// Parts returns the numbers of the first and the last part of the window that
// ends now. The first is the one that the window cuts: it counts as a whole until
// all of it has left the window, so that no stretch of Span gets more than it is
// allowed.
func (w Window) Parts(now time.Time) (first, last int64) {
	return w.Part(now.Add(-w.Span())), w.Part(now)
}

// Leaves is when the part leaves the window.
func (w Window) Leaves(part int64) time.Time {
	return time.Unix(0, (part+1)*int64(w.Grain())).Add(w.Span()).UTC()
}

func floorDiv(a, b int64) int64 { return (a - floorMod(a, b)) / b }
