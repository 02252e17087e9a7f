package integrations

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

const (
	maxExport = 32 << 20 // bytes of one exported version; ours
	maxTasks  = 100      // tasks of one integration (reference: integrations.md 1)
)

// integration is a compiled version. It is immutable and shared by its executions.
type integration struct {
	name      string
	variables []variable
	types     map[string]dataType
	triggers  map[string]*trigger // by trigger id
}

type trigger struct {
	id      string
	start   path
	inputs  map[string]bool // names that a caller may set
	outputs []string        // names that the answer carries, in declared order
	catcher *path
	reach   []*node // every task that this trigger can lead to
}

// node is a task in the graph.
type node struct {
	id, label, kind string
	task            task
	next            path
	policies        policies
	catcher         *path
}

func (n *node) String() string { return taskName(n.id, n.label) }

func taskName(id, label string) string {
	if label == "" {
		return "task " + id
	}
	return fmt.Sprintf("task %s %q", id, label)
}

// path is what follows a trigger or a task: the edge to take is chosen at run time.
type path struct {
	edges      []edge
	firstMatch bool
}

type edge struct {
	to   *node
	when condition // nil: always
}

// compiler turns one export into an integration and collects everything that is wrong.
type compiler struct {
	build    *build
	in       *integration
	nodes    map[taskID]*node
	catchers map[string]*path
	bad      problems
}

func compile(name string, text []byte, b *build) (*integration, []error) {
	c := &compiler{
		build:    b,
		in:       &integration{name: name, types: map[string]dataType{}, triggers: map[string]*trigger{}},
		nodes:    map[taskID]*node{},
		catchers: map[string]*path{},
	}
	var w export
	if len(text) > maxExport {
		c.bad.add(Malformed, "", "the version exceeds %d MB", maxExport>>20)
		return nil, c.bad
	}
	if err := json.Unmarshal(text, &w); err != nil {
		c.bad.add(Malformed, "", "not an IntegrationVersion: %v", err)
		return nil, c.bad
	}
	if len(w.TaskConfigs) > maxTasks {
		c.bad.add(Malformed, "", "%d tasks; an integration has at most %d", len(w.TaskConfigs), maxTasks)
		return nil, c.bad
	}
	c.variables(w)
	c.tasks(w.TaskConfigs)
	c.edges(w)
	c.triggers(w.TriggerConfigs)
	c.checkGraph(w)
	if len(c.bad) > 0 {
		return nil, c.bad
	}
	return c.in, nil
}

func (c *compiler) variables(w export) {
	for _, p := range w.IntegrationConfigParameters {
		c.variable(p.Parameter, p.Value)
	}
	for _, p := range w.IntegrationParameters {
		c.variable(p, nil)
	}
}

// variable declares v; given, if there is one, stands in for its default value.
func (c *compiler) variable(v exportVariable, given json.RawMessage) {
	if _, twice := c.in.types[v.Key]; twice || v.Key == "" {
		return // exports repeat variables of shared tasks; the first one counts
	}
	raw := v.DefaultValue
	if len(given) > 0 {
		raw = given
	}
	initial, _, err := readRawValueType(raw)
	if err == nil {
		initial, err = convert(initial, v.DataType)
	}
	if err != nil {
		c.bad.add(Malformed, "variable "+v.Key, "default value: %v", err)
	}
	c.in.types[v.Key] = v.DataType
	c.in.variables = append(c.in.variables, variable{
		key: v.Key, dataType: v.DataType, initial: initial,
		in:  v.InputOutputType == "IN" || v.InputOutputType == "IN_OUT",
		out: v.InputOutputType == "OUT" || v.InputOutputType == "IN_OUT",
	})
}

func (c *compiler) tasks(tasks []exportTask) {
	for _, t := range tasks {
		where := taskName(string(t.TaskID), t.DisplayName)
		if c.nodes[t.TaskID] != nil || t.TaskID == "" {
			c.bad.add(Malformed, where, "the taskId is missing or used twice")
			continue
		}
		n := &node{id: string(t.TaskID), label: t.DisplayName, kind: t.Task, policies: compilePolicies(t, where, &c.bad)}
		c.nodes[t.TaskID] = n
		k, ok := taskKinds[t.Task]
		if !ok {
			c.bad.add(TaskType, where, "type %s is not available yet", t.Task)
			continue
		}
		var errs []error
		n.task, errs = k.compile(c.build, t.Parameters)
		c.reject(where, errs)
	}
}

func (c *compiler) reject(where string, errs []error) {
	for _, err := range errs {
		var p *Problem
		if errors.As(err, &p) {
			c.bad.add(p.Reason, where, "%s", p.Text)
		} else {
			c.bad.add(Malformed, where, "%v", err)
		}
	}
}

func (c *compiler) edges(w export) {
	for _, e := range w.ErrorCatcherConfigs {
		p := c.path(e.StartErrorTasks, "", "error catcher "+e.ErrorCatcherID)
		c.catchers[e.ErrorCatcherID] = &p
	}
	for _, t := range w.TaskConfigs {
		if n := c.nodes[t.TaskID]; n != nil {
			n.next = c.path(t.NextTasks, t.NextTasksExecutionPolicy, n.String())
			n.catcher = c.catcher(t.ErrorCatcherID, n.String())
		}
	}
}

func (c *compiler) path(edges []exportEdge, policy, where string) path {
	p := path{firstMatch: policy == "RUN_FIRST_MATCH"}
	for _, e := range edges {
		to := c.nodes[e.TaskID]
		if to == nil {
			c.bad.add(Malformed, where, "leads to task %s, which does not exist", e.TaskID)
			continue
		}
		when, err := parseCondition(e.Condition)
		if err != nil {
			c.bad.add(Malformed, where, "edge to task %s: %v", e.TaskID, err)
		}
		p.edges = append(p.edges, edge{to: to, when: when})
	}
	return p
}

func (c *compiler) catcher(id, where string) *path {
	if id == "" {
		return nil
	}
	p := c.catchers[id]
	if p == nil {
		c.bad.add(Malformed, where, "error catcher %s does not exist", id)
	}
	return p
}

// triggers compiles the API triggers. Others (schedules, Pub/Sub, private ones) start nothing
// here, but their tasks are checked like all.
func (c *compiler) triggers(triggers []exportTrigger) {
	for _, t := range triggers {
		where := "trigger " + t.TriggerID
		out := &trigger{
			id:      t.TriggerID,
			start:   c.path(t.StartTasks, t.NextTasksExecutionPolicy, where),
			inputs:  c.inputs(t.InputVariables),
			outputs: c.outputs(t.OutputVariables),
			catcher: c.catcher(t.ErrorCatcherID, where),
		}
		if t.TriggerType == "API" || strings.HasPrefix(t.TriggerID, "api_trigger/") {
			c.in.triggers[t.TriggerID] = out
		}
		c.checkFork(out.start, where)
		out.reach = reachable(out.start)
	}
}

// inputs are the names of the trigger, or all IN variables of the integration.
func (c *compiler) inputs(names *exportNames) map[string]bool {
	in := map[string]bool{}
	if names != nil {
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
	if names != nil {
		for _, n := range names.Names {
			wanted[n] = true
		}
	}
	var out []string
	for _, v := range c.in.variables {
		if names == nil && v.out || wanted[v.key] {
			out = append(out, v.key)
		}
	}
	return out
}
