package tasks

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	pb "cloud.google.com/go/cloudtasks/apiv2/cloudtaskspb"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"sluice/internal/state"
)

// virtual runs a test in virtual time, with a service whose tasks are answered by respond. respond
// is given how many requests there were, this one included.
func virtual(t *testing.T, o Options, respond func(n int, r *http.Request) (int, http.Header), do func(t *testing.T, s *Service, got *seen)) {
	synctest.Test(t, func(t *testing.T) {
		got := &seen{}
		o.Transport = world(func(r *http.Request) (int, http.Header) {
			body := []byte{}
			if r.Body != nil {
				body, _ = io.ReadAll(r.Body)
			}
			n := got.add(call{at: time.Now(), method: r.Method, url: r.URL.String(), header: r.Header.Clone(), body: string(body)})
			return respond(n, r)
		})
		do(t, inMemory(t, o), got)
	})
}

func always(code int) func(int, *http.Request) (int, http.Header) {
	return func(int, *http.Request) (int, http.Header) { return code, nil }
}

// gaps returns the seconds between calls.
func gaps(calls []call) (list []float64) {
	for i := 1; i < len(calls); i++ {
		list = append(list, calls[i].at.Sub(calls[i-1].at).Round(time.Millisecond).Seconds())
	}
	return list
}

func seconds(n float64) *durationpb.Duration {
	return durationpb.New(time.Duration(n * float64(time.Second)))
}

// TestRetries sends a task that always fails, and looks at when it was sent.
func TestRetries(t *testing.T) {
	documented := &pb.RetryConfig{MinBackoff: seconds(10), MaxBackoff: seconds(300), MaxDoublings: 3, MaxAttempts: 9}
	for _, tt := range []struct {
		name        string
		queue, task *pb.RetryConfig
		want        []float64
	}{
		{"the documented example", documented, nil, []float64{10, 20, 40, 80, 160, 240, 300, 300}},
		{"settings of the task", documented, &pb.RetryConfig{MaxAttempts: 3, MinBackoff: seconds(1)}, []float64{1, 2}},
		{"one attempt", &pb.RetryConfig{MaxAttempts: 1}, nil, nil},
		{"a default of a tenth of a second", &pb.RetryConfig{MaxAttempts: 4}, nil, []float64{0.1, 0.2, 0.4}},
		{"attempts used up, time not", &pb.RetryConfig{MaxAttempts: 2, MaxRetryDuration: seconds(70), MinBackoff: seconds(10), MaxBackoff: seconds(20)}, nil, []float64{10, 20, 20}},
		{"time used up, attempts not", &pb.RetryConfig{MaxAttempts: 4, MaxRetryDuration: seconds(5), MinBackoff: seconds(10), MaxBackoff: seconds(10)}, nil, []float64{10, 10, 10}},
		{"no limit of attempts", &pb.RetryConfig{MaxAttempts: -1, MaxRetryDuration: seconds(35), MinBackoff: seconds(10), MaxBackoff: seconds(10)}, nil, []float64{10, 10, 10}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			virtual(t, Options{}, always(500), func(t *testing.T, s *Service, got *seen) {
				s.queueFor(t, &pb.Queue{RetryConfig: tt.queue})
				task := named("t", post("http://x.example/"))
				task.RetryConfig = tt.task
				s.add1(t, task)
				time.Sleep(20 * time.Hour)
				if g := gaps(got.all()); !slices.Equal(g, tt.want) {
					t.Errorf("seconds between attempts: %v, want %v", g, tt.want)
				}
				_, err := s.GetTask(t.Context(), &pb.GetTaskRequest{Name: task.Name})
				wantCode(t, err, codes.NotFound, "no longer exists")
			})
		})
	}
}

