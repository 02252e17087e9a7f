package integrations

import "strings"

type trigger struct {
	id      string
	api     bool // may be called from outside
	graph   *graph
	inputs  map[string]bool // names that a caller may set
	outputs []string        // names that the answer carries, in declared order
	catcher *graph
}

// triggers compiles all triggers. API triggers are called from outside, those and private ones
// by other integrations; schedules, Pub/Sub and connectors start nothing here by themselves.
func (c *compiler) triggers(triggers []exportTrigger) {
	for _, t := range triggers {
		where := "trigger " + t.TriggerID
		c.in.triggers[t.TriggerID] = &trigger{
			id:      t.TriggerID,
			api:     t.TriggerType == "API" || strings.HasPrefix(t.TriggerID, "api_trigger/"),
			graph:   newGraph(c.path(t.StartTasks, t.NextTasksExecutionPolicy, where)),
			inputs:  c.inputs(t.InputVariables),
			outputs: c.outputs(t.OutputVariables),
			catcher: c.catcher(t.ErrorCatcherID, where),
		}
	}
}

// inputs are the names of the trigger, or all IN variables of the integration. An empty list is
// as good as none: clients that encode an export anew write one.
func (c *compiler) inputs(names *exportNames) map[string]bool {
	in := map[string]bool{}
	if names.given() {
		for _, n := range names.Names {
			in[n] = true
		}
		return in
	}
	for _, v := range c.in.variables {
		if v.in {
			in[v.key] = true
		}
	}
	return in
}

// outputs are the names of the trigger in the order of the declarations, or all OUT variables.
func (c *compiler) outputs(names *exportNames) []string {
	wanted := map[string]bool{}
	if names.given() {
		for _, n := range names.Names {
			wanted[n] = true
		}
	}
	var out []string
	for _, v := range c.in.variables {
		if !names.given() && v.out || wanted[v.key] {
			out = append(out, v.key)
		}
	}
	return out
}
