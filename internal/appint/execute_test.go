package appint

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"sluice/flow"
	"sluice/internal/integrations"
	"sluice/internal/state"
)

func TestExecute(t *testing.T) {
	s, tg := newServer(t), newTarget(t)
	s.load("chain", chain(2))
	code, body := s.call("POST", "/integrations/chain:execute", input(tg.URL))
	if code != 200 || !strings.HasSuffix(body, `"outputParameters":{"a1":"1 answered","a2":"2 answered"}}`) {
		t.Errorf("%d %s", code, body)
	}
	for _, c := range []struct {
		name, path, body string
		code             int
		want             string
	}{
		{"snake case", "/integrations/chain:execute", strings.NewReplacer("triggerId", "trigger_id", "inputParameters", "input_parameters", "stringValue", "string_value").Replace(input(tg.URL)), 200, `"a2":"2 answered"`},
		{"deprecated parameterEntries", "/integrations/chain:execute", fmt.Sprintf(`{"triggerId":"api_trigger/run","parameterEntries":[{"key":"url","value":{"stringValue":%q},"dataType":"STRING_VALUE"}]}`, tg.URL), 200, `"a2":"2 answered"`},
		{"deprecated parameters", "/integrations/chain:execute", fmt.Sprintf(`{"triggerId":"api_trigger/run","parameters":{"parameters":[{"key":"url","value":{"stringValue":%q}}]}}`, tg.URL), 200, `"a2":"2 answered"`},
		{"any integration with the trigger", "/integrations/-:execute", input(tg.URL), 200, `"a2":"2 answered"`},
		{"no integration with the trigger", "/integrations/-:execute", `{"triggerId":"api_trigger/other"}`, 404, `"status":"NOT_FOUND"`},
		{"unknown integration", "/integrations/other:execute", input(tg.URL), 404, `Integration \"other\" was not found in projects/p/locations/us-central1.`},
		{"unknown field", "/integrations/chain:execute", `{"triggerId":"api_trigger/run","scheduleTime":"2026-01-01T00:00:00Z"}`, 400, `Unknown name \"scheduleTime\": Cannot find field.`},
		{"no trigger", "/integrations/chain:execute", `{}`, 400, `triggerId is required`},
		{"unknown method", "/integrations/chain:explode", `{}`, 501, `"status":"UNIMPLEMENTED"`},
		{"failure", "/integrations/chain:execute", input("http://127.0.0.1:1"), 500, `"status":"INTERNAL"`},
		{"failure, not propagated", "/integrations/chain:execute", strings.Replace(input("http://127.0.0.1:1"), "{", `{"doNotPropagateError":true,`, 1), 200, `"executionFailed":true`},
	} {
		code, body := s.call("POST", c.path, c.body)
		if code != c.code || !strings.Contains(body, c.want) {
			t.Errorf("%s: %d %s, want %d %s", c.name, code, body, c.code, c.want)
		}
	}
}

// All spellings of a path reach the same method.
func TestPaths(t *testing.T) {
	for from, want := range map[string]string{
		"/v1/projects/p/locations/l/integrations/n:execute":                          "/projects/p/locations/l/integrations/n/:execute",
		"/v1alpha/projects/p/locations/l/integrations/n:execute":                     "/projects/p/locations/l/integrations/n/:execute",
		"/v2/projects/example.com:p/locations/l/integrations/n:schedule":             "/projects/example.com:p/locations/l/integrations/n/:schedule",
		"/v1/projects/p/locations/l/products/apigee/integrations/n:execute":          "/projects/p/locations/l/integrations/n/:execute",
		"/v1/projects/p/locations/l/integrations/n/executions/e/:cancel":             "/projects/p/locations/l/integrations/n/executions/e/:cancel",
		"/v1/projects/p/locations/l/integrations/-/executions/e/suspensions/s/:lift": "/projects/p/locations/l/integrations/-/executions/e/suspensions/s/:lift",
		"/v1/projects/p/locations/l/integrations/":                                   "/projects/p/locations/l/integrations",
		"/v1/projects/p/locations/l:generateOpenApiSpec":                             "/projects/p/locations/l/:generateOpenApiSpec",
		"/v1/projects/p": "",
		"/v3/projects/p/locations/l/integrations": "",
		"/": "",
	} {
		if got, _ := canonical(from); got != want {
			t.Errorf("%s is %s, want %s", from, got, want)
		}
	}
	s := newServer(t)
	for _, path := range []string{"", "/x", "/integrations"} {
		s.url = strings.TrimSuffix(s.url, "/v1/projects/p/locations/us-central1")
		if code, body := s.call("GET", path, ""); code != 404 || !strings.Contains(body, "Paths begin with /v1/projects/") {
			t.Errorf("%q: %d %s", path, code, body)
		}
	}
}

