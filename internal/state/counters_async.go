package state

import (
	"context"
	"errors"
	"sync"
	"time"

	"sluice/flow"
	"sluice/internal/window"
)

const (
	shareWorkers = 4
	shareQueue   = 4096
	// shareEvery is how often counters that nobody uses any more are looked after.
	shareEvery = time.Second
	// shareDefault is Apigee's interval (policies-2.md, Quota).
	shareDefault = 10 * time.Second
	// closeLimit is how long Close tries to share what is left.
	closeLimit = 10 * time.Second
)

// asynchronous counts here and sees to it that the count is shared: at once when
// this process meets the counter for the first time, and else every interval or so
// many messages. The counter is locked.
func (c *Counters) asynchronous(k *counter, n *flow.Count) flow.Counted {
	result := k.count(n)
	k.messages++
	k.interval = n.Sharing.Interval
	if k.interval <= 0 {
		k.interval = shareDefault
	}
	due := k.due(n.Now) || n.Sharing.Messages > 0 && k.messages >= n.Sharing.Messages
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

// sharer tells the tally what asynchronous counters counted. Its goroutines begin
// with the first of them, and end with close.
type sharer struct {
	c     *Counters
	first sync.Once
	last  sync.Once
	queue chan *counter
	end   chan struct{}
	tasks sync.WaitGroup

	mu    sync.Mutex // guards dirty; taken after that of a counter
	dirty map[*counter]struct{}
}

func (s *sharer) init(c *Counters) {
	s.c, s.dirty = c, map[*counter]struct{}{}
	s.queue, s.end = make(chan *counter, shareQueue), make(chan struct{})
}

// remember notes that the counter has something to share. It is called with its
// lock held.
func (s *sharer) remember(k *counter) {
	if k.dirty || !k.parts.pending() {
		return
	}
	k.dirty = true
	s.mu.Lock()
	s.dirty[k] = struct{}{}
	s.mu.Unlock()
}

// shared is called with the counter's lock held.
func (s *sharer) shared(k *counter) {
	k.queued = false
	if !k.dirty || k.parts.pending() {
		return
	}
	k.dirty = false
	s.mu.Lock()
	delete(s.dirty, k)
	s.mu.Unlock()
}

// enqueue has the counter shared soon, once. With a full queue it is left for the
// next time.
func (s *sharer) enqueue(k *counter) {
	s.first.Do(s.start)
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.queued {
		return
	}
	select {
	case s.queue <- k:
		k.queued = true
	default:
	}
}

func (s *sharer) start() {
	select {
	case <-s.end:
		return
	default:
	}
	for range shareWorkers {
		s.tasks.Go(s.work)
	}
	s.tasks.Go(s.look)
}

func (s *sharer) work() {
	for {
		select {
		case <-s.end:
			return
		case k := <-s.queue:
			// What fails stays to be shared, and is tried again. The tally ends its
			// calls in bounded time; to cancel one would leave open what it did.
			_ = s.c.bring(context.Background(), k)
		}
	}
}

// look finds counters that are due although nobody counts any more.
func (s *sharer) look() {
	t := time.NewTicker(shareEvery)
	defer t.Stop()
	for {
		select {
		case <-s.end:
			return
		case <-t.C:
		}
		now := s.c.now()
		for _, k := range s.left() {
			k.mu.Lock()
			due := k.due(now)
			k.mu.Unlock()
			if due {
				s.enqueue(k)
			}
		}
	}
}

// left returns the counters with something to share.
func (s *sharer) left() []*counter {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := make([]*counter, 0, len(s.dirty))
	for k := range s.dirty {
		list = append(list, k)
	}
	return list
}

func (s *sharer) close() (err error) {
	s.last.Do(func() {
		s.first.Do(func() {}) // no goroutine begins any more
		close(s.end)
		s.tasks.Wait()
		ctx, cancel := context.WithTimeout(context.Background(), closeLimit)
		defer cancel()
		for _, k := range s.left() {
			if err = s.c.bring(ctx, k); errors.Is(err, ErrUnavailable) || ctx.Err() != nil {
				return
			}
		}
	})
	return err
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
	if err := c.adopt(ctx, k); err != nil {
		return err
	}
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
	k.mu.Lock()
	list := k.parts.unshared()
	k.mu.Unlock()
	told = make(map[int64]bool, len(list))
	for _, p := range list {
		if k.window.Kind == window.Rolling {
			if err := c.mark(ctx, k, p.at); err != nil {
				return nil, err
			}
		}
		total, err := c.tally.Add(ctx, k.key(p.at), p.pending, k.life())
		if err != nil {
			return nil, err
		}
		k.mu.Lock()
		now := k.parts.at(p.at)
		now.total = total
		now.pending -= p.pending
		k.mu.Unlock()
		told[p.at] = true
	}
	return told, nil
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