// TestRetryHeaders looks at what a retried task tells its handler, and what GetTask tells meanwhile.
func TestRetryHeaders(t *testing.T) {
	answers := []int{503, 0, 404, 200}
	respond := func(n int, _ *http.Request) (int, http.Header) { return answers[n-1], nil }
	virtual(t, Options{}, respond, func(t *testing.T, s *Service, got *seen) {
		s.queueFor(t, &pb.Queue{RetryConfig: &pb.RetryConfig{MinBackoff: seconds(10)}})
		begin := time.Now()
		made := s.add1(t, post("http://x.example/"))
		time.Sleep(time.Second)
		now, err := s.GetTask(t.Context(), &pb.GetTaskRequest{Name: made.Name})
		check(t, err)
		last := now.LastAttempt
		if now.DispatchCount != 1 || now.ResponseCount != 1 || last.ResponseStatus.Message != "UNAVAILABLE(14): HTTP status code 503" || last.ResponseStatus.Code != 14 {
			t.Errorf("after the first attempt: %v", now)
		}
		if due := now.ScheduleTime.AsTime(); !due.Equal(begin.Add(10 * time.Second)) {
			t.Errorf("due %v after the first attempt", due.Sub(begin))
		}
		time.Sleep(time.Hour)
		var told []string
		for _, c := range got.all() {
			told = append(told, fmt.Sprintf("%s/%s/%s", c.header.Get("X-CloudTasks-TaskRetryCount"), c.header.Get("X-CloudTasks-TaskExecutionCount"), c.header.Get("X-CloudTasks-TaskPreviousResponse")))
		}
		// The count of executions leaves out 5xx; the previous answer is the last one that there was.
		if want := "0/0/ 1/0/503 2/0/503 3/1/404"; strings.Join(told, " ") != want {
			t.Errorf("retry count/execution count/previous response: %s, want %s", told, want)
		}
		eta := got.all()[1].header.Get("X-CloudTasks-TaskETA")
		if want := fmt.Sprintf("%d.000000", begin.Add(10*time.Second).Unix()); eta != want {
			t.Errorf("ETA %s, want %s", eta, want)
		}
		if reason := got.all()[1].header.Get("X-CloudTasks-TaskRetryReason"); !strings.Contains(reason, "503") {
			t.Errorf("retry reason %q", reason)
		}
	})
}

func TestSchedule(t *testing.T) {
	virtual(t, Options{}, always(200), func(t *testing.T, s *Service, got *seen) {
		s.queueFor(t, &pb.Queue{})
		begin := time.Now()
		for _, after := range []time.Duration{30 * 24 * time.Hour, time.Hour + 123456*time.Microsecond, -time.Hour} {
			task := post(fmt.Sprintf("http://x.example/%d", after))
			task.ScheduleTime = timestamppb.New(begin.Add(after))
			s.add1(t, task)
		}
		time.Sleep(40 * 24 * time.Hour)
		var after []time.Duration
		for _, c := range got.all() {
			after = append(after, c.at.Sub(begin))
		}
		if want := []time.Duration{0, time.Hour + 123456*time.Microsecond, 30 * 24 * time.Hour}; !slices.Equal(after, want) {
			t.Errorf("sent after %v, want %v", after, want)
		}
	})
}

// TestRate fills a queue and looks at the times: never more than the bucket allows, and in the end
// at the full rate.
func TestRate(t *testing.T) {
	const rate, n = 20.0, 400
	virtual(t, Options{}, always(200), func(t *testing.T, s *Service, got *seen) {
		q := s.queueFor(t, &pb.Queue{RateLimits: &pb.RateLimits{MaxDispatchesPerSecond: rate}})
		begin := time.Now()
		for range n {
			s.add1(t, post("http://x.example/"))
		}
		time.Sleep(time.Minute)
		burst := float64(q.RateLimits.MaxBurstSize)
		calls := got.all()
		if len(calls) != n {
			t.Fatalf("%d sent, want %d", len(calls), n)
		}
		for i, c := range calls {
			if most := burst + rate*c.at.Sub(begin).Seconds() + 1e-3; float64(i+1) > most {
				t.Fatalf("%d sent after %s, at most %g may be", i+1, c.at.Sub(begin), most)
			}
		}
		took, want := calls[n-1].at.Sub(begin).Seconds(), (n-burst)/rate
		if took > want+0.01 {
			t.Errorf("all sent after %.3f s, want %.3f", took, want)
		}
	})
}

