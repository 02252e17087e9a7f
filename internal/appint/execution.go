package appint

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"time"

	"sluice/internal/integrations"
)

// executionResource is an Execution of the API.
type executionResource struct {
	Name               string               `json:"name"`
	TriggerID          string               `json:"triggerId,omitempty"`
	Method             string               `json:"executionMethod,omitempty"`
	CreateTime         string               `json:"createTime,omitempty"`
	UpdateTime         string               `json:"updateTime,omitempty"`
	RequestParameters  map[string]valueType `json:"requestParameters,omitempty"`
	ResponseParameters map[string]valueType `json:"responseParameters,omitempty"`
	RequestParams      []parameterEntry     `json:"requestParams,omitempty"`
	ResponseParams     []parameterEntry     `json:"responseParams,omitempty"`
	SnapshotNumber     string               `json:"snapshotNumber,omitempty"`
	VersionState       string               `json:"integrationVersionState,omitempty"`
	Replay             *replayInfo          `json:"replayInfo,omitempty"`
	Details            executionDetails     `json:"executionDetails"`
}

type replayInfo struct {
	Original string `json:"originalExecutionInfoId,omitempty"`
	Mode     string `json:"replayMode,omitempty"`
	Reason   string `json:"replayReason,omitempty"`
}

type executionDetails struct {
	State     string              `json:"state"`
	Attempts  []attemptStats      `json:"attemptStats,omitempty"`
	Snapshots []executionSnapshot `json:"executionSnapshots,omitempty"`
	Size      string              `json:"eventExecutionSnapshotsSize,omitempty"`
}

type attemptStats struct {
	StartTime string `json:"startTime,omitempty"`
	EndTime   string `json:"endTime,omitempty"`
}

// executionSnapshot is what was so after a task: the variables that it read and set.
type executionSnapshot struct {
	Checkpoint string               `json:"checkpointTaskNumber"`
	Params     map[string]valueType `json:"params,omitempty"`
	Metadata   snapshotMetadata     `json:"executionSnapshotMetadata"`
	Tasks      []taskDetails        `json:"taskExecutionDetails,omitempty"`
}

type snapshotMetadata struct {
	Attempt     int    `json:"executionAttempt,omitempty"`
	Task        string `json:"task,omitempty"`
	TaskAttempt int    `json:"taskAttempt,omitempty"`
	TaskLabel   string `json:"taskLabel,omitempty"`
	TaskNumber  string `json:"taskNumber,omitempty"`
	Integration string `json:"integrationName,omitempty"`
}

type taskDetails struct {
	TaskNumber string         `json:"taskNumber"`
	State      string         `json:"taskExecutionState"`
	Attempts   []attemptStats `json:"taskAttemptStats,omitempty"`
}

// legacyExecution is an item of executionInfos. Times are milliseconds since 1970.
type legacyExecution struct {
	ID             string                `json:"eventExecutionInfoId"`
	Workflow       string                `json:"workflowName"`
	TriggerID      string                `json:"triggerId,omitempty"`
	PostMethod     string                `json:"postMethod,omitempty"`
	RequestID      string                `json:"requestId,omitempty"`
	CreateTime     string                `json:"createTime,omitempty"`
	LastModified   string                `json:"lastModifiedTime,omitempty"`
	Details        legacyDetails         `json:"eventExecutionDetails"`
	Errors         []legacyError         `json:"errors,omitempty"`
	RequestParams  *legacyParameterEntry `json:"requestParams,omitempty"`
	ResponseParams *legacyParameterEntry `json:"responseParams,omitempty"`
}

type legacyDetails struct {
	State string `json:"eventExecutionState"`
}

type legacyError struct {
	Message    string `json:"errorMessage"`
	Severity   string `json:"severity"`
	TaskNumber int    `json:"taskNumber,omitempty"`
}

type legacyParameterEntry struct {
	Parameters []parameterEntry `json:"parameters"`
}

// legacyStates are the names of states in executionInfos and filterParams.
var legacyStates = map[integrations.State]string{
	integrations.Pending: "ON_HOLD", integrations.Processing: "IN_PROCESS", integrations.Cancelled: "CANCELED",
}

func legacyState(s integrations.State) string { return cmp.Or(legacyStates[s], string(s)) }

