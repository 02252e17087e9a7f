package policies_test

import (
	"context"
	"errors"
	"io"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"sluice/flow"
)

// calloutRequest puts what SetIntegrationRequest would make into x.
func calloutRequest(x *flow.Exchange, body string) *flow.Message {
	m := flow.NewRequest()
	m.SetContent([]byte(body))
	x.SetMessage("integration.request", m)
	x.Put("integration.project.id", flow.Text("acme"))
	x.Put("integration.name", flow.Text("orders"))
	x.Put("integration.region", flow.Text("us-central1"))
	return m
}

const plainCallout = "<IntegrationCallout name='P'><Request>integration.request</Request></IntegrationCallout>"

func TestIntegrationCalloutCall(t *testing.T) {
	const scheduled = `{"triggerId":"t","scheduleTime":"2022-01-15T01:30:15Z","inputParameters":{}}`
	tests := []struct {
		async, body, sent string
	}{
		{"", `{"triggerId":"t"}`, `{"triggerId":"t"}`},
		{"<AsyncExecution>false</AsyncExecution>", scheduled, `{"inputParameters":{},"triggerId":"t"}`},
		{"<AsyncExecution> true </AsyncExecution>", scheduled, scheduled},
		{"", `not JSON with "scheduleTime"`, `not JSON with "scheduleTime"`},
		{"", `{"triggerId":"\"scheduleTime\"", "a": "\"scheduleTime\""}`, `{"triggerId":"\"scheduleTime\"", "a": "\"scheduleTime\""}`},
	}
	for _, tt := range tests {
		var got flow.IntegrationCall
		service := integrationService(func(ctx context.Context, call flow.IntegrationCall) (*flow.Message, error) {
			got = call
			return answering(200, `{"executionId":"e1"}`)(ctx, call)
		})
		p := mustCompileCallout(t, "<IntegrationCallout name='P'>"+tt.async+"<Request>integration.request</Request></IntegrationCallout>", service)
		x := calloutExchange(flow.NewRequest())
		calloutRequest(x, tt.body)
		if err := p.Execute(context.Background(), x); err != nil {
			t.Fatal(err)
		}
		if got.Account != "runner@acme" || got.Project != "acme" || got.Region != "us-central1" || got.Name != "orders" {
			t.Errorf("called %+v", got)
		}
		if string(got.Body) != tt.sent {
			t.Errorf("sent %s, want %s", got.Body, tt.sent)
		}
		if want := tt.async != "" && got.Schedule || tt.sent != scheduled && !got.Schedule; !want {
			t.Errorf("%s: schedule is %v", tt.async, got.Schedule)
		}
		if got := x.Lookup("integration.response.content").String(); got != `{"executionId":"e1"}` {
			t.Errorf("integration.response.content is %s", got)
		}
	}
}

func TestIntegrationCalloutClearsPayload(t *testing.T) {
	for attribute, want := range map[string]string{"": "", `clearPayload="true"`: "", `clearPayload="false"`: "{}"} {
		p := mustCompileCallout(t, "<IntegrationCallout name='P'><Request "+attribute+">integration.request</Request><Response>mine</Response></IntegrationCallout>", answering(200, "{}"))
		x := calloutExchange(flow.NewRequest())
		calloutRequest(x, "{}")
		if err := p.Execute(context.Background(), x); err != nil {
			t.Fatal(err)
		}
		if got := x.Lookup("integration.request.content").String(); got != want {
			t.Errorf("%s: the payload is %q afterwards", attribute, got)
		}
		if got := x.Lookup("mine.status.code").String(); got != "200" {
			t.Errorf("mine.status.code is %q", got)
		}
	}
}

type integrationTimeout struct{ error }

func (integrationTimeout) Timeout() bool { return true }

