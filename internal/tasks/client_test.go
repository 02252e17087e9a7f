package tasks

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	cloudtasks "cloud.google.com/go/cloudtasks/apiv2"
	pb "cloud.google.com/go/cloudtasks/apiv2/cloudtaskspb"
	"cloud.google.com/go/iam/apiv1/iampb"
	"google.golang.org/api/googleapi"
	"google.golang.org/api/iterator"
	"google.golang.org/genproto/googleapis/cloud/location"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/fieldmaskpb"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// TestClients drives the API with Google's own Go client, over gRPC and over REST.
func TestClients(t *testing.T) {
	for protocol := range map[string]bool{"gRPC": true, "REST": true} {
		t.Run(protocol, func(t *testing.T) {
			var got seen
			target := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				got.add(call{at: time.Now(), method: r.Method, url: r.URL.String(), header: r.Header, body: string(body)})
			}))
			t.Cleanup(target.Close)
			transport := &http.Transport{}
			t.Cleanup(transport.CloseIdleConnections)
			s := serveAPI(t, inMemory(t, Options{Transport: transport}))
			c := s.clients(t)[protocol]
			t.Run("queues", func(t *testing.T) { testQueues(t, c) })
			t.Run("tasks", func(t *testing.T) { testTasks(t, c, target.URL, &got) })
			t.Run("batches", func(t *testing.T) { testBatches(t, c, target.URL) })
			t.Run("others", func(t *testing.T) { testOthers(t, c) })
		})
	}
}

// wantCode checks the code and the text of an error.
func wantCode(t *testing.T, err error, code codes.Code, text string) {
	t.Helper()
	var viaHTTP *googleapi.Error // which keeps the HTTP status alone
	right := status.Code(err) == code
	if errors.As(err, &viaHTTP) {
		right = viaHTTP.Code == httpStatus[code]
	}
	if !right || !strings.Contains(err.Error(), text) {
		t.Errorf("got %v, want %s: %s", err, code, text)
	}
}

func testQueues(t *testing.T, c *cloudtasks.Client) {
	ctx := t.Context()
	q, err := c.CreateQueue(ctx, &pb.CreateQueueRequest{Parent: testParent, Queue: &pb.Queue{Name: testQueue}})
	check(t, err)
	if l := q.RateLimits; l.MaxDispatchesPerSecond != 500 || l.MaxBurstSize != 100 || l.MaxConcurrentDispatches != 1000 || q.State != pb.Queue_RUNNING {
		t.Errorf("defaults: %v", q)
	}
	if r := q.RetryConfig; r.MaxAttempts != 100 || r.MaxDoublings != 16 || r.MinBackoff.AsDuration() != 100*time.Millisecond || r.MaxBackoff.AsDuration() != time.Hour || r.MaxRetryDuration != nil {
		t.Errorf("defaults: %v", r)
	}
	_, err = c.CreateQueue(ctx, &pb.CreateQueueRequest{Parent: testParent, Queue: &pb.Queue{Name: testQueue}})
	wantCode(t, err, codes.AlreadyExists, "Queue already exists")
	_, err = c.CreateQueue(ctx, &pb.CreateQueueRequest{Parent: testParent, Queue: &pb.Queue{Name: testParent + "/queues/a_b"}})
	wantCode(t, err, codes.InvalidArgument, "Queue name must be formatted")
	_, err = c.CreateQueue(ctx, &pb.CreateQueueRequest{Parent: testParent, Queue: &pb.Queue{Name: testParent + "/queues/fast", RateLimits: &pb.RateLimits{MaxDispatchesPerSecond: 501}}})
	wantCode(t, err, codes.InvalidArgument, "max_dispatches_per_second")
	_, err = c.GetQueue(ctx, &pb.GetQueueRequest{Name: testParent + "/queues/none"})
	wantCode(t, err, codes.NotFound, "Queue does not exist")

	q, err = c.UpdateQueue(ctx, &pb.UpdateQueueRequest{
		Queue:      &pb.Queue{Name: testQueue, RateLimits: &pb.RateLimits{MaxConcurrentDispatches: 7}, RetryConfig: &pb.RetryConfig{MaxAttempts: 9}},
		UpdateMask: &fieldmaskpb.FieldMask{Paths: []string{"rate_limits.max_concurrent_dispatches"}},
	})
	check(t, err)
	if q.RateLimits.MaxConcurrentDispatches != 7 || q.RetryConfig.MaxAttempts != 100 {
		t.Errorf("after an update of one field: %v", q)
	}
	_, err = c.UpdateQueue(ctx, &pb.UpdateQueueRequest{Queue: &pb.Queue{Name: testQueue}, UpdateMask: &fieldmaskpb.FieldMask{Paths: []string{"nonsense"}}})
	wantCode(t, err, codes.InvalidArgument, "")

	q, err = c.PauseQueue(ctx, &pb.PauseQueueRequest{Name: testQueue})
	check(t, err)
	if q.State != pb.Queue_PAUSED {
		t.Errorf("paused: %v", q.State)
	}
	q, err = c.UpdateQueue(ctx, &pb.UpdateQueueRequest{Queue: &pb.Queue{Name: testQueue, State: pb.Queue_RUNNING}})
	check(t, err)
	if q.State != pb.Queue_PAUSED || q.RateLimits.MaxConcurrentDispatches != 1000 {
		t.Errorf("after an update of all: %v", q)
	}
	_, err = c.ResumeQueue(ctx, &pb.ResumeQueueRequest{Name: testQueue})
	check(t, err)

	made, err := c.UpdateQueue(ctx, &pb.UpdateQueueRequest{Queue: &pb.Queue{Name: testParent + "/queues/by-update"}})
	check(t, err)
	if made.State != pb.Queue_RUNNING {
		t.Errorf("made by update: %v", made)
	}
	check(t, c.DeleteQueue(ctx, &pb.DeleteQueueRequest{Name: made.Name}))
	_, err = c.CreateQueue(ctx, &pb.CreateQueueRequest{Parent: testParent, Queue: &pb.Queue{Name: made.Name}})
	wantCode(t, err, codes.FailedPrecondition, "existed too recently")
	_, err = c.CreateTask(ctx, &pb.CreateTaskRequest{Parent: made.Name, Task: post("http://x.example/")})
	wantCode(t, err, codes.FailedPrecondition, "The queue no longer exists")
	testQueueList(t, c)
}

