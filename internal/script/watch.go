package script

import (
	"context"
	"runtime/metrics"
	"sync"
	"time"

	"github.com/dop251/goja"
)

const (
	// watchStep is how often a running script is looked at; most end before the first look.
	watchStep = 10 * time.Millisecond
	// maxGrowth is by how many bytes the live heap of the process may grow while a
	// script runs. The engine keeps no account per script, so the growth may come from
	// elsewhere; but few scripts run long enough for that to matter.
	maxGrowth = 256 << 20
)

// watch interrupts a machine whose script has had its time, whose request has ended,
// or which seems to fill the memory.
type watch struct {
	deadline time.Time

	mu      sync.Mutex // guards what follows
	ctx     context.Context
	vm      *goja.Runtime
	timer   *time.Timer
	limit   time.Duration
	base    uint64 // live bytes at the first look
	stopped bool
}

func (w *watch) start(ctx context.Context, vm *goja.Runtime, limit time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ctx, w.vm, w.limit, w.stopped, w.base = ctx, vm, limit, false, 0
	w.deadline = time.Now().Add(limit)
	w.timer = time.AfterFunc(min(limit, watchStep), w.look)
}

// stop ends the watch: the machine is not interrupted any more, and forgets that it was.
func (w *watch) stop() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.stopped = true
	w.timer.Stop()
	w.vm.ClearInterrupt()
}

func (w *watch) look() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.stopped {
		return
	}
	left := time.Until(w.deadline)
	switch {
	case w.ctx.Err() != nil:
		w.vm.Interrupt(w.ctx.Err())
	case left <= 0:
		w.vm.Interrupt(overTime(w.limit))
	case w.grown():
		w.vm.Interrupt(overMemory())
	default:
		w.timer.Reset(min(left, watchStep))
	}
}

// grown looks at what the last garbage collection left, which excludes garbage; a
// heap that grows fast is collected often.
func (w *watch) grown() bool {
	sample := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(sample)
	if sample[0].Value.Kind() != metrics.KindUint64 {
		return false // a Go without this metric
	}
	live := sample[0].Value.Uint64()
	if w.base == 0 {
		w.base = live
	}
	return live > w.base+maxGrowth
}