// shape makes resources of records. types are the declared types of the integration's variables.
type shape struct {
	name     string // of the execution as a resource
	version  version
	types    map[string]string
	noParams bool
}

func (f shape) execution(r *integrations.Record) executionResource {
	e := executionResource{
		Name: f.name, TriggerID: r.Trigger, Method: string(r.Method), CreateTime: timeText(r.Created), UpdateTime: timeText(r.Updated),
		Details: executionDetails{State: string(r.State), Attempts: attempts(cmpTime(r.Started, r.Schedule), endOf(r))},
	}
	if f.version.Snapshot > 0 {
		e.SnapshotNumber = strconv.FormatInt(f.version.Snapshot, 10)
	}
	if r.Replay != nil {
		e.Replay = &replayInfo{r.Replay.Of, r.Replay.Mode, r.Replay.Reason}
	}
	if f.noParams {
		return e
	}
	e.RequestParameters, e.ResponseParameters = valueTypes(r.Inputs, f.types), valueTypes(r.Outputs, f.types)
	e.RequestParams, e.ResponseParams = entriesOf(e.RequestParameters), entriesOf(e.ResponseParameters)
	e.Details.Snapshots = f.snapshots(r)
	e.Details.Size = strconv.Itoa(len(e.Details.Snapshots))
	return e
}

func cmpTime(a, b time.Time) time.Time {
	if a.IsZero() {
		return b
	}
	return a
}

func endOf(r *integrations.Record) time.Time {
	if r.State.Ended() {
		return r.Updated
	}
	return time.Time{}
}

func attempts(start, end time.Time) []attemptStats {
	if start.IsZero() && end.IsZero() {
		return nil
	}
	var a attemptStats
	if !start.IsZero() {
		a.StartTime = timeText(start)
	}
	if !end.IsZero() {
		a.EndTime = timeText(end)
	}
	return []attemptStats{a}
}

// snapshots are one for each task that has begun or was skipped, in the order of time.
func (f shape) snapshots(r *integrations.Record) []executionSnapshot {
	var list []executionSnapshot
	for _, t := range inOrder(r.Done) {
		params := valueTypes(t.Inputs, f.types)
		if params == nil {
			params = map[string]valueType{}
		}
		maps.Copy(params, valueTypes(t.Outputs, f.types))
		list = append(list, executionSnapshot{
			Checkpoint: t.ID, Params: params,
			Metadata: snapshotMetadata{max(r.Attempt, 1), t.Type, t.Attempts, t.Label, t.ID, r.Integration},
			Tasks:    []taskDetails{{t.ID, string(t.State), attempts(t.Started, t.Ended)}},
		})
	}
	return list
}

// inOrder are tasks in the order in which they began; those that were skipped come last.
func inOrder(done map[string]integrations.TaskRecord) []integrations.TaskRecord {
	return slices.SortedFunc(maps.Values(done), func(a, b integrations.TaskRecord) int {
		switch {
		case a.Started.IsZero() != b.Started.IsZero():
			return sign(a.Started.IsZero(), b.Started.IsZero())
		case !a.Started.Equal(b.Started):
			return a.Started.Compare(b.Started)
		}
		return compare(a.ID, b.ID)
	})
}

func (f shape) legacy(r *integrations.Record) legacyExecution {
	e := legacyExecution{
		ID: r.ID, Workflow: r.Integration, TriggerID: r.Trigger, PostMethod: string(r.Method), RequestID: r.RequestID,
		CreateTime: millis(r.Created), LastModified: millis(r.Updated), Details: legacyDetails{legacyState(r.State)},
	}
	if r.Error != nil {
		number, _ := strconv.Atoi(r.Error.Task) // 0 when it was no task
		e.Errors = []legacyError{{r.Error.Message, "ERROR", number}}
	}
	if !f.noParams {
		e.RequestParams = legacyParams(r.Inputs, f.types)
		e.ResponseParams = legacyParams(r.Outputs, f.types)
	}
	return e
}

func legacyParams(object json.RawMessage, types map[string]string) *legacyParameterEntry {
	list := entriesOf(valueTypes(object, types))
	if list == nil {
		return nil
	}
	return &legacyParameterEntry{list}
}

func millis(t time.Time) string { return strconv.FormatInt(t.UnixMilli(), 10) }
