package appint

import (
	"cmp"
	"context"
	"encoding/json"
	"net/http"

	"sluice/flow"
	"sluice/internal/integrations"
)

var _ flow.Integrations = (*Service)(nil)

// Run executes or schedules an integration for a policy or an IntegrationEndpoint: the same call as
// through the REST API. See flow.Integrations.
func (s *Service) Run(ctx context.Context, c flow.IntegrationCall) (*flow.Message, error) {
	call := integrations.Call{Project: c.Project, Region: cmp.Or(c.Region, s.o.Region), Name: c.Name, Body: c.Body}
	a, err := s.answer(ctx, call, c.Schedule)
	if err != nil {
		return nil, err
	}
	return a.Message(), nil
}

// answer is what the API answers to a call, an error too. The error is that of ctx, when it
// ended first.
func (s *Service) answer(ctx context.Context, c integrations.Call, scheduled bool) (integrations.Answer, error) {
	a, err := s.perform(ctx, c, scheduled)
	if err == nil {
		return a, nil
	}
	if ctx.Err() != nil {
		return integrations.Answer{}, ctx.Err()
	}
	body := bodyOf(err)
	s.failed(integrations.Report{Integration: c.Name, Status: body.Error.Status, Reason: integrations.ReasonOf(err)})
	a = integrations.Answer{Status: body.Error.Code}
	a.Body, err = json.Marshal(body)
	return a, err
}

func (s *Service) perform(ctx context.Context, c integrations.Call, scheduled bool) (integrations.Answer, error) {
	if !scheduled {
		return s.execute(ctx, c)
	}
	ids, err := s.schedule(ctx, c)
	if err != nil {
		return integrations.Answer{}, err
	}
	body, err := json.Marshal(scheduleResponse{ids})
	return integrations.Answer{Status: http.StatusOK, Body: body}, err
}

type scheduleResponse struct {
	ExecutionInfoIDs []string `json:"executionInfoIds"`
}
