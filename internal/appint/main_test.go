package appint

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"sluice/internal/integrations"
	"sluice/internal/state"
	"sluice/internal/tasks"
)

// children are what the test binary does when a test starts it again as another process, by the
// value of childEnv.
var children = map[string]func(){}

const childEnv = "SLUICE_APPINT_TEST_CHILD"

func TestMain(m *testing.M) {
	if child := children[os.Getenv(childEnv)]; child != nil {
		child()
		return
	}
	goleak.VerifyTestMain(m)
}

// testPatience is how long a test waits for what should happen, and an engine for its disk. It
// passes only in tests that fail, so it is far more than a busy machine needs.
const testPatience = 2 * time.Minute

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// chain is an integration of REST calls one after another: task N posts to $url$/N, and the
// answers are the outputs a1, a2 and so on.
func chain(tasks int) []byte {
	var list []any
	params := []any{
		variable("url", "STRING_VALUE", "IN"), variable("item", "JSON_VALUE", "IN"),
		variable("count", "DOUBLE_VALUE", "IN_OUT"),
	}
	for n := range tasks {
		list = append(list, restTask(n+1, n+1 < tasks))
		params = append(params, variable(fmt.Sprint("a", n+1), "STRING_VALUE", "OUT"))
	}
	return export(list, params)
}

func restTask(n int, more bool) any {
	answer := fmt.Sprintf("$a%d$", n)
	t := map[string]any{
		"task": "GenericRestV2Task", "taskId": fmt.Sprint(n), "displayName": fmt.Sprint("Call ", n),
		"parameters": parameters(map[string]any{
			"url": text(fmt.Sprintf("$url$/%d", n)), "httpMethod": text("POST"), "requestBody": text("$item$"),
			"throwError":   map[string]any{"booleanValue": true},
			"responseBody": map[string]any{"stringArray": map[string]any{"stringValues": []string{answer}}},
		}),
	}
	if more {
		t["nextTasks"] = []any{map[string]any{"taskId": fmt.Sprint(n + 1)}}
	}
	return t
}

// approval is an integration that waits for an approval, and then calls $url$/2.
func approval() []byte {
	wait := map[string]any{
		"task": "SuspensionTask", "taskId": "1", "displayName": "Approve",
		"parameters": parameters(map[string]any{
			"customMessage":        text("May it?"),
			"isApproved":           map[string]any{"stringArray": map[string]any{"stringValues": []string{"$approved$"}}},
			"suspensionExpiration": map[string]any{"jsonValue": `{"expireAfterMs": 3600000}`},
		}),
		"successPolicy": map[string]any{"finalState": "SUSPENDED"},
		"nextTasks":     []any{map[string]any{"taskId": "2", "condition": "$approved$ = true"}},
	}
	return export([]any{wait, restTask(2, false)}, []any{
		variable("url", "STRING_VALUE", "IN"), variable("item", "JSON_VALUE", "IN"),
		variable("approved", "BOOLEAN_VALUE", "OUT"), variable("a2", "STRING_VALUE", "OUT"),
	})
}

func export(tasks, variables []any) []byte {
	data, err := json.Marshal(map[string]any{
		"triggerConfigs": []any{map[string]any{
			"triggerType": "API", "triggerNumber": "1", "triggerId": "api_trigger/run", "startTasks": []any{map[string]any{"taskId": "1"}},
		}},
		"taskConfigs": tasks, "integrationParameters": variables,
	})
	if err != nil {
		panic(err)
	}
	return data
}

func variable(key, kind, direction string) any {
	return map[string]any{"key": key, "dataType": kind, "inputOutputType": direction}
}

func text(s string) any { return map[string]any{"stringValue": s} }

func parameters(values map[string]any) any {
	out := map[string]any{}
	for name, v := range values {
		out[name] = map[string]any{"key": name, "value": v}
	}
	return out
}

// target is a server that tasks call. It keeps what was called.
type target struct {
	*httptest.Server
	answer func(w http.ResponseWriter, r *http.Request) // nil answers "N answered"

	mu    sync.Mutex
	calls []string // path
	keys  []string // X-Idempotency-Key
}

func newTarget(t testing.TB) *target {
	tg := &target{}
	tg.Server = httptest.NewServer(tg)
	t.Cleanup(tg.Close)
	return tg
}

