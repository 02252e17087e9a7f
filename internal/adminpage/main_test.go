package adminpage

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	pb "cloud.google.com/go/cloudtasks/apiv2/cloudtaskspb"
	"go.uber.org/goleak"
	"google.golang.org/protobuf/types/known/timestamppb"

	"sluice/flow"
	"sluice/internal/appint"
	"sluice/internal/integrations"
	"sluice/internal/state"
	"sluice/internal/tasks"
	"sluice/proxy"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// operator looks at the pages over real services on a store in memory.
type operator struct {
	t        testing.TB
	services *appint.Service
	queues   *tasks.Service
	sources  Sources
	url      string
}

// newOperator serves the pages; change may change what they show.
func newOperator(t testing.TB, change func(*Sources)) *operator {
	t.Helper()
	store := state.NewMemory(time.Now)
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	o := &operator{t: t}
	var err error
	o.queues, err = tasks.New(t.Context(), store, tasks.Options{Transport: client.Transport, Alone: true, Later: true})
	check(t, err)
	o.services, err = appint.Open(t.Context(), store, o.queues, integrations.Options{Client: client, Now: time.Now}, appint.Options{Sole: true, MaxKept: 100_000})
	check(t, err)
	o.queues.Start()
	o.sources = Sources{
		Version: "sluice 1.2.3", Started: time.Now().Add(-90 * time.Minute), State: "in memory",
		Facts:    []Fact{{"Environment", "test of local"}},
		Snapshot: func() *proxy.Snapshot { return &proxy.Snapshot{} }, Load: func() *proxy.Load { return nil },
		Integrations: o.services, Queues: o.queues,
	}
	if change != nil {
		change(&o.sources)
	}
	server := httptest.NewServer(New(o.sources))
	t.Cleanup(func() {
		server.Close()
		check(t, o.queues.Close())
		check(t, o.services.Close())
		check(t, store.Close())
	})
	o.url = server.URL
	return o
}

