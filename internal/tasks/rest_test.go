package tasks

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	pb "cloud.google.com/go/cloudtasks/apiv2/cloudtaskspb"
	beta3 "cloud.google.com/go/cloudtasks/apiv2beta3"
	betapb "cloud.google.com/go/cloudtasks/apiv2beta3/cloudtaskspb"
	"google.golang.org/api/option"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/types/known/fieldmaskpb"
)

// send makes a request and returns its answer as text. The test's own transport keeps no
// connection.
func sendText(t *testing.T, verb, url, body string, header ...string) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), verb, url, strings.NewReader(body))
	check(t, err)
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	answer, err := client.Do(r)
	check(t, err)
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	check(t, err)
	return answer.StatusCode, string(text)
}

func getText(t *testing.T, url string) (int, string) { return sendText(t, "GET", url, "") }

// TestREST is what curl, gcloud and Terraform see.
func TestREST(t *testing.T) {
	s := inMemory(t, Options{})
	web := httptest.NewServer(s.REST())
	t.Cleanup(web.Close)
	queues, queue := "/v2/"+testParent+"/queues", "/v2/"+testQueue
	for _, tt := range []struct {
		verb, path, body string
		status           int
		want             string // of the compact JSON
	}{
		{"POST", queues, `{"name":"` + testQueue + `","rateLimits":{"maxDispatchesPerSecond":5}}`, 200, `"maxBurstSize":10`},
		{"POST", queues, `{"name":"` + testQueue + `"}`, 409, `{"error":{"code":409,"message":"Queue already exists","status":"ALREADY_EXISTS"}}`},
		{"POST", queue + ":pause", ``, 200, `"state":"PAUSED"`},
		{"POST", queue + ":pause?$alt=json;enum-encoding=int", `{}`, 200, `"state":2`},
		{"PATCH", queue + "?updateMask=rateLimits.maxConcurrentDispatches,retryConfig", `{"rateLimits":{"maxConcurrentDispatches":3},"retryConfig":{"minBackoff":"0.250s"}}`, 200, `"maxConcurrentDispatches":3`},
		{"GET", queue + "?alt=json&prettyPrint=false", ``, 200, `"minBackoff":"0.250s"`},
		{"PATCH", queue + "?updateMask=rate_limits.max_concurrent_dispatches%2CretryConfig.maxAttempts", `{"rateLimits":{"maxConcurrentDispatches":4,"maxDispatchesPerSecond":7},"retryConfig":{"maxAttempts":8}}`, 200, `"rateLimits":{"maxBurstSize":10,"maxConcurrentDispatches":4,"maxDispatchesPerSecond":5},"retryConfig":{"maxAttempts":8,`},
		{"PATCH", queue + "?updateMask=rate__limits", `{}`, 400, `Invalid field in update_mask`},
		{"PATCH", queue + "?updateMask=%2C", `{}`, 400, `Invalid field in update_mask`},
		{"PATCH", queue + "?updateMask=nonsense", `{}`, 400, `"status":"INVALID_ARGUMENT"`},
		{"GET", queue + "?pageSize=1", ``, 400, `Unknown name \"pageSize\"`},
		{"POST", queue + "/tasks", `{"task":{"name":"` + testQueue + `/tasks/t","httpRequest":{"url":"http://x.example","httpMethod":4,"body":"YWJj"},"newField":1},"parent":"` + testQueue + `"}`, 200, `"httpMethod":"PUT"`},
		{"POST", queue + "/tasks", `{"task":`, 400, `Invalid JSON payload`},
		{"GET", queue + "/tasks/t?responseView=FULL", ``, 200, `"body":"YWJj"`},
		{"GET", queue + "/tasks/t?responseView=2", ``, 200, `"view":"FULL"`},
		{"GET", queue + "/tasks/t?responseView=ALL", ``, 400, `no such value`},
		{"GET", queue + "/tasks?pageSize=-1", ``, 400, `page_size`},
		{"GET", queue + "/tasks?pageToken=x", ``, 400, `Invalid page_token`},
		{"GET", queue + "/tasks/none", ``, 404, `"status":"NOT_FOUND"`},
		{"GET", "/v2/projects/a/locations/b/queues/q_1", ``, 400, `Queue name must be formatted`},
		{"DELETE", queue + "/tasks/t", ``, 200, `{}`},
		{"PUT", queue, ``, 405, `not allowed`},
		{"GET", "/v3/x", ``, 404, `not found on this server`},
		{"GET", "/v2/" + testParent, ``, 200, `"locationId":"here"`},
		{"GET", "/v2/" + testParent + "/operations/x", ``, 404, `NOT_FOUND`},
		{"GET", "/v2/" + testParent + "/cmekConfig", ``, 200, `cmekConfig`},
		{"PATCH", "/v2/" + testParent + "/cmekConfig", `{"kmsKey":"k"}`, 501, `UNIMPLEMENTED`},
		{"POST", queue + ":testIamPermissions", `{"permissions":["cloudtasks.tasks.create"]}`, 200, `cloudtasks.tasks.create`},
		{"POST", queue + "/tasks:batchCreate", `{"requests":[]}`, 400, `1 to 100`},
		{"POST", queue + "/tasks:batchDelete", `{"names":["` + testQueue + `/tasks/t"]}`, 200, `"state":"FAILED"`},
		{"GET", "/v2beta3/" + testQueue + "?readMask=stats", ``, 200, `"stats":{"effectiveExecutionRate":5}`},
		{"PATCH", "/v2beta3/" + testQueue + "?updateMask=tombstoneTtl", `{"tombstoneTtl":"7200s"}`, 200, `"tombstoneTtl":"7200s"`},
		{"PATCH", "/v2beta3/" + testQueue + "?updateMask=taskTtl", `{"taskTtl":"60s"}`, 400, `task_ttl`},
		{"POST", "/v2beta3/" + testParent + "/queues", `{"name":"` + testParent + `/queues/pull","type":"PULL"}`, 400, `Pull queues`},
		{"POST", queue + "/tasks:buffer", `x`, 400, `httpTarget.uriOverride`},
		{"DELETE", queue, ``, 200, `{}`},
		{"GET", queue, ``, 404, `Queue does not exist`},
	} {
		status, text := sendText(t, tt.verb, web.URL+tt.path, tt.body)
		var parsed any
		check(t, json.Unmarshal([]byte(text), &parsed))
		compact, err := json.Marshal(parsed)
		check(t, err)
		if status != tt.status || !strings.Contains(string(compact), tt.want) {
			t.Errorf("%s %s: %d %s, want %d with %s", tt.verb, tt.path, status, compact, tt.status, tt.want)
		}
	}
}

