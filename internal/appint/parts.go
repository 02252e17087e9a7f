package appint

import (
	"context"
	"errors"
	"fmt"
	"time"

	"sluice/internal/integrations"
)

// A record that is too large for one value of a bucket is kept in parts.

const (
	partSize  = 4 << 20   // bytes; a bucket takes values of 8 MB
	maxRecord = 512 << 20 // bytes; beyond, an execution is refused
)

var errTooLarge = fmt.Errorf("the record of the execution exceeds %d MB", maxRecord>>20)

// writeParts writes a large record piece by piece. Nobody finds them before the entry names their
// generation.
func (s *records) writeParts(ctx context.Context, r *integrations.Record, data []byte) (*held, error) {
	if len(data) > maxRecord {
		return nil, errTooLarge
	}
	h := &held{generation: s.newID()}
	for piece := range chunks(data) {
		if _, err := s.parts.Put(ctx, part(r.ID, h.generation, h.parts), piece, s.lifeOfParts(r)); err != nil {
			return nil, errors.Join(err, s.dropParts(ctx, r.ID, h))
		}
		h.parts++
	}
	return h, nil
}

func chunks(data []byte) func(func([]byte) bool) {
	return func(yield func([]byte) bool) {
		for len(data) > 0 {
			n := min(len(data), partSize)
			if !yield(data[:n]) {
				return
			}
			data = data[n:]
		}
	}
}

func (s *records) dropParts(ctx context.Context, id string, h *held) error {
	if h == nil || h.parts == 0 {
		return nil
	}
	var errs []error
	for i := range h.parts {
		errs = append(errs, s.parts.Delete(ctx, part(id, h.generation, i)))
	}
	return errors.Join(errs...)
}

func part(id, generation string, n int) string { return fmt.Sprintf("%s.%s.%d", id, generation, n) }

// lifeOfParts is above that of the entry, so that parts of which the entry was never written are
// forgotten too.
func (s *records) lifeOfParts(r *integrations.Record) time.Duration {
	return max(0, r.Schedule.Sub(s.now())) + 2*suspensionLimit + s.keep
}
