package integrations

// A graph is what a trigger or an error catcher starts. Walking it (walk.go) ends, because it
// has no cycles: Google refuses them too.
type graph struct {
	start    path
	nodes    []*node       // all that can be reached, in the order of a depth-first search
	arrivals map[*node]int // how many edges of this graph lead to each of them
}

func newGraph(start path) *graph {
	g := &graph{start: start, arrivals: map[*node]int{}}
	g.add(start)
	return g
}

func (g *graph) add(p path) {
	for _, e := range p.edges {
		if g.arrivals[e.to]++; g.arrivals[e.to] == 1 {
			g.nodes = append(g.nodes, e.to)
			g.add(e.to.next)
		}
	}
}

// A joinRule says when a task runs that several edges lead to: TaskConfig.taskExecutionStrategy.
type joinRule string

const (
	// whenAll waits until all tasks before it have finished. It runs if at least one edge
	// holds and none of these tasks failed (Google: "should be considered as
	// WHEN_ALL_TASKS_SUCCEED").
	whenAll joinRule = "WHEN_ALL_SUCCEED"
	// whenAny runs as soon as one of the edges holds.
	whenAny joinRule = "WHEN_ANY_SUCCEED"
	// whenAllHold waits for all tasks before it and runs if all edges hold.
	whenAllHold joinRule = "WHEN_ALL_TASKS_AND_CONDITIONS_SUCCEED"
)

func (c *compiler) joinRule(t exportTask, where string) joinRule {
	switch j := joinRule(t.TaskExecutionStrategy); j {
	case whenAll, whenAny, whenAllHold:
		return j
	case "", "TASK_EXECUTION_STRATEGY_UNSPECIFIED":
		return whenAll
	default:
		c.bad.add(Malformed, where, "unknown taskExecutionStrategy %q", j)
		return whenAll
	}
}

// checkCycles walks depth first; a task met again while it is still open closes a cycle.
func (c *compiler) checkCycles(tasks []exportTask) bool {
	const open, done = 1, 2
	state := map[*node]int{}
	var visit func(n *node) bool
	visit = func(n *node) bool {
		state[n] = open
		for _, e := range n.next.edges {
			if state[e.to] == open || state[e.to] == 0 && !visit(e.to) {
				return false
			}
		}
		state[n] = done
		return true
	}
	for _, t := range tasks {
		if n := c.nodes[t.TaskID]; n != nil && state[n] == 0 && !visit(n) {
			c.bad.add(Malformed, n.String(), "the tasks after it form a cycle")
			return false
		}
	}
	return true
}
