package state

import (
	"slices"
	"strconv"
	"time"

	"sluice/internal/window"
)

// part is what was counted in a stretch of time: a fixed window, or a part of a
// rolling one.
type part struct {
	at       int64 // number: of a fixed window its begin in ms, of a part see window.Part
	total    int64 // counted here, or by all as far as the tally told
	pending  int64 // counted here and not told to the tally yet
	exceeded int64 // Counts that did not fit, here
}

// parts are ordered by number.
type parts []part

// at returns the part of that number, which is made when it is not there.
func (ps *parts) at(n int64) *part {
	i, found := slices.BinarySearchFunc(*ps, n, func(p part, n int64) int { return int(min(max(p.at-n, -1), 1)) })
	if !found {
		*ps = slices.Insert(*ps, i, part{at: n})
	}
	return &(*ps)[i]
}

// within returns the parts of a frame.
func (ps parts) within(f frame) parts {
	lo, hi := 0, len(ps)
	for lo < hi && ps[lo].at < f.first {
		lo++
	}
	for hi > lo && ps[hi-1].at > f.last {
		hi--
	}
	return ps[lo:hi]
}

// used is what counts. Of a part with less than nothing in it a reset has taken
// more than was counted there: from the parts before it, as far as they go. When
// those leave the window, what was taken leaves with them.
func (ps parts) used() int64 {
	var sum int64
	for i := range ps {
		sum = max(sum+ps[i].total+ps[i].pending, 0)
	}
	return sum
}

func (ps parts) exceeded() int64 {
	var sum int64
	for i := range ps {
		sum += ps[i].exceeded
	}
	return sum
}

// forget drops parts before the given number.
func (ps *parts) forget(before int64) {
	n := 0
	for n < len(*ps) && (*ps)[n].at < before {
		n++
	}
	*ps = slices.Delete(*ps, 0, n)
}

// frame is the window that a Count falls into.
type frame struct {
	first, last int64     // numbers of its parts; what is counted now goes into the last
	expires     time.Time // end of the window; for a rolling one when nothing counted now counts any more
}

// frame returns the window that now is in. begin is whether a flexi window begins
// when there is none. It is called with the lock held.
func (k *counter) frame(now time.Time, begin bool) frame {
	var f frame
	switch k.window.Kind {
	case window.Rolling:
		f.first, f.last = k.window.Parts(now)
		f.expires = k.window.Leaves(f.last)
		k.parts.forget(f.first - lateParts)
	case window.Flexi:
		f = k.flexi(now, begin)
		k.keepTwo()
	default:
		f = k.fixed(now)
	}
	if k.ends.Before(f.expires) {
		k.ends = f.expires
	}
	return f
}

// fixed returns the fixed window that now is in, mostly the one of the last Count.
func (k *counter) fixed(now time.Time) frame {
	if !now.Before(k.began) && now.Before(k.last.expires) {
		return k.last
	}
	from, to := k.window.Bounds(now)
	k.began, k.last = from, frame{from.UnixMilli(), from.UnixMilli(), to}
	k.keepTwo()
	return k.last
}

// lateParts is how many parts are kept beyond the window, for Counts whose time
// is a little in the past because they waited for the lock.
const lateParts = 2

// keepTwo forgets all fixed windows but the newest two: the present one and the
// one before, for Counts that are late and for what is not shared yet.
func (k *counter) keepTwo() {
	if n := len(k.parts); n > 2 {
		k.parts.forget(k.parts[n-2].at)
	}
}

// key is where the tally keeps the part of that number.
func (k *counter) key(part int64) string {
	var b [64]byte
	return string(strconv.AppendInt(append(append(b[:0], k.name...), '.'), part, 36))
}

// life is how long the tally keeps a part after a change: as long as it counts,
// and a minute for clocks that differ.
func (k *counter) life() time.Duration {
	life := k.window.Span() + time.Minute
	switch {
	case k.window.Kind == window.Rolling:
		life += k.window.Grain()
	case k.window.Unit == window.Month:
		life += life / 8 // a month of the calendar may have three days more
	}
	return life
}
