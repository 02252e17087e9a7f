package tasks

import (
	"context"

	"cloud.google.com/go/longrunning/autogen/longrunningpb"
	"google.golang.org/genproto/googleapis/cloud/location"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	pb "cloud.google.com/go/cloudtasks/apiv2/cloudtaskspb"
	betapb "cloud.google.com/go/cloudtasks/apiv2beta3/cloudtaskspb"
)

// Register offers the API over gRPC: CloudTasks of v2 and v2beta3, and of the services that
// Google's have beside them Operations and Locations. A server should take messages of 10 MiB,
// which is Google's limit: grpc.MaxRecvMsgSize(tasks.MaxRequest).
func (s *Service) Register(to grpc.ServiceRegistrar) {
	pb.RegisterCloudTasksServer(to, s)
	betapb.RegisterCloudTasksServer(to, &beta{service: s})
	longrunningpb.RegisterOperationsServer(to, &operations{service: s})
	if server, ok := to.(*grpc.Server); ok { // older generated code takes no other
		location.RegisterLocationsServer(server, locations{})
	}
}

// MaxRequest is the size of the largest request, in bytes.
const MaxRequest = 10 << 20

// operations finds the operations of batches. They are done when they are made, so there is
// nothing to wait for and nothing to cancel.
type operations struct {
	longrunningpb.UnimplementedOperationsServer
	service *Service
}

func (o *operations) GetOperation(ctx context.Context, r *longrunningpb.GetOperationRequest) (*longrunningpb.Operation, error) {
	return o.service.getOperation(ctx, r.GetName())
}

func (o *operations) WaitOperation(ctx context.Context, r *longrunningpb.WaitOperationRequest) (*longrunningpb.Operation, error) {
	return o.service.getOperation(ctx, r.GetName())
}

// locations knows every location that has a possible name: here they are all the same place.
type locations struct {
	location.UnimplementedLocationsServer
}

func (locations) GetLocation(_ context.Context, r *location.GetLocationRequest) (*location.Location, error) {
	if checkLocation(r.GetName()) != nil {
		return nil, status.Error(codes.NotFound, "Requested entity was not found.")
	}
	return &location.Location{Name: r.Name, LocationId: shortName(r.Name)}, nil
}

func (locations) ListLocations(context.Context, *location.ListLocationsRequest) (*location.ListLocationsResponse, error) {
	return &location.ListLocationsResponse{}, nil
}