func TestConcurrency(t *testing.T) {
	var mu sync.Mutex
	var now, most int
	respond := func(int, *http.Request) (int, http.Header) {
		mu.Lock()
		now++
		most = max(most, now)
		mu.Unlock()
		time.Sleep(time.Second)
		mu.Lock()
		now--
		mu.Unlock()
		return 200, nil
	}
	virtual(t, Options{}, respond, func(t *testing.T, s *Service, got *seen) {
		s.queueFor(t, &pb.Queue{RateLimits: &pb.RateLimits{MaxConcurrentDispatches: 3}})
		for range 30 {
			s.add1(t, post("http://x.example/"))
		}
		time.Sleep(10*time.Second + time.Millisecond)
		synctest.Wait()
		mu.Lock()
		defer mu.Unlock()
		if len(got.all()) != 30 || most != 3 {
			t.Errorf("%d sent in 10 s, at most %d at once; want 30 and 3", len(got.all()), most)
		}
	})
}

// TestOverload answers 503: the queue as a whole slows down, and recovers.
func TestOverload(t *testing.T) {
	respond := func(n int, r *http.Request) (int, http.Header) {
		if n <= 10 {
			return 503, http.Header{"Retry-After": {"30"}}
		}
		return 200, nil
	}
	virtual(t, Options{}, respond, func(t *testing.T, s *Service, got *seen) {
		q := s.queueFor(t, &pb.Queue{RateLimits: &pb.RateLimits{MaxDispatchesPerSecond: 10}})
		begin := time.Now()
		for i := range 210 {
			s.add1(t, post(fmt.Sprint("http://x.example/", i)))
		}
		stats := func() float64 {
			served, _ := s.lookup(t.Context(), q.Name)
			return s.replica.line(served.generation, false).stats(time.Now()).rate
		}
		time.Sleep(time.Millisecond)
		if rate := stats(); math.Abs(rate-5) > 0.001 {
			t.Errorf("rate %g after the first 503, want 5", rate)
		}
		time.Sleep(time.Minute)
		if rate := stats(); rate != 10 {
			t.Errorf("rate %g a minute later, want 10", rate)
		}
		first := map[string]time.Time{}
		for _, c := range got.all() {
			if at, again := first[c.url]; again && c.at.Sub(at) < 30*time.Second {
				t.Errorf("%s sent again %s after an answer that asked for 30 s", c.url, c.at.Sub(at))
			}
			first[c.url] = c.at
		}
		if len(got.all()) != 220 || got.all()[219].at.Sub(begin) < 22*time.Second {
			t.Errorf("%d sent, the last after %s", len(got.all()), got.all()[len(got.all())-1].at.Sub(begin))
		}
	})
}

func TestPauseAndRun(t *testing.T) {
	respond := func(n int, _ *http.Request) (int, http.Header) {
		return map[bool]int{true: 500, false: 200}[n == 1], nil
	}
	virtual(t, Options{}, respond, func(t *testing.T, s *Service, got *seen) {
		ctx := t.Context()
		s.queueFor(t, &pb.Queue{RetryConfig: &pb.RetryConfig{MinBackoff: seconds(60), MaxBackoff: seconds(60)}})
		_, err := s.PauseQueue(ctx, &pb.PauseQueueRequest{Name: testQueue})
		check(t, err)
		made := s.add1(t, post("http://x.example/"))
		time.Sleep(time.Hour)
		if n := len(got.all()); n != 0 {
			t.Fatalf("%d sent by a paused queue", n)
		}
		asked := time.Now()
		ran, err := s.RunTask(ctx, &pb.RunTaskRequest{Name: made.Name})
		check(t, err)
		if ran.DispatchCount != 1 || ran.LastAttempt.ResponseTime != nil {
			t.Errorf("RunTask returned %v", ran)
		}
		time.Sleep(time.Hour)
		after, err := s.GetTask(ctx, &pb.GetTaskRequest{Name: made.Name})
		check(t, err)
		if due := after.ScheduleTime.AsTime().Sub(asked); len(got.all()) != 1 || due != time.Minute {
			t.Errorf("%d sent, due %s after RunTask; want 1 and a minute", len(got.all()), due)
		}
		_, err = s.ResumeQueue(ctx, &pb.ResumeQueueRequest{Name: testQueue})
		check(t, err)
		time.Sleep(time.Second)
		if n := len(got.all()); n != 2 {
			t.Errorf("%d sent after the queue was resumed, want 2", n)
		}
	})
}

