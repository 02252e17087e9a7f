package flow

import (
	"context"
	"sync"
)

// Background is what goes on although its request has ended, such as a callout that
// nobody waits for. The process waits for it before it ends; for a nil one nobody does.
type Background struct{ running sync.WaitGroup }

// Go runs do beside the request.
func (b *Background) Go(do func()) {
	if b == nil {
		go do()
		return
	}
	b.running.Go(do)
}

// Wait waits until nothing goes on; false when ctx ended before.
func (b *Background) Wait(ctx context.Context) bool {
	done := make(chan struct{})
	go func() {
		b.running.Wait()
		close(done)
	}()
	select {
	case <-done:
		return true
	case <-ctx.Done():
		return false
	}
}
