package state

import (
	"context"
	"errors"
	"sync"
	"time"
)

const (
	shareWorkers = 4
	shareQueue   = 4096
	// shareEvery is how often counters that nobody uses any more are looked after.
	shareEvery = time.Second
	// closeLimit is how long Close tries to share what is left.
	closeLimit = 10 * time.Second
)

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
			_, failed := s.c.tell(ctx, k)
			if err == nil {
				err = failed
			}
			if errors.Is(failed, ErrUnavailable) || ctx.Err() != nil {
				return
			}
		}
	})
	return err
}
