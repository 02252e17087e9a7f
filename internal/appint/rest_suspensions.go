package appint

import (
	"context"
	"errors"
	"slices"

	"sluice/internal/integrations"
)

// suspensionResource is a Suspension of the API.
type suspensionResource struct {
	Name           string           `json:"name"`
	CreateTime     string           `json:"createTime"`
	LastModifyTime string           `json:"lastModifyTime,omitempty"`
	ExecutionID    string           `json:"eventExecutionInfoId"`
	Integration    string           `json:"integration"`
	TaskID         string           `json:"taskId"`
	State          string           `json:"state"`
	Approval       *approvalConfig  `json:"approvalConfig,omitempty"`
	Audit          *suspensionAudit `json:"audit,omitempty"`
}

type approvalConfig struct {
	Message string   `json:"customMessage,omitempty"`
	Emails  []string `json:"emailAddresses,omitempty"`
}

type suspensionAudit struct {
	ResolveTime string `json:"resolveTime"`
}

type listSuspensionsResponse struct {
	Suspensions   []suspensionResource `json:"suspensions,omitempty"`
	NextPageToken string               `json:"nextPageToken,omitempty"`
}

// listSuspensions lists those of one execution, or with "-" of all.
func (s *Service) listSuspensions(q *request) (any, error) {
	records, err := s.withSuspensions(q)
	if err != nil {
		return nil, err
	}
	var all []suspensionResource
	for _, r := range records {
		for _, p := range r.Suspensions {
			all = append(all, suspensionOf(q, r, p))
		}
	}
	part, next, err := listed(q, all, suspensionResource.field, "state", "taskId", "createTime", "integration", "eventExecutionInfoId")
	return listSuspensionsResponse{part, next}, err
}

// withSuspensions are the records that a list of suspensions looks into.
func (s *Service) withSuspensions(q *request) ([]*integrations.Record, error) {
	if q.PathValue("execution") != "-" {
		r, err := s.find(q)
		return []*integrations.Record{r}, err
	}
	list := slices.DeleteFunc(s.known(q.PathValue("integration")), func(e summary) bool { return e.Suspensions == 0 })
	var out []*integrations.Record
	for _, e := range list[:min(len(list), maxSearched)] {
		if r, _, err := s.records.read(q.Context(), e.ID); err == nil { // otherwise its life ended
			out = append(out, r)
		}
	}
	return out, q.Context().Err()
}

func suspensionOf(q *request, r *integrations.Record, p integrations.Suspension) suspensionResource {
	out := suspensionResource{
		Name:       q.integration(r.Integration) + "/executions/" + r.ID + "/suspensions/" + p.ID,
		CreateTime: timeText(p.Created), ExecutionID: r.ID, Integration: r.Integration, TaskID: p.Task, State: string(p.State),
	}
	if p.Message != "" || len(p.Notified) > 0 {
		out.Approval = &approvalConfig{p.Message, p.Notified}
	}
	if !p.Ended.IsZero() {
		out.LastModifyTime = timeText(p.Ended)
		out.Audit = &suspensionAudit{timeText(p.Ended)}
	}
	return out
}

// field is a field by which suspensions are filtered and sorted.
func (p suspensionResource) field(name string) string {
	switch name {
	case "state":
		return p.State
	case "taskId":
		return p.TaskID
	case "createTime":
		return p.CreateTime
	case "integration":
		return p.Integration
	}
	return p.ExecutionID
}

type liftRequest struct {
	Result string `json:"suspensionResult"`
}

type liftResponse struct {
	ExecutionID string `json:"eventExecutionInfoId"`
}

func (s *Service) liftSuspension(q *request) (any, error) {
	var l liftRequest
	if err := q.message(&l); err != nil {
		return nil, err
	}
	r, err := s.find(q)
	if err != nil {
		return nil, err
	}
	return liftResponse{r.ID}, s.lift(q.Context(), r.ID, q.PathValue("suspension"), l.Result, false)
}

// lift ends a suspension, wherever its execution is.
func (s *Service) lift(ctx context.Context, execution, suspension, result string, rejected bool) error {
	err := s.whereItRuns(execution, func() error { return s.engine.Lift(ctx, execution, suspension, result, rejected) })
	if !errors.Is(err, integrations.ErrNotHere) {
		return err
	}
	return s.changeOnDisk(ctx, execution, func(r *integrations.Record) error {
		return integrations.Lift(r, suspension, result, rejected, s.o.Now())
	})
}

// resolveRequest is the body of suspensions.resolve; of the suspension only the state counts.
type resolveRequest struct {
	Suspension struct {
		State string `json:"state"`
	} `json:"suspension"`
}

func (s *Service) resolveSuspension(q *request) (any, error) {
	var p resolveRequest
	if err := q.message(&p); err != nil {
		return nil, err
	}
	if p.Suspension.State != "LIFTED" && p.Suspension.State != "REJECTED" {
		return nil, invalid("suspension.state must be LIFTED or REJECTED.")
	}
	r, err := s.find(q)
	if err != nil {
		return nil, err
	}
	return none{}, s.lift(q.Context(), r.ID, q.PathValue("suspension"), "", p.Suspension.State == "REJECTED")
}