func TestIntegrationCalloutFaults(t *testing.T) {
	failing := func(err error) integrationService {
		return func(context.Context, flow.IntegrationCall) (*flow.Message, error) { return nil, err }
	}
	set := func(name string, v flow.Value) func(*flow.Exchange) {
		return func(x *flow.Exchange) {
			x.Remove(name)
			if !v.IsNull() {
				x.Put(name, v)
			}
		}
	}
	ok := answering(200, "{}")
	tests := []struct {
		what    string
		service integrationService
		prepare func(*flow.Exchange)
		code    string
		reason  string
	}{
		{"no request", ok, set("integration.request", flow.Value{}), "steps.integrationcallout.NullRequestVariable",
			"IntegrationCallout[P]: request variable integration.request value is null"},
		{"text", ok, set("integration.request", flow.Text("{}")), "steps.integrationcallout.RequestVariableNotMessageType",
			"IntegrationCallout[P]: request variable integration.request value is not of type Message"},
		{"response", ok, set("integration.request", flow.MessageValue(flow.NewResponse())), "steps.integrationcallout.RequestVariableNotRequestMessageType",
			"IntegrationCallout[P]: request variable integration.request value is not of type Request Message"},
		{"no project", ok, set("integration.project.id", flow.Value{}), "entities.UnresolvedVariable", "Unresolved variable : integration.project.id"},
		{"blank name", ok, set("integration.name", flow.Text(" ")), "entities.UnresolvedVariable", "Unresolved variable : integration.name"},
		{"not found", answering(404, "{}"), nil, "steps.integrationcallout.ExecutionFailed",
			"Execution of IntegrationCallout P failed. Reason: ResponseCode 404 is treated as error"},
		{"broken", answering(500, "{}"), nil, "steps.integrationcallout.ExecutionFailed",
			"Execution of IntegrationCallout P failed. Reason: ResponseCode 500 is treated as error"},
		{"timeout", failing(integrationTimeout{io.EOF}), nil, "steps.integrationcallout.ExecutionFailed",
			"Execution of IntegrationCallout P failed. Reason: timeout occurred"},
		{"connection", failing(errors.New("dial tcp 10.0.0.1: refused")), nil, "steps.integrationcallout.ExecutionFailed",
			"Execution of IntegrationCallout P failed. Reason: no answer from the integration service"},
		{"token", failing(&flow.TokenError{Err: errors.New("no such account")}), nil, "messaging.adaptors.http.filter.GoogleTokenGenerationFailure", ""},
	}
	for _, tt := range tests {
		x := calloutExchange(flow.NewRequest())
		calloutRequest(x, "{}")
		if tt.prepare != nil {
			tt.prepare(x)
		}
		err := mustCompileCallout(t, plainCallout, tt.service).Execute(context.Background(), x)
		if err == nil {
			t.Errorf("%s: no fault", tt.what)
			continue
		}
		f := flow.FaultOf(err).At("P", "", "")
		if f.Code() != tt.code || f.Status != 500 || tt.reason != "" && f.Reason != tt.reason {
			t.Errorf("%s: %d %s %q", tt.what, f.Status, f.Code(), f.Reason)
		}
	}
}

// TestIntegrationCalloutKeepsErrorAnswer: a step after a callout with
// continueOnError reads what the service said.
func TestIntegrationCalloutKeepsErrorAnswer(t *testing.T) {
	x := calloutExchange(flow.NewRequest())
	calloutRequest(x, "{}")
	step := flow.Step{Name: "P", ContinueOnError: true, Policy: mustCompileCallout(t, plainCallout, answering(403, `{"error":{}}`))}
	if err := flow.RunSteps(context.Background(), x, []flow.Step{step}); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"integration.response.status.code": "403", "integration.response.content": `{"error":{}}`, "fault.name": "ExecutionFailed",
	} {
		if got := x.Lookup(name).String(); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
}

// TestIntegrationCalloutLimit: a service that never answers, in virtual time.
func TestIntegrationCalloutLimit(t *testing.T) {
	hanging := integrationService(func(ctx context.Context, _ flow.IntegrationCall) (*flow.Message, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	})
	p := mustCompileCallout(t, plainCallout, hanging)
	synctest.Test(t, func(t *testing.T) {
		x := calloutExchange(flow.NewRequest())
		calloutRequest(x, "{}")
		start := time.Now()
		err := p.Execute(context.Background(), x)
		if got := calloutFault(t, err); got != "ExecutionFailed" || time.Since(start) != 2*time.Minute {
			t.Errorf("%q after %v, want ExecutionFailed after two minutes", got, time.Since(start))
		}
	})
	synctest.Test(t, func(t *testing.T) {
		x := calloutExchange(flow.NewRequest())
		calloutRequest(x, "{}")
		ctx, cancel := context.WithCancel(context.Background())
		time.AfterFunc(time.Second, cancel)
		if err := p.Execute(ctx, x); err != context.Canceled {
			t.Errorf("%v for a client that is gone, want context.Canceled", err)
		}
	})
}

func TestIntegrationCalloutDeployment(t *testing.T) {
	tests := []struct {
		elements string
		service  flow.Integrations
		want     []string
	}{
		{"<Request>r</Request>", answering(200, ""), nil},
		{"<Request>r</Request>", nil, []string{"error MissingService"}},
		{"", answering(200, ""), []string{"error MissingRequest"}},
		{"<Request> </Request>", answering(200, ""), []string{"error MissingRequest"}},
		{"<Request clearPayload='maybe'>r</Request>", answering(200, ""), []string{"error InvalidValue"}},
		{"<Request>r</Request><AsyncExecution>maybe</AsyncExecution>", answering(200, ""), []string{"error InvalidValue"}},
		{"<Request>r</Request><Authentication/>", answering(200, ""), []string{"warning UnknownElement"}},
	}
	for _, tt := range tests {
		_, b := compileCallout(t, "<IntegrationCallout name='P'>"+tt.elements+"</IntegrationCallout>", tt.service)
		if got := calloutProblems(b.Problems); !slices.Equal(got, tt.want) {
			t.Errorf("%s\n got %v\nwant %v", tt.elements, b.Problems, tt.want)
		}
	}
}
