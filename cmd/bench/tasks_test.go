package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	pb "cloud.google.com/go/cloudtasks/apiv2/cloudtaskspb"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	rpc "google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"
)

// fakeTasks is a Cloud Tasks server that sends each task when it is due, and forgets it.
type fakeTasks struct {
	pb.UnimplementedCloudTasksServer
	client  *http.Client
	sending sync.WaitGroup
	times   int   // how often each task is sent
	refuse  error // what CreateTask returns

	mu     sync.Mutex // guards what follows
	queues map[string]int
}

// serveFake returns the server and its address.
func serveFake(t *testing.T, f *fakeTasks) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{}
	f.client, f.queues = &http.Client{Transport: transport}, map[string]int{}
	s := grpc.NewServer()
	pb.RegisterCloudTasksServer(s, f)
	f.sending.Go(func() { _ = s.Serve(l) })
	t.Cleanup(func() {
		s.Stop()
		f.sending.Wait()
		transport.CloseIdleConnections()
	})
	return l.Addr().String()
}

func (f *fakeTasks) CreateQueue(_ context.Context, r *pb.CreateQueueRequest) (*pb.Queue, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.queues[r.Queue.Name] = 0
	return r.Queue, nil
}

func (f *fakeTasks) DeleteQueue(_ context.Context, r *pb.DeleteQueueRequest) (*emptypb.Empty, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.queues, r.Name)
	return &emptypb.Empty{}, nil
}

func (f *fakeTasks) CreateTask(_ context.Context, r *pb.CreateTaskRequest) (*pb.Task, error) {
	f.mu.Lock()
	f.queues[r.Parent]++
	f.mu.Unlock()
	var wait time.Duration
	if at := r.Task.ScheduleTime; at != nil {
		wait = time.Until(at.AsTime())
	}
	if wait < time.Minute {
		f.sending.Go(func() { f.send(r.Task.GetHttpRequest(), wait) })
	}
	return r.Task, f.refuse
}

func (f *fakeTasks) send(r *pb.HttpRequest, wait time.Duration) {
	time.Sleep(wait)
	for range f.times {
		if answer, err := f.client.Post(r.Url, "", bytes.NewReader(r.Body)); err == nil {
			answer.Body.Close()
		}
	}
}

func TestTaskLoad(t *testing.T) {
	f := &fakeTasks{times: 1}
	l := &taskLoad{taskPlan: taskPlan{Address: serveFake(t, f), Tasks: 100, Connections: 3, Queues: 7, Body: 20}}
	r, err := l.run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for name, p := range map[string]taskPhase{"create": r.Create, "dispatch": r.Dispatch, "both": r.Both} {
		if p.Elapsed <= 0 || p.CPU != 0 {
			t.Errorf("%s took %+v: want a time, and no CPU time of an unknown process", name, p)
		}
	}
	if r.Repeated != 0 || r.P50 <= 0 || r.P99 < r.P50 {
		t.Errorf("got %+v", r)
	}
	if len(f.queues) != 0 {
		t.Errorf("these queues are left: %v", f.queues)
	}
}

func TestTaskLoadFails(t *testing.T) {
	f := &fakeTasks{refuse: rpc.Error(codes.ResourceExhausted, "no more")}
	l := &taskLoad{taskPlan: taskPlan{Address: serveFake(t, f), Tasks: 100, Connections: 3, Queues: 1}}
	if _, err := l.run(t.Context()); rpc.Code(errors.Unwrap(err)) != codes.ResourceExhausted {
		t.Errorf("got %v", err)
	}
}

func TestTaskTarget(t *testing.T) {
	target, err := newTaskTarget()
	if err != nil {
		t.Fatal(err)
	}
	defer target.Close()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	post := func(url string) {
		answer, err := client.Post(url, "", strings.NewReader("body"))
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		if answer.StatusCode != http.StatusOK {
			t.Errorf("%s: %s", url, answer.Status)
		}
	}
	a := target.expect("new", 3)
	for _, path := range []string{"/new/0", "/old/1", "/new/2", "/new/2", "/new/3", "/new/-1", "/new", "/"} {
		post(fmt.Sprintf("http://%s%s", target.Addr(), path))
	}
	late, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if _, err := a.wait(late); err == nil || err.Error() != "1 of 3 tasks did not arrive in time" {
		t.Errorf("got %v", err)
	}
	post(target.url("new", 1))
	if repeated, err := a.wait(t.Context()); repeated != 1 || err != nil {
		t.Errorf("%d repeated, %v; want 1", repeated, err)
	}
}

func TestTaskReport(t *testing.T) {
	created := func(seconds, cpu float64) taskResult { return taskResult{Create: taskPhase{seconds, cpu}} }
	b := &taskBench{bench: &bench{options: &options{rounds: 2}}, plan: taskPlan{Tasks: 1000}, peers: []taskPeer{{name: sluice}, {name: "other"}}}
	var out bytes.Buffer
	err := b.report(&out, map[string][]taskSample{
		sluice:  {{taskResult: created(1, 1)}, {taskResult: created(4, 3), round: 1}},
		"other": {{taskResult: created(2, 0)}, {taskResult: created(4, 0), round: 1}},
	})
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Join(strings.Fields(out.String()), " ")
	// 1000 and 250 tasks/s, to 500 and 250: ratios of 2 and 1. A CPU time that is unknown has no ratio.
	if want := "| sluice | 2000 | - | 625 | 1.50 (1.00-2.00) | - | - | | other | - | - | 375 | 1.00 (1.00-1.00) |"; !strings.Contains(text, want) {
		t.Errorf("%s\ndoes not contain %s", text, want)
	}
}

func TestTaskFlags(t *testing.T) {
	for args, want := range map[string]string{
		"":                       "[sluice sluice --data]",
		"-emulator x":            "[sluice sluice --data emulator]",
		"-emulator x a=b:1 c=:2": "[sluice sluice --data emulator a c]",
		"nonsense":               `what is "nonsense"? Running servers are given as NAME=ADDRESS`,
		"-queues 0":              "-rounds, -tasks, -connections and -queues are at least 1, -body is not negative",
	} {
		b := &taskBench{bench: &bench{options: &options{}}}
		err := b.readFlags(strings.Fields(args))
		var names []string
		for _, p := range b.peers {
			names = append(names, p.name)
		}
		if got := fmt.Sprint(names); err == nil && got != want || err != nil && err.Error() != want {
			t.Errorf("%q: %s, %v; want %s", args, got, err, want)
		}
	}
}
