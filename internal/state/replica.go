package state

import (
	"context"
	"sync"
)

// Progress tells how far a watch has come, so that a writer can wait until its
// own write is in the local replica.
type Progress struct {
	mu    sync.Mutex // guards seen and moved
	seen  uint64
	moved chan struct{} // closed when seen moves; nil when nobody waits
}

// Advance notes that the change with that revision was applied.
func (p *Progress) Advance(revision uint64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.seen = max(p.seen, revision)
	if p.moved != nil {
		close(p.moved)
		p.moved = nil
	}
}

// Reach waits until the change with that revision was applied. The error is that of
// ctx.
func (p *Progress) Reach(ctx context.Context, revision uint64) error {
	for {
		p.mu.Lock()
		if p.seen >= revision {
			p.mu.Unlock()
			return nil
		}
		if p.moved == nil {
			p.moved = make(chan struct{})
		}
		moved := p.moved
		p.mu.Unlock()
		select {
		case <-moved:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
