package tasks

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strconv"
	"time"

	"cloud.google.com/go/longrunning/autogen/longrunningpb"

	pb "cloud.google.com/go/cloudtasks/apiv2/cloudtaskspb"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/timestamppb"

	rpcstatus "google.golang.org/genproto/googleapis/rpc/status"

	"sluice/internal/state"
)

// Limits of batches (comments of BatchCreateTasks and BatchDeleteTasks).
const (
	maxCreates = 100
	maxDeletes = 1000
)

// operationLife is how long GetOperation finds an operation.
const operationLife = time.Hour

// BatchCreateTasks is part of the API. The operation is done when it is returned. Tasks that
// cannot be made do not hinder the others; the metadata says why.
func (s *Service) BatchCreateTasks(ctx context.Context, r *pb.BatchCreateTasksRequest) (*longrunningpb.Operation, error) {
	if n := len(r.GetRequests()); n == 0 || n > maxCreates {
		return nil, invalid("BatchCreateTasksRequest.requests must be 1 to %d, not %d", maxCreates, n)
	}
	if _, err := s.live(ctx, r.Parent); err != nil {
		return nil, answer(err)
	}
	m := &pb.BatchCreateTasksMetadata{StartTime: timestamppb.New(s.now()), FailedRequests: map[int32]*rpcstatus.Status{}}
	made := &pb.BatchCreateTasksResponse{}
	for i, one := range r.Requests {
		t, err := s.createOne(ctx, r, i, one)
		if err != nil {
			m.FailedRequests[int32(i)] = status.Convert(answer(err)).Proto()
			continue
		}
		made.Tasks = append(made.Tasks, show(t, one.ResponseView))
	}
	m.EndTime, m.State = timestamppb.New(s.now()), pb.BatchCreateTasksMetadata_SUCCEEDED
	if len(m.FailedRequests) > 0 {
		m.State = pb.BatchCreateTasksMetadata_FAILED
	}
	return s.operation(ctx, r.Parent, r.RequestId, m, made)
}

// createOne makes one task of a batch. In a batch with a request id a task without a name gets one
// that follows from it: so a batch that is sent again, after an answer was lost, makes none twice.
func (s *Service) createOne(ctx context.Context, batch *pb.BatchCreateTasksRequest, i int, one *pb.CreateTaskRequest) (*pb.Task, error) {
	if one.GetParent() != "" && one.Parent != batch.Parent {
		return nil, invalid("The parent %s of a request must be that of its batch", one.Parent)
	}
	t := one.GetTask()
	if batch.RequestId == "" || t == nil || t.Name != "" {
		return s.create(ctx, batch.Parent, t, false)
	}
	t = proto.CloneOf(t)
	sum := sha256.Sum256([]byte(batch.RequestId + "\x00" + strconv.Itoa(i)))
	t.Name = batch.Parent + "/tasks/" + hex.EncodeToString(sum[:16])
	made, err := s.create(ctx, batch.Parent, t, false)
	if errors.Is(err, errTaskExists) {
		return t, nil
	}
	return made, err
}

// BatchDeleteTasks is part of the API.
func (s *Service) BatchDeleteTasks(ctx context.Context, r *pb.BatchDeleteTasksRequest) (*longrunningpb.Operation, error) {
	if n := len(r.GetNames()); n == 0 || n > maxDeletes {
		return nil, invalid("BatchDeleteTasksRequest.names must be 1 to %d, not %d", maxDeletes, n)
	}
	if _, err := s.live(ctx, r.Parent); err != nil {
		return nil, answer(err)
	}
	m := &pb.BatchDeleteTasksMetadata{StartTime: timestamppb.New(s.now()), FailedRequests: map[int32]*rpcstatus.Status{}}
	for i, name := range r.Names {
		if err := s.deleteOne(ctx, r.Parent, name); err != nil {
			m.FailedRequests[int32(i)] = status.Convert(err).Proto()
		}
	}
	m.EndTime, m.State = timestamppb.New(s.now()), pb.BatchDeleteTasksMetadata_SUCCEEDED
	if len(m.FailedRequests) > 0 {
		m.State = pb.BatchDeleteTasksMetadata_FAILED
	}
	return s.operation(ctx, r.Parent, r.RequestId, m, &emptypb.Empty{})
}

func (s *Service) deleteOne(ctx context.Context, parent, name string) error {
	queue, _, err := splitTaskName(name)
	if err != nil {
		return err
	}
	if queue != parent {
		return invalid("The task name %s must be within the parent %s", name, parent)
	}
	_, err = s.DeleteTask(ctx, &pb.DeleteTaskRequest{Name: name})
	return err
}

// operation returns an operation that is done, and keeps it for GetOperation. One with a request
// id that was there before is returned as it was.
func (s *Service) operation(ctx context.Context, parent, requestID string, metadata, response proto.Message) (*longrunningpb.Operation, error) {
	about, err := anypb.New(metadata)
	if err != nil {
		return nil, answer(err)
	}
	result, err := anypb.New(response)
	if err != nil {
		return nil, answer(err)
	}
	o := &longrunningpb.Operation{
		Name: locationOf(parent) + "/operations/" + operationID(requestID), Done: true, Metadata: about,
		Result: &longrunningpb.Operation_Response{Response: result},
	}
	value, err := proto.Marshal(o)
	if err != nil {
		return nil, answer(err)
	}
	_, err = s.system.Replace(ctx, operationKey(o.Name), value, 0, operationLife)
	if errors.Is(err, state.ErrRevision) {
		return s.getOperation(ctx, o.Name)
	}
	return o, answer(err)
}

func operationID(requestID string) string {
	if requestID == "" {
		return newTaskID(time.Now())
	}
	sum := sha256.Sum256([]byte(requestID))
	return hex.EncodeToString(sum[:16])
}

func operationKey(name string) string {
	sum := sha256.Sum256([]byte(name))
	return "operation." + hex.EncodeToString(sum[:16])
}

func (s *Service) getOperation(ctx context.Context, name string) (*longrunningpb.Operation, error) {
	e, err := s.system.Get(ctx, operationKey(name))
	if errors.Is(err, state.ErrNotFound) {
		return nil, status.Error(codes.NotFound, "Requested entity was not found.")
	}
	if err != nil {
		return nil, answer(err)
	}
	o := &longrunningpb.Operation{}
	return o, answer(proto.Unmarshal(e.Value, o))
}
