package matrix

import (
	"context"
	"fmt"
	"io"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"

	"sluice/faults"
	"sluice/flow"
	"sluice/proxy"
)

// rehearsal is the state of one cell while it runs. Probes find it in the context:
// an exchange has no place for what only a test needs.
type rehearsal struct {
	*Loaded
	row     *row
	fault   *injection
	story   *recorder
	way     []*probe // callouts, then the step to fail; nil when a target fails
	stack   []*probe // that run now
	failed  bool     // the fault is in
	then    *second  // the fault of a fault rule's step, or nil
	skipped []*probe // that did nothing
	visited []string // steps that ran in the fault rules, see wayKey
}

// second is a fault while another one is handled.
type second struct {
	row    *row
	fault  *injection
	failed bool
}

type rehearsalKey struct{}

// Run rehearses every cell. It uses all processors and ends early only with ctx.
func (l *Loaded) Run(ctx context.Context) (*Matrix, error) {
	m := &Matrix{Refused: l.Refused}
	var rows []*row
	for _, s := range l.snapshots {
		m.Proxies = append(m.Proxies, s.Deployments[0].Name)
		list := l.rows(s)
		if len(list) > maxRows {
			list, m.Truncated = list[:maxRows], true
		}
		rows = append(rows, list...)
	}
	l.fillAll(ctx, rows, func(r *row) bool { return r.handling == nil })
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	findLeads(rows)
	l.fillAll(ctx, rows, func(r *row) bool { return r.handling != nil })
	for _, r := range rows {
		m.Rows = append(m.Rows, &r.Row)
	}
	m.number()
	m.count()
	return m, ctx.Err()
}

// fillAll fills the rows that are wanted.
func (l *Loaded) fillAll(ctx context.Context, rows []*row, wanted func(*row) bool) {
	var next atomic.Int64
	var wg sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for i := int(next.Add(1)) - 1; i < len(rows) && ctx.Err() == nil; i = int(next.Add(1)) - 1 {
				if wanted(rows[i]) {
					l.fill(ctx, rows[i])
				}
			}
		})
	}
	wg.Wait()
}

// maxRows bounds the rows of a proxy; shared flows that are called from everywhere
// multiply.
const maxRows = 4096

// fill rehearses the cells of a row.
func (l *Loaded) fill(ctx context.Context, r *row) {
	for i := range r.faults {
		in := &r.faults[i]
		c := &Cell{Fault: in.column, Group: in.group, Code: in.def.Code, Cause: in.cause, Note: in.note}
		if c.Why = r.unreachable; c.Why == "" {
			c.Why = in.unreachable
		}
		r.Cells = append(r.Cells, c)
		var visited []string
		if c.Why != "" {
			c.Outcome = Unreachable
		} else {
			visited = l.rehearse(ctx, r, in, c)
		}
		r.visited = append(r.visited, visited)
	}
}

// rehearse runs one cell. It returns the steps of the fault rules that ran.
func (l *Loaded) rehearse(ctx context.Context, r *row, in *injection, c *Cell) []string {
	state := &rehearsal{Loaded: l, row: r, fault: in, story: &recorder{conditions: l.conditions, rules: r.rules}}
	if r.handling == nil {
		if !l.try(ctx, state, r, r.trial, c, in) {
			c.Outcome, c.Why = Unreachable, "the rehearsal did not get there"
		}
		return state.visited
	}
	for _, at := range r.handling.leads {
		state = &rehearsal{Loaded: l, row: at.row, fault: at.fault, story: &recorder{conditions: l.conditions, rules: r.handling.rules(r)}, then: &second{row: r, fault: in}}
		if l.try(ctx, state, r, r.handlingTrial(at), c, in) {
			return nil
		}
	}
	c.Outcome, c.Why = Unreachable, "a step of the rule before it fails first"
	return nil
}

// try runs the trial; its result is false when the fault of the cell did not arise.
func (l *Loaded) try(ctx context.Context, state *rehearsal, r *row, t proxy.Trial, c *Cell, in *injection) bool {
	state.way = state.row.way
	if state.fault.late {
		state.way = state.row.late
	}
	t.Report, t.Answer = state.story, state.answer
	x := l.exchange(state.row)
	x.Observe(state.story)
	m := r.snapshot.Try(context.WithValue(ctx, rehearsalKey{}, state), x, t)
	x.Observe(nil)
	if !state.arrived() && !r.routing {
		return false
	}
	state.story.end(x, m)
	state.doubt()
	c.judge(state, x, r, in)
	return true
}

