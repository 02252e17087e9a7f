package integrations

import (
	"cmp"
	"context"

	"sluice/flow"
)

// Service returns the engine as the service that policies and IntegrationEndpoints
// use. region stands in for calls that name none.
func (e *Engine) Service(region string) flow.Integrations { return service{e, region} }

type service struct {
	engine *Engine
	region string
}

// Run executes or schedules an integration; see flow.Integrations.
func (s service) Run(ctx context.Context, c flow.IntegrationCall) (*flow.Message, error) {
	run := s.engine.Execute
	if c.Schedule {
		run = s.engine.Schedule
	}
	a, err := run(ctx, Call{Project: c.Project, Region: cmp.Or(c.Region, s.region), Name: c.Name, Body: c.Body})
	if err != nil {
		return nil, err
	}
	return a.Message(), nil
}
