package appint

import (
	"strings"
	"testing"

	"sluice/internal/integrations"
)

// TestReadCalls: what the bodies of execute and schedule order. Inputs in a deprecated place are
// moved, also in the body that the engine reads; one that is there twice stays as it is.
func TestReadCalls(t *testing.T) {
	const legacy = `"inputParameters":{"a":{"intValue":"1"}},"parameters":{"parameters":[{"key":"a","value":{"intValue":"2"}},{"key":"b","value":{"intValue":"3"}}]},"parameterEntries":[{"key":"c","value":null}]`
	const modern = `"inputParameters":{"a":{"intValue":"1"},"b":{"intValue":"3"},"c":null}`
	for _, tt := range []struct {
		read       func(integrations.Call) (*order, error)
		body       string
		want       order  // without its call
		has, wrong string // in the call's body; of the error
	}{
		{readExecute, `{"triggerId":"t","requestId":"r"}`, order{method: integrations.Post, trigger: "t", request: "r"}, `{"triggerId":"t","requestId":"r"}`, ""},
		{readExecute, ``, order{method: integrations.Post}, ``, ""},
		{readExecute, `{"doNotPropagateError":true,` + legacy + `}`, order{method: integrations.Post}, modern, ""},
		{readExecute, `{"executionId":"e"}`, order{}, "", "not supported"},
		{readExecute, `{"scheduleTime":"2026-01-02T03:04:05Z"}`, order{}, "", `Unknown name "scheduleTime"`},
		{readSchedule, `{"triggerId":"t","requestId":"r"}`, order{method: integrations.PostToQueue, trigger: "t", request: "r"}, `{"triggerId":"t","requestId":"r"}`, ""},
		{readSchedule, `{"schedule_time":"2026-01-02T03:04:05Z",` + legacy + `}`, order{method: integrations.Schedule}, modern, ""},
		{readSchedule, `{"userGeneratedExecutionId":"e-1"}`, order{method: integrations.PostToQueue, executionID: "e-1"}, "e-1", ""},
		{readSchedule, `{"userGeneratedExecutionId":"e.1"}`, order{}, "", "must be 1 to 128 letters"},
		{readSchedule, `{"doNotPropagateError":true}`, order{}, "", `Unknown name "doNotPropagateError"`},
		{readSchedule, `{"requestId":1}`, order{}, "", "Invalid value at 'requestId' (string)"},
	} {
		o, err := tt.read(integrations.Call{Name: "n", Body: []byte(tt.body)})
		if tt.wrong != "" {
			if err == nil || !strings.Contains(err.Error(), tt.wrong) {
				t.Errorf("%s: %v, want %s", tt.body, err, tt.wrong)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", tt.body, err)
			continue
		}
		got := order{method: o.method, trigger: o.trigger, request: o.request, executionID: o.executionID}
		if got.method != tt.want.method || got.trigger != tt.want.trigger || got.request != tt.want.request || got.executionID != tt.want.executionID {
			t.Errorf("%s: %+v, want %+v", tt.body, got, tt.want)
		}
		if body := string(o.call.Body); o.call.Name != "n" || !strings.Contains(body, tt.has) || strings.Contains(body, `"key"`) {
			t.Errorf("%s: the call is %s %s", tt.body, o.call.Name, body)
		}
	}
}
