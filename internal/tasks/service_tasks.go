package tasks

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"time"

	pb "cloud.google.com/go/cloudtasks/apiv2/cloudtaskspb"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"sluice/internal/state"
)

// CreateTask is part of the API. What it acknowledges is on disk.
func (s *Service) CreateTask(ctx context.Context, r *pb.CreateTaskRequest) (*pb.Task, error) {
	t, err := s.create(ctx, r.GetParent(), r.GetTask(), false)
	if err != nil {
		return nil, answer(err)
	}
	return show(t, r.ResponseView), nil
}

func (s *Service) create(ctx context.Context, parent string, t *pb.Task, own bool) (*pb.Task, error) {
	q, err := s.lookup(ctx, parent)
	switch {
	case err != nil:
		return nil, err
	case q == nil:
		return nil, errQueueMissing
	case q.isDeleted():
		return nil, errQueueGone
	}
	if err := checkTask(t, q, s.now(), own); err != nil {
		return nil, err
	}
	r, id, err := newRecord(q, t, s.now())
	if err != nil {
		return nil, err
	}
	return r.task, s.add(ctx, q, id, r)
}

// add writes a task in place of nothing.
func (s *Service) add(ctx context.Context, q *queue, id string, r *record) error {
	value, err := r.encode()
	if err != nil {
		return err
	}
	revision, err := s.tasks.Replace(ctx, place(q.generation, keyOf(id)), value, 0, q.taskTTL)
	if errors.Is(err, state.ErrRevision) {
		return errTaskExists
	}
	if err != nil {
		return err
	}
	s.replica.taskWatch.wrote(revision)
	return nil
}

// newRecord returns the record of a new task. Of what the caller gave it keeps what a caller may
// set.
func newRecord(q *queue, t *pb.Task, now time.Time) (*record, string, error) {
	id, named := newTaskID(now), t.Name != ""
	if named {
		queue, given, err := splitTaskName(t.Name)
		if err != nil {
			return nil, "", err
		}
		if queue != q.config.Name {
			return nil, "", invalid("The task name %s must be within the parent %s", t.Name, q.config.Name)
		}
		id = given
	}
	born := q.bornNow(now)
	r := &record{head: head{named: named, born: born}, task: &pb.Task{
		Name:             q.config.Name + "/tasks/" + id,
		MessageType:      proto.CloneOf(t).MessageType,
		CreateTime:       timestamppb.New(born.Truncate(time.Second)),
		DispatchDeadline: durationpb.New(deadlineOf(t).Truncate(time.Millisecond)),
		RetryConfig:      proto.CloneOf(t.RetryConfig),
	}}
	if h := r.task.GetHttpRequest(); h.HttpMethod == pb.HttpMethod_HTTP_METHOD_UNSPECIFIED {
		h.HttpMethod = pb.HttpMethod_POST
	}
	due := now
	if at := t.ScheduleTime; at != nil && at.AsTime().After(now) {
		due = at.AsTime()
	}
	r.setDue(due)
	return r, id, nil
}

// newTaskID returns a long random number, like Google's.
func newTaskID(now time.Time) string {
	var b [12]byte
	_, _ = rand.Read(b[:]) // never fails
	return fmt.Sprintf("%d%020d", now.UnixMilli()%1e6, binary.BigEndian.Uint64(b[:])) + fmt.Sprint(binary.BigEndian.Uint32(b[8:]))
}

// find returns a task and where it is.
func (s *Service) find(ctx context.Context, name string) (r *record, revision uint64, q *queue, err error) {
	queue, id, err := splitTaskName(name)
	if err != nil {
		return nil, 0, nil, err
	}
	if q, err = s.live(ctx, queue); err != nil {
		return nil, 0, nil, err
	}
	r, revision, err = s.read(ctx, place(q.generation, keyOf(id)))
	switch {
	case isMissing(err) && revision == 0:
		return nil, 0, nil, errTaskMissing
	case isMissing(err) || err == nil && r.born.Before(q.purged()):
		return nil, 0, nil, errTaskGone
	}
	return r, revision, q, err
}

// isMissing tells whether there is no task, or only a tombstone.
func isMissing(err error) bool { return errors.Is(err, state.ErrNotFound) }

// GetTask is part of the API.
func (s *Service) GetTask(ctx context.Context, r *pb.GetTaskRequest) (*pb.Task, error) {
	found, _, _, err := s.find(ctx, r.GetName())
	if err != nil {
		return nil, answer(err)
	}
	return show(found.task, r.ResponseView), nil
}

// changeTask writes what change makes of a task, with the life that it returns, until nobody
// overtakes it.
func (s *Service) changeTask(ctx context.Context, name string, change func(*record, *queue) ([]byte, time.Duration, error)) (*record, error) {
	for range writeTries {
		r, revision, q, err := s.find(ctx, name)
		if err != nil {
			return nil, answer(err)
		}
		value, life, err := change(r, q)
		if err != nil {
			return nil, answer(err)
		}
		_, id, _ := strings.Cut(name, "/tasks/")
		written, err := s.tasks.Replace(ctx, place(q.generation, keyOf(id)), value, revision, life)
		if err == nil {
			s.replica.taskWatch.wrote(written)
			return r, nil
		}
		if !errors.Is(err, state.ErrRevision) {
			return nil, answer(err)
		}
	}
	return nil, answer(state.ErrRevision)
}

// DeleteTask is part of the API. An attempt under way goes on, and its outcome does not matter.
func (s *Service) DeleteTask(ctx context.Context, r *pb.DeleteTaskRequest) (*emptypb.Empty, error) {
	if err := refuseOwn(r.GetName()); err != nil {
		return nil, err
	}
	_, err := s.changeTask(ctx, r.GetName(), func(r *record, q *queue) ([]byte, time.Duration, error) {
		return tombstone, q.tombstoneLife(r.named), nil
	})
	if err != nil {
		return nil, err
	}
	return &emptypb.Empty{}, nil
}

// RunTask is part of the API. What it returns is the task "after the task is dispatched but before
// the task is received by its target".
func (s *Service) RunTask(ctx context.Context, r *pb.RunTaskRequest) (*pb.Task, error) {
	now := s.now()
	found, err := s.changeTask(ctx, r.GetName(), func(r *record, q *queue) ([]byte, time.Duration, error) {
		r.asked++
		r.setDue(now)
		value, err := r.encode()
		return value, max(time.Second, r.born.Add(q.taskTTL).Sub(now)), err
	})
	if err != nil {
		return nil, err
	}
	t := found.task
	t.DispatchCount++
	t.LastAttempt = &pb.Attempt{ScheduleTime: t.ScheduleTime, DispatchTime: micros(now)}
	if t.FirstAttempt == nil {
		t.FirstAttempt = &pb.Attempt{DispatchTime: micros(now)}
	}
	return show(t, r.ResponseView), nil
}
