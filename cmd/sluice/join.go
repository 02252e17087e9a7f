package main

import (
	"context"

	"sluice/flow"
	"sluice/internal/integrations"
)

type adapter struct{ e *integrations.Engine }

func (a adapter) Run(ctx context.Context, c flow.IntegrationCall) (*flow.Message, error) {
	do := a.e.Execute
	if c.Schedule {
		do = a.e.Schedule
	}
	ans, err := do(ctx, integrations.Call{Project: c.Project, Region: c.Region, Name: c.Name, Body: c.Body})
	if err != nil {
		return nil, err
	}
	m := flow.NewResponse()
	m.Status = ans.Status
	m.Header.Set("Content-Type", "application/json")
	m.SetContent(ans.Body)
	return m, nil
}

func (r *runtime) joinIntegrations() error {
	r.engine = newLocalEngine(r.network)
	r.services.Integrations = adapter{r.engine.engine}
	return nil
}
