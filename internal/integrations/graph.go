package integrations

import "strings"

// The engine walks one path. A graph is accepted if no two tasks can have to run side by side:
//
//   - a fork needs RUN_FIRST_MATCH, or a condition on each of its edges. Should more than one of
//     these hold at run time, the execution fails and says so;
//   - a join of such exclusive paths needs nothing: the one path that came is the one to wait for.
//     WHEN_ALL_TASKS_AND_CONDITIONS_SUCCEED wants all of them and could never run.
//
// Cycles are refused (Google refuses them too), so that every walk ends.

func (c *compiler) checkGraph(w export) {
	incoming := map[taskID]int{}
	for _, t := range w.TaskConfigs {
		for _, e := range t.NextTasks {
			incoming[e.TaskID]++
		}
	}
	for _, t := range w.TaskConfigs {
		n := c.nodes[t.TaskID]
		if n == nil {
			continue
		}
		c.checkFork(n.next, n.String())
		if incoming[t.TaskID] > 1 && t.TaskExecutionStrategy == "WHEN_ALL_TASKS_AND_CONDITIONS_SUCCEED" {
			c.bad.add(ForkOrJoin, n.String(), "a join that waits for all of %d paths is not available yet", incoming[t.TaskID])
		}
	}
	for _, e := range w.ErrorCatcherConfigs {
		c.checkFork(*c.catchers[e.ErrorCatcherID], "error catcher "+e.ErrorCatcherID)
	}
	c.checkCycles(w.TaskConfigs)
}

func (c *compiler) checkFork(p path, where string) {
	if p.firstMatch || len(p.edges) < 2 {
		return
	}
	for _, e := range p.edges {
		if e.when == nil {
			c.bad.add(ForkOrJoin, where, "a fork into parallel paths (%s) is not available yet", listTargets(p.edges))
			return
		}
	}
}

func listTargets(edges []edge) string {
	names := make([]string, len(edges))
	for i, e := range edges {
		names[i] = e.to.String()
	}
	return strings.Join(names, ", ")
}

// checkCycles walks depth first; a task met again while it is still open closes a cycle.
func (c *compiler) checkCycles(tasks []exportTask) {
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
			return
		}
	}
}

func reachable(p path) []*node {
	var out []*node
	seen := map[*node]bool{}
	var visit func(p path)
	visit = func(p path) {
		for _, e := range p.edges {
			if !seen[e.to] {
				seen[e.to] = true
				out = append(out, e.to)
				visit(e.to.next)
			}
		}
	}
	visit(p)
	return out
}
