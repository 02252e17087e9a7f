package tasks

import (
	"context"
	"slices"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/emptypb"

	pb "cloud.google.com/go/cloudtasks/apiv2/cloudtaskspb"
	betapb "cloud.google.com/go/cloudtasks/apiv2beta3/cloudtaskspb"
)

// Queues of v2beta3 have retentions, a type and statistics, and keep the App Engine routing in a
// field of another name.
const (
	minTaskTTL  = 10 * 24 * time.Hour
	maxTaskTTL  = maxRetryTime
	minNamesTTL = time.Hour
	maxNamesTTL = 9 * 24 * time.Hour
)

// readBetaQueue checks what v2 does not know and returns the rest.
func readBetaQueue(q *betapb.Queue) (*pb.Queue, error) {
	if q == nil {
		return nil, nil
	}
	if q.Type == betapb.Queue_PULL {
		return nil, invalid("Pull queues are not supported")
	}
	if t := q.TaskTtl; t != nil && (!t.IsValid() || t.AsDuration() < minTaskTTL || t.AsDuration() > maxTaskTTL) {
		return nil, invalid("Queue.task_ttl must be between 10 days and 10 years")
	}
	if t := q.TombstoneTtl; t != nil && (!t.IsValid() || t.AsDuration() < minNamesTTL || t.AsDuration() > maxNamesTTL) {
		return nil, invalid("Queue.tombstone_ttl must be between 1 hour and 9 days")
	}
	config := &pb.Queue{}
	convert(q.ProtoReflect(), config.ProtoReflect())
	if r := q.GetAppEngineHttpQueue().GetAppEngineRoutingOverride(); r != nil {
		config.AppEngineRoutingOverride = &pb.AppEngineRouting{}
		convert(r.ProtoReflect(), config.AppEngineRoutingOverride.ProtoReflect())
	}
	return config, nil
}

// retentions returns what sets the retentions that q has and paths name; no paths name all.
func retentions(q *betapb.Queue, paths []string) func(*queue) {
	named := func(path string) bool { return len(paths) == 0 || slices.Contains(paths, path) }
	return func(to *queue) {
		if named("task_ttl") {
			to.taskTTL = first(q.GetTaskTtl().AsDuration(), defaultTaskTTL)
		}
		if named("tombstone_ttl") {
			to.namesTTL = first(q.GetTombstoneTtl().AsDuration(), defaultNamesTTL)
		}
	}
}

// v2Paths returns the paths of an update mask as v2 names them.
func v2Paths(paths []string) []string {
	var known []string
	for _, path := range paths {
		switch rest, routing := strings.CutPrefix(path, "app_engine_http_queue"); {
		case path == "task_ttl", path == "tombstone_ttl", path == "type", path == "stats":
			known = append(known, "name") // which changes nothing, and is not the empty mask that changes all
		case routing:
			known = append(known, "app_engine_routing_override"+strings.TrimPrefix(rest, ".app_engine_routing_override"))
		default:
			known = append(known, path)
		}
	}
	return known
}

// betaQueue returns a queue as v2beta3 shows it. Statistics are shown only to who asks for them.
func (b *beta) betaQueue(q *queue, mask []string) *betapb.Queue {
	a := &betapb.Queue{}
	convert(q.config.ProtoReflect(), a.ProtoReflect())
	a.TaskTtl, a.TombstoneTtl, a.Type = durationpb.New(q.taskTTL), durationpb.New(q.namesTTL), betapb.Queue_PUSH
	if o := q.config.AppEngineRoutingOverride; o != nil {
		routing := &betapb.AppEngineRouting{}
		convert(o.ProtoReflect(), routing.ProtoReflect())
		a.QueueType = &betapb.Queue_AppEngineHttpQueue{AppEngineHttpQueue: &betapb.AppEngineHttpQueue{AppEngineRoutingOverride: routing}}
	}
	if slices.ContainsFunc(mask, func(path string) bool { return path == "*" || strings.HasPrefix(path, "stats") }) {
		a.Stats = b.stats(q)
	}
	return a
}

