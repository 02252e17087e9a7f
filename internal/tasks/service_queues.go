package tasks

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"time"

	pb "cloud.google.com/go/cloudtasks/apiv2/cloudtaskspb"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/emptypb"

	"sluice/internal/state"
)

// lookup returns a queue, deleted ones too, or nil. The replica answers for queues it knows; one it
// does not know may have been made by another process just now.
func (s *Service) lookup(ctx context.Context, name string) (*queue, error) {
	if err := checkQueueName(name); err != nil {
		return nil, err
	}
	if q := s.replica.queue(name); q != nil {
		return q, nil
	}
	return s.readQueue(ctx, name)
}

func (s *Service) readQueue(ctx context.Context, name string) (*queue, error) {
	e, err := s.queues.Get(ctx, name)
	if errors.Is(err, state.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return decodeQueue(e.Value, e.Revision)
}

// live is lookup for a queue that must be there.
func (s *Service) live(ctx context.Context, name string) (*queue, error) {
	q, err := s.lookup(ctx, name)
	if err == nil && (q == nil || q.isDeleted()) {
		err = errQueueMissing
	}
	return q, err
}

// writeTries bounds how often a write is tried that others overtake.
const writeTries = 20

// changeQueue writes what change makes of a queue, which is nil when there is none. It reads the
// bucket, not the replica.
func (s *Service) changeQueue(ctx context.Context, name string, change func(*queue) (*queue, error)) (*queue, error) {
	if err := checkQueueName(name); err != nil {
		return nil, err
	}
	for range writeTries {
		old, err := s.readQueue(ctx, name)
		if err != nil {
			return nil, answer(err)
		}
		q, err := change(old)
		if err != nil {
			return nil, err
		}
		err = s.writeQueue(ctx, name, old, q)
		if err == nil {
			return q, nil
		}
		if !errors.Is(err, state.ErrRevision) {
			return nil, answer(err)
		}
	}
	return nil, answer(state.ErrRevision)
}

// writeQueue returns when this process knows the queue as it is now.
func (s *Service) writeQueue(ctx context.Context, name string, old, q *queue) error {
	value, err := q.encode()
	if err != nil {
		return err
	}
	var revision uint64
	if old != nil {
		revision = old.revision
	}
	var life time.Duration
	if q.isDeleted() {
		life = s.options.QueueTombstone
	}
	written, err := s.queues.Replace(ctx, name, value, revision, life)
	if err != nil {
		return err
	}
	q.revision = written
	s.replica.queueWatch.wrote(written)
	return s.replica.queueWatch.catchUp(ctx)
}

// changeLive is changeQueue for a queue that must be there.
func (s *Service) changeLive(ctx context.Context, name string, change func(*queue)) (*queue, error) {
	return s.changeQueue(ctx, name, func(old *queue) (*queue, error) {
		if old == nil || old.isDeleted() {
			return nil, errQueueMissing
		}
		return old.changed(change), nil
	})
}

// newQueue returns a queue that was never there.
func newQueue(config *pb.Queue) *queue {
	var generation [6]byte
	_, _ = rand.Read(generation[:]) // never fails
	config = proto.CloneOf(config)
	config.State, config.PurgeTime = pb.Queue_RUNNING, nil
	fillLimits(config)
	return &queue{generation: hex.EncodeToString(generation[:]), config: config, taskTTL: defaultTaskTTL, namesTTL: defaultNamesTTL}
}

func isRunning(q *queue) bool { return q.config.State == pb.Queue_RUNNING }

// CreateQueue is part of the API.
func (s *Service) CreateQueue(ctx context.Context, r *pb.CreateQueueRequest) (*pb.Queue, error) {
	q, err := s.createQueue(ctx, r.GetParent(), r.GetQueue(), func(*queue) {})
	if err != nil {
		return nil, err
	}
	return q.config, nil
}

// createQueue makes a queue; finish sets what v2 does not know.
func (s *Service) createQueue(ctx context.Context, parent string, config *pb.Queue, finish func(*queue)) (*queue, error) {
	if err := checkLocation(parent); err != nil {
		return nil, err
	}
	if err := checkQueueName(config.GetName()); err != nil {
		return nil, err
	}
	if locationOf(config.Name) != parent {
		return nil, invalid("The queue name %s must be within the parent %s", config.Name, parent)
	}
	if err := refuseOwn(config.Name); err != nil {
		return nil, err
	}
	if err := checkQueue(config); err != nil {
		return nil, err
	}
	return s.changeQueue(ctx, config.Name, func(old *queue) (*queue, error) {
		switch {
		case old != nil && old.isDeleted():
			return nil, errQueueRecent
		case old != nil:
			return nil, errQueueExists
		case len(s.replica.within(parent, "")) >= s.options.MaxQueues:
			return nil, status.Errorf(codes.ResourceExhausted, "The location has %d queues, which is its quota", s.options.MaxQueues)
		}
		q := newQueue(config)
		finish(q)
		return q, nil
	})
}

// GetQueue is part of the API.
func (s *Service) GetQueue(ctx context.Context, r *pb.GetQueueRequest) (*pb.Queue, error) {
	q, err := s.live(ctx, r.GetName())
	if err != nil {
		return nil, answer(err)
	}
	return q.config, nil
}

// UpdateQueue is part of the API. It makes a queue that is not there.
func (s *Service) UpdateQueue(ctx context.Context, r *pb.UpdateQueueRequest) (*pb.Queue, error) {
	q, err := s.updateQueue(ctx, r.GetQueue(), r.GetUpdateMask().GetPaths(), func(*queue) {})
	if err != nil {
		return nil, err
	}
	return q.config, nil
}

func (s *Service) updateQueue(ctx context.Context, config *pb.Queue, paths []string, finish func(*queue)) (*queue, error) {
	q, err := s.changeQueue(ctx, config.GetName(), func(old *queue) (*queue, error) {
		if old == nil {
			return nil, errQueueMissing
		}
		if old.isDeleted() {
			return nil, errQueueRecent
		}
		merged, err := mergeQueue(old.config, config, paths)
		if err != nil {
			return nil, err
		}
		return old.changed(func(q *queue) {
			q.config = merged
			finish(q)
		}), nil
	})
	if !errors.Is(err, errQueueMissing) {
		return q, err
	}
	return s.createQueue(ctx, locationOf(config.GetName()), config, finish)
}

// mergeQueue returns old with the fields of update that paths name, all when there are none, and
// without what nobody may set.
func mergeQueue(old, update *pb.Queue, paths []string) (*pb.Queue, error) {
	merged := proto.CloneOf(old)
	if len(paths) == 0 {
		merged = proto.CloneOf(update)
	}
	for _, path := range paths {
		if err := copyField(merged.ProtoReflect(), update.ProtoReflect(), path); err != nil {
			return nil, err
		}
	}
	if err := checkQueue(merged); err != nil {
		return nil, err
	}
	merged.Name, merged.State, merged.PurgeTime = old.Name, old.State, old.PurgeTime
	fillLimits(merged)
	return merged, nil
}

// DeleteQueue is part of the API. The tasks go with it.
func (s *Service) DeleteQueue(ctx context.Context, r *pb.DeleteQueueRequest) (*emptypb.Empty, error) {
	if err := refuseOwn(r.GetName()); err != nil {
		return nil, err
	}
	_, err := s.changeLive(ctx, r.GetName(), func(q *queue) { q.deleted = s.now() })
	if err != nil {
		return nil, err
	}
	return &emptypb.Empty{}, nil
}

// PurgeQueue is part of the API. It takes effect at once: what was created before is neither sent
// nor shown, while it is removed.
func (s *Service) PurgeQueue(ctx context.Context, r *pb.PurgeQueueRequest) (*pb.Queue, error) {
	if err := refuseOwn(r.GetName()); err != nil {
		return nil, err
	}
	// Purge times are whole microseconds. The next one is after all that was created until now;
	// what comes is created after it (queue.bornNow).
	return s.changeConfig(ctx, r.GetName(), func(q *pb.Queue) { q.PurgeTime = micros(s.now().Add(time.Microsecond)) })
}

// PauseQueue is part of the API.
func (s *Service) PauseQueue(ctx context.Context, r *pb.PauseQueueRequest) (*pb.Queue, error) {
	return s.changeConfig(ctx, r.GetName(), func(q *pb.Queue) { q.State = pb.Queue_PAUSED })
}

// ResumeQueue is part of the API.
func (s *Service) ResumeQueue(ctx context.Context, r *pb.ResumeQueueRequest) (*pb.Queue, error) {
	return s.changeConfig(ctx, r.GetName(), func(q *pb.Queue) { q.State = pb.Queue_RUNNING })
}

func (s *Service) changeConfig(ctx context.Context, name string, change func(*pb.Queue)) (*pb.Queue, error) {
	q, err := s.changeLive(ctx, name, func(q *queue) { change(q.config) })
	if err != nil {
		return nil, err
	}
	return q.config, nil
}
