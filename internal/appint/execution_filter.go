package appint

import (
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"sluice/internal/integrations"
	"sluice/internal/ordjson"
)

// executionFields are the names that filters of executions use.
var executionFields = []string{"state", "integration", "workflowName", "triggerId", "requestId", "executionId", "executionMethod", "createTime", "updateTime", "lastModifiedTime"}

// field is a field by which executions are filtered and sorted.
func (e summary) field(name string) string {
	switch name {
	case "state":
		return string(e.State)
	case "integration", "workflowName":
		return e.Integration
	case "triggerId":
		return e.Trigger
	case "requestId":
		return e.RequestID
	case "executionMethod":
		return string(e.Method)
	case "createTime":
		return timeText(e.Created)
	case "updateTime", "lastModifiedTime":
		return timeText(e.Updated)
	}
	return e.ID
}

// executionFilter is the filterParams of executions.list.
type executionFilter struct {
	statuses, tasks        []string
	id, workflow           string
	start, end             time.Time
	key, pairKey, pairText string
	custom                 filter
}

func readExecutionFilter(q *request) (*executionFilter, error) {
	get := func(name string) string { return q.parameter("filterParams." + name) }
	f := &executionFilter{
		statuses: words(get("eventStatuses")), tasks: words(get("taskStatuses")), id: get("executionId"), workflow: get("workflowName"),
		key: get("parameterKey"), pairKey: get("parameterPairKey"), pairText: get("parameterPairValue"),
	}
	for _, name := range []string{"parameterType", "parameterValue"} {
		if get(name) != "" {
			return nil, unimplemented("filterParams.%s is not supported; use parameterPairKey and parameterPairValue.", name)
		}
	}
	var err error
	if f.start, err = readTime(get("startTime")); err != nil {
		return nil, err
	}
	if f.end, err = readTime(get("endTime")); err != nil {
		return nil, err
	}
	f.custom, err = readFilter(get("customFilter"), executionFields...)
	return f, err
}

func words(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' || r == '[' || r == ']' })
}

// readTime reads RFC 3339, or milliseconds since 1970 as the console sends them.
func readTime(text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if ms, err := strconv.ParseInt(text, 10, 64); err == nil {
		return time.UnixMilli(ms), nil
	}
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return t, invalid("%q is not a time such as 2026-01-02T10:00:00Z.", text)
	}
	return t, nil
}

// holds tells what can be told without the record.
func (f *executionFilter) holds(e summary) bool {
	return (f.id == "" || f.id == e.ID) &&
		(f.workflow == "" || f.workflow == e.Integration) &&
		(f.start.IsZero() || !e.Created.Before(f.start)) &&
		(f.end.IsZero() || !e.Created.After(f.end)) &&
		(len(f.statuses) == 0 || slices.Contains(f.statuses, string(e.State)) || slices.Contains(f.statuses, legacyState(e.State))) &&
		f.custom.holds(e.field)
}

// maxSearched is how many records a filter on their content looks into.
const maxSearched = 1000

// thatHold keeps the executions whose records fulfil the rest of the filter.
func (s *Service) thatHold(ctx context.Context, list []summary, f *executionFilter) ([]summary, error) {
	if len(f.tasks) == 0 && f.key == "" && f.pairKey == "" {
		return list, nil
	}
	var out []summary
	for _, e := range list[:min(len(list), maxSearched)] {
		r, _, err := s.records.read(ctx, e.ID)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if err == nil && f.holdsFor(r) {
			out = append(out, e)
		}
	}
	return out, nil
}

func (f *executionFilter) holdsFor(r *integrations.Record) bool {
	if len(f.tasks) > 0 {
		found := false
		for _, t := range r.Done {
			found = found || slices.Contains(f.tasks, string(t.State))
		}
		if !found {
			return false
		}
	}
	_, hasKey := parameter(r, f.key)
	text, hasPair := parameter(r, f.pairKey)
	return (f.key == "" || hasKey) && (f.pairKey == "" || hasPair && (f.pairText == "" || text == f.pairText))
}

// parameter is an input or output of an execution as text.
func parameter(r *integrations.Record, name string) (string, bool) {
	for _, object := range []json.RawMessage{r.Outputs, r.Inputs} {
		n, err := ordjson.Parse(object)
		if err != nil || n.Kind() != ordjson.Object {
			continue
		}
		if v := n.Get(name); v != nil {
			if v.Kind() == ordjson.String {
				return v.Text(), true
			}
			return string(ordjson.Append(nil, v)), true
		}
	}
	return "", false
}
