package tasks

import (
	"context"
	"crypto/rand"
	"errors"
	"net/http"
	"strings"
	"sync"
	"time"

	pb "cloud.google.com/go/cloudtasks/apiv2/cloudtaskspb"

	"sluice/flow"
	"sluice/internal/state"
)

// Options says how the service works. The zero value is of use.
type Options struct {
	// Transport sends the requests of tasks; nil stands for http.DefaultTransport. Redirects are
	// followed above it.
	Transport http.RoundTripper
	// Identity makes Google's tokens. Without it OIDC tokens are signed by an issuer of our own,
	// and tasks with OAuth tokens fail.
	Identity flow.Identity
	// Issuer is the URL under which handlers reach the REST handler, for the iss claim and the
	// discovery document of our own issuer; "" stands for http://localhost:8123.
	Issuer string
	// Later leaves the attempts to Start, so that handlers can be registered before.
	Later bool
	// Alone says that no other process uses the same engine: so this one leads at once, and need
	// not wait for the end of the lease of a process that was killed.
	Alone bool
	// LeaseLife is after how long without a sign of life the leader is replaced; 0 stands for 3
	// seconds. Engines forget a lease some time after its life.
	LeaseLife time.Duration
	// Grace is how long Close waits for attempts under way; 0 stands for 10 seconds. What is cut
	// off is attempted again by the next leader.
	Grace time.Duration
	// MaxAttempts bounds the attempts under way of all queues; 0 stands for 2000. An attempt holds
	// its task, of 1 MiB at most, in memory.
	MaxAttempts int
	// MaxQueues bounds the queues of a location; 0 stands for 1000, which is Google's quota.
	MaxQueues int
	// QueueTombstone is for how long the name of a deleted queue cannot be used again; 0 stands for
	// 3 days, which is Google's "up to".
	QueueTombstone time.Duration
	// Log is told what nobody else is: who leads, and which tasks are given up. It may be called
	// from several goroutines at once. Nil for none.
	Log func(warning bool, text string)
}

func (o Options) filled() Options {
	if o.Transport == nil {
		o.Transport = http.DefaultTransport
	}
	if o.Log == nil {
		o.Log = func(bool, string) {}
	}
	o.Issuer = first(o.Issuer, "http://localhost:8123")
	o.LeaseLife = first(o.LeaseLife, 3*time.Second)
	o.Grace = first(o.Grace, 10*time.Second)
	o.MaxAttempts = first(o.MaxAttempts, 2000)
	o.MaxQueues = first(o.MaxQueues, 1000)
	o.QueueTombstone = first(o.QueueTombstone, 3*24*time.Hour)
	return o
}

// handler takes a task in this process. It returns an HTTP status, which means what it means for
// HTTP targets. ctx ends with the task's dispatch deadline.
type handler func(ctx context.Context, task *pb.Task) (status int)

// Service is Cloud Tasks. It is a pb.CloudTasksServer, whose methods may also be called from this
// process; their errors are those of gRPC.
type Service struct {
	pb.UnimplementedCloudTasksServer

	options Options
	now     func() time.Time
	log     func(warning bool, text string)
	client  *http.Client
	issuer  *issuer
	replica *replica

	queues, tasks, system, lease state.Bucket

	slots    chan struct{}  // holds one for each attempt under way
	attempts sync.WaitGroup // under way
	leading  sync.WaitGroup
	life     context.Context // of beginning attempts
	end      context.CancelFunc
	sending  context.Context // of attempts and watches
	cut      context.CancelFunc

	mu       sync.Mutex // guards what follows
	handlers map[string]handler
	closed   bool
}

// Names of the buckets. What a lease says does not matter after the end of all processes.
var buckets = struct{ queues, tasks, system, lease state.BucketConfig }{
	queues: state.BucketConfig{Name: "tasks_queues", Durable: true},
	tasks:  state.BucketConfig{Name: "tasks", Durable: true},
	system: state.BucketConfig{Name: "tasks_system", Durable: true},
	lease:  state.BucketConfig{Name: "tasks_lease"},
}

// New opens the service on an engine, which must live longer than it. It returns when all queues
// and tasks are known; ctx bounds that and nothing after it. Close ends it.
func New(ctx context.Context, engine state.Engine, o Options) (*Service, error) {
	o = o.filled()
	s := &Service{
		options: o, now: time.Now, log: o.Log,
		client:   &http.Client{Transport: o.Transport, CheckRedirect: redirect},
		replica:  newReplica(time.Now, o.Log),
		slots:    make(chan struct{}, o.MaxAttempts),
		handlers: map[string]handler{},
	}
	s.life, s.end = context.WithCancel(context.Background())
	s.sending, s.cut = context.WithCancel(context.Background())
	if err := s.open(ctx, engine); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	if !o.Later {
		s.Start()
	}
	return s, nil
}

// Start begins attempts, once, when it is the turn of this process. It is for Options.Later.
func (s *Service) Start() { s.leading.Go(func() { s.follow(s.lease) }) }

// open opens the buckets and starts the watches.
func (s *Service) open(ctx context.Context, engine state.Engine) (err error) {
	for _, b := range []struct {
		to     *state.Bucket
		config state.BucketConfig
	}{{&s.queues, buckets.queues}, {&s.tasks, buckets.tasks}, {&s.system, buckets.system}, {&s.lease, buckets.lease}} {
		if *b.to, err = engine.Bucket(ctx, b.config); err != nil {
			return err
		}
	}
	s.issuer = &issuer{url: strings.TrimSuffix(s.options.Issuer, "/"), bucket: s.system}
	stop := context.AfterFunc(ctx, s.cut) // Watch takes one context for its begin and its whole life
	defer stop()
	if err := s.queues.Watch(s.sending, s.replica.applyQueue); err != nil {
		return err
	}
	return s.tasks.Watch(s.sending, s.replica.applyTask)
}

// follow makes this process the leader when it is its turn. At the end of the service it holds the
// lease while attempts are under way, so that nobody repeats them.
func (s *Service) follow(bucket state.Bucket) {
	if s.options.Alone {
		s.lead(s.life)
		return
	}
	l := &lease{bucket: bucket, owner: rand.Text(), life: s.options.LeaseLife, now: s.now}
	l.keep(s.life, func(ctx context.Context) {
		s.lead(ctx)
		if s.life.Err() != nil {
			s.attempts.Wait()
		}
	})
}

// register makes a handler take the tasks whose URL is sluice-internal://name or begins with
// sluice-internal://name/. Only create with own makes such tasks. While there is no handler of the
// name in the process that leads, attempts fail and are retried.
func (s *Service) register(name string, handler handler) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.handlers[name] = handler
}

// Close stops beginning attempts, waits for those under way, and ends the service. What was
// acknowledged is kept.
func (s *Service) Close() error {
	s.mu.Lock()
	again := s.closed
	s.closed = true
	s.mu.Unlock()
	if again {
		return nil
	}
	s.end()
	grace := time.AfterFunc(s.options.Grace, s.cut)
	defer grace.Stop()
	s.leading.Wait()
	s.attempts.Wait()
	s.cut()
	return nil
}
