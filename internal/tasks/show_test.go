package tasks

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	pb "cloud.google.com/go/cloudtasks/apiv2/cloudtaskspb"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// TestQueueInfos pages over the queues of two locations.
func TestQueueInfos(t *testing.T) {
	s := inMemory(t, Options{})
	var want []string
	for _, parent := range []string{"projects/a/locations/x", "projects/b/locations/x"} {
		for i := range 3 {
			q := &pb.Queue{Name: fmt.Sprintf("%s/queues/q%d", parent, i)}
			_, err := s.CreateQueue(t.Context(), &pb.CreateQueueRequest{Parent: parent, Queue: q})
			check(t, err)
			want = append(want, q.Name)
		}
	}
	gone := want[1]
	_, err := s.DeleteQueue(t.Context(), &pb.DeleteQueueRequest{Name: gone})
	check(t, err)
	want = slices.DeleteFunc(want, func(name string) bool { return name == gone })
	var got []string
	for after, more := "", true; more; after = got[len(got)-1] {
		var part []QueueInfo
		if part, more = s.QueueInfos(after, 2); len(part) == 0 {
			t.Fatal("an empty page")
		}
		for _, q := range part {
			got = append(got, q.Config.Name)
		}
	}
	if !slices.Equal(got, want) || s.CountQueues() != len(want) {
		t.Errorf("%d queues, the pages have %v, want %v", s.CountQueues(), got, want)
	}
	if _, err := s.QueueInfo(t.Context(), gone); status.Code(err) != codes.NotFound {
		t.Errorf("a deleted queue: %v", err)
	}
	if _, err := s.QueueInfo(t.Context(), "../x"); status.Code(err) != codes.InvalidArgument {
		t.Errorf("what is no name: %v", err)
	}
}

// TestTaskInfosInOrder pages over a queue that waits, whose tasks were made in no order.
func TestTaskInfosInOrder(t *testing.T) {
	s := inMemory(t, Options{})
	s.queueFor(t, &pb.Queue{})
	const tasks = 100
	start := time.Now().Add(time.Hour)
	for i := range tasks {
		task := named(fmt.Sprint("t", i), post("http://127.0.0.1:1/"))
		task.ScheduleTime = timestamppb.New(start.Add(time.Duration(i*37%tasks) * time.Second))
		s.add1(t, task)
	}
	first, err := s.QueueInfo(t.Context(), testQueue)
	check(t, err)
	if first.Tasks != tasks || first.Oldest.Before(start.Add(-time.Second)) || first.Oldest.After(start.Add(time.Second)) {
		t.Errorf("%d tasks, the oldest is due at %v, want %d at %v", first.Tasks, first.Oldest, tasks, start)
	}
	var got []TaskInfo
	for more := true; more; {
		var part []TaskInfo
		part, more, err = s.TaskInfos(t.Context(), testQueue, len(got), 7)
		check(t, err)
		got = append(got, part...)
	}
	if len(got) != tasks || !slices.IsSortedFunc(got, func(a, b TaskInfo) int { return a.Due.Compare(b.Due) }) {
		t.Errorf("%d tasks, sorted or not: %v", len(got), got)
	}
	if past, more, err := s.TaskInfos(t.Context(), testQueue, MaxTaskInfos+5, 7); len(past) > 0 || more || err != nil {
		t.Errorf("beyond the end: %v, %t, %v", past, more, err)
	}
}

// TestTaskInfosHideSecrets looks for what may be secret in a task whose attempt failed.
func TestTaskInfosHideSecrets(t *testing.T) {
	refuse := world(func(*http.Request) (int, http.Header) { return 0, nil })
	s := inMemory(t, Options{Transport: refuse})
	s.queueFor(t, &pb.Queue{RetryConfig: &pb.RetryConfig{MinBackoff: seconds(3600), MaxBackoff: seconds(3600)}})
	task := post("http://canary-user:canary-password@target.example/path?key=canary-key")
	task.GetHttpRequest().Body = []byte("canary-body")
	task.GetHttpRequest().Headers = map[string]string{"Authorization": "canary-header"}
	s.add1(t, task)
	var got []TaskInfo
	eventually(t, "the attempt failed", func() bool {
		var err error
		got, _, err = s.TaskInfos(context.Background(), testQueue, 0, 10)
		check(t, err)
		return len(got) == 1 && got[0].Attempts == 1
	})
	text := fmt.Sprintf("%+v", got)
	if strings.Contains(text, "canary") {
		t.Errorf("a secret is shown: %s", text)
	}
	for _, want := range []string{"Target:http://target.example/path?...", "UNAVAILABLE(14): ", "connection refused", "Method:POST"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not shown: %s", want, text)
		}
	}
}

func TestWithoutSecrets(t *testing.T) {
	for text, want := range map[string]string{
		"https://a.example/x":            "https://a.example/x",
		"https://u:p@a.example/x?k=v#f":  "https://a.example/x?...",
		"https://token@a.example":        "https://a.example",
		"/relative?key=v":                "/relative?...",
		"https://u:p@a.example/%zz?k=v":  "(not a URL)",
		"sluice-internal://callouts/abc": "sluice-internal://callouts/abc",
	} {
		if got := withoutSecrets(text); got != want {
			t.Errorf("%s becomes %s, want %s", text, got, want)
		}
	}
}

// BenchmarkTaskInfoOrder takes the first page of a line of a million tasks.
func BenchmarkTaskInfoOrder(b *testing.B) {
	l := newLine("g", time.Now())
	const tasks = 1_000_000
	entries := make([]entry, tasks)
	for i := range entries {
		entries[i] = entry{key: keyOf(fmt.Sprint(i)), due: int64(i * 7919 % tasks), place: -1}
		l.arrange(&entries[i])
	}
	for _, skip := range []int{0, MaxTaskInfos - 50} {
		b.Run(fmt.Sprint("after ", skip), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if keys, more := l.first(skip, 50); len(keys) != 50 || !more {
					b.Fatal(len(keys), more)
				}
			}
		})
	}
}
