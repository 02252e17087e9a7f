package appint

import (
	"context"
	"errors"
	"net/http"
	"time"

	"sluice/internal/delay"
	"sluice/internal/integrations"
	"sluice/internal/state"
)

const pollPause = 20 * time.Millisecond

// await waits for the end of executions that another call has begun, perhaps in another process.
func (s *Service) await(ctx context.Context, o *order, ids []string) ([]*integrations.Record, error) {
	limit := o.call.Timeout
	if limit <= 0 {
		limit = 2 * time.Minute
	}
	ctx, cancel := context.WithTimeoutCause(ctx, limit, status(http.StatusGatewayTimeout, "DEADLINE_EXCEEDED",
		"An earlier request with requestId %q is still running.", o.request))
	defer cancel()
	var records []*integrations.Record
	for _, id := range ids {
		r, err := s.awaitOne(ctx, o, id)
		if err != nil {
			return nil, err
		}
		records = append(records, r)
	}
	return records, nil
}

func (s *Service) awaitOne(ctx context.Context, o *order, id string) (*integrations.Record, error) {
	for {
		e, ok := s.records.summary(id)
		if ok && (e.State.Ended() || e.State == integrations.Suspended) {
			r, _, err := s.records.read(ctx, id)
			return r, err
		}
		if !ok {
			if err := s.stillComing(ctx, o, id); err != nil {
				return nil, err
			}
		}
		if !delay.For(ctx, pollPause) {
			return nil, context.Cause(ctx)
		}
	}
}

// stillComing returns an error when the execution of an earlier request will not be found.
func (s *Service) stillComing(ctx context.Context, o *order, id string) error {
	c, _, err := s.requests.read(ctx, o.key())
	switch {
	case errors.Is(err, state.ErrNotFound) || err == nil && s.requests.lost(c):
		return errGone
	case err != nil:
		return err
	case c.Done:
		if _, ok := s.records.summary(id); ok {
			return nil // it has come meanwhile
		}
		return status(http.StatusConflict, "ALREADY_EXISTS", "The request %q was executed before as %s; its response is not kept any more.", o.request, id)
	}
	return nil
}