func testQueueList(t *testing.T, c *cloudtasks.Client) {
	ctx := t.Context()
	for _, id := range []string{"c", "a", "b"} {
		_, err := c.CreateQueue(ctx, &pb.CreateQueueRequest{Parent: testParent, Queue: &pb.Queue{Name: testParent + "/queues/" + id}})
		check(t, err)
	}
	_, err := c.PauseQueue(ctx, &pb.PauseQueueRequest{Name: testParent + "/queues/b"})
	check(t, err)
	for filter, want := range map[string]string{"": "a b c orders", "state=PAUSED": "b", "state: RUNNING AND name:queues/c": "c"} {
		var ids []string
		all := c.ListQueues(ctx, &pb.ListQueuesRequest{Parent: testParent, PageSize: 2, Filter: filter})
		for {
			q, err := all.Next()
			if errors.Is(err, iterator.Done) {
				break
			}
			check(t, err)
			ids = append(ids, shortName(q.Name))
		}
		if got := strings.Join(ids, " "); got != want {
			t.Errorf("filter %q: %s, want %s", filter, got, want)
		}
	}
}

func testTasks(t *testing.T, c *cloudtasks.Client, target string, got *seen) {
	ctx := t.Context()
	task := named("first", post(target+"/in?x=1"))
	task.GetHttpRequest().Body = []byte("hello")
	task.GetHttpRequest().HttpMethod = pb.HttpMethod_PUT
	task.GetHttpRequest().Headers = map[string]string{"X-Own": "yes", "X-CloudTasks-TaskName": "forged", "Content-Type": "text/plain"}
	made, err := c.CreateTask(ctx, &pb.CreateTaskRequest{Parent: testQueue, Task: task})
	check(t, err)
	if made.GetHttpRequest().Body != nil || made.View != pb.Task_BASIC || made.CreateTime == nil || made.DispatchDeadline.AsDuration() != 10*time.Minute {
		t.Errorf("created: %v", made)
	}
	eventually(t, "the task is sent", func() bool { return len(got.all()) == 1 })
	r := got.all()[0]
	if r.method != "PUT" || r.url != "/in?x=1" || r.body != "hello" {
		t.Errorf("sent: %+v", r)
	}
	for name, want := range map[string]string{
		"X-Own": "yes", "Content-Type": "text/plain", "User-Agent": "Google-Cloud-Tasks", "X-CloudTasks-QueueName": "orders",
		"X-CloudTasks-TaskName": "first", "X-CloudTasks-TaskRetryCount": "0", "X-CloudTasks-TaskExecutionCount": "0", "X-CloudTasks-TaskPreviousResponse": "",
	} {
		if r.header.Get(name) != want {
			t.Errorf("%s: %q, want %q", name, r.header.Get(name), want)
		}
	}
	eventually(t, "the task is gone", func() bool {
		_, err = c.GetTask(ctx, &pb.GetTaskRequest{Name: made.Name})
		return err != nil
	})
	wantCode(t, err, codes.NotFound, "The task no longer exists, though a task with this name existed recently.")
	_, err = c.CreateTask(ctx, &pb.CreateTaskRequest{Parent: testQueue, Task: task})
	wantCode(t, err, codes.AlreadyExists, "Requested entity already exists")
	_, err = c.RunTask(ctx, &pb.RunTaskRequest{Name: made.Name})
	wantCode(t, err, codes.NotFound, "no longer exists")
	testRefusals(t, c)
	testTaskList(t, c)
}

