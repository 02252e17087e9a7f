package state

import (
	"context"

	"sluice/flow"
	"sluice/internal/window"
)

// synchronous counts on the tally. To add comes first and to look second, so that
// of two who take the last place at once at least one sees the other. What does
// not fit is taken back. Until then it may be in the way of another, who therefore
// tries again once the way is free; with weights of 1 nobody is turned away who
// would fit.
//
// A call that fails between adding and taking back leaves the counter too high:
// nobody gets more than is allowed.
func (c *Counters) synchronous(ctx context.Context, k *counter, n *flow.Count) (flow.Counted, error) {
	b, err := c.open(ctx, k, n)
	if err != nil {
		return flow.Counted{}, err
	}
	defer b.leave()
	violated := false
	switch {
	case n.Weight < 0:
		err = b.giveBack(ctx)
	case n.Weight == 0 || n.Mode == flow.EnforceOnly:
		if err = b.look(ctx); err == nil {
			_, violated = decide(n, b.used)
		}
	case n.Mode == flow.CountOnly:
		err = b.add(ctx, n.Weight)
	default:
		violated, err = b.spend(ctx)
	}
	if err != nil {
		return flow.Counted{}, err
	}
	return b.close(violated), nil
}

// book is the window of one synchronous Count.
type book struct {
	c     *Counters
	k     *counter
	n     *flow.Count
	frame frame

	present  int64 // number of the part to count in
	from, to int64 // Rolling: parts that others may be counting in, see last; else the present one
	past     int64 // Rolling: what counts of the parts before from

	used  int64 // what counts, as of the last call
	short int64 // by how much the present part was below nothing then
}

// open finds out when a flexi window began, and what was counted in the past of a
// rolling one.
func (c *Counters) open(ctx context.Context, k *counter, n *flow.Count) (*book, error) {
	b := &book{c: c, k: k, n: n}
	switch k.window.Kind {
	case window.Flexi:
		var err error
		if b.frame, err = c.agree(ctx, k, n.Now, begins(n)); err != nil {
			return nil, err
		}
	case window.Rolling:
		return b, b.enter(ctx)
	default:
		k.mu.Lock()
		b.frame = k.frame(n.Now, false)
		k.mu.Unlock()
	}
	b.present = b.frame.last
	b.from, b.to = b.present, b.present
	return b, nil
}

// enter finds the part of a rolling window to count in, and those that others may be
// counting in. Parts before them do not change any more.
func (b *book) enter(ctx context.Context) error {
	k := b.k
	k.mu.Lock()
	b.frame = k.frame(b.n.Now, false)
	if k.single {
		b.frame.last, b.from = k.calls.begin(b.frame.last)
	} else {
		b.from, b.to = k.unsettled(b.n.Now, settling)
	}
	k.mu.Unlock()
	b.present = b.frame.last
	if err := b.c.learn(ctx, k, b.frame, b.from); err != nil {
		b.leave()
		return err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	b.past = k.parts.within(frame{first: b.frame.first, last: b.from - 1}).used()
	return nil
}

// last is the number of the last part that others may have counted in.
func (b *book) last() int64 {
	if !b.k.single {
		return b.to
	}
	b.k.mu.Lock()
	defer b.k.mu.Unlock()
	return b.k.calls.newest
}

func (b *book) leave() {
	if !b.k.single {
		return
	}
	b.k.mu.Lock()
	defer b.k.mu.Unlock()
	b.k.calls.end(b.present)
}

// maxTries bounds how often a Count is tried that others are in the way of.
const maxTries = 8

// spend adds the weight if it fits. A counter that was full is looked at first, so
// that a flood of requests above a quota writes nothing.
func (b *book) spend(ctx context.Context) (violated bool, err error) {
	w, allowed := b.n.Weight, b.n.Allowed
	if b.wasFull() {
		if err := b.look(ctx); err != nil || w > allowed-b.used {
			return true, err
		}
	}
	for range maxTries {
		if err := b.add(ctx, w); err != nil || b.used <= allowed {
			return false, err
		}
		if err := b.add(context.WithoutCancel(ctx), -w); err != nil || w > allowed-b.used {
			return true, err
		}
	}
	return true, nil
}

// giveBack takes away the weight of a reset, and puts back what was not there: of
// several resets at once, each its own share.
func (b *book) giveBack(ctx context.Context) error {
	if err := b.add(ctx, b.n.Weight); err != nil || b.short == 0 {
		return err
	}
	return b.add(context.WithoutCancel(ctx), min(b.short, -b.n.Weight))
}

func (b *book) add(ctx context.Context, n int64) error {
	if b.k.window.Kind == window.Rolling {
		if err := b.c.mark(ctx, b.k, b.present); err != nil {
			return err
		}
	}
	total, err := b.c.tally.Add(ctx, b.k.key(b.present), n, b.k.life())
	if err != nil {
		return err
	}
	return b.see(ctx, total)
}

// look reads: to add 0 costs one round trip, where Get, which does not know the
// life of the key, may cost several.
func (b *book) look(ctx context.Context) error {
	total, err := b.c.tally.Add(ctx, b.k.key(b.present), 0, b.k.life())
	if err != nil {
		return err
	}
	return b.see(ctx, total)
}

// see works out what counts when the present part has that total. Parts that
// others may be counting in are read each time, by each Count for itself.
func (b *book) see(ctx context.Context, total int64) error {
	used, last := b.past, b.last()
	for at := b.from; at <= last; at++ {
		n := total
		if at != b.present {
			var err error
			if n, err = b.c.tally.Add(ctx, b.k.key(at), 0, b.k.life()); err != nil {
				return err
			}
		} else {
			b.short = max(-(used + n), 0)
		}
		used = max(used+n, 0)
	}
	b.used = used
	return nil
}

// wasFull reports whether the weight did not fit when this process last counted in
// the present part.
func (b *book) wasFull() bool {
	b.k.mu.Lock()
	defer b.k.mu.Unlock()
	return b.k.lastPart == b.present && b.n.Weight > b.n.Allowed-b.k.lastUsed
}

// close remembers what others need not ask again, and makes the result.
func (b *book) close(violated bool) flow.Counted {
	k := b.k
	k.mu.Lock()
	defer k.mu.Unlock()
	k.lastPart, k.lastUsed = b.present, b.used
	if violated {
		k.parts.at(b.present).exceeded++
	}
	return flow.Counted{Violated: violated, Used: b.used, Exceeded: k.parts.within(b.frame).exceeded(), Expires: b.frame.expires}
}
