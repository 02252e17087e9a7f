package appint

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"sluice/internal/integrations"
	"sluice/internal/ordjson"
	"sluice/internal/state"
)

// find returns an execution of the integration in the path: one that runs here as it is now.
func (s *Service) find(q *request) (*integrations.Record, error) {
	id := q.PathValue("execution")
	r := s.here()[id]
	if r == nil {
		var err error
		r, _, err = s.records.read(q.Context(), id)
		if errors.Is(err, state.ErrNotFound) {
			r, err = nil, nil
		}
		if err != nil {
			return nil, err
		}
	}
	if name := q.PathValue("integration"); r == nil || name != "-" && name != r.Integration {
		return nil, notFound("Execution %q of integration %q was not found.", id, q.PathValue("integration"))
	}
	return r, nil
}

// here are the executions that run in this process, as they are now.
func (s *Service) here() map[string]*integrations.Record {
	all := map[string]*integrations.Record{}
	for _, r := range s.engine.Executions("") {
		if !r.State.Ended() && r.State != integrations.Suspended && !r.Started.IsZero() {
			all[r.ID] = &r
		}
	}
	return all
}

// shapeOf prepares the resource of an execution.
func (s *Service) shapeOf(ctx context.Context, q *request, r *integrations.Record) shape {
	f := shape{name: q.integration(r.Integration) + "/executions/" + r.ID}
	v, _, err := s.versions.get(ctx, r.Integration, r.Version)
	if err != nil {
		return f // deleted since, or a test's
	}
	f.version = *v
	if document, err := ordjson.Parse(v.Document); err == nil {
		f.types = dataTypes(document)
	}
	return f
}

func (s *Service) getExecution(q *request) (any, error) {
	r, err := s.find(q)
	if err != nil {
		return nil, err
	}
	return s.shapeOf(q.Context(), q, r).execution(r), nil
}

type downloadExecutionResponse struct {
	Content string `json:"content"`
}

// downloadExecution answers with the whole record: every task with what it read and set, and its
// error. Google's form of content is not documented.
func (s *Service) downloadExecution(q *request) (any, error) {
	r, err := s.find(q)
	if err != nil {
		return nil, err
	}
	content, err := json.MarshalIndent(r, "", "  ")
	return downloadExecutionResponse{string(content)}, err
}

type listExecutionsResponse struct {
	Executions     []executionResource `json:"executions,omitempty"`
	ExecutionInfos []legacyExecution   `json:"executionInfos,omitempty"`
	NextPageToken  string              `json:"nextPageToken,omitempty"`
}

func (s *Service) listExecutions(q *request) (any, error) {
	wanted, err := readExecutionFilter(q)
	if err != nil {
		return nil, err
	}
	list := s.known(q.PathValue("integration"))
	list = slices.DeleteFunc(list, func(e summary) bool { return !wanted.holds(e) })
	if list, err = s.thatHold(q.Context(), list, wanted); err != nil {
		return nil, err
	}
	part, next, err := listed(q, list, summary.field, executionFields...)
	answer, here := listExecutionsResponse{NextPageToken: next}, s.here()
	for _, e := range part {
		r := here[e.ID]
		if r == nil {
			if r, _, err = s.records.read(q.Context(), e.ID); err != nil {
				continue // its life ended meanwhile
			}
		}
		f := s.shapeOf(q.Context(), q, r)
		f.noParams = q.parameter("truncateParams") == "true"
		answer.Executions = append(answer.Executions, f.execution(r))
		answer.ExecutionInfos = append(answer.ExecutionInfos, f.legacy(r))
	}
	return answer, err
}

// known are the executions of an integration, the newest first: those on disk, and those that run
// here with somebody waiting.
func (s *Service) known(integration string) []summary {
	of := func(e summary) bool { return integration == "-" || e.Integration == integration }
	list := append(s.records.lasting.list(of), s.records.past.list(of)...)
	there := map[string]int{}
	for i, e := range list {
		there[e.ID] = i
	}
	for _, r := range s.here() {
		e := summarize(r, s.records.process)
		i, ok := there[e.ID]
		switch {
		case !of(e):
		case ok && !list[i].State.Ended():
			list[i].State = e.State // on hold, for example
		case !ok:
			list = append(list, e)
		}
	}
	slices.SortFunc(list, func(a, b summary) int {
		if c := b.Created.Compare(a.Created); c != 0 {
			return c
		}
		return strings.Compare(a.ID, b.ID)
	})
	return list
}
