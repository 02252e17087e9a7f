package state

import (
	"context"
	"time"

	"sluice/flow"
	"sluice/internal/window"
)

// shareDefault is Apigee's interval (policies-2.md, Quota).
const shareDefault = 10 * time.Second

// asynchronous counts here and sees to it that the count is shared: at once when
// this process meets the counter for the first time, and else every interval or so
// many messages. The counter is locked.
func (c *Counters) asynchronous(k *counter, n *flow.Count) flow.Counted {
	result := k.count(n)
	k.messages++
	k.interval = n.Of.Sharing.Interval
	if k.interval <= 0 {
		k.interval = shareDefault
	}
	due := k.due(n.Now) || n.Of.Sharing.Messages > 0 && k.messages >= n.Of.Sharing.Messages
	c.share.remember(k)
	k.mu.Unlock()
	if due {
		c.share.enqueue(k)
	}
	return result
}

// due reports whether it is time to share the counter. It is called with the lock
// held.
func (k *counter) due(now time.Time) bool {
	return !k.queued && now.Sub(k.shared) >= k.interval
}

// bring tells the tally what was counted here, and hears what others counted. One
// goroutine does it for a counter at a time. What cannot be told is kept; when a
// call fails that has happened all the same, it is told twice, so that nobody gets
// more than is allowed.
func (c *Counters) bring(ctx context.Context, k *counter) error {
	now := c.now()
	k.mu.Lock()
	k.shared, k.messages = now, 0
	k.mu.Unlock()
	defer func() {
		k.mu.Lock()
		defer k.mu.Unlock()
		c.share.shared(k)
	}()
	told, err := c.tell(ctx, k)
	if err != nil {
		return err
	}
	return c.hear(ctx, k, now, told)
}

// adopt moves what was counted into the flexi window that began here to the one
// that all agree on.
func (c *Counters) adopt(ctx context.Context, k *counter) error {
	if k.window.Kind != window.Flexi {
		return nil
	}
	k.mu.Lock()
	mine := k.begin
	k.mu.Unlock()
	if mine == 0 {
		return nil
	}
	f, err := c.agree(ctx, k, time.UnixMilli(mine), true)
	if err != nil || f.last == mine {
		return err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	old := *k.parts.at(mine)
	k.parts.at(mine).pending, k.parts.at(mine).exceeded = 0, 0
	p := k.parts.at(f.last)
	p.pending += old.pending
	p.exceeded += old.exceeded
	if k.begin == mine {
		k.begin = f.last
	}
	return nil
}

// tell adds what was counted here, and returns the parts that the tally answered
// with a total for.
func (c *Counters) tell(ctx context.Context, k *counter) (told map[int64]bool, err error) {
	if err := c.adopt(ctx, k); err != nil {
		return nil, err
	}
	k.mu.Lock()
	list := k.parts.unshared()
	k.mu.Unlock()
	told = make(map[int64]bool, len(list))
	for _, p := range list {
		if err := c.tellPart(ctx, k, p); err != nil {
			return nil, err
		}
		told[p.at] = true
	}
	return told, nil
}

func (c *Counters) tellPart(ctx context.Context, k *counter, p part) error {
	if k.window.Kind == window.Rolling {
		if err := c.mark(ctx, k, p.at); err != nil {
			return err
		}
	}
	total, err := c.tally.Add(ctx, k.key(p.at), p.pending, k.life())
	if err != nil {
		return err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	now := k.parts.at(p.at)
	now.total = total
	now.pending -= p.pending
	return nil
}

// hear reads what others counted in the present window, but for the parts that
// were just told.
func (c *Counters) hear(ctx context.Context, k *counter, now time.Time, told map[int64]bool) error {
	k.mu.Lock()
	f, late := k.frame(now, false), k.interval+settling
	k.mu.Unlock()
	from, to := f.first, f.last
	if k.window.Kind == window.Rolling {
		if from, to = k.unsettled(now, late); from < f.first {
			from = f.first
		}
		if err := c.learn(ctx, k, f, from); err != nil {
			return err
		}
	}
	for at := from; at <= to; at++ {
		if told[at] {
			continue
		}
		if err := c.read(ctx, k, at); err != nil {
			return err
		}
	}
	return nil
}

// pending reports whether something is not shared yet.
func (ps parts) pending() bool {
	for i := range ps {
		if ps[i].pending != 0 {
			return true
		}
	}
	return false
}

// unshared returns copies of the parts that are not shared yet.
func (ps parts) unshared() parts {
	var list parts
	for i := range ps {
		if ps[i].pending != 0 {
			list = append(list, ps[i])
		}
	}
	return list
}
