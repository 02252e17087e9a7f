package matrix

import (
	"context"
	"fmt"
	"runtime"
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
	skipped []*probe // that did nothing
}

type rehearsalKey struct{}

// Run rehearses every cell. It uses all processors and ends early only with ctx.
func (l *Loaded) Run(ctx context.Context) (*Matrix, error) {
	m := &Matrix{}
	var rows []*row
	for _, d := range l.snapshot.Deployments {
		m.Proxies = append(m.Proxies, d.Name)
		rows = append(rows, l.rows(d)...)
	}
	if len(rows) > maxRows {
		rows, m.Truncated = rows[:maxRows], true
	}
	var next atomic.Int64
	var wg sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for i := int(next.Add(1)) - 1; i < len(rows) && ctx.Err() == nil; i = int(next.Add(1)) - 1 {
				l.fill(ctx, rows[i])
			}
		})
	}
	wg.Wait()
	for _, r := range rows {
		m.Rows = append(m.Rows, &r.Row)
	}
	m.number()
	m.count()
	return m, ctx.Err()
}

// maxRows bounds a matrix; shared flows that are called from everywhere multiply.
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
		if c.Why != "" {
			c.Outcome = Unreachable
			continue
		}
		l.rehearse(ctx, r, in, c)
	}
}

// rehearse runs one cell.
func (l *Loaded) rehearse(ctx context.Context, r *row, in *injection, c *Cell) {
	story := &recorder{conditions: l.conditions, rules: r.rules}
	state := &rehearsal{Loaded: l, row: r, fault: in, story: story, way: r.way}
	if in.late {
		state.way = r.late
	}
	t := r.trial
	t.Report, t.Answer = story, state.answer
	x := l.exchange(r)
	x.Observe(story)
	m := l.snapshot.Try(context.WithValue(ctx, rehearsalKey{}, state), x, t)
	x.Observe(nil)
	if !state.failed && !r.routing {
		c.Outcome, c.Why = Unreachable, "the rehearsal did not get there"
		return
	}
	story.end(x, m)
	state.doubt()
	c.judge(story, x, in)
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
	r.failed = true
	r.story.forced(x, r.row.forced)
	x.SharedFlows = r.snapshot.SharedFlows // rules see them as they are
	return r.fault.at(p.raise(ctx, x, r.fault.def))
}

// answer stands for the target: well, unless the fault is its own.
func (r *rehearsal) answer(x *flow.Exchange) (*flow.Message, error) {
	if r.way != nil || r.row.routing {
		return succeed(r.row.trial.Route.Target), nil
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
func succeed(t *proxy.Target) *flow.Message {
	m := flow.NewResponse()
	m.Status = t.Reach().Success
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