// TestRunWhileRunning calls RunTask while an attempt is under way: there are two at once, and the
// task is not attempted again after one of them has succeeded.
func TestRunWhileRunning(t *testing.T) {
	respond := func(n int, _ *http.Request) (int, http.Header) {
		time.Sleep(time.Duration(n) * time.Minute)
		return map[bool]int{true: 500, false: 200}[n == 1], nil
	}
	virtual(t, Options{}, respond, func(t *testing.T, s *Service, got *seen) {
		s.queueFor(t, &pb.Queue{})
		made := s.add1(t, named("t", post("http://x.example/")))
		time.Sleep(time.Second)
		_, err := s.RunTask(t.Context(), &pb.RunTaskRequest{Name: made.Name})
		check(t, err)
		time.Sleep(time.Second)
		if n := len(got.all()); n != 2 {
			t.Fatalf("%d attempts under way, want 2", n)
		}
		time.Sleep(time.Hour)
		_, err = s.GetTask(t.Context(), &pb.GetTaskRequest{Name: made.Name})
		wantCode(t, err, codes.NotFound, "no longer exists")
		if n := len(got.all()); n != 2 {
			t.Errorf("%d attempts in all, want 2", n)
		}
	})
}

func TestDeadline(t *testing.T) {
	respond := func(_ int, r *http.Request) (int, http.Header) {
		<-r.Context().Done()
		return 0, nil
	}
	virtual(t, Options{}, respond, func(t *testing.T, s *Service, got *seen) {
		s.queueFor(t, &pb.Queue{RetryConfig: &pb.RetryConfig{MinBackoff: seconds(100), MaxBackoff: seconds(100)}})
		task := post("http://x.example/")
		task.DispatchDeadline = seconds(15)
		made := s.add1(t, task)
		time.Sleep(16 * time.Second)
		now, err := s.GetTask(t.Context(), &pb.GetTaskRequest{Name: made.Name})
		check(t, err)
		last := now.LastAttempt
		if took := last.ResponseTime.AsTime().Sub(last.DispatchTime.AsTime()); took != 15*time.Second || last.ResponseStatus.Code != int32(codes.DeadlineExceeded) || now.ResponseCount != 0 {
			t.Errorf("took %s: %v", took, now)
		}
	})
}

// TestNames uses a name again: not for a day after the task, and not for three after the queue.
func TestNames(t *testing.T) {
	virtual(t, Options{}, always(200), func(t *testing.T, s *Service, got *seen) {
		ctx := t.Context()
		s.queueFor(t, &pb.Queue{})
		again := func() error {
			_, err := s.CreateTask(ctx, &pb.CreateTaskRequest{Parent: testQueue, Task: named("t", post("http://x.example/"))})
			return err
		}
		check(t, again())
		time.Sleep(24*time.Hour - time.Second)
		wantCode(t, again(), codes.AlreadyExists, "Requested entity already exists")
		time.Sleep(2 * time.Second)
		check(t, again())
		time.Sleep(time.Second)
		_, err := s.DeleteQueue(ctx, &pb.DeleteQueueRequest{Name: testQueue})
		check(t, err)
		anew := func() error {
			_, err := s.CreateQueue(ctx, &pb.CreateQueueRequest{Parent: testParent, Queue: &pb.Queue{Name: testQueue}})
			return err
		}
		time.Sleep(3*24*time.Hour - 2*time.Second)
		wantCode(t, anew(), codes.FailedPrecondition, "too recently")
		time.Sleep(2 * time.Second)
		check(t, anew())
		check(t, again()) // the tasks of another queue
		time.Sleep(time.Second)
		if n := len(got.all()); n != 3 {
			t.Errorf("%d sent, want 3", n)
		}
	})
}

func TestRetention(t *testing.T) {
	virtual(t, Options{}, always(500), func(t *testing.T, s *Service, got *seen) {
		s.queueFor(t, &pb.Queue{RetryConfig: &pb.RetryConfig{MaxAttempts: -1, MinBackoff: seconds(3600), MaxBackoff: seconds(3600)}})
		begin := time.Now()
		s.add1(t, post("http://x.example/"))
		time.Sleep(60 * 24 * time.Hour)
		calls := got.all()
		if last := calls[len(calls)-1].at.Sub(begin); last > 31*24*time.Hour || last < 31*24*time.Hour-2*time.Hour {
			t.Errorf("the last attempt was after %s, want just below 31 days", last)
		}
	})
}

