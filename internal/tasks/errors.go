package tasks

import (
	"context"
	"errors"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"sluice/internal/state"
)

// What Google answers, in its own words as github.com/aertje/cloud-tasks-emulator copies them.
var (
	errQueueMissing = status.Error(codes.NotFound, "Queue does not exist. If you just created the queue, wait at least a minute for the queue to initialize.")
	errQueueGone    = status.Error(codes.FailedPrecondition, "The queue no longer exists, though a queue with this name existed recently.")
	errQueueExists  = status.Error(codes.AlreadyExists, "Queue already exists")
	errQueueRecent  = status.Error(codes.FailedPrecondition, "The queue cannot be created because a queue with this name existed too recently.")
	errTaskExists   = status.Error(codes.AlreadyExists, "Requested entity already exists")
	errTaskMissing  = status.Error(codes.NotFound, "Requested entity was not found.")
	errTaskGone     = status.Error(codes.NotFound, "The task no longer exists, though a task with this name existed recently. The task either successfully completed or was deleted.")
)

// answer turns an error into one of gRPC.
func answer(err error) error {
	if err == nil {
		return nil
	}
	if _, ok := status.FromError(err); ok {
		return err
	}
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return status.Error(codes.DeadlineExceeded, err.Error())
	case errors.Is(err, context.Canceled):
		return status.Error(codes.Canceled, err.Error())
	case errors.Is(err, state.ErrUnavailable):
		return status.Error(codes.Unavailable, "The state of the service cannot be reached: "+err.Error())
	case errors.Is(err, state.ErrRevision):
		return status.Error(codes.Aborted, "The entity was changed meanwhile, too often: try again.")
	}
	return status.Error(codes.Internal, err.Error())
}
