package tasks

import (
	"context"

	"cloud.google.com/go/iam/apiv1/iampb"
	"cloud.google.com/go/longrunning/autogen/longrunningpb"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/emptypb"

	pb "cloud.google.com/go/cloudtasks/apiv2/cloudtaskspb"
	betapb "cloud.google.com/go/cloudtasks/apiv2beta3/cloudtaskspb"
)

// beta is v2beta3: the same service in other messages. What differs are queues (beta_queues.go).
type beta struct {
	betapb.UnimplementedCloudTasksServer
	service *Service
}

// via makes a call of v2beta3 one of v2.
func via[Q any, P interface {
	*Q
	proto.Message
}, A, B proto.Message](ctx context.Context, request proto.Message, call func(context.Context, P) (A, error), to B) (B, error) {
	var none B
	q := P(new(Q))
	convert(request.ProtoReflect(), q.ProtoReflect())
	a, err := call(ctx, q)
	if err != nil {
		return none, err
	}
	convert(a.ProtoReflect(), to.ProtoReflect())
	return to, nil
}

func (b *beta) ListTasks(ctx context.Context, r *betapb.ListTasksRequest) (*betapb.ListTasksResponse, error) {
	return via(ctx, r, b.service.ListTasks, &betapb.ListTasksResponse{})
}

func (b *beta) GetTask(ctx context.Context, r *betapb.GetTaskRequest) (*betapb.Task, error) {
	return via(ctx, r, b.service.GetTask, &betapb.Task{})
}

func (b *beta) CreateTask(ctx context.Context, r *betapb.CreateTaskRequest) (*betapb.Task, error) {
	return via(ctx, r, b.service.CreateTask, &betapb.Task{})
}

func (b *beta) RunTask(ctx context.Context, r *betapb.RunTaskRequest) (*betapb.Task, error) {
	return via(ctx, r, b.service.RunTask, &betapb.Task{})
}

func (b *beta) DeleteTask(ctx context.Context, r *betapb.DeleteTaskRequest) (*emptypb.Empty, error) {
	return b.service.DeleteTask(ctx, &pb.DeleteTaskRequest{Name: r.GetName()})
}

func (b *beta) BatchCreateTasks(ctx context.Context, r *betapb.BatchCreateTasksRequest) (*longrunningpb.Operation, error) {
	o, err := via(ctx, r, b.service.BatchCreateTasks, &longrunningpb.Operation{})
	if err != nil {
		return nil, err
	}
	return convertOperation(o)
}

func (b *beta) BatchDeleteTasks(ctx context.Context, r *betapb.BatchDeleteTasksRequest) (*longrunningpb.Operation, error) {
	o, err := via(ctx, r, b.service.BatchDeleteTasks, &longrunningpb.Operation{})
	if err != nil {
		return nil, err
	}
	return convertOperation(o)
}

func (b *beta) GetIamPolicy(ctx context.Context, r *iampb.GetIamPolicyRequest) (*iampb.Policy, error) {
	return b.service.GetIamPolicy(ctx, r)
}

func (b *beta) SetIamPolicy(ctx context.Context, r *iampb.SetIamPolicyRequest) (*iampb.Policy, error) {
	return b.service.SetIamPolicy(ctx, r)
}

func (b *beta) TestIamPermissions(ctx context.Context, r *iampb.TestIamPermissionsRequest) (*iampb.TestIamPermissionsResponse, error) {
	return b.service.TestIamPermissions(ctx, r)
}

func (b *beta) GetCmekConfig(ctx context.Context, r *betapb.GetCmekConfigRequest) (*betapb.CmekConfig, error) {
	return via(ctx, r, b.service.GetCmekConfig, &betapb.CmekConfig{})
}

func (b *beta) UpdateCmekConfig(ctx context.Context, r *betapb.UpdateCmekConfigRequest) (*betapb.CmekConfig, error) {
	return via(ctx, r, b.service.UpdateCmekConfig, &betapb.CmekConfig{})
}
