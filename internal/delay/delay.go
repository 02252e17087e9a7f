// Package delay waits between two tries.
package delay

import (
	"context"
	"time"
)

// For waits, and tells whether ctx still lives.
func For(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}
