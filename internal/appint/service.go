package appint

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"sluice/internal/integrations"
	"sluice/internal/state"
	"sluice/internal/tasks"
)

// Service is Application Integration with a memory: an integrations.Engine whose executions,
// versions and profiles are kept on a state.Engine. Its methods may be called concurrently.
type Service struct {
	o        Options
	engine   *integrations.Engine
	records  *records
	versions *versions
	profiles *profiles
	requests *requests
	owners   *owners
	waiting  waiting
	handler  http.Handler
	failed   func(integrations.Report)

	life    context.Context // ends with Close
	end     context.CancelFunc
	running sync.WaitGroup // background goroutines

	mu     sync.Mutex // guards active
	active map[string]*activity
}

// activity is an execution that this process is running in the background.
type activity struct {
	cancel context.CancelFunc
}

// QueueName is the queue in tasks.OwnLocation that asynchronous executions ride on.
const QueueName = "integrations"

// Open makes the service on a store, and goes on with what was accepted and has not ended: at once
// with what earlier processes had begun, then with what has become due. It returns when all
// published integrations can be called. ctx bounds only the opening.
//
// What nobody waits for rides on a queue of queues, which must not begin attempts before Open has
// returned (tasks.Options.Later). The caller closes queues first, which gives executions under way a
// moment, then the service, then the store.
//
// Of the engine's options, Journal and Outside.AuthProfile are set by the service. Failed is also told
// of calls of policies and IntegrationEndpoints that are refused: whoever calls through the API sees
// the answer.
func Open(ctx context.Context, store state.Engine, queues *tasks.Service, engine integrations.Options, o Options) (*Service, error) {
	s := newService(o)
	engine.Journal = journal{s}
	engine.Outside.AuthProfile = s.profiles.find
	if engine.Now == nil {
		engine.Now = s.o.Now
	}
	if engine.NewID == nil {
		engine.NewID = s.o.NewID
	}
	if engine.Failed == nil {
		engine.Failed = func(integrations.Report) {}
	}
	s.failed = engine.Failed
	s.engine = integrations.New(engine)
	s.versions.engine = s.engine
	if err := s.open(ctx, store, queues, engine.MaxConcurrent); err != nil {
		return nil, errors.Join(fmt.Errorf("opening Application Integration: %w", err), s.Close())
	}
	s.begin()
	return s, nil
}

func newService(o Options) *Service {
	o = o.withDefaults()
	process := o.NewID()
	s := &Service{
		o:        o,
		records:  &records{process: process, now: o.Now, newID: o.NewID, keep: o.Keep},
		versions: &versions{now: o.Now, newID: o.NewID, log: o.Log},
		profiles: &profiles{now: o.Now, newID: o.NewID},
		requests: &requests{process: process, life: o.RequestLife},
		owners:   &owners{process: process, life: o.Lease},
		waiting:  waiting{failed: o.Log, pause: o.Retry, more: make(chan struct{}, 1)},
		active:   map[string]*activity{},
	}
	s.requests.service = s
	s.life, s.end = context.WithCancel(context.Background())
	s.handler = s.routes()
	return s
}

// open opens the buckets. Profiles are there before the versions that use them, and owners before
// the executions that name them.
func (s *Service) open(ctx context.Context, store state.Engine, queues *tasks.Service, workers int) (err error) {
	if workers <= 0 {
		workers = 50 // as the engine's own default
	}
	s.waiting.queue, err = queues.Own(ctx, QueueName, tasks.OwnOptions{Concurrent: workers, Retry: s.o.Retry}, s.goOn)
	if err != nil {
		return err
	}
	s.records.lasting.changed = s.executionChanged
	s.owners.alive.changed = s.ownerChanged
	for _, open := range []func() error{
		func() error { return s.profiles.open(ctx, s.life, store) },
		func() error { return s.versions.open(ctx, s.life, store) },
		func() error { return s.requests.open(ctx, store) },
		func() error { return s.owners.open(ctx, s.life, store, s.o.Sole) },
		func() error { return s.records.open(ctx, s.life, store) },
	} {
		if err := open(); err != nil {
			return err
		}
	}
	return s.versions.applyAll(ctx)
}

// begin starts what runs in the background.
func (s *Service) begin() {
	s.running.Go(func() { s.owners.keep(s.life, s.tidy, s.o.Log) })
	for range waitingWriters {
		s.running.Go(func() { s.waiting.deliver(s.life) })
	}
	s.running.Go(func() { s.versions.keepApplying(s.life) })
}

// Handler answers the REST API.
func (s *Service) Handler() http.Handler { return s.handler }

// closePatience bounds the last write of Close.
const closePatience = 2 * time.Second

// Close stops all executions and waits until they have stopped. Those that nobody waits for go on
// in another process, or after the next Open.
func (s *Service) Close() error {
	s.end()
	s.engine.Close()
	s.running.Wait()
	if s.owners.bucket == nil {
		return nil // Open failed early
	}
	ctx, cancel := context.WithTimeout(context.Background(), closePatience)
	defer cancel()
	return s.owners.leave(ctx)
}

// tidy keeps the number of ended executions within bounds. It runs every few seconds.
func (s *Service) tidy() {
	if err := s.records.trim(s.life, s.o.MaxKept); err != nil && s.life.Err() == nil {
		s.o.Log(fmt.Errorf("removing old executions: %w", err))
	}
}