// TestPurge purges a queue: what was created before is not sent, its names stay taken, and the
// bucket is emptied.
func TestPurge(t *testing.T) {
	virtual(t, Options{}, always(200), func(t *testing.T, s *Service, got *seen) {
		ctx := t.Context()
		s.queueFor(t, &pb.Queue{})
		for i := range 3000 {
			task := named(fmt.Sprint(i), post("http://x.example/"))
			task.ScheduleTime = timestamppb.New(time.Now().Add(time.Minute))
			s.add1(t, task)
		}
		_, err := s.PurgeQueue(ctx, &pb.PurgeQueueRequest{Name: testQueue})
		check(t, err)
		made := s.add1(t, post("http://x.example/after"))
		_, err = s.CreateTask(ctx, &pb.CreateTaskRequest{Parent: testQueue, Task: named("7", post("http://x.example/"))})
		wantCode(t, err, codes.AlreadyExists, "")
		time.Sleep(time.Hour)
		if calls := got.all(); len(calls) != 1 || calls[0].url != "http://x.example/after" {
			t.Errorf("%d sent after a purge; %s should be", len(calls), made.Name)
		}
		q, err := s.lookup(ctx, testQueue)
		check(t, err)
		if _, n := s.replica.line(q.generation, false).state(); n != 0 {
			t.Errorf("%d purged tasks are still in the bucket", n)
		}
	})
}

func TestDeletedQueueIsEmptied(t *testing.T) {
	virtual(t, Options{}, always(200), func(t *testing.T, s *Service, got *seen) {
		s.queueFor(t, &pb.Queue{})
		task := post("http://x.example/")
		task.ScheduleTime = timestamppb.New(time.Now().Add(time.Minute))
		s.add1(t, task)
		_, err := s.DeleteQueue(t.Context(), &pb.DeleteQueueRequest{Name: testQueue})
		check(t, err)
		time.Sleep(time.Hour)
		left := 0
		check(t, s.tasks.Watch(t.Context(), func(c state.Change) { left++ }))
		if left != 0 || len(got.all()) != 0 {
			t.Errorf("%d tasks left, %d sent", left, len(got.all()))
		}
	})
}

func TestHandlers(t *testing.T) {
	virtual(t, Options{}, always(500), func(t *testing.T, s *Service, _ *seen) {
		ctx := t.Context()
		s.queueFor(t, &pb.Queue{})
		var calls []string
		s.register("jobs", func(ctx context.Context, task *pb.Task) int {
			calls = append(calls, string(task.GetHttpRequest().Body))
			switch len(calls) {
			case 1:
				panic("broken")
			case 2:
				return 503
			}
			return 204
		})
		task := named("t", post(internalScheme+"jobs/1"))
		task.GetHttpRequest().Body = []byte("work")
		made, err := s.enqueue(ctx, testQueue, task)
		check(t, err)
		_, err = s.enqueue(ctx, testQueue, post(internalScheme+"nobody"))
		check(t, err)
		time.Sleep(time.Hour)
		synctest.Wait()
		if want := []string{"work", "work", "work"}; !slices.Equal(calls, want) {
			t.Errorf("called with %q, want %q", calls, want)
		}
		_, err = s.GetTask(ctx, &pb.GetTaskRequest{Name: made.Name})
		wantCode(t, err, codes.NotFound, "no longer exists")
	})
}