// arrived reports whether every fault is in.
func (r *rehearsal) arrived() bool { return r.failed && (r.then == nil || r.then.failed) }

// next is the way to the step that fails next; nil when none does any more, or it
// is a target.
func (r *rehearsal) next() []*probe {
	switch {
	case !r.failed:
		return r.way
	case r.then != nil && !r.then.failed:
		return r.then.row.way
	}
	return nil
}

// exchange is a request that has just come in. The addresses are those that RFC
// 5737 keeps for examples.
func (l *Loaded) exchange(r *row) *flow.Exchange {
	x := flow.NewExchange(nil, l.services, r.request.message())
	x.Client = flow.ClientInfo{IP: "192.0.2.1", Port: 40000, LocalIP: "127.0.0.1", Host: "localhost", Scheme: "https"}
	x.Path.Suffix = r.request.suffix
	x.SharedFlows = r.shared
	return x
}

// fail is what the step p returns when its turn has come.
func (r *rehearsal) fail(ctx context.Context, x *flow.Exchange, p *probe) error {
	if r.failed {
		return r.failAgain(ctx, x, p)
	}
	r.failed = true
	r.story.forced(x, r.row.forced)
	x.SharedFlows = r.shared // rules see them as they are
	if r.then != nil && r.then.row.shared != nil {
		x.SharedFlows = r.then.row.shared
	}
	err := r.fault.at(p.raise(ctx, x, r.fault.def))
	if r.row.Phase == postClientPhase { // no fault rule will run, and nobody tells the tracer
		flow.FaultOf(err).At(p.Name, x.Flow.Current, x.Phase.String())
		r.story.entered(err)
	}
	return err
}

// failAgain is the same for a step of a fault rule.
func (r *rehearsal) failAgain(ctx context.Context, x *flow.Exchange, p *probe) error {
	r.then.failed = true
	r.story.forced(x, r.then.row.forced)
	x.SharedFlows = r.shared
	err := r.then.fault.at(p.raise(ctx, x, r.then.fault.def))
	r.story.planned = flow.FaultOf(err)
	return err
}

// answer stands for the target: well, unless the fault is its own.
func (r *rehearsal) answer(x *flow.Exchange) (*flow.Message, error) {
	if r.way != nil || r.row.routing {
		return r.row.succeed(), nil
	}
	r.failed = true
	r.story.forced(x, r.row.forced)
	if r.fault.answer != nil {
		return r.fault.answer(), nil
	}
	return nil, r.fault.at(r.fault.def.New())
}

// doubt notes the policies of the rules that did nothing and may change the answer.
func (r *rehearsal) doubt() {
	for _, p := range r.skipped {
		if scripting[p.Element] && r.story.ranIdle(p.Name) {
			r.story.note(p.Name + " did nothing here, and may change the answer")
		}
	}
}

// at completes the fault with what tells it from others of its code.
func (in *injection) at(err error) error {
	if f, ok := err.(*faults.Fault); ok && in.detail != "" {
		f.Detail = in.detail
	}
	return err
}

// succeed is the answer of a target that is well.
func (r *row) succeed() *flow.Message {
	m := flow.NewResponse()
	m.Status = r.trial.Route.Target.Reach().Success
	if r.Phase == eventsPhase {
		m.Header.Add("Content-Type", "text/event-stream")
		m.Body.SetStream(io.NopCloser(strings.NewReader("data: {}\n\n")), -1)
		return m
	}
	m.Header.Add("Content-Type", "application/json")
	m.SetContent([]byte(`{}`))
	return m
}

// status is the answer of a target that refuses.
func status(code int) func() *flow.Message {
	return func() *flow.Message {
		m := flow.NewResponse()
		m.Status = code
		m.Header.Add("Content-Type", "application/json")
		m.SetContent(fmt.Appendf(nil, `{"error":"the target's own answer, status %d"}`, code))
		return m
	}
}

var _ proxy.Reporter = (*recorder)(nil)
