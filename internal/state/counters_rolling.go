package state

import (
	"context"
	"strconv"
	"time"
)

// settling is how long after its end a part of a rolling window may still change:
// by processes whose clocks are behind, and by calls under way. Clocks that differ
// by more may let a few too many through at the border of two parts.
const settling = 500 * time.Millisecond

// unsettled returns the numbers of the parts that others may be counting in now,
// or may have counted in without having told the tally for so long.
func (k *counter) unsettled(now time.Time, late time.Duration) (first, last int64) {
	return k.window.Part(now.Add(-late)), k.window.Part(now.Add(settling))
}

// calls are those that count in the parts of a rolling window at the moment. Who counts
// alone knows by them which parts others may be counting in, and mostly reads none.
type calls struct {
	in     map[int64]int // how many there are, by the number of the part
	newest int64         // the last part that one has begun in
}

// begin notes a call that counts in the part at, or in the newest when that is later: no
// part before it gets new calls. It returns which one, and the first part that calls
// are counting in.
func (cs *calls) begin(at int64) (present, first int64) {
	if cs.in == nil {
		cs.in = map[int64]int{}
	}
	cs.newest = max(cs.newest, at)
	cs.in[cs.newest]++
	first = cs.newest
	for part := range cs.in {
		first = min(first, part)
	}
	return cs.newest, first
}

func (cs *calls) end(part int64) {
	if cs.in[part]--; cs.in[part] == 0 {
		delete(cs.in, part)
	}
}

// learn reads what was counted in the settled parts of the window. They do not
// change any more, so that each is read once.
func (c *Counters) learn(ctx context.Context, k *counter, f frame, settled int64) error {
	k.mu.Lock()
	known := k.known
	k.mu.Unlock()
	from := max(known, f.first)
	if known < f.first {
		written, err := c.written(ctx, k, f)
		if err != nil {
			return err
		}
		if !written {
			from = settled
		}
	}
	for at := from; at < settled; at++ {
		if err := c.read(ctx, k, at); err != nil {
			return err
		}
	}
	k.mu.Lock()
	k.known = max(k.known, settled)
	k.mu.Unlock()
	return nil
}

// read remembers what the tally has in a part.
func (c *Counters) read(ctx context.Context, k *counter, at int64) error {
	total, err := c.tally.Add(ctx, k.key(at), 0, k.life())
	if err != nil {
		return err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.learned(at, total)
	return nil
}

// learned is called with the lock held.
func (k *counter) learned(at, total int64) {
	if total != 0 || len(k.parts.within(frame{first: at, last: at})) > 0 {
		k.parts.at(at).total = total
	}
}

// pageBits is how many parts share a mark, as a power of two: more than a window
// has, so that a window lies on two pages at most.
const pageBits = 10

// mark notes on the tally that parts of this page are written. It is done before,
// once by each process, and spares who meets the counter for the first time from
// reading 60 parts to find that they are empty.
func (c *Counters) mark(ctx context.Context, k *counter, at int64) error {
	page := at >> pageBits
	k.mu.Lock()
	marked := k.marked
	k.mu.Unlock()
	if marked >= page {
		return nil
	}
	if _, err := c.tally.Add(ctx, k.page(page), 1, k.pageLife()); err != nil {
		return err
	}
	k.mu.Lock()
	k.marked = max(k.marked, page)
	k.mu.Unlock()
	return nil
}

// written reports whether a part of the window may have been written.
func (c *Counters) written(ctx context.Context, k *counter, f frame) (bool, error) {
	for page := f.first >> pageBits; page <= f.last>>pageBits; page++ {
		marks, err := c.tally.Add(ctx, k.page(page), 0, k.pageLife())
		if err != nil || marks != 0 {
			return true, err
		}
	}
	return false, nil
}

func (k *counter) pageLife() time.Duration { return (2<<pageBits)*k.window.Grain() + time.Minute }

func (k *counter) page(n int64) string { return k.name + ".page." + strconv.FormatInt(n, 36) }