// TestTakeover runs two processes on one engine. One sends; when it ends, the other goes on, and
// nothing is sent twice.
func TestTakeover(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := state.NewMemory(time.Now)
		got := map[string]*seen{"a": {}, "b": {}}
		open := func(name string) *Service {
			s, err := New(t.Context(), e, Options{Transport: world(func(r *http.Request) (int, http.Header) {
				got[name].add(call{at: time.Now(), url: r.URL.String()})
				time.Sleep(3 * time.Second) // longer than another process needs to take over
				return 200, nil
			})})
			check(t, err)
			return s
		}
		a := open("a")
		time.Sleep(time.Millisecond)
		b := open("b")
		a.queueFor(t, &pb.Queue{})
		for i := range 100 {
			task := post(fmt.Sprint("http://x.example/", i))
			task.ScheduleTime = timestamppb.New(time.Now().Add(time.Duration(i) * 100 * time.Millisecond))
			_, err := b.CreateTask(t.Context(), &pb.CreateTaskRequest{Parent: testQueue, Task: task})
			check(t, err)
		}
		time.Sleep(5 * time.Second)
		check(t, a.Close())
		time.Sleep(20 * time.Second)
		check(t, b.Close())
		check(t, e.Close())
		sent := map[string]int{}
		for _, c := range append(got["a"].all(), got["b"].all()...) {
			sent[c.url]++
		}
		for url, n := range sent {
			if n != 1 {
				t.Errorf("%s was sent %d times", url, n)
			}
		}
		if n := len(got["a"].all()); len(sent) != 100 || n < 49 || n > 52 {
			t.Errorf("%d tasks sent, %d of them by the first process; want 100 and about 50", len(sent), n)
		}
	})
}

// TestLostLease takes the lease away from a leader, as if it had been stopped for a while: it stops
// sending before another may begin.
func TestLostLease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := &fragile{Engine: state.NewMemory(time.Now)}
		var got seen
		s, err := New(t.Context(), e, Options{Transport: world(func(r *http.Request) (int, http.Header) {
			got.add(call{at: time.Now()})
			return 200, nil
		})})
		check(t, err)
		s.queueFor(t, &pb.Queue{})
		begin := time.Now()
		for i := range 100 {
			task := post("http://x.example/")
			task.ScheduleTime = timestamppb.New(begin.Add(time.Duration(i) * 100 * time.Millisecond))
			s.add1(t, task)
		}
		time.Sleep(2 * time.Second)
		e.broken.Store(true)
		time.Sleep(4 * time.Second)
		stopped := len(got.all())
		if last := got.all()[stopped-1].at.Sub(begin); last > 5*time.Second {
			t.Errorf("sent %s after the begin without a lease", last)
		}
		e.broken.Store(false)
		time.Sleep(20 * time.Second)
		if n := len(got.all()); n != 100 || stopped == 100 {
			t.Errorf("%d sent, %d before the lease was lost; want 100 in all", n, stopped)
		}
		check(t, s.Close())
		check(t, e.Close())
	})
}

// TestUnawareStore: a store that does not know a task, since its leader has just changed, keeps no
// task from being sent once: neither when an attempt begins, nor when it is to be written how one
// went, nor for RunTask.
func TestUnawareStore(t *testing.T) {
	const looks = 7
	for name, c := range map[string]struct {
		paused bool // and then run by RunTask
		during bool // the store changes its leader while the task is sent, not before
	}{
		"before an attempt":         {},
		"during an attempt":         {during: true},
		"before a run of RunTask's": {paused: true},
		"during a run of RunTask's": {paused: true, during: true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				// The lag lets the store forget before the leader hears of RunTask.
				e := &fragile{Engine: state.NewMemory(time.Now), lag: time.Second}
				var got seen
				s := opened(t, e, Options{Transport: world(func(*http.Request) (int, http.Header) {
					if got.add(call{}) == 1 && c.during {
						e.unaware.Store(looks)
					}
					return 200, nil
				})})
				s.queueFor(t, &pb.Queue{})
				task := s.add1(t, inAnHour(post("http://x.example/")))
				if c.paused {
					_, err := s.PauseQueue(t.Context(), &pb.PauseQueueRequest{Name: testQueue})
					check(t, err)
					_, err = s.RunTask(t.Context(), &pb.RunTaskRequest{Name: task.Name})
					check(t, err)
				}
				if !c.during {
					e.unaware.Store(looks)
				}
				time.Sleep(2 * time.Hour)
				if n := len(got.all()); n != 1 {
					t.Errorf("sent %d times, want once", n)
				}
				if left := e.unaware.Load(); left > 0 {
					t.Errorf("the store was asked %d times fewer than it takes to know the task", left)
				}
				_, err := s.GetTask(t.Context(), &pb.GetTaskRequest{Name: task.Name})
				wantCode(t, err, codes.NotFound, "not found")
			})
		})
	}
}

