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

// Errands keep what a policy wants done after its request, also over the end of the
// process. What is kept may be done twice, when the process ends while it is done.
type Errands interface {
	// Serve has do called with each payload that is put under the name, from now on:
	// the newest deployment of a policy serves it. When do returns an error it is
	// called again, later and later, for an hour.
	Serve(name string, do func(ctx context.Context, payload []byte) error)
	// Put keeps a payload. An error says that it was not kept, because it is too large
	// or because the store does not answer.
	Put(ctx context.Context, name string, payload []byte) error
}
