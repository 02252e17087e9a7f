package integrations

import (
	"encoding/json"
	"strings"
)

// The wire structs of an exported IntegrationVersion (reference: integrations.md 4). Every
// field is optional; unknown fields and the legacy twins (taskConfigsInternal ...) are ignored.
// Values stay raw here: they are more lenient than encoding/json (see readValueType).

type export struct {
	TriggerConfigs              []exportTrigger      `json:"triggerConfigs"`
	TaskConfigs                 []exportTask         `json:"taskConfigs"`
	IntegrationParameters       []exportVariable     `json:"integrationParameters"`
	IntegrationConfigParameters []exportConfig       `json:"integrationConfigParameters"`
	ErrorCatcherConfigs         []exportErrorCatcher `json:"errorCatcherConfigs"`
	SnapshotNumber              taskID               `json:"snapshotNumber"`
	RunAsServiceAccount         string               `json:"runAsServiceAccount"`
	DatabasePersistencePolicy   string               `json:"databasePersistencePolicy"`
}

type exportTrigger struct {
	TriggerType              string       `json:"triggerType"`
	TriggerID                string       `json:"triggerId"`
	StartTasks               []exportEdge `json:"startTasks"`
	NextTasksExecutionPolicy string       `json:"nextTasksExecutionPolicy"`
	InputVariables           *exportNames `json:"inputVariables"`
	OutputVariables          *exportNames `json:"outputVariables"`
	ErrorCatcherID           string       `json:"errorCatcherId"`
}

type exportNames struct {
	Names []string `json:"names"`
}

func (n *exportNames) given() bool { return n != nil && len(n.Names) > 0 }

type exportEdge struct {
	TaskID    taskID `json:"taskId"`
	Condition string `json:"condition"`
}

type exportTask struct {
	Task                         string                     `json:"task"`
	TaskID                       taskID                     `json:"taskId"`
	DisplayName                  string                     `json:"displayName"`
	Parameters                   map[string]exportParameter `json:"parameters"`
	NextTasks                    []exportEdge               `json:"nextTasks"`
	NextTasksExecutionPolicy     string                     `json:"nextTasksExecutionPolicy"`
	TaskExecutionStrategy        string                     `json:"taskExecutionStrategy"`
	TaskTemplate                 string                     `json:"taskTemplate"`
	SuccessPolicy                *exportSuccessPolicy       `json:"successPolicy"`
	ErrorCatcherID               string                     `json:"errorCatcherId"`
	FailurePolicy                *exportFailurePolicy       `json:"failurePolicy"`
	SynchronousCallFailurePolicy *exportFailurePolicy       `json:"synchronousCallFailurePolicy"`
	ConditionalFailurePolicies   *exportConditionalPolicies `json:"conditionalFailurePolicies"`
}

type exportParameter struct {
	Value json.RawMessage `json:"value"`
}

type exportVariable struct {
	Key             string          `json:"key"`
	DataType        dataType        `json:"dataType"`
	DefaultValue    json.RawMessage `json:"defaultValue"`
	InputOutputType string          `json:"inputOutputType"`
}

type exportConfig struct {
	Parameter exportVariable  `json:"parameter"`
	Value     json.RawMessage `json:"value"`
}

type exportErrorCatcher struct {
	ErrorCatcherID  string       `json:"errorCatcherId"`
	StartErrorTasks []exportEdge `json:"startErrorTasks"`
}

type exportSuccessPolicy struct {
	FinalState string `json:"finalState"`
}

type exportFailurePolicy struct {
	RetryStrategy string          `json:"retryStrategy"`
	MaxRetries    json.RawMessage `json:"maxRetries"`
	IntervalTime  json.RawMessage `json:"intervalTime"`
	Condition     string          `json:"condition"`
}

type exportConditionalPolicies struct {
	FailurePolicies      []exportFailurePolicy `json:"failurePolicies"`
	DefaultFailurePolicy *exportFailurePolicy  `json:"defaultFailurePolicy"`
}

// A taskID, or another int64, is written as a string, and read from a number too, as every int64 of the API.
type taskID string

// UnmarshalJSON takes 3 and "3".
func (id *taskID) UnmarshalJSON(b []byte) error {
	if !strings.HasPrefix(string(b), `"`) {
		*id = taskID(b)
		return nil
	}
	return json.Unmarshal(b, (*string)(id))
}
