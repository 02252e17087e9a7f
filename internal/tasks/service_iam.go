package tasks

import (
	"context"
	"crypto/rand"

	"cloud.google.com/go/iam/apiv1/iampb"

	pb "cloud.google.com/go/cloudtasks/apiv2/cloudtaskspb"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
)

// Policies are kept and shown, and nobody is refused by them: callers are not authenticated here.

// GetIamPolicy is part of the API: an empty policy where none was set.
func (s *Service) GetIamPolicy(ctx context.Context, r *iampb.GetIamPolicyRequest) (*iampb.Policy, error) {
	q, err := s.live(ctx, r.GetResource())
	if err != nil {
		return nil, answer(err)
	}
	if q.policy == nil {
		return &iampb.Policy{}, nil
	}
	return q.policy, nil
}

// maxPolicy is the size of the largest policy, in bytes: ours.
const maxPolicy = 64 << 10

// SetIamPolicy is part of the API. A policy with an etag replaces only the one that it was read
// from.
func (s *Service) SetIamPolicy(ctx context.Context, r *iampb.SetIamPolicyRequest) (*iampb.Policy, error) {
	if r.GetPolicy() == nil || proto.Size(r.Policy) > maxPolicy {
		return nil, invalid("SetIamPolicyRequest.policy is required, and at most %d bytes", maxPolicy)
	}
	q, err := s.changeQueue(ctx, r.GetResource(), func(old *queue) (*queue, error) {
		if old == nil || old.isDeleted() {
			return nil, errQueueMissing
		}
		if etag := string(r.Policy.Etag); etag != "" && etag != string(old.policy.GetEtag()) {
			return nil, status.Error(codes.Aborted, "There were concurrent policy changes: read the policy and try again.")
		}
		return old.changed(func(q *queue) {
			q.policy = proto.CloneOf(r.Policy)
			q.policy.Etag = []byte(rand.Text())
		}), nil
	})
	if err != nil {
		return nil, err
	}
	return q.policy, nil
}

// TestIamPermissions is part of the API: everybody has all permissions on a queue that is there,
// and none on one that is not.
func (s *Service) TestIamPermissions(ctx context.Context, r *iampb.TestIamPermissionsRequest) (*iampb.TestIamPermissionsResponse, error) {
	q, err := s.lookup(ctx, r.GetResource())
	if err != nil {
		return nil, answer(err)
	}
	if q == nil || q.isDeleted() {
		return &iampb.TestIamPermissionsResponse{}, nil
	}
	return &iampb.TestIamPermissionsResponse{Permissions: r.Permissions}, nil
}

// GetCmekConfig is part of the API: no key is configured.
func (s *Service) GetCmekConfig(_ context.Context, r *pb.GetCmekConfigRequest) (*pb.CmekConfig, error) {
	return &pb.CmekConfig{Name: r.GetName()}, nil
}

// UpdateCmekConfig is part of the API, and refused: nothing here is encrypted with a key of Cloud
// KMS, and an answer that says otherwise would deceive.
func (s *Service) UpdateCmekConfig(context.Context, *pb.UpdateCmekConfigRequest) (*pb.CmekConfig, error) {
	return nil, status.Error(codes.Unimplemented, "This service does not encrypt with keys of Cloud KMS.")
}
