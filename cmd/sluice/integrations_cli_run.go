package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

// runOptions are the flags of integrations run.
type runOptions struct {
	trigger   string
	inputs    []string
	file      string
	async     bool
	at        string
	requestID string
}

func (c *integrationsClient) runCommand() *cobra.Command {
	var o runOptions
	cmd := &cobra.Command{
		Use:   "run INTEGRATION",
		Short: "Run an integration and print its outputs",
		Long: `run executes the published version of an integration and waits for its end.

  sluice integrations run orders --input customer=Ada --input 'items=[{"id":1}]'
  sluice integrations run orders --inputs request.json     the body of an execute call
  sluice integrations run orders --async
  sluice integrations run orders --at 10m                  or --at 2026-01-02T10:00:00Z

An input is of the type that the integration declares for it. Without --trigger
the integration must have one API trigger.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return c.run(cmd, args[0], &o) },
	}
	flags := cmd.Flags()
	flags.StringVar(&o.trigger, "trigger", "", "`id` of the trigger, with or without api_trigger/")
	flags.StringArrayVar(&o.inputs, "input", nil, "`NAME=VALUE`; repeat it for more")
	flags.StringVar(&o.file, "inputs", "", "`file` with the body of an execute call, in JSON")
	flags.BoolVar(&o.async, "async", false, "do not wait for the end")
	flags.StringVar(&o.at, "at", "", "`time` of the run, or a duration from now on; does not wait")
	flags.StringVar(&o.requestID, "request-id", "", "`text`: a repeated run with it does not run again")
	return cmd
}

func (c *integrationsClient) run(cmd *cobra.Command, name string, o *runOptions) error {
	body, err := c.requestBody(cmd, name, o)
	if err != nil {
		return err
	}
	path := "/integrations/" + url.PathEscape(name)
	if !o.async && o.at == "" {
		var answer executed
		show, err := c.get(cmd, &answer, http.MethodPost, path+":execute", body)
		if err != nil || !show {
			return err
		}
		return answer.print(cmd.OutOrStdout())
	}
	var answer struct{ ExecutionInfoIds []string }
	show, err := c.get(cmd, &answer, http.MethodPost, path+":schedule", body)
	if show && err == nil {
		for _, id := range answer.ExecutionInfoIds {
			fmt.Fprintf(cmd.OutOrStdout(), "accepted; `sluice integrations get %s` shows how it goes\n", id)
		}
	}
	return err
}

// requestBody is the body of execute or schedule.
func (c *integrationsClient) requestBody(cmd *cobra.Command, name string, o *runOptions) (map[string]any, error) {
	body := map[string]any{}
	if o.file != "" {
		data, err := os.ReadFile(o.file)
		if err != nil {
			return nil, fmt.Errorf("--inputs: %w", err)
		}
		if err := json.Unmarshal(data, &body); err != nil {
			return nil, fmt.Errorf("--inputs %s: %w; write {\"triggerId\": \"api_trigger/x\", \"inputParameters\": {\"a\": {\"stringValue\": \"b\"}}}", o.file, err)
		}
	}
	if o.requestID != "" {
		body["requestId"] = o.requestID
	}
	if o.at != "" {
		at, err := moment(o.at, time.Now())
		if err != nil {
			return nil, fmt.Errorf("--at %w", err)
		}
		body["scheduleTime"] = at.UTC().Format(time.RFC3339Nano)
	}
	return body, c.describe(cmd, name, o, body)
}

// published is what run needs to know of the published version.
type published struct {
	TriggerConfigs        []struct{ TriggerID, TriggerType string }
	IntegrationParameters []struct{ Key, DataType string }
}

// describe fills in the trigger and the inputs, as the published version declares them.
func (c *integrationsClient) describe(cmd *cobra.Command, name string, o *runOptions, body map[string]any) error {
	if o.trigger == "" && body["triggerId"] != nil && len(o.inputs) == 0 {
		return nil
	}
	data, err := c.call(cmd.Context(), http.MethodGet, "/integrations/"+url.PathEscape(name)+"/versions?filter=state%3DACTIVE", nil)
	if err != nil {
		return err
	}
	var list struct{ IntegrationVersions []published }
	if err := json.Unmarshal(data, &list); err != nil {
		return err
	}
	if len(list.IntegrationVersions) == 0 {
		return fmt.Errorf("no integration %q is published; `sluice integrations list` shows those that are", name)
	}
	v := list.IntegrationVersions[0]
	if body["triggerId"] == nil || o.trigger != "" {
		if body["triggerId"], err = v.chooseTrigger(name, o.trigger); err != nil {
			return err
		}
	}
	return v.setInputs(name, o.inputs, body)
}

func (v *published) chooseTrigger(name, given string) (string, error) {
	var ids []string
	for _, t := range v.TriggerConfigs {
		if strings.HasPrefix(t.TriggerID, "api_trigger/") {
			ids = append(ids, t.TriggerID)
		}
	}
	for _, id := range ids {
		if given == id || "api_trigger/"+given == id {
			return id, nil
		}
	}
	switch {
	case given != "":
		return "", fmt.Errorf("integration %q has no API trigger %q; it has %s", name, given, strings.Join(ids, ", "))
	case len(ids) != 1:
		return "", fmt.Errorf("integration %q has %d API triggers (%s); choose one with --trigger", name, len(ids), strings.Join(ids, ", "))
	}
	return ids[0], nil
}

// setInputs adds inputs such as count=3 to the body, with the types that are declared.
func (v *published) setInputs(name string, inputs []string, body map[string]any) error {
	values, ok := body["inputParameters"].(map[string]any)
	if !ok {
		values = map[string]any{}
	}
	for _, input := range inputs {
		key, text, ok := strings.Cut(input, "=")
		if !ok {
			return fmt.Errorf("--input %q is not NAME=VALUE", input)
		}
		kind, ok := v.typeOf(key)
		if !ok {
			return fmt.Errorf("--input %s: integration %q has no variable of that name; it has %s", key, name, strings.Join(v.names(), ", "))
		}
		value, err := typedInput(kind, text)
		if err != nil {
			return fmt.Errorf("--input %s: %w", key, err)
		}
		values[key] = value
	}
	if len(values) > 0 {
		body["inputParameters"] = values
	}
	return nil
}

func (v *published) typeOf(key string) (string, bool) {
	for _, p := range v.IntegrationParameters {
		if p.Key == key {
			return p.DataType, true
		}
	}
	return "", false
}

func (v *published) names() []string {
	var names []string
	for _, p := range v.IntegrationParameters {
		if !strings.HasPrefix(p.Key, "`") { // a task's own
			names = append(names, p.Key)
		}
	}
	slices.Sort(names)
	return names
}

// typedInput is text as a ValueType of the API.
func typedInput(kind, text string) (map[string]any, error) {
	field := map[string]string{
		"STRING_VALUE": "stringValue", "INT_VALUE": "intValue", "DOUBLE_VALUE": "doubleValue", "BOOLEAN_VALUE": "booleanValue", "JSON_VALUE": "jsonValue",
		"STRING_ARRAY": "stringArray", "INT_ARRAY": "intArray", "DOUBLE_ARRAY": "doubleArray", "BOOLEAN_ARRAY": "booleanArray",
	}[kind]
	switch {
	case field == "":
		return nil, fmt.Errorf("values of type %s cannot be given here; use --inputs FILE", kind)
	case field == "stringValue" || field == "jsonValue" || field == "intValue":
		return map[string]any{field: text}, nil
	}
	var value any
	if err := json.Unmarshal([]byte(text), &value); err != nil {
		return nil, fmt.Errorf("%q is no %s; write it in JSON, such as true, 1.5 or [\"a\",\"b\"]", text, kind)
	}
	if base, ok := strings.CutSuffix(field, "Array"); ok {
		value = map[string]any{base + "Values": value}
	}
	return map[string]any{field: value}, nil
}
