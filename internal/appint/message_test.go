package appint

import (
	"encoding/json"
	"strings"
	"testing"

	"sluice/internal/ordjson"
)

func TestReadMessage(t *testing.T) {
	type trigger struct {
		TriggerID string `json:"triggerId"`
	}
	type message struct {
		trigger
		Inputs map[string]json.RawMessage `json:"inputParameters"`
		Flag   bool                       `json:"doNotPropagateError"`
	}
	for _, c := range []struct{ body, want, wrong string }{
		{`{"triggerId":"a"}`, `{"triggerId":"a","inputParameters":null,"doNotPropagateError":false}`, ""},
		{`{"trigger_id":"a","input_parameters":{"in_a":{"stringValue":"x"}},"do_not_propagate_error":true}`,
			`{"triggerId":"a","inputParameters":{"in_a":{"stringValue":"x"}},"doNotPropagateError":true}`, ""},
		{" \n", `{"triggerId":"","inputParameters":null,"doNotPropagateError":false}`, ""},
		{`{"trigger":{"triggerId":"a"}}`, "", `Unknown name "trigger": Cannot find field.`},
		{`{"":"a"}`, "", `Unknown name "": Cannot find field.`},
		{`{"triger":"a"}`, "", `Unknown name "triger": Cannot find field.`},
		{`{"triggerId":5}`, "", "Invalid value at 'triggerId' (string): a JSON number does not fit."},
		{`[]`, "", "an object is expected"},
		{`{"triggerId"`, "", "Invalid JSON payload received"},
	} {
		var m message
		err := readMessage([]byte(c.body), &m)
		if c.wrong != "" {
			if err == nil || !strings.Contains(err.Error(), c.wrong) || statusOf(err).Code != 400 {
				t.Errorf("%s: error %v, want %s", c.body, err, c.wrong)
			}
			continue
		}
		got, _ := json.Marshal(m)
		if err != nil || string(got) != c.want {
			t.Errorf("%s: %s (%v), want %s", c.body, got, err, c.want)
		}
	}
}

func TestDeepRenamedKeepsTheNamesOfUsers(t *testing.T) {
	n, err := ordjson.Parse([]byte(`{"task_configs":[{"task_id":"1","parameters":{"my_key":{"key":"my_key","value":{"string_value":"a_b"}}},"next_tasks":[{"task_id":"2"}]}],"trigger_configs":[{"properties":{"Trigger_name":"x_y"}}]}`))
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"taskConfigs":[{"taskId":"1","parameters":{"my_key":{"key":"my_key","value":{"stringValue":"a_b"}}},"nextTasks":[{"taskId":"2"}]}],"triggerConfigs":[{"properties":{"Trigger_name":"x_y"}}]}`
	if got := string(ordjson.Append(nil, deepRenamed(n))); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}
