package state

import (
	"math"

	"sluice/flow"
)

// decide says what n does to a counter that stands at used: what to add to it, and
// whether n does not fit.
//
// A reset, of negative weight, takes away what is there at most. A weight of 0
// always fits. EnforceOnly does not fit when nothing is left. All three are
// inferred (policies-2.md, Quota).
func decide(n *flow.Count, used int64) (delta int64, violated bool) {
	switch {
	case n.Weight <= 0:
		return max(n.Weight, -used), false
	case n.Mode == flow.EnforceOnly:
		return 0, used >= n.Allowed
	case n.Mode == flow.CountOnly:
		return min(n.Weight, math.MaxInt64-used), false
	case n.Weight <= n.Allowed-used:
		return n.Weight, false
	}
	return 0, true
}

// begins reports whether n begins a flexi window: what counts does.
func begins(n *flow.Count) bool { return n.Weight > 0 && n.Mode != flow.EnforceOnly }

// count counts here, on what this process knows. It is called with the lock held.
func (k *counter) count(n *flow.Count) flow.Counted {
	f := k.frame(n.Now, begins(n))
	used := k.parts.within(f).used()
	delta, violated := decide(n, used)
	if delta != 0 || violated {
		p := k.parts.at(f.last)
		if k.way == alone {
			p.total += delta
		} else {
			p.pending += delta
		}
		if violated {
			p.exceeded++
		}
	}
	return flow.Counted{Violated: violated, Used: used + delta, Exceeded: k.parts.within(f).exceeded(), Expires: f.expires}
}
