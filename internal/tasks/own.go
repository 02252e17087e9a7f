package tasks

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	pb "cloud.google.com/go/cloudtasks/apiv2/cloudtaskspb"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// OwnLocation is the location of the queues of this program's own. They are shown, paused, resumed
// and slowed down through the API as any other; but nobody adds queues there, and what they hold
// is not deleted: that is up to whoever put it there.
const OwnLocation = "projects/sluice/locations/internal"

var errOwn = status.Error(codes.FailedPrecondition, "The queues in "+OwnLocation+" are sluice's own: they can be paused, resumed and patched, and nothing can be created or deleted there.")

func refuseOwn(name string) error {
	if strings.HasPrefix(name, OwnLocation+"/queues/") {
		return errOwn
	}
	return nil
}

// Own is a queue of this program's own. Its tasks go to a function of the process that leads.
type Own struct {
	service *Service
	queue   string // full name
	url     string
}

// OwnOptions say how a queue of our own works when it is made. From then on the API may change it.
type OwnOptions struct {
	Concurrent int           // attempts at a time, in all processes; 0 stands for 1000
	Retry      time.Duration // pause after a failure; it doubles up to 16 times of that; 0 stands for 5 seconds
}

const (
	ownRate     = 5000             // attempts a second; Google's quota of 500 is for queues of users
	ownDeadline = 24 * time.Hour   // whoever works bounds the work
	ownNames    = 10 * time.Minute // for which a key stays taken after its task
	ownDoubling = 4
)

// Do works on what was put into a queue under a key. Unless it returns nil it is called again. ctx
// ends when the process does, or when another one leads.
type Do func(ctx context.Context, key string, body []byte) error

// Own returns the queue of that name, which it makes if need be. All processes of a cluster must
// have it before they begin attempts (Options.Later).
func (s *Service) Own(ctx context.Context, name string, o OwnOptions, do Do) (*Own, error) {
	q := &Own{service: s, queue: OwnLocation + "/queues/" + name, url: internalScheme + name}
	config := &pb.Queue{
		Name:       q.queue,
		RateLimits: &pb.RateLimits{MaxConcurrentDispatches: int32(first(o.Concurrent, 1000))},
		RetryConfig: &pb.RetryConfig{
			MaxAttempts: -1, MaxDoublings: ownDoubling,
			MinBackoff: durationpb.New(first(o.Retry, 5*time.Second)),
			MaxBackoff: durationpb.New(first(o.Retry, 5*time.Second) << ownDoubling),
		},
	}
	_, err := s.changeQueue(ctx, q.queue, func(old *queue) (*queue, error) {
		if old != nil {
			return nil, errQueueExists
		}
		made := newQueue(config)
		made.config.RateLimits.MaxDispatchesPerSecond, made.config.RateLimits.MaxBurstSize = ownRate, ownRate
		made.taskTTL, made.namesTTL = maxRetryTime, ownNames
		return made, nil
	})
	if err != nil && !errors.Is(err, errQueueExists) {
		return nil, fmt.Errorf("the queue %s: %w", q.queue, err)
	}
	s.register(name, func(ctx context.Context, t *pb.Task) int {
		if err := do(ctx, shortName(t.Name), t.GetHttpRequest().GetBody()); err != nil {
			return http.StatusConflict // which does not slow the queue down, as 5xx would
		}
		return http.StatusOK
	})
	return q, nil
}

// Put puts something into the queue, to be worked on at that time or soon after. A key, of letters,
// digits, - and _, is put once. When it is acknowledged it is kept.
func (q *Own) Put(ctx context.Context, key string, body []byte, at time.Time) error {
	if limit := q.service.now().Add(maxAhead); at.After(limit) {
		at = limit // whoever works on it then finds that it is early
	}
	t := &pb.Task{
		Name: q.queue + "/tasks/" + key, ScheduleTime: timestamppb.New(at), DispatchDeadline: durationpb.New(ownDeadline),
		MessageType: &pb.Task_HttpRequest{HttpRequest: &pb.HttpRequest{Url: q.url, HttpMethod: pb.HttpMethod_POST, Body: body}},
	}
	_, err := q.service.create(ctx, q.queue, t, true)
	if errors.Is(err, errTaskExists) {
		return nil
	}
	return err
}