// TestBuffer makes tasks of requests.
func TestBuffer(t *testing.T) {
	got := make(chan call, 10)
	target := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got <- call{method: r.Method, url: r.URL.String(), header: r.Header, body: string(body)}
	}))
	t.Cleanup(target.Close)
	host, port, _ := strings.Cut(strings.TrimPrefix(target.URL, "http://"), ":")
	s := inMemory(t, Options{})
	web := httptest.NewServer(s.REST())
	t.Cleanup(web.Close)
	status, text := sendText(t, "POST", web.URL+"/v2/"+testParent+"/queues", fmt.Sprintf(`{"name":%q,"httpTarget":{"uriOverride":{"scheme":"HTTP","host":%q,"port":%q,"pathOverride":{"path":"/in"}},
		"headerOverrides":[{"header":{"key":"X-Queue","value":"yes"}}]}}`, testQueue, host, port))
	if status != 200 {
		t.Fatalf("%d %s", status, text)
	}
	status, text = sendText(t, "PUT", web.URL+"/v2/"+testQueue+"/tasks/mine:buffer", "raw body", "Authorization", "Bearer caller", "X-Own", "1")
	if status != 200 || !strings.Contains(text, `/tasks/mine"`) || !strings.HasPrefix(strings.ReplaceAll(text, " ", ""), `{"task":{`) {
		t.Errorf("%d %s", status, text)
	}
	r := <-got
	if r.method != "POST" || r.url != "/in" || r.body != "raw body" || r.header.Get("X-Own") != "1" || r.header.Get("X-Queue") != "yes" ||
		r.header.Get("Authorization") != "" || r.header.Get("Content-Type") != "application/json" || r.header.Get("X-CloudTasks-TaskName") != "mine" {
		t.Errorf("sent: %+v", r)
	}
	if status, _ := sendText(t, "POST", web.URL+"/v2/"+testQueue+"/tasks/mine:buffer", ""); status != 409 {
		t.Errorf("a second task of that name: %d", status)
	}
	if status, _ := sendText(t, "POST", web.URL+"/v2beta3/"+testQueue+"/tasks:buffer", ""); status != 200 {
		t.Errorf("without a name: %d", status)
	}
	<-got
}

