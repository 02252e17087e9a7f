package tasks

import (
	"context"
	"flag"
	"fmt"
	"net/http"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	pb "cloud.google.com/go/cloudtasks/apiv2/cloudtaskspb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"sluice/internal/state"
)

// BenchmarkCreate makes tasks of 500 bytes. On disk each is synced before it is acknowledged, and
// the engine syncs one after the other, so that more callers are not faster there.
func BenchmarkCreate(b *testing.B) {
	for _, where := range []string{"memory", "disk"} {
		for _, callers := range []int{1, 8} {
			b.Run(fmt.Sprintf("%s/callers=%d", where, callers), func(b *testing.B) {
				benchmarkCreate(b, opened(b, engineFor(b, where), Options{}), callers)
			})
		}
	}
}

func benchmarkCreate(b *testing.B, s *Service, callers int) {
	s.queueFor(b, &pb.Queue{})
	_, err := s.PauseQueue(b.Context(), &pb.PauseQueueRequest{Name: testQueue})
	check(b, err)
	task := post("http://x.example/")
	task.GetHttpRequest().Body = make([]byte, 500)
	var next atomic.Int64
	var calling sync.WaitGroup
	b.ReportAllocs()
	b.ResetTimer()
	for range callers {
		calling.Go(func() {
			for next.Add(1) <= int64(b.N) {
				if _, err := s.CreateTask(b.Context(), &pb.CreateTaskRequest{Parent: testQueue, Task: task}); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	calling.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "tasks/s")
}

// engineFor is an engine of a place that a benchmark is named after.
func engineFor(b *testing.B, where string) state.Engine {
	if where == "disk" {
		return onDisk(b, b.TempDir())
	}
	return onDisk(b, "") // as sluice without --data has it
}

// BenchmarkDispatch sends tasks to a handler in the process, so that it measures what is ours: read,
// send, write the tombstone. Rates are Google's maximum, 500/s for each queue: one queue shows that
// it gets that rate, 100 queues show what this machine can do.
func BenchmarkDispatch(b *testing.B) {
	for _, queues := range []int{1, 100} {
		for _, where := range []string{"memory", "disk"} {
			b.Run(fmt.Sprintf("queues=%d/%s", queues, where), func(b *testing.B) {
				benchmarkDispatch(b, opened(b, engineFor(b, where), Options{}), queues)
			})
		}
	}
}

func benchmarkDispatch(b *testing.B, s *Service, queues int) {
	ctx := b.Context()
	var sent sync.WaitGroup
	s.register("bench", func(context.Context, *pb.Task) int {
		sent.Done()
		return 200
	})
	names := make([]string, queues)
	for i := range names {
		names[i] = fmt.Sprint(testParent, "/queues/", i)
		s.queueFor(b, &pb.Queue{Name: names[i]})
		_, err := s.PauseQueue(ctx, &pb.PauseQueueRequest{Name: names[i]})
		check(b, err)
	}
	for i := range b.N {
		sent.Add(1)
		_, err := s.enqueue(ctx, names[i%queues], post(internalScheme+"bench"))
		check(b, err)
	}
	b.ReportAllocs()
	b.ResetTimer()
	for _, name := range names {
		_, err := s.ResumeQueue(ctx, &pb.ResumeQueueRequest{Name: name})
		check(b, err)
	}
	sent.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "tasks/s")
}

// large is for the measurement of a queue that is full: go test ./internal/tasks -run Large -large=1000000 -v
var large = flag.Int("large", 20000, "how many tasks TestLarge puts into one queue")

// TestLarge fills one queue, and 1,000 others, and prints what that costs.
func TestLarge(t *testing.T) {
	if testing.Short() {
		t.Skip("writes many tasks")
	}
	dir := t.TempDir()
	e := onDisk(t, dir)
	s, err := New(t.Context(), e, Options{Alone: true, MaxQueues: 1001})
	check(t, err)
	begin := time.Now()
	for i := range 1000 {
		s.queueFor(t, &pb.Queue{Name: fmt.Sprint(testParent, "/queues/other-", i)})
	}
	t.Logf("1,000 queues made in %s", time.Since(begin).Round(time.Millisecond))
	s.queueFor(t, &pb.Queue{})
	before := inUse()
	begin = time.Now()
	fill(t, s, *large)
	t.Logf("%d tasks made in %s; heap %d MiB, %d bytes for each task, the engine's included", *large, time.Since(begin).Round(time.Millisecond),
		inUse()>>20, (inUse()-before)/uint64(*large))
	begin = time.Now()
	page, err := s.ListTasks(t.Context(), &pb.ListTasksRequest{Parent: testQueue})
	check(t, err)
	t.Logf("a page of %d tasks listed in %s", len(page.Tasks), time.Since(begin).Round(time.Microsecond))
	check(t, s.Close())
	check(t, e.Close())

	e = onDisk(t, dir)
	begin = time.Now()
	s, err = New(t.Context(), e, Options{Alone: true, Transport: world(func(*http.Request) (int, http.Header) { return 200, nil })})
	check(t, err)
	t.Logf("opened again in %s; heap %d MiB", time.Since(begin).Round(time.Millisecond), inUse()>>20)
	rate := dispatchAmong(t, s)
	t.Logf("1,000 tasks that are due sent from among them at %.0f tasks/s", rate)
	begin = time.Now()
	_, err = s.PurgeQueue(t.Context(), &pb.PurgeQueueRequest{Name: testQueue})
	check(t, err)
	t.Logf("purged in %s", time.Since(begin).Round(time.Millisecond))
	page, err = s.ListTasks(t.Context(), &pb.ListTasksRequest{Parent: testQueue})
	check(t, err)
	if len(page.Tasks) != 0 {
		t.Errorf("%d tasks are listed after the purge", len(page.Tasks))
	}
	check(t, s.Close())
	check(t, e.Close())
}

// dispatchAmong sends tasks from a queue that is full of others, and returns how many a second.
func dispatchAmong(t *testing.T, s *Service) float64 {
	const n = 1000
	var sent sync.WaitGroup
	sent.Add(n)
	s.register("bench", func(context.Context, *pb.Task) int {
		sent.Done()
		return 200
	})
	begin := time.Now()
	for range n {
		_, err := s.enqueue(t.Context(), testQueue, post(internalScheme+"bench"))
		check(t, err)
	}
	sent.Wait()
	return n / time.Since(begin).Seconds()
}

// fill makes tasks that are due in an hour.
func fill(t *testing.T, s *Service, n int) {
	var making sync.WaitGroup
	for worker := range 8 {
		making.Go(func() {
			for i := worker; i < n; i += 8 {
				task := post("http://x.example/")
				task.ScheduleTime = timestamppb.New(time.Now().Add(time.Hour + time.Duration(i)))
				if _, err := s.CreateTask(t.Context(), &pb.CreateTaskRequest{Parent: testQueue, Task: task}); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	making.Wait()
}

// inUse returns how many bytes are in use.
func inUse() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
