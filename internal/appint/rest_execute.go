package appint

import (
	"encoding/json"
	"strconv"
	"time"

	"sluice/internal/integrations"
)

// call reads the body of execute and schedule, and the header X-Server-Timeout: how many seconds
// the caller wants the execution to have (reference integrations.md 1).
func (s *Service) call(q *request) (integrations.Call, error) {
	body, err := q.body()
	if err != nil {
		return integrations.Call{}, err
	}
	c := integrations.Call{Project: q.project, Region: q.location, Name: q.PathValue("integration"), Body: body}
	if text := q.Header.Get("X-Server-Timeout"); text != "" {
		seconds, err := strconv.ParseFloat(text, 64)
		if err != nil || !(seconds > 0) {
			return c, invalid("X-Server-Timeout %q is not a number of seconds above 0.", text)
		}
		c.Timeout = time.Duration(min(seconds, s.o.MaxTimeout.Seconds()) * float64(time.Second))
	}
	return c, nil
}

func (s *Service) restExecute(q *request) (any, error) {
	c, err := s.call(q)
	if err != nil {
		return nil, err
	}
	a, err := s.execute(q.Context(), c)
	return reply{a.Status, a.Body}, err
}

func (s *Service) restSchedule(q *request) (any, error) {
	c, err := s.call(q)
	if err != nil {
		return nil, err
	}
	ids, err := s.schedule(q.Context(), c)
	return scheduleResponse{ids}, err
}

// testRequest is the body of test. clientId, testMode and the deadline have no meaning here.
type testRequest struct {
	ClientID            string                     `json:"clientId"`
	TriggerID           string                     `json:"triggerId"`
	Version             json.RawMessage            `json:"integrationVersion"`
	InputParameters     map[string]json.RawMessage `json:"inputParameters"`
	ConfigParameters    map[string]json.RawMessage `json:"configParameters"`
	TestMode            bool                       `json:"testMode"`
	DeadlineSecondsTime string                     `json:"deadlineSecondsTime"`
	Parameters          *legacyParameters          `json:"parameters"`
}

type testResponse struct {
	ExecutionID string               `json:"executionId"`
	Failed      bool                 `json:"executionFailed,omitempty"`
	Parameters  map[string]valueType `json:"parameters,omitempty"`
	Entries     []parameterEntry     `json:"parameterEntries,omitempty"`
	// OutputParameters is that of execute, for whoever uses both.
	OutputParameters json.RawMessage `json:"outputParameters,omitempty"`
}

// restTest runs a version that is in the request and nowhere else, from a trigger of any kind.
func (s *Service) restTest(q *request) (any, error) {
	var t testRequest
	if err := q.message(&t); err != nil {
		return nil, err
	}
	document, err := readDocument(t.Version)
	if err != nil {
		return nil, invalid("integrationVersion is required: the version to test.")
	}
	v := &version{ID: s.o.NewID(), Integration: q.PathValue("integration")}
	v.setDocument(document)
	if bad := s.engine.Draft(v.Integration, v.ID, v.Document, t.ConfigParameters); len(bad) > 0 {
		return nil, &violations{"The integration cannot be tested:", bad}
	}
	defer s.engine.Forget(v.Integration, v.ID)
	modern(&t.InputParameters, t.Parameters, nil)
	body, err := json.Marshal(runRequest{TriggerID: t.TriggerID, InputParameters: t.InputParameters})
	if err != nil {
		return nil, err
	}
	c := integrations.Call{Project: q.project, Region: q.location, Name: v.Integration, Version: v.ID, Body: body, AnyTrigger: true}
	return s.test(q, c, dataTypes(document))
}

func (s *Service) test(q *request, c integrations.Call, types map[string]string) (any, error) {
	r, err := s.engine.Accept(q.Context(), c, integrations.Post)
	if err != nil {
		return nil, err
	}
	if err := s.engine.Resume(q.Context(), r); err != nil {
		return nil, err
	}
	if a := r.Answer(); r.State == integrations.Failed || r.State == integrations.Cancelled {
		return reply{a.Status, a.Body}, nil
	}
	outputs := valueTypes(r.Outputs, types)
	return testResponse{ExecutionID: r.ID, Parameters: outputs, Entries: entriesOf(outputs), OutputParameters: r.Outputs}, nil
}