func testRefusals(t *testing.T, c *cloudtasks.Client) {
	withBody := post("http://x.example/")
	withBody.GetHttpRequest().HttpMethod, withBody.GetHttpRequest().Body = pb.HttpMethod_GET, []byte("x")
	late := post("http://x.example/")
	late.ScheduleTime = timestamppb.New(time.Now().Add(31 * 24 * time.Hour))
	large := post("http://x.example/")
	large.GetHttpRequest().Body = make([]byte, 1<<20)
	oauth := post("http://x.example/")
	oauth.GetHttpRequest().AuthorizationHeader = &pb.HttpRequest_OauthToken{OauthToken: &pb.OAuthToken{ServiceAccountEmail: "a@b"}}
	elsewhere := post("http://x.example/")
	elsewhere.Name = testParent + "/queues/a/tasks/t"
	badName := post("http://x.example/")
	badName.Name = testQueue + "/tasks/a.b"
	for text, task := range map[string]*pb.Task{
		"only allowed with POST, PUT, or PATCH": withBody,
		"30 days":                               late,
		"Task size too large":                   large,
		"googleapis.com only":                   oauth,
		"must be within the parent":             elsewhere,
		"Task name must be formatted":           badName,
		`must begin with "http://"`:             post(internalScheme + "own"),
		"at most 2083":                          post("http://x.example/" + strings.Repeat("a", 2100)),
		"http_request is required":              {},
	} {
		_, err := c.CreateTask(t.Context(), &pb.CreateTaskRequest{Parent: testQueue, Task: task})
		wantCode(t, err, codes.InvalidArgument, text)
	}
	_, err := c.CreateTask(t.Context(), &pb.CreateTaskRequest{Parent: testParent + "/queues/none", Task: post("http://x.example/")})
	wantCode(t, err, codes.NotFound, "Queue does not exist")
}

