package tasks

import (
	"context"
	"flag"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"sync"
	"testing"
	"time"

	cloudtasks "cloud.google.com/go/cloudtasks/apiv2"
	pb "cloud.google.com/go/cloudtasks/apiv2/cloudtaskspb"
	"go.uber.org/goleak"
	"google.golang.org/api/option"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"sluice/internal/state"
)

// parts are what the test binary does when it is started as another process.
var parts = map[string]func(){}

// patience is how long a test waits for what should happen, and an engine for its disk. It passes
// only in tests that fail, so it is far more than a busy machine needs.
const patience = 2 * time.Minute

const partVariable = "SLUICE_TASKS_TEST_PART"

func TestMain(m *testing.M) {
	if part, ok := parts[os.Getenv(partVariable)]; ok {
		part()
		return
	}
	flag.Parse()
	goleak.VerifyTestMain(m)
}

const (
	testParent = "projects/shop/locations/here"
	testQueue  = testParent + "/queues/orders"
)

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// inMemory opens a service on an engine that forgets.
func inMemory(t testing.TB, o Options) *Service {
	t.Helper()
	return opened(t, state.NewMemory(time.Now), o)
}

// opened opens a service that is alone on its engine, and closes both.
func opened(t testing.TB, e state.Engine, o Options) *Service {
	t.Helper()
	o.Alone = true
	s, err := New(t.Context(), e, o)
	check(t, err)
	t.Cleanup(func() {
		check(t, s.Close())
		check(t, e.Close())
	})
	return s
}

// onDisk opens an engine as a real process does.
func onDisk(t testing.TB, dir string) state.Engine {
	t.Helper()
	e, err := state.Open(t.Context(), state.Options{Dir: dir, Patience: patience})
	check(t, err)
	return e
}

// queue makes a queue.
func (s *Service) queueFor(t testing.TB, q *pb.Queue) *pb.Queue {
	t.Helper()
	if q.Name == "" {
		q.Name = testQueue
	}
	made, err := s.CreateQueue(t.Context(), &pb.CreateQueueRequest{Parent: testParent, Queue: q})
	check(t, err)
	return made
}

// post is a task for a URL.
func post(url string) *pb.Task {
	return &pb.Task{MessageType: &pb.Task_HttpRequest{HttpRequest: &pb.HttpRequest{Url: url}}}
}

func named(id string, t *pb.Task) *pb.Task {
	t.Name = testQueue + "/tasks/" + id
	return t
}

func (s *Service) add1(t testing.TB, task *pb.Task) *pb.Task {
	t.Helper()
	made, err := s.CreateTask(t.Context(), &pb.CreateTaskRequest{Parent: testQueue, Task: task})
	check(t, err)
	return made
}

// world is the network of a test in virtual time: it answers every request by a function.
type world func(*http.Request) (status int, header http.Header)

func (w world) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		defer r.Body.Close()
	}
	status, header := w(r)
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	if status == 0 {
		return nil, fmt.Errorf("connection refused")
	}
	if header == nil {
		header = http.Header{}
	}
	return &http.Response{StatusCode: status, Header: header, Body: http.NoBody, Request: r}, nil
}

// seen collects what handlers receive.
type seen struct {
	mu    sync.Mutex // guards calls
	calls []call
}

type call struct {
	at     time.Time
	method string
	url    string
	header http.Header
	body   string
}

func (s *seen) add(c call) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls = append(s.calls, c)
	return len(s.calls)
}

func (s *seen) all() []call {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]call(nil), s.calls...)
}

// eventually waits in real time until something is so.
func eventually(t testing.TB, what string, is func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !is(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not in %s: %s", patience, what)
		}
	}
}

// served is a service with its API on loopback.
type served struct {
	*Service
	grpcAddress string
	url         string
}

func serveAPI(t testing.TB, s *Service) served {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
	server := grpc.NewServer(grpc.MaxRecvMsgSize(MaxRequest))
	s.Register(server)
	var serving sync.WaitGroup
	serving.Go(func() { _ = server.Serve(listener) })
	web := httptest.NewServer(s.REST())
	t.Cleanup(func() {
		web.Close()
		server.Stop()
		serving.Wait()
	})
	return served{s, listener.Addr().String(), web.URL}
}

// clients are Google's own clients, over both protocols.
func (s served) clients(t testing.TB) map[string]*cloudtasks.Client {
	t.Helper()
	transport := &http.Transport{}
	viaHTTP, err := cloudtasks.NewRESTClient(context.Background(), option.WithEndpoint(s.url), option.WithHTTPClient(&http.Client{Transport: transport}))
	check(t, err)
	viaGRPC, err := cloudtasks.NewClient(context.Background(), option.WithEndpoint(s.grpcAddress), option.WithoutAuthentication(),
		option.WithGRPCDialOption(grpc.WithTransportCredentials(insecure.NewCredentials())))
	check(t, err)
	t.Cleanup(func() {
		_ = viaHTTP.Close()
		_ = viaGRPC.Close()
		transport.CloseIdleConnections()
	})
	return map[string]*cloudtasks.Client{"REST": viaHTTP, "gRPC": viaGRPC}
}

// enqueue is CreateTask for a task that goes to a handler of this process.
func (s *Service) enqueue(ctx context.Context, queue string, t *pb.Task) (*pb.Task, error) {
	t, err := s.create(ctx, queue, t, true)
	return t, answer(err)
}