func TestRepeatedRequestsRunOnce(t *testing.T) {
	s, tg := newServer(t), newTarget(t)
	s.load("chain", chain(1))
	body := strings.Replace(input(tg.URL), "{", `{"requestId":"r1",`, 1)
	_, first := s.call("POST", "/integrations/chain:execute", body)
	for range 3 {
		if code, again := s.call("POST", "/integrations/chain:execute", body); code != 200 || again != first {
			t.Errorf("again %d %s, first %s", code, again, first)
		}
	}
	if calls := tg.called(); len(calls) != 1 {
		t.Errorf("called %v", calls)
	}
	// The same id for another method is another request.
	id := s.scheduled("chain", body)
	if again := s.scheduled("chain", body); again != id || strings.Contains(first, id) {
		t.Errorf("scheduled %s and %s", id, again)
	}
	s.reaches(id, integrations.Succeeded)
	if calls := tg.called(); len(calls) != 2 {
		t.Errorf("called %v", calls)
	}
}

// A repeat that comes while the first request runs waits for it.
func TestRepeatWaits(t *testing.T) {
	s, tg := newServer(t), newTarget(t)
	s.load("chain", chain(1))
	called, release := make(chan struct{}, 10), make(chan struct{})
	tg.answer = func(w http.ResponseWriter, _ *http.Request) {
		called <- struct{}{}
		<-release
		_, _ = io.WriteString(w, "late")
	}
	body := strings.Replace(input(tg.URL), "{", `{"requestId":"r1",`, 1)
	answers := make(chan string, 5)
	var all sync.WaitGroup
	for range 5 {
		all.Go(func() {
			code, body := s.call("POST", "/integrations/chain:execute", body)
			answers <- fmt.Sprint(code, body)
		})
	}
	<-called
	close(release)
	all.Wait()
	first := <-answers
	for range 4 {
		if a := <-answers; a != first || !strings.Contains(a, `"a1":"late"`) {
			t.Errorf("%s, and %s", first, a)
		}
	}
	if calls := tg.called(); len(calls) != 1 {
		t.Errorf("called %v", calls)
	}
}

// A request that was refused may be repeated.
func TestRefusedRequestsAreNotRemembered(t *testing.T) {
	s, tg := newServer(t), newTarget(t)
	s.load("chain", chain(1))
	bad := `{"requestId":"r1","triggerId":"api_trigger/run","inputParameters":{"url":{"intValue":"5"}}}`
	if code, body := s.call("POST", "/integrations/chain:execute", bad); code != 400 {
		t.Errorf("%d %s", code, body)
	}
	if code, body := s.call("POST", "/integrations/chain:execute", strings.Replace(input(tg.URL), "{", `{"requestId":"r1",`, 1)); code != 200 {
		t.Errorf("%d %s", code, body)
	}
}

func TestAllIntegrationsWithATriggerRun(t *testing.T) {
	s, tg := newServer(t), newTarget(t)
	s.load("one", chain(1))
	s.load("two", chain(2))
	var answer scheduleResponse
	s.get(&answer, "POST", "/integrations/-:schedule", input(tg.URL))
	if len(answer.ExecutionInfoIDs) != 2 {
		t.Fatal(answer)
	}
	for _, id := range answer.ExecutionInfoIDs {
		s.reaches(id, integrations.Succeeded)
	}
	if code, body := s.call("POST", "/integrations/-:execute", input(tg.URL)); code != 200 || len(tg.called()) != 6 {
		t.Errorf("%d %s, %v", code, body, tg.called())
	}
}

func TestServerTimeout(t *testing.T) {
	s, tg := newServer(t), newTarget(t)
	s.load("chain", chain(1))
	tg.answer = func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }
	for header, want := range map[string]int{"0.05": 504, "0": 400, "soon": 400, "NaN": 400} {
		r, err := http.NewRequest("POST", s.url+"/integrations/chain:execute", strings.NewReader(input(tg.URL)))
		check(t, err)
		r.Header.Set("X-Server-Timeout", header)
		answer, err := http.DefaultClient.Do(r)
		check(t, err)
		_ = answer.Body.Close()
		if answer.StatusCode != want {
			t.Errorf("X-Server-Timeout %s: %s, want %d", header, answer.Status, want)
		}
	}
	var list listExecutionsResponse
	s.get(&list, "GET", "/integrations/chain/executions?filter=state%3DCANCELLED", "")
	if len(list.Executions) != 1 {
		t.Errorf("%d cancelled executions", len(list.Executions))
	}
}