func (tg *target) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	tg.mu.Lock()
	tg.calls = append(tg.calls, r.URL.Path)
	tg.keys = append(tg.keys, r.Header.Get("X-Idempotency-Key"))
	tg.mu.Unlock()
	if tg.answer != nil {
		tg.answer(w, r)
		return
	}
	_, _ = io.WriteString(w, strings.TrimPrefix(r.URL.Path, "/")+" answered")
}

func (tg *target) called() []string {
	tg.mu.Lock()
	defer tg.mu.Unlock()
	return slices.Clone(tg.calls)
}

// server is a service behind its REST API.
type server struct {
	*Service
	t   testing.TB
	url string // up to and with the location
}

// open opens a service on a store, which the test closes.
func open(t testing.TB, store state.Engine, o Options) *server {
	t.Helper()
	if o.Log == nil {
		o.Log = func(err error) { t.Log("log: ", err) }
	}
	n := start(t, store, integrations.Options{Client: &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}}, o)
	h := httptest.NewServer(n.Handler())
	t.Cleanup(func() {
		h.Close()
		check(t, n.Close())
	})
	return &server{n.Service, t, h.URL + "/v1/projects/p/locations/us-central1"}
}

// node is a service with its queues.
type node struct {
	*Service
	queues *tasks.Service
	t      testing.TB
}

// start opens a node on a store.
func start(t testing.TB, store state.Engine, engine integrations.Options, o Options) *node {
	t.Helper()
	queues, err := tasks.New(t.Context(), store, tasks.Options{Later: true, Alone: o.Sole, Grace: time.Second})
	check(t, err)
	s, err := Open(t.Context(), store, queues, engine, o)
	check(t, err)
	queues.Start()
	return &node{s, queues, t}
}

// Close ends the node as a process does: what is under way first.
func (n *node) Close() error { return errors.Join(n.queues.Close(), n.Service.Close()) }

func newServer(t testing.TB) *server { return open(t, state.NewMemory(time.Now), Options{}) }

// load makes an export the published version.
func (s *server) load(name string, export []byte) {
	s.t.Helper()
	if bad := s.Load(name, export); bad != nil {
		s.t.Fatal(bad)
	}
}

// call makes a request and returns status and body.
func (s *server) call(method, path, body string) (int, string) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), testPatience)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, method, s.url+path, strings.NewReader(body))
	check(s.t, err)
	answer, err := http.DefaultClient.Do(r)
	check(s.t, err)
	defer answer.Body.Close()
	data, err := io.ReadAll(answer.Body)
	check(s.t, err)
	if kind := answer.Header.Get("Content-Type"); kind != "application/json; charset=UTF-8" || !json.Valid(data) {
		s.t.Errorf("%s %s: %s is no JSON: %s", method, path, kind, data)
	}
	return answer.StatusCode, string(data)
}

// get is a call that must succeed; its answer is read into to.
func (s *server) get(to any, method, path, body string) {
	s.t.Helper()
	code, answer := s.call(method, path, body)
	if code != 200 {
		s.t.Fatalf("%s %s: %d %s", method, path, code, answer)
	}
	check(s.t, json.Unmarshal([]byte(answer), to))
}

// schedule accepts an execution and returns its id.
func (s *server) scheduled(name, body string) string {
	s.t.Helper()
	var answer scheduleResponse
	s.get(&answer, "POST", "/integrations/"+name+":schedule", body)
	if len(answer.ExecutionInfoIDs) != 1 {
		s.t.Fatalf("scheduled %v", answer.ExecutionInfoIDs)
	}
	return answer.ExecutionInfoIDs[0]
}

// reaches waits until an execution is in a state, and returns its resource.
func (s *server) reaches(id string, want integrations.State) executionResource {
	s.t.Helper()
	var e executionResource
	for deadline := time.Now().Add(testPatience); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) { // the API has no way to wait for it
		if known, _ := s.records.summary(id); known.State != want { // which is cheap where the record is large
			continue
		}
		if s.get(&e, "GET", "/integrations/-/executions/"+id, ""); e.Details.State == string(want) {
			return e
		}
	}
	s.t.Fatalf("execution %s is %s, want %s", id, e.Details.State, want)
	return e
}

func input(url string) string {
	return fmt.Sprintf(`{"triggerId":"api_trigger/run","inputParameters":{"url":{"stringValue":%q}}}`, url)
}
