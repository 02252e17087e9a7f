package tasks

import (
	"context"
	"errors"
	"maps"
	"sync"
	"time"

	"sluice/internal/state"
)

// lead serves all lines until ctx ends. Attempts that are under way then go on.
func (s *Service) lead(ctx context.Context) {
	s.log(false, "this process sends the tasks now")
	var serving sync.WaitGroup
	defer serving.Wait()
	serving.Go(func() { s.clean(ctx) })
	served := map[*line]bool{}
	for {
		maps.DeleteFunc(served, func(l *line, _ bool) bool { return !s.replica.has(l) })
		for _, l := range s.replica.allLines() {
			if !served[l] {
				served[l] = true
				serving.Go(func() { s.serve(ctx, l) })
			}
		}
		select {
		case <-s.replica.arrived:
		case <-ctx.Done():
			return
		}
	}
}

// serve begins the attempts of one line.
func (s *Service) serve(ctx context.Context, l *line) {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for ctx.Err() == nil && s.replica.has(l) {
		b, wait, ok := l.take(s.now())
		if ok {
			s.begin(ctx, l, b)
			continue
		}
		if wait == 0 {
			wait = time.Hour // a signal comes first
		}
		timer.Reset(wait)
		select {
		case <-l.wake:
		case <-timer.C:
		case <-ctx.Done():
		}
	}
}

// begin starts an attempt when there is room for it among those of all queues.
func (s *Service) begin(ctx context.Context, l *line, b begun) {
	select {
	case s.slots <- struct{}{}:
	case <-ctx.Done():
		l.unused(b)
		l.end(b, 0)
		return
	}
	s.attempts.Go(func() {
		defer func() { <-s.slots }()
		s.attempt(l, b)
	})
}

const (
	cleanAgain  = time.Second      // after something was removed, or could not be
	cleanRarely = 10 * time.Minute // when nobody says that there is something
	orphanAge   = time.Minute      // a queue may be told that much after its tasks
	sweepBatch  = 1024
	sweepWrites = 16 // at once
)

// clean removes from the bucket what is gone already: the tasks of deleted queues, and what a
// purge took. A leader that ends in between leaves the rest to the next.
func (s *Service) clean(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-s.replica.untidy:
		case <-timer.C:
		case <-ctx.Done():
			return
		}
		wait := cleanRarely
		for _, l := range s.replica.allLines() {
			more, err := s.cleanLine(ctx, l)
			if more || err != nil {
				wait = cleanAgain
			}
			if err != nil && ctx.Err() == nil {
				s.log(true, "cannot remove tasks that are gone, trying again: "+err.Error())
			}
		}
		timer.Reset(wait)
	}
}

// cleanLine reports whether there may be more to remove later.
func (s *Service) cleanLine(ctx context.Context, l *line) (more bool, err error) {
	q, n := l.state()
	switch {
	case q == nil && s.now().Sub(l.since) < orphanAge:
		return true, nil
	case q == nil:
		return s.cleanOrphan(ctx, l)
	case q.isDeleted() && n > 0:
		return true, s.tasks.Purge(ctx, l.generation)
	case q.isDeleted():
		return false, nil
	}
	for list := l.sweep(key{}, sweepBatch); len(list) > 0; list = l.sweep(list[len(list)-1].key, sweepBatch) {
		more = true
		if err := s.removeAll(ctx, q, list); err != nil {
			return true, err
		}
	}
	return more, nil
}

// cleanOrphan removes the tasks of a line whose queue was never told, if no queue has that
// generation: then its tombstone ended before its tasks were removed.
func (s *Service) cleanOrphan(ctx context.Context, l *line) (more bool, err error) {
	keys, _ := l.page(key{}, 1)
	if len(keys) == 0 {
		s.replica.drop(l.generation)
		return false, nil
	}
	r, _, err := s.read(ctx, place(l.generation, keys[0]))
	if err != nil {
		return true, err
	}
	name, _, err := splitTaskName(r.task.Name)
	if err != nil {
		return false, err
	}
	if q, err := s.readQueue(ctx, name); err != nil || q != nil && q.generation == l.generation {
		return true, err // the watch of queues is late
	}
	return true, s.tasks.Purge(ctx, l.generation)
}

// removeAll replaces purged tasks by tombstones.
func (s *Service) removeAll(ctx context.Context, q *queue, list []doomed) error {
	var removing sync.WaitGroup
	failures := make(chan error, len(list))
	next := make(chan doomed)
	for range sweepWrites {
		removing.Go(func() {
			for d := range next {
				_, err := s.tasks.Replace(ctx, place(q.generation, d.key), tombstone, d.revision, q.tombstoneLife(d.named))
				if err != nil && !errors.Is(err, state.ErrRevision) { // who changed it is seen by the next sweep
					failures <- err
				}
			}
		})
	}
	for _, d := range list {
		next <- d
	}
	close(next)
	removing.Wait()
	close(failures)
	return <-failures
}