// TestForgottenQueue: an attempt ends when its queue has made way for another one of that name
// meanwhile, although nobody tells it of its task any more.
func TestForgottenQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := &fragile{Engine: state.NewMemory(time.Now)}
		var forget func()
		s := opened(t, e, Options{Transport: world(func(*http.Request) (int, http.Header) {
			e.unaware.Store(math.MaxInt64)
			forget()
			return 200, nil
		})})
		s.queueFor(t, &pb.Queue{})
		q, err := s.lookup(t.Context(), testQueue)
		check(t, err)
		forget = func() { s.replica.drop(q.generation) }
		s.add1(t, inAnHour(post("http://x.example/")))
		time.Sleep(2 * time.Hour)
		if n, sent := len(s.slots), e.unaware.Load() > 0; n > 0 || !sent {
			t.Errorf("%d attempts are under way; sent: %t", n, sent)
		}
	})
}

func inAnHour(task *pb.Task) *pb.Task {
	task.ScheduleTime = timestamppb.New(time.Now().Add(time.Hour))
	return task
}

// TestClose ends the service while an attempt is under way: it waits for the grace, and the next
// process repeats what was cut off.
func TestClose(t *testing.T) {
	for _, grace := range []time.Duration{2 * time.Second, 30 * time.Second} {
		synctest.Test(t, func(t *testing.T) {
			e := state.NewMemory(time.Now)
			var got seen
			o := Options{Alone: true, Grace: grace, Transport: world(func(r *http.Request) (int, http.Header) {
				got.add(call{})
				select {
				case <-time.After(10 * time.Second):
					return 200, nil
				case <-r.Context().Done():
					return 0, nil
				}
			})}
			s, err := New(t.Context(), e, o)
			check(t, err)
			s.queueFor(t, &pb.Queue{})
			s.add1(t, post("http://x.example/"))
			time.Sleep(time.Second)
			begin := time.Now()
			check(t, s.Close())
			check(t, s.Close())
			if took, want := time.Since(begin), min(grace, 9*time.Second); took != want {
				t.Errorf("Close took %s, want %s", took, want)
			}
			s, err = New(t.Context(), e, o)
			check(t, err)
			time.Sleep(time.Minute)
			check(t, s.Close())
			check(t, e.Close())
			if n, want := len(got.all()), map[bool]int{true: 2, false: 1}[grace < 9*time.Second]; n != want {
				t.Errorf("with a grace of %s: sent %d times, want %d", grace, n, want)
			}
		})
	}
}

// TestLargePage lists tasks that are too large for one answer.
func TestLargePage(t *testing.T) {
	virtual(t, Options{}, always(200), func(t *testing.T, s *Service, _ *seen) {
		s.queueFor(t, &pb.Queue{})
		for range 10 {
			task := post("http://x.example/")
			task.GetHttpRequest().Body = make([]byte, 900<<10)
			task.ScheduleTime = timestamppb.New(time.Now().Add(time.Hour))
			s.add1(t, task)
		}
		all, pages := 0, 0
		for r := (&pb.ListTasksRequest{Parent: testQueue, ResponseView: pb.Task_FULL}); pages == 0 || r.PageToken != ""; pages++ {
			a, err := s.ListTasks(t.Context(), r)
			check(t, err)
			if size := proto.Size(a); size > maxPageBytes+maxTask+1000 {
				t.Errorf("a page of %d bytes", size)
			}
			all += len(a.Tasks)
			r.PageToken = a.NextPageToken
		}
		if all != 10 || pages != 3 {
			t.Errorf("%d tasks in %d pages, want 10 in 3", all, pages)
		}
	})
}

func TestNewFails(t *testing.T) {
	e := state.NewMemory(time.Now)
	check(t, e.Close())
	if _, err := New(t.Context(), e, Options{}); !errors.Is(err, state.ErrUnavailable) {
		t.Errorf("on an engine that is closed: %v", err)
	}
}

