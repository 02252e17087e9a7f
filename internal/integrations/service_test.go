package integrations

import (
	"context"
	"errors"
	"strings"
	"testing"

	"sluice/flow"
)

func TestService(t *testing.T) {
	e := newEngine(t, Options{NewID: func() string { return "id-1" }}, "greeting")
	service := e.Service("europe-west1")
	body := []byte(`{"triggerId":"api_trigger/greeting_API_1"}`)
	for _, c := range []struct {
		call   flow.IntegrationCall
		status int
		text   string
	}{
		{flow.IntegrationCall{Project: "p", Name: "greeting", Body: body}, 200, `"executionId":"id-1"`},
		{flow.IntegrationCall{Project: "p", Name: "greeting", Body: body, Schedule: true}, 200, `{"executionInfoIds":["id-1"]}`},
		{flow.IntegrationCall{Project: "p", Name: "nothing", Body: body}, 404, "projects/p/locations/europe-west1"},
		{flow.IntegrationCall{Project: "p", Region: "us-east1", Name: "nothing", Body: body}, 404, "projects/p/locations/us-east1"},
	} {
		m, err := service.Run(t.Context(), c.call)
		if err != nil {
			t.Fatal(err)
		}
		content, err := m.Content()
		if err != nil || m.Status != c.status || m.Kind != flow.Response || m.MediaType() != "application/json" || !strings.Contains(string(content), c.text) {
			t.Errorf("%+v: %d %s %v", c.call, m.Status, content, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := service.Run(ctx, flow.IntegrationCall{Name: "greeting", Body: body}); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled call gives %v", err)
	}
}