func testTaskList(t *testing.T, c *cloudtasks.Client) {
	ctx := t.Context()
	_, err := c.PauseQueue(ctx, &pb.PauseQueueRequest{Name: testQueue})
	check(t, err)
	for i := range 25 {
		task := named(fmt.Sprint("listed-", i), post("http://x.example/"))
		task.GetHttpRequest().Body = []byte("body")
		_, err := c.CreateTask(ctx, &pb.CreateTaskRequest{Parent: testQueue, Task: task})
		check(t, err)
	}
	for _, view := range []pb.Task_View{pb.Task_BASIC, pb.Task_FULL} {
		found := map[string]bool{}
		all := c.ListTasks(ctx, &pb.ListTasksRequest{Parent: testQueue, PageSize: 10, ResponseView: view})
		for {
			task, err := all.Next()
			if errors.Is(err, iterator.Done) {
				break
			}
			check(t, err)
			found[task.Name] = true
			if full := len(task.GetHttpRequest().Body) > 0; full != (view == pb.Task_FULL) || task.View != view {
				t.Errorf("%s: %v", view, task)
			}
		}
		if len(found) != 25 {
			t.Errorf("%s: %d tasks listed, want 25", view, len(found))
		}
	}
	check(t, c.DeleteTask(ctx, &pb.DeleteTaskRequest{Name: testQueue + "/tasks/listed-3"}))
	wantCode(t, c.DeleteTask(ctx, &pb.DeleteTaskRequest{Name: testQueue + "/tasks/listed-3"}), codes.NotFound, "no longer exists")
	wantCode(t, c.DeleteTask(ctx, &pb.DeleteTaskRequest{Name: testQueue + "/tasks/never"}), codes.NotFound, "")
	_, err = c.PurgeQueue(ctx, &pb.PurgeQueueRequest{Name: testQueue})
	check(t, err)
	if _, err := c.ListTasks(ctx, &pb.ListTasksRequest{Parent: testQueue}).Next(); !errors.Is(err, iterator.Done) {
		t.Errorf("after the purge there is a task: %v", err)
	}
	_, err = c.GetTask(ctx, &pb.GetTaskRequest{Name: testQueue + "/tasks/listed-4"})
	wantCode(t, err, codes.NotFound, "no longer exists")
}

func testBatches(t *testing.T, c *cloudtasks.Client, target string) {
	ctx := t.Context()
	request := &pb.BatchCreateTasksRequest{Parent: testQueue, RequestId: "r1", Requests: []*pb.CreateTaskRequest{
		{Parent: testQueue, Task: post(target)}, {Parent: testQueue, Task: post("ftp://x.example/")}, {Parent: testQueue, Task: named("in-batch", post(target))},
	}}
	var names []string
	for range 2 { // the second time is a repetition
		o, err := c.BatchCreateTasks(ctx, request)
		check(t, err)
		made, err := o.Wait(ctx)
		check(t, err)
		m, err := o.Metadata()
		check(t, err)
		if len(made.Tasks) != 2 || len(m.FailedRequests) != 1 || codes.Code(m.FailedRequests[1].Code) != codes.InvalidArgument {
			t.Errorf("made %v, failed %v", made, m)
		}
		names = append(names, made.Tasks[0].Name)
	}
	if names[0] != names[1] {
		t.Errorf("a repeated batch made another task: %s", names)
	}
	o, err := c.BatchDeleteTasks(ctx, &pb.BatchDeleteTasksRequest{Parent: testQueue, Names: []string{names[0], testQueue + "/tasks/never"}})
	check(t, err)
	check(t, o.Wait(ctx))
	m, err := o.Metadata()
	check(t, err)
	if len(m.FailedRequests) != 1 || codes.Code(m.FailedRequests[1].Code) != codes.NotFound {
		t.Errorf("failed: %v", m)
	}
}

func testOthers(t *testing.T, c *cloudtasks.Client) {
	ctx := t.Context()
	policy, err := c.GetIamPolicy(ctx, &iampb.GetIamPolicyRequest{Resource: testQueue})
	check(t, err)
	policy.Bindings = []*iampb.Binding{{Role: "roles/cloudtasks.enqueuer", Members: []string{"user:a@b.example"}}}
	policy, err = c.SetIamPolicy(ctx, &iampb.SetIamPolicyRequest{Resource: testQueue, Policy: policy})
	check(t, err)
	policy.Etag = []byte("stale")
	_, err = c.SetIamPolicy(ctx, &iampb.SetIamPolicyRequest{Resource: testQueue, Policy: policy})
	wantCode(t, err, codes.Aborted, "")
	may, err := c.TestIamPermissions(ctx, &iampb.TestIamPermissionsRequest{Resource: testParent + "/queues/none", Permissions: []string{"cloudtasks.tasks.create"}})
	check(t, err)
	if len(may.Permissions) != 0 {
		t.Errorf("permissions on a missing queue: %v", may)
	}
	l, err := c.GetLocation(ctx, &location.GetLocationRequest{Name: testParent})
	check(t, err)
	if l.LocationId != "here" {
		t.Errorf("location: %v", l)
	}
}
