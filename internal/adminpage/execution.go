package adminpage

import (
	"errors"
	"net/http"
	"time"

	"sluice/internal/integrations"
)

const (
	maxTasks = 300 // of an execution that are shown
	maxID    = 200 // bytes
)

type executionPage struct {
	*integrations.Record
	Ended                      time.Time // zero while it has not
	Inputs, Outputs, Variables string
	Failure                    *failure
	Tasks                      []taskOf
	Left                       int // tasks that are not shown
	Suspensions                []suspension
}

// failure is an error of an execution or of a task.
type failure struct {
	Code         int
	Status, Text string
	Task         string // the id of the task that failed, where it is not the one that is shown
}

// taskOf is a task of an execution.
type taskOf struct {
	integrations.TaskRecord
	After                time.Time // the begin of the execution
	Inputs, Outputs, Log string
	Failure              *failure
}

type suspension struct {
	integrations.Suspension
	Message, Result string
}

func (p *pages) execution(r *http.Request) (any, error) {
	if p.Integrations == nil {
		return nil, missing(p.NoIntegrations)
	}
	id := r.PathValue("id")
	if len(id) > maxID {
		return nil, notFound("There is no such execution.")
	}
	record, err := p.Integrations.ExecutionRecord(r.Context(), id)
	if told := new(integrations.StatusError); errors.As(err, &told) {
		return nil, &problem{told.Code, told.Message}
	}
	if err != nil {
		return nil, err
	}
	return showExecution(record), nil
}

func showExecution(r *integrations.Record) *executionPage {
	page := &executionPage{
		Record: r, Inputs: shownJSON(r.Inputs), Outputs: shownJSON(r.Outputs), Variables: shownJSON(r.Variables),
		Failure: failureOf(r.Error),
	}
	if r.State.Ended() {
		page.Ended = r.Updated
	}
	tasks := r.Tasks()
	page.Left = max(0, len(tasks)-maxTasks)
	for _, t := range tasks[:len(tasks)-page.Left] {
		shown := taskOf{t, r.Started, shownJSON(t.Inputs), shownJSON(t.Outputs), shownText(t.Log), failureOf(t.Error)}
		if shown.Failure != nil {
			shown.Failure.Task = ""
		}
		page.Tasks = append(page.Tasks, shown)
	}
	for _, s := range r.Suspensions {
		page.Suspensions = append(page.Suspensions, suspension{s, shownText(s.Message), shownText(s.Result)})
	}
	return page
}

func failureOf(e *integrations.ErrorInfo) *failure {
	if e == nil {
		return nil
	}
	return &failure{e.Code, e.Status, shownText(e.Message), e.Task}
}
