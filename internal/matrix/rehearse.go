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
	way    []*probe // callouts, then the step to fail; nil when a target fails
	stack  []*probe // that run now
	failed bool
	fail   func(context.Context, *flow.Exchange, *probe) error
	story  *recorder
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
		c := &Cell{Fault: in.column, Group: in.group, Code: in.code(), Cause: in.cause, Note: in.note}
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
	x := flow.NewExchange(nil, l.services, r.request.message())
	x.Client = flow.ClientInfo{IP: "192.0.2.1", Port: 40000, LocalIP: "127.0.0.1", Host: "localhost", Scheme: "https"}
	x.Path.Suffix = r.request.suffix
	x.SharedFlows = r.shared
	story := &recorder{conditions: l.conditions, rules: r.rules}
	state := &rehearsal{way: r.way, story: story}
	if in.late {
		state.way = r.late
	}
	state.fail = func(ctx context.Context, x *flow.Exchange, p *probe) error {
		story.forced(x, r.forced)
		x.SharedFlows = l.snapshot.SharedFlows // rules see them as they are
		return in.at(p.raise(ctx, x, in.def))
	}
	t := r.trial
	t.Report = story
	t.Answer = func(x *flow.Exchange) (*flow.Message, error) {
		if state.way != nil || r.routing {
			return succeed(t.Route.Target), nil
		}
		state.failed = true
		story.forced(x, r.forced)
		if in.answer != nil {
			return in.answer(), nil
		}
		return nil, in.at(in.def.New())
	}
	x.Observe(story)
	m := l.snapshot.Try(context.WithValue(ctx, rehearsalKey{}, state), x, t)
	x.Observe(nil)
	if !state.failed && !r.routing {
		c.Outcome, c.Why = Unreachable, "the rehearsal did not get there"
		return
	}
	story.end(x, m)
	c.judge(story, x, in)
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
