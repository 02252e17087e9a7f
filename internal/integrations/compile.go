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
	name, version string
	snapshot      string // snapshotNumber
	variables     []variable
	types         map[string]dataType
	triggers      map[string]*trigger // by trigger id
	persistent    bool                // false: databasePersistencePolicy is DATABASE_PERSISTENCE_DISABLED
}

// node is a task in the graph.
type node struct {
	id, label, kind string
	task            task
	next            path
	join            joinRule
	policies        policies
	catcher         *graph
	suspends        bool // success policy: once it has run, it waits to be lifted
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
	catchers map[string]*graph
	config   map[string]json.RawMessage
	bad      problems
}

func compile(name string, text []byte, config map[string]json.RawMessage, b *build) (*integration, []error) {
	c := &compiler{
		build:    b,
		in:       &integration{name: name, types: map[string]dataType{}, triggers: map[string]*trigger{}},
		nodes:    map[taskID]*node{},
		catchers: map[string]*graph{},
		config:   config,
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
	c.in.snapshot = string(w.SnapshotNumber)
	c.in.persistent = w.DatabasePersistencePolicy != "DATABASE_PERSISTENCE_DISABLED"
	c.variables(w)
	c.tasks(w)
	c.edges(w)
	if c.checkCycles(w.TaskConfigs) {
		c.graphs(w)
	}
	if len(c.bad) > 0 {
		return nil, c.bad
	}
	return c.in, nil
}

func (c *compiler) variables(w export) {
	for _, p := range w.IntegrationConfigParameters {
		given := p.Value
		if v, ok := c.given(p.Parameter.Key); ok {
			given = v
		}
		c.variable(p.Parameter, given)
	}
	for _, p := range w.IntegrationParameters {
		c.variable(p, nil)
	}
}

// given is what the publisher sets a config variable to; nil is null.
func (c *compiler) given(key string) (json.RawMessage, bool) {
	v, ok := c.config[key]
	if !ok {
		v, ok = c.config[strings.Trim(key, "`")]
	}
	return v, ok
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
	initial, err := readDefault(raw)
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

// readDefault reads a ValueType. Values of config variables are plain JSON as well.
func readDefault(raw json.RawMessage) (value, error) {
	v, _, err := readRawValueType(raw)
	if err == nil {
		return v, nil
	}
	if plain, err2 := parseJSON(string(raw)); err2 == nil {
		if o, ok := plain.(*object); !ok || !isValueType(o) {
			return plain, nil
		}
	}
	return nil, err
}

func (c *compiler) tasks(w export) {
	for _, t := range w.TaskConfigs {
		where := taskName(string(t.TaskID), t.DisplayName)
		if c.nodes[t.TaskID] != nil || t.TaskID == "" {
			c.bad.add(Malformed, where, "the taskId is missing or used twice")
			continue
		}
		n := &node{id: string(t.TaskID), label: t.DisplayName, kind: t.Task, policies: compilePolicies(t, where, &c.bad)}
		n.join = c.joinRule(t, where)
		n.suspends = t.SuccessPolicy != nil && t.SuccessPolicy.FinalState == "SUSPENDED" && t.Task != suspensionTask
		c.nodes[t.TaskID] = n
		c.task(n, t, w)
	}
}

func (c *compiler) task(n *node, t exportTask, w export) {
	k, ok := taskKinds[t.Task]
	if !ok && t.TaskTemplate != "" {
		k, ok = taskKinds[taskTemplate]
	}
	if !ok {
		c.bad.add(TaskType, n.String(), "tasks of type %s do not run here", t.Task)
		return
	}
	b := *c.build
	b.task, b.account, b.types = t, w.RunAsServiceAccount, c.in.types
	var errs []error
	n.task, errs = k.compile(&b, t.Parameters)
	c.reject(n.String(), errs)
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
	for _, t := range w.TaskConfigs {
		if n := c.nodes[t.TaskID]; n != nil {
			n.next = c.path(t.NextTasks, t.NextTasksExecutionPolicy, n.String())
		}
	}
}

// graphs compiles what starts tasks, once all edges are known to make no cycle.
func (c *compiler) graphs(w export) {
	for _, e := range w.ErrorCatcherConfigs {
		c.catchers[e.ErrorCatcherID] = newGraph(c.path(e.StartErrorTasks, "", "error catcher "+e.ErrorCatcherID))
	}
	for _, t := range w.TaskConfigs {
		if n := c.nodes[t.TaskID]; n != nil {
			n.catcher = c.catcher(t.ErrorCatcherID, n.String())
		}
	}
	c.checkCatchers()
	c.triggers(w.TriggerConfigs)
}

// checkCatchers refuses a task in an error catcher that has an error catcher: Google does not
// nest them, and one that catches itself would never end.
func (c *compiler) checkCatchers() {
	for id, g := range c.catchers {
		for _, n := range g.nodes {
			if n.catcher != nil {
				c.bad.add(Malformed, n.String(), "is in error catcher %s and has an error catcher itself", id)
			}
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

func (c *compiler) catcher(id, where string) *graph {
	if id == "" {
		return nil
	}
	g := c.catchers[id]
	if g == nil {
		c.bad.add(Malformed, where, "error catcher %s does not exist", id)
	}
	return g
}