// TestBeta drives v2beta3 with Google's client for it.
func TestBeta(t *testing.T) {
	ctx := t.Context()
	s := serveAPI(t, inMemory(t, Options{}))
	c, err := beta3.NewClient(context.Background(), option.WithEndpoint(s.grpcAddress), option.WithoutAuthentication(),
		option.WithGRPCDialOption(grpc.WithTransportCredentials(insecure.NewCredentials())))
	check(t, err)
	t.Cleanup(func() { _ = c.Close() })
	q, err := c.CreateQueue(ctx, &betapb.CreateQueueRequest{Parent: testParent, Queue: &betapb.Queue{Name: testQueue, TombstoneTtl: seconds(7200), HttpTarget: &betapb.HttpTarget{HttpMethod: betapb.HttpMethod_PUT}}})
	check(t, err)
	if q.TombstoneTtl.AsDuration().Hours() != 2 || q.TaskTtl.AsDuration() != defaultTaskTTL || q.Type != betapb.Queue_PUSH || q.HttpTarget.HttpMethod != betapb.HttpMethod_PUT || q.Stats != nil {
		t.Errorf("made %v", q)
	}
	_, err = c.PauseQueue(ctx, &betapb.PauseQueueRequest{Name: testQueue})
	check(t, err)
	task := &betapb.Task{PayloadType: &betapb.Task_HttpRequest{HttpRequest: &betapb.HttpRequest{Url: "http://x.example/", Body: []byte("b"), Headers: map[string]string{"A": "b"}}}, RetryConfig: &betapb.RetryConfig{MaxAttempts: 3}}
	made, err := c.CreateTask(ctx, &betapb.CreateTaskRequest{Parent: testQueue, Task: task, ResponseView: betapb.Task_FULL})
	check(t, err)
	if string(made.GetHttpRequest().Body) != "b" || made.GetHttpRequest().Headers["A"] != "b" || made.RetryConfig.MaxAttempts != 3 {
		t.Errorf("made %v", made)
	}
	listed, err := c.ListTasks(ctx, &betapb.ListTasksRequest{Parent: testQueue}).Next()
	check(t, err)
	if listed.Name != made.Name {
		t.Errorf("listed %v", listed)
	}
	o, err := c.BatchCreateTasks(ctx, &betapb.BatchCreateTasksRequest{Parent: testQueue, Requests: []*betapb.CreateTaskRequest{{Parent: testQueue, Task: task}}})
	check(t, err)
	batch, err := o.Wait(ctx)
	check(t, err)
	if len(batch.Tasks) != 1 {
		t.Errorf("batch %v", batch)
	}
	q, err = c.GetQueue(ctx, &betapb.GetQueueRequest{Name: testQueue, ReadMask: &fieldmaskpb.FieldMask{Paths: []string{"name", "stats"}}})
	check(t, err)
	if q.Stats.GetTasksCount() != 2 || q.Stats.OldestEstimatedArrivalTime == nil {
		t.Errorf("stats %v", q.Stats)
	}
	_, err = c.CreateTask(ctx, &betapb.CreateTaskRequest{Parent: testQueue, Task: &betapb.Task{PayloadType: &betapb.Task_PullMessage{PullMessage: &betapb.PullMessage{}}}})
	wantCode(t, err, codes.InvalidArgument, "http_request is required")
	check(t, c.DeleteTask(ctx, &betapb.DeleteTaskRequest{Name: made.Name}))
}

// TestConverted compares the fields of both versions: what v2 has and v2beta3 has not would be
// lost on the way.
func TestConverted(t *testing.T) {
	task, betaTask := (&pb.Task{}).ProtoReflect().Descriptor().Fields(), (&betapb.Task{}).ProtoReflect().Descriptor().Fields()
	for i := range task.Len() {
		if betaTask.ByName(task.Get(i).Name()) == nil {
			t.Errorf("v2beta3 has no %s", task.Get(i).FullName())
		}
	}
}
