package appint

import (
	"context"
	"fmt"
	"sync"
	"time"

	"sluice/internal/delay"
	"sluice/internal/tasks"
)

// waiting is which executions are on their way into the queue. They are on disk already: what is
// lost here with the process is found again when the next one opens the records.
type waiting struct {
	queue  *tasks.Own
	failed func(error)
	pause  time.Duration // after a queue that did not answer
	more   chan struct{} // has one element when the list may not be empty

	mu   sync.Mutex // guards list
	list []waitingOne
}

// waitingOne is an execution as of one revision of its entry, so that each is put once.
type waitingOne struct {
	id       string
	revision uint64
	due      time.Time
}

// waitingWriters put at the same time; a durable write is shared by those that come together.
const waitingWriters = 16

func (w *waiting) add(id string, revision uint64, due time.Time) {
	w.mu.Lock()
	w.list = append(w.list, waitingOne{id, revision, due})
	w.mu.Unlock()
	w.signal()
}

func (w *waiting) signal() {
	select {
	case w.more <- struct{}{}:
	default:
	}
}

// take takes the first of the list.
func (w *waiting) take() (one waitingOne, ok bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.list) == 0 {
		return one, false
	}
	one = w.list[0]
	if w.list = w.list[1:]; len(w.list) > 0 {
		w.signal()
	}
	return one, true
}

// deliver puts what is added into the queue, until ctx ends. Several may do so at once.
func (w *waiting) deliver(ctx context.Context) {
	for {
		select {
		case <-w.more:
		case <-ctx.Done():
			return
		}
		for one, ok := w.take(); ok; one, ok = w.take() {
			w.put(ctx, one)
		}
	}
}

// put tries until the queue has taken it.
func (w *waiting) put(ctx context.Context, one waitingOne) {
	for {
		err := w.queue.Put(ctx, fmt.Sprintf("%s-%d", one.id, one.revision), []byte(one.id), one.due)
		if err == nil || ctx.Err() != nil {
			return
		}
		w.failed(fmt.Errorf("execution %s waits to be queued: %w", one.id, err))
		delay.For(ctx, w.pause)
	}
}