func TestUserGeneratedExecutionID(t *testing.T) {
	s, tg := newServer(t), newTarget(t)
	s.load("chain", chain(1))
	body := strings.Replace(input(tg.URL), "{", `{"userGeneratedExecutionId":"my-id_1",`, 1)
	if id := s.scheduled("chain", body); id != "my-id_1" {
		t.Error(id)
	}
	s.reaches("my-id_1", integrations.Succeeded)
	if code, body := s.call("POST", "/integrations/chain:schedule", strings.Replace(body, tg.URL, "http://other", 1)); code != 409 {
		t.Errorf("the same id with other inputs: %d %s", code, body)
	}
	if code, body := s.call("POST", "/integrations/chain:schedule", strings.Replace(body, "my-id_1", "a.b", 1)); code != 400 {
		t.Errorf("%d %s", code, body)
	}
}

func TestTestRunsADraft(t *testing.T) {
	s, tg := newServer(t), newTarget(t)
	body := fmt.Sprintf(`{"clientId":"default","triggerId":"api_trigger/run","integrationVersion":%s,"inputParameters":{"url":{"stringValue":%q},"count":{"doubleValue":4}}}`, chain(1), tg.URL)
	var answer testResponse
	s.get(&answer, "POST", "/integrations/draft:test", body)
	if got := answer.Parameters["a1"].String; got == nil || *got != "1 answered" || string(answer.Parameters["count"].Double) != "4" {
		t.Errorf("%+v", answer)
	}
	if names := s.engine.Names(); len(names) != 0 {
		t.Errorf("the draft is published: %v", names)
	}
	if code, body := s.call("POST", "/integrations/draft:test", `{"triggerId":"x","integrationVersion":{"taskConfigs":[{"task":"NoSuchTask","taskId":"1"}]}}`); code != 400 || !strings.Contains(body, "NoSuchTask") {
		t.Errorf("%d %s", code, body)
	}
}

// Policies use the same executions as the API.
func TestRunForPolicies(t *testing.T) {
	s, tg := newServer(t), newTarget(t)
	s.load("chain", chain(1))
	m, err := s.Run(t.Context(), flow.IntegrationCall{Project: "p", Name: "chain", Body: []byte(input(tg.URL))})
	check(t, err)
	body, err := m.Content()
	check(t, err)
	if m.Status != 200 || !strings.Contains(string(body), `"a1":"1 answered"`) {
		t.Errorf("%d %s", m.Status, body)
	}
	m, err = s.Run(t.Context(), flow.IntegrationCall{Project: "p", Name: "chain", Schedule: true, Body: []byte(input(tg.URL))})
	check(t, err)
	if body, _ = m.Content(); m.Status != 200 || !strings.HasPrefix(string(body), `{"executionInfoIds":["`) {
		t.Errorf("%d %s", m.Status, body)
	}
	m, err = s.Run(t.Context(), flow.IntegrationCall{Project: "p", Name: "other", Body: []byte(input(tg.URL))})
	check(t, err)
	if body, _ = m.Content(); m.Status != 404 || !strings.Contains(string(body), `"status":"NOT_FOUND"`) {
		t.Errorf("%d %s", m.Status, body)
	}
}

// TestRefusedCallsAreReported: a policy's fault rule may hide why a call was refused.
func TestRefusedCallsAreReported(t *testing.T) {
	var reports []integrations.Report
	n := start(t, state.NewMemory(time.Now), integrations.Options{Failed: func(r integrations.Report) { reports = append(reports, r) }}, Options{})
	defer func() { check(t, n.Close()) }()
	if bad := n.Load("chain", chain(1)); bad != nil {
		t.Fatal(bad)
	}
	for _, c := range []struct{ name, body, want string }{
		{"other", input("http://x"), `Integration "other" was not found in projects/p/locations/r.`},
		{"chain", `{"triggerId":"api_trigger/other"}`, `Trigger "api_trigger/other" was not found in integration "chain".`},
		{"chain", `{"triggerId":"api_trigger/run","inputParameters":{"count":{"stringValue":"4111"}}}`, `Input parameter "count" must be of type DOUBLE_VALUE, but a value of type STRING_VALUE was given.`},
	} {
		_, err := n.Run(t.Context(), flow.IntegrationCall{Project: "p", Region: "r", Name: c.name, Body: []byte(c.body)})
		check(t, err)
		if last := len(reports) - 1; last < 0 || reports[last].Reason != c.want || reports[last].Integration != c.name {
			t.Errorf("got %+v, want %s", reports, c.want)
		}
	}
	if len(reports) != 3 {
		t.Errorf("%d reports", len(reports))
	}
}

func TestClosedServiceRefuses(t *testing.T) {
	s := start(t, state.NewMemory(time.Now), integrations.Options{}, Options{})
	if bad := s.Load("chain", chain(1)); bad != nil {
		t.Fatal(bad)
	}
	check(t, s.Close())
	m, err := s.Run(t.Context(), flow.IntegrationCall{Name: "chain", Body: []byte(input("http://x"))})
	check(t, err)
	if m.Status != 503 {
		t.Error(m.Status)
	}
}