// TestRunElsewhere calls RunTask in a process that does not lead, on a paused queue. The leader is
// cut off while it runs the task, and the next leader runs it again.
func TestRunElsewhere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := state.NewMemory(time.Now)
		got := map[string]*seen{"a": {}, "b": {}}
		open := func(name string) *Service {
			s, err := New(t.Context(), e, Options{Grace: time.Second, Transport: world(func(r *http.Request) (int, http.Header) {
				got[name].add(call{at: time.Now()})
				select {
				case <-time.After(time.Minute):
				case <-r.Context().Done():
				}
				return 200, nil
			})})
			check(t, err)
			return s
		}
		a := open("a")
		time.Sleep(time.Millisecond)
		b := open("b")
		b.queueFor(t, &pb.Queue{})
		_, err := b.PauseQueue(t.Context(), &pb.PauseQueueRequest{Name: testQueue})
		check(t, err)
		made := b.add1(t, named("t", post("http://x.example/")))
		_, err = b.RunTask(t.Context(), &pb.RunTaskRequest{Name: made.Name})
		check(t, err)
		time.Sleep(time.Second)
		check(t, a.Close())
		time.Sleep(time.Hour)
		if len(got["a"].all()) != 1 || len(got["b"].all()) != 1 {
			t.Errorf("run %d times by the first leader, %d by the second; want once each", len(got["a"].all()), len(got["b"].all()))
		}
		_, err = b.GetTask(t.Context(), &pb.GetTaskRequest{Name: made.Name})
		wantCode(t, err, codes.NotFound, "no longer exists")
		check(t, b.Close())
		check(t, e.Close())
	})
}

// TestOrphans leaves tasks in the bucket whose queue is no more: they are removed, and those of a
// queue that was only told late are not.
func TestOrphans(t *testing.T) {
	virtual(t, Options{}, always(200), func(t *testing.T, s *Service, got *seen) {
		s.queueFor(t, &pb.Queue{})
		q, err := s.lookup(t.Context(), testQueue)
		check(t, err)
		task := post("http://x.example/")
		task.ScheduleTime = timestamppb.New(time.Now().Add(24 * time.Hour))
		r, id, err := newRecord(q, task, time.Now())
		check(t, err)
		other := q.changed(func(q *queue) { q.generation = "ffffffffffff" })
		check(t, s.add(t.Context(), other, id, r))
		late := newLine(q.generation, time.Now())
		for _, l := range []*line{s.replica.line(other.generation, false), late} {
			more, err := s.cleanLine(t.Context(), l)
			if !more || err != nil {
				t.Errorf("a young line: %t, %v", more, err)
			}
		}
		time.Sleep(time.Hour)
		if l := s.replica.line(other.generation, false); l != nil {
			t.Error("an hour later the orphans are there")
		}
		late.apply(keyOf(id), mustEncode(t, r), 1)
		check(t, s.add(t.Context(), q, id, r))
		if _, err := s.cleanLine(t.Context(), late); err != nil {
			t.Error(err)
		}
		if _, _, err := s.read(t.Context(), place(q.generation, keyOf(id))); err != nil {
			t.Errorf("the task of a queue that is told late: %v", err)
		}
	})
}

// TestStaleEntry begins an attempt by what the watch told, while the record was written anew and not
// told yet, as after a change of leaders: nothing is sent by the old record.
func TestStaleEntry(t *testing.T) {
	virtual(t, Options{}, always(200), func(t *testing.T, s *Service, got *seen) {
		s.queueFor(t, &pb.Queue{})
		_, err := s.PauseQueue(t.Context(), &pb.PauseQueueRequest{Name: testQueue})
		check(t, err)
		s.add1(t, named("t", post("http://x.example/")))
		q, err := s.lookup(t.Context(), testQueue)
		check(t, err)
		l := s.replica.line(q.generation, false)
		l.mu.Lock()
		b := l.begin(l.tasks.get(keyOf("t")), false)
		l.mu.Unlock()
		b.revision--
		s.attempt(l, b)
		if n := len(got.all()); n != 0 {
			t.Errorf("%d sent by a record that is no more", n)
		}
		_, err = s.ResumeQueue(t.Context(), &pb.ResumeQueueRequest{Name: testQueue})
		check(t, err)
		time.Sleep(time.Second)
		if n := len(got.all()); n != 1 {
			t.Errorf("%d sent by the new one, want 1", n)
		}
	})
}

func mustEncode(t *testing.T, r *record) []byte {
	t.Helper()
	value, err := r.encode()
	check(t, err)
	return value
}
