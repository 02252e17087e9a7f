package appint

import (
	"context"
	"encoding/json"
	"errors"

	"sluice/internal/integrations"
)

type cancelRequest struct {
	Reason string `json:"cancelReason"`
}

type cancelResponse struct {
	IsCanceled bool `json:"isCanceled"`
}

// cancelExecution ends an execution that is pending, suspended or on hold; others are refused
// (page "Cancel executions").
func (s *Service) cancelExecution(q *request) (any, error) {
	var c cancelRequest
	if err := q.message(&c); err != nil {
		return nil, err
	}
	r, err := s.find(q)
	if err != nil {
		return nil, err
	}
	err = s.whereItRuns(r.ID, func() error { return s.engine.Cancel(q.Context(), r.ID) })
	if errors.Is(err, integrations.ErrNotHere) {
		err = s.changeOnDisk(q.Context(), r.ID, func(r *integrations.Record) error {
			return r.Cancel(orElse(c.Reason, "The execution was cancelled."), s.o.Now())
		})
	}
	return cancelResponse{true}, err
}

// whereItRuns does something to an execution in the engine. One that is suspended on disk is not
// there, although the engine may take a moment yet to see that.
func (s *Service) whereItRuns(id string, do func() error) error {
	if e, ok := s.records.lasting.get(id); ok && e.State == integrations.Suspended {
		return integrations.ErrNotHere
	}
	return do()
}

func orElse(text, other string) string {
	if text == "" {
		return other
	}
	return text
}

// changeOnDisk changes an execution that runs nowhere. If it has not ended then, it goes on.
func (s *Service) changeOnDisk(ctx context.Context, id string, change func(*integrations.Record) error) error {
	r, h, err := s.records.read(ctx, id)
	if err != nil {
		return err
	}
	if owner := h.summary.Owner; owner != "" && owner != s.records.process && s.owners.has(owner) {
		return status(409, "ABORTED", "Execution %s runs in another process just now; repeat the request.", id)
	}
	if err := change(r); err != nil {
		return err
	}
	as := summarize(r, s.records.process)
	if !r.State.Ended() {
		as.Owner, as.Due = "", s.o.Now() // whoever the queue gives it to
	}
	return s.records.write(ctx, r, as, h)
}

// replayRequest is the body of executions.replay. updateMask names the modifiedParameters.
type replayRequest struct {
	Mode       string                     `json:"replayMode"`
	Reason     string                     `json:"replayReason"`
	Parameters map[string]json.RawMessage `json:"modifiedParameters"`
	UpdateMask string                     `json:"updateMask"`
}

type replayResponse struct {
	ExecutionID      string          `json:"executionId"`
	ReplayedID       string          `json:"replayedExecutionId"`
	OutputParameters json.RawMessage `json:"outputParameters,omitempty"`
}

// replayExecution runs an ended execution again and waits for the end.
func (s *Service) replayExecution(q *request) (any, error) {
	var p replayRequest
	if err := q.message(&p); err != nil {
		return nil, err
	}
	switch p.Mode {
	case "", "REPLAY_MODE_UNSPECIFIED":
		p.Mode = "REPLAY_MODE_FROM_BEGINNING"
	case "REPLAY_MODE_FROM_BEGINNING", "REPLAY_MODE_POINT_OF_FAILURE":
	default:
		return nil, invalid("replayMode %q is not REPLAY_MODE_FROM_BEGINNING or REPLAY_MODE_POINT_OF_FAILURE.", p.Mode)
	}
	modified, err := plainValues(p.Parameters)
	if err != nil {
		return nil, err
	}
	of, err := s.find(q)
	if err != nil {
		return nil, err
	}
	return s.replay(q.Context(), of, p, modified)
}

func (s *Service) replay(ctx context.Context, of *integrations.Record, p replayRequest, modified map[string]json.RawMessage) (any, error) {
	if !of.State.Ended() {
		return nil, precondition("Execution %s is %s; only one that has ended can be replayed.", of.ID, of.State)
	}
	if err := s.versions.ready(ctx, of.Integration, of.Version); err != nil {
		return nil, err
	}
	r, err := s.engine.Replay(ctx, of, p.Mode, p.Reason, modified)
	if err != nil {
		return nil, err
	}
	if err := s.engine.Resume(ctx, r); err != nil {
		return nil, err
	}
	if a := r.Answer(); a.Status >= 400 {
		return reply{a.Status, a.Body}, nil
	}
	return replayResponse{r.ID, of.ID, r.Outputs}, nil
}