func (b *beta) stats(q *queue) *betapb.QueueStats {
	l := b.service.replica.line(q.generation, false)
	if l == nil {
		return &betapb.QueueStats{}
	}
	s := l.stats(b.service.now())
	a := &betapb.QueueStats{
		TasksCount: int64(s.tasks), ExecutedLastMinuteCount: s.executed,
		ConcurrentDispatchesCount: int64(s.concurrent), EffectiveExecutionRate: s.rate,
	}
	if !s.oldest.IsZero() {
		a.OldestEstimatedArrivalTime = micros(s.oldest)
	}
	return a
}

func (b *beta) ListQueues(ctx context.Context, r *betapb.ListQueuesRequest) (*betapb.ListQueuesResponse, error) {
	queues, next, err := b.service.listQueues(ctx, &pb.ListQueuesRequest{Parent: r.GetParent(), Filter: r.GetFilter(), PageSize: r.GetPageSize(), PageToken: r.GetPageToken()})
	if err != nil {
		return nil, answer(err)
	}
	a := &betapb.ListQueuesResponse{NextPageToken: next}
	for _, q := range queues {
		a.Queues = append(a.Queues, b.betaQueue(q, r.GetReadMask().GetPaths()))
	}
	return a, nil
}

func (b *beta) GetQueue(ctx context.Context, r *betapb.GetQueueRequest) (*betapb.Queue, error) {
	q, err := b.service.live(ctx, r.GetName())
	if err != nil {
		return nil, answer(err)
	}
	return b.betaQueue(q, r.GetReadMask().GetPaths()), nil
}

func (b *beta) CreateQueue(ctx context.Context, r *betapb.CreateQueueRequest) (*betapb.Queue, error) {
	config, err := readBetaQueue(r.GetQueue())
	if err != nil {
		return nil, err
	}
	q, err := b.service.createQueue(ctx, r.GetParent(), config, retentions(r.GetQueue(), nil))
	if err != nil {
		return nil, err
	}
	return b.betaQueue(q, nil), nil
}

func (b *beta) UpdateQueue(ctx context.Context, r *betapb.UpdateQueueRequest) (*betapb.Queue, error) {
	config, err := readBetaQueue(r.GetQueue())
	if err != nil {
		return nil, err
	}
	paths := r.GetUpdateMask().GetPaths()
	q, err := b.service.updateQueue(ctx, config, v2Paths(paths), retentions(r.GetQueue(), paths))
	if err != nil {
		return nil, err
	}
	return b.betaQueue(q, nil), nil
}

func (b *beta) DeleteQueue(ctx context.Context, r *betapb.DeleteQueueRequest) (*emptypb.Empty, error) {
	return b.service.DeleteQueue(ctx, &pb.DeleteQueueRequest{Name: r.GetName()})
}

// changed returns a queue after a call of v2 that changed it.
func (b *beta) changed(ctx context.Context, name string, err error) (*betapb.Queue, error) {
	if err != nil {
		return nil, err
	}
	return b.GetQueue(ctx, &betapb.GetQueueRequest{Name: name})
}

func (b *beta) PurgeQueue(ctx context.Context, r *betapb.PurgeQueueRequest) (*betapb.Queue, error) {
	_, err := b.service.PurgeQueue(ctx, &pb.PurgeQueueRequest{Name: r.GetName()})
	return b.changed(ctx, r.GetName(), err)
}

func (b *beta) PauseQueue(ctx context.Context, r *betapb.PauseQueueRequest) (*betapb.Queue, error) {
	_, err := b.service.PauseQueue(ctx, &pb.PauseQueueRequest{Name: r.GetName()})
	return b.changed(ctx, r.GetName(), err)
}

func (b *beta) ResumeQueue(ctx context.Context, r *betapb.ResumeQueueRequest) (*betapb.Queue, error) {
	_, err := b.service.ResumeQueue(ctx, &pb.ResumeQueueRequest{Name: r.GetName()})
	return b.changed(ctx, r.GetName(), err)
}
