package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	pb "cloud.google.com/go/cloudtasks/apiv2/cloudtaskspb"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// taskPlan is what one sample does.
type taskPlan struct {
	Address     string // gRPC, in clear text
	PID         int    // of the peer; 0 for unknown, then there are no CPU times
	Tasks       int
	Connections int
	Queues      int
	Body        int // bytes
}

// taskResult is what the load saw.
type taskResult struct {
	Create   taskPhase // tasks that are due in an hour
	Dispatch taskPhase // from the moment at which all tasks are due to the arrival of the last
	Both     taskPhase // from the first creation to the last arrival of tasks that are due at once
	P50, P99 float64   // milliseconds of one creation
	Repeated int       // arrivals of tasks that had arrived before
	CPU      float64   // of the peer, in seconds, for everything
}

// taskPhase is what a phase took, in seconds.
type taskPhase struct{ Elapsed, CPU float64 }

// arrivalLimit is how long after its creation a phase's last task may arrive.
const arrivalLimit = 2 * time.Minute

// taskLoadRole carries out a plan, given as JSON, and prints the result as JSON.
func taskLoadRole(args []string) error {
	if len(args) != 1 {
		return errors.New("taskload takes a plan")
	}
	l := &taskLoad{}
	if err := json.Unmarshal([]byte(args[0]), &l.taskPlan); err != nil {
		return fmt.Errorf("the plan: %w", err)
	}
	r, err := l.run(context.Background())
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(r)
}

// taskLoad is a plan that is being carried out.
type taskLoad struct {
	taskPlan
	clients []pb.CloudTasksClient
	queues  []string
	target  *taskTarget
	result  taskResult
}

func (l *taskLoad) run(ctx context.Context) (*taskResult, error) {
	var err error
	if l.target, err = newTaskTarget(); err != nil {
		return nil, err
	}
	defer l.target.Close()
	for range l.Connections {
		c, err := grpc.NewClient(l.Address, grpc.WithTransportCredentials(insecure.NewCredentials()))
		if err != nil {
			return nil, err
		}
		defer c.Close()
		l.clients = append(l.clients, pb.NewCloudTasksClient(c))
	}
	defer l.deleteQueues(ctx)
	for _, step := range []func(context.Context) error{l.makeQueues, l.warmUp, l.create, l.dispatch, l.both} {
		if err := step(ctx); err != nil {
			return nil, err
		}
	}
	return &l.result, nil
}

// makeQueues makes queues of names that were never used, since a server that runs
// already may remember them. All limits are given, so that they are the same for every
// peer.
func (l *taskLoad) makeQueues(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	const parent = "projects/bench/locations/here"
	stamp := time.Now().UnixNano()
	for i := range l.Queues {
		q := &pb.Queue{Name: fmt.Sprintf("%s/queues/q%d-%d", parent, stamp, i), RateLimits: &pb.RateLimits{MaxDispatchesPerSecond: 500, MaxConcurrentDispatches: 100}}
		if _, err := l.clients[0].CreateQueue(ctx, &pb.CreateQueueRequest{Parent: parent, Queue: q}, grpc.WaitForReady(true)); err != nil {
			return fmt.Errorf("making a queue: %w", err)
		}
		l.queues = append(l.queues, q.Name)
	}
	return nil
}

// deleteQueues is for servers that go on running.
func (l *taskLoad) deleteQueues(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	for _, name := range l.queues {
		_, _ = l.clients[0].DeleteQueue(ctx, &pb.DeleteQueueRequest{Name: name}) // the numbers are taken
	}
}

func (l *taskLoad) warmUp(ctx context.Context) error {
	_, err := l.make(ctx, "warm", l.Tasks/10, time.Now().Add(time.Hour))
	return err
}

func (l *taskLoad) create(ctx context.Context) error {
	end := l.measure(time.Now(), &l.result.Create)
	took, err := l.make(ctx, "create", l.Tasks, time.Now().Add(time.Hour))
	end()
	if err != nil {
		return err
	}
	slices.Sort(took)
	l.result.P50, l.result.P99 = milliseconds(took[len(took)/2]), milliseconds(took[len(took)*99/100])
	return nil
}

// dispatch has all tasks due at one moment, when they are there and nothing else goes
// on.
func (l *taskLoad) dispatch(ctx context.Context) error {
	arriving := l.target.expect("dispatch", l.Tasks)
	due := time.Now().Add(time.Duration(3*l.result.Create.Elapsed*float64(time.Second)) + time.Second/2)
	if _, err := l.make(ctx, "dispatch", l.Tasks, due); err != nil {
		return err
	}
	if time.Until(due) < 0 {
		return errors.New("creating took more than three times as long as before: the machine is too busy to measure")
	}
	time.Sleep(time.Until(due))
	return l.wait(ctx, arriving, l.measure(due, &l.result.Dispatch))
}

func (l *taskLoad) both(ctx context.Context) error {
	arriving := l.target.expect("both", l.Tasks)
	end := l.measure(time.Now(), &l.result.Both)
	if _, err := l.make(ctx, "both", l.Tasks, time.Time{}); err != nil {
		return err
	}
	return l.wait(ctx, arriving, end)
}

func (l *taskLoad) wait(ctx context.Context, arriving *arrivals, end func()) error {
	ctx, cancel := context.WithTimeout(ctx, arrivalLimit)
	defer cancel()
	repeated, err := arriving.wait(ctx)
	end()
	l.result.Repeated += repeated
	return err
}

// measure begins a phase. The function it returns ends it.
func (l *taskLoad) measure(begin time.Time, p *taskPhase) (end func()) {
	used := l.cpu()
	return func() {
		l.result.CPU = l.cpu()
		*p = taskPhase{Elapsed: time.Since(begin).Seconds(), CPU: l.result.CPU - used}
	}
}

// cpu is what the peer has used so far, in seconds; 0 when nobody knows.
func (l *taskLoad) cpu() float64 {
	if l.PID == 0 {
		return 0
	}
	used, _ := cpuTime(l.PID) // a peer that is gone fails otherwise
	return used.Seconds()
}

// make creates n tasks, and returns how long each creation took.
func (l *taskLoad) make(ctx context.Context, phase string, n int, due time.Time) ([]time.Duration, error) {
	ctx, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	took := make([]time.Duration, n)
	var next atomic.Int64
	var making sync.WaitGroup
	for _, client := range l.clients {
		making.Go(func() {
			for i := int(next.Add(1)) - 1; i < n && ctx.Err() == nil; i = int(next.Add(1)) - 1 {
				begin := time.Now()
				if _, err := client.CreateTask(ctx, l.task(phase, i, due)); err != nil {
					fail(fmt.Errorf("creating a task: %w", err))
				}
				took[i] = time.Since(begin)
			}
		})
	}
	making.Wait()
	return took, context.Cause(ctx)
}

// task is the request for one task.
func (l *taskLoad) task(phase string, i int, due time.Time) *pb.CreateTaskRequest {
	t := &pb.Task{MessageType: &pb.Task_HttpRequest{HttpRequest: &pb.HttpRequest{Url: l.target.url(phase, i), Body: make([]byte, l.Body)}}}
	if !due.IsZero() {
		t.ScheduleTime = timestamppb.New(due)
	}
	return &pb.CreateTaskRequest{Parent: l.queues[i%len(l.queues)], Task: t}
}