// get returns a page, which must have the status.
func (o *operator) get(path string, status int) string {
	o.t.Helper()
	req, err := http.NewRequestWithContext(o.t.Context(), http.MethodGet, o.url+path, nil)
	check(o.t, err)
	req.Close = true // leave no connection behind
	resp, err := http.DefaultClient.Do(req)
	check(o.t, err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	check(o.t, err)
	if resp.StatusCode != status {
		o.t.Fatalf("%s answers %d, want %d:\n%s", path, resp.StatusCode, status, body)
	}
	return string(body)
}

// expect looks for texts in a page.
func (o *operator) expect(page string, texts ...string) {
	o.t.Helper()
	for _, text := range texts {
		if !strings.Contains(page, text) {
			o.t.Errorf("%q is not on the page:\n%s", text, page)
		}
	}
}

// publish makes an export the published version of an integration.
func (o *operator) publish(name, export string) {
	o.t.Helper()
	for _, err := range o.services.Load(name, []byte(export)) {
		o.t.Fatal(err)
	}
}

// run runs an integration to its end and returns the id of the execution.
func (o *operator) run(name, inputs string) string {
	o.t.Helper()
	before := o.newest()
	body := fmt.Sprintf(`{"triggerId":"api_trigger/run","inputParameters":%s}`, inputs)
	req := httptest.NewRequestWithContext(o.t.Context(), http.MethodPost, "/v1/projects/p/locations/l/integrations/"+name+":execute", strings.NewReader(body))
	answer := httptest.NewRecorder()
	o.services.Handler().ServeHTTP(answer, req) // of what fails too
	after := o.newest()
	if after == "" || after == before {
		o.t.Fatalf("nothing ran: %d %s", answer.Code, answer.Body)
	}
	return after
}

func (o *operator) newest() string {
	for _, e := range o.services.ExecutionInfos(appint.ExecutionQuery{Limit: 1}).Executions {
		return e.ID
	}
	return ""
}

// calling is an integration with one call of $url$, whose answer is the output answer.
const calling = `{
	"triggerConfigs": [{"triggerType": "API", "triggerNumber": "1", "triggerId": "api_trigger/run", "startTasks": [{"taskId": "1"}]}],
	"taskConfigs": [{"task": "GenericRestV2Task", "taskId": "1", "displayName": "Ask <the> store", "parameters": {
		"url": {"key": "url", "value": {"stringValue": "$url$"}}, "httpMethod": {"key": "httpMethod", "value": {"stringValue": "POST"}},
		"throwError": {"key": "throwError", "value": {"booleanValue": true}},
		"requestBody": {"key": "requestBody", "value": {"stringValue": "$item$"}},
		"responseBody": {"key": "responseBody", "value": {"stringArray": {"stringValues": ["$answer$"]}}}}}],
	"integrationParameters": [
		{"key": "url", "dataType": "STRING_VALUE", "inputOutputType": "IN"}, {"key": "item", "dataType": "STRING_VALUE", "inputOutputType": "IN"},
		{"key": "apiKey", "dataType": "STRING_VALUE", "inputOutputType": "IN"}, {"key": "answer", "dataType": "STRING_VALUE", "inputOutputType": "OUT"}]
}`

// waiting is an integration that waits for an approval.
const waiting = `{
	"triggerConfigs": [{"triggerType": "API", "triggerNumber": "1", "triggerId": "api_trigger/run", "startTasks": [{"taskId": "1"}]}],
	"taskConfigs": [{"task": "SuspensionTask", "taskId": "1", "displayName": "Approve", "successPolicy": {"finalState": "SUSPENDED"}, "parameters": {
		"customMessage": {"key": "customMessage", "value": {"stringValue": "May it?"}},
		"isApproved": {"key": "isApproved", "value": {"stringArray": {"stringValues": ["$approved$"]}}},
		"suspensionExpiration": {"key": "suspensionExpiration", "value": {"jsonValue": "{\"expireAfterMs\": 3600000}"}}}}],
	"integrationParameters": [{"key": "approved", "dataType": "BOOLEAN_VALUE", "inputOutputType": "OUT"}]
}`

// texts are inputs of an integration.
func texts(pairs ...string) string {
	var list []string
	for i := 0; i < len(pairs); i += 2 {
		list = append(list, fmt.Sprintf(`%q: {"stringValue": %q}`, pairs[i], pairs[i+1]))
	}
	return "{" + strings.Join(list, ", ") + "}"
}

// queue makes a queue that does not send.
func (o *operator) queue(name string) {
	o.t.Helper()
	parent, _, _ := strings.Cut(name, "/queues/")
	_, err := o.queues.CreateQueue(o.t.Context(), &pb.CreateQueueRequest{Parent: parent, Queue: &pb.Queue{Name: name}})
	check(o.t, err)
	_, err = o.queues.PauseQueue(o.t.Context(), &pb.PauseQueueRequest{Name: name})
	check(o.t, err)
}

// task makes a task that is due at a time.
func (o *operator) task(queue, id string, due time.Time, request *pb.HttpRequest) {
	o.t.Helper()
	_, err := o.queues.CreateTask(o.t.Context(), &pb.CreateTaskRequest{Parent: queue, Task: &pb.Task{
		Name: queue + "/tasks/" + id, ScheduleTime: timestamppb.New(due), MessageType: &pb.Task_HttpRequest{HttpRequest: request},
	}})
	check(o.t, err)
}

// served is a load with a proxy, and bundles that were refused.
func served() *proxy.Load {
	return &proxy.Load{
		Snapshot: &proxy.Snapshot{
			Deployments: []*proxy.Deployment{{Name: "orders-v1", Revision: "7", Path: "/srv/orders", Endpoints: []*proxy.Endpoint{{Name: "default", BasePath: "/v1/orders"}}}},
			SharedFlows: map[string]*flow.SharedFlow{"auth": {}},
		},
		Refused: []string{"broken", "edited"}, Kept: []string{"edited"},
		Problems: flow.Problems{
			{Bundle: "broken", File: "apiproxy/proxies/default.xml", Line: 3, Column: 7, Element: "/ProxyEndpoint/RouteRule", Severity: flow.Error.String(), Code: "MissingTarget", Message: `no target "nowhere"`, Hint: "name one of <targets>"},
			{Bundle: "edited", Severity: flow.Error.String(), Code: "MalformedXML", Message: "element <Step> is not closed", Excerpt: "<Step>\n^"},
			{Bundle: "orders-v1", Severity: flow.Warning.String(), Code: "Unused", Message: "a warning"},
		},
	}
}
