package proxy

import (
	"context"
	"runtime/debug"
	"sync/atomic"

	"sluice/flow"
)

// maxAfterwards bounds how many requests are in their PostClientFlow at once, each of
// which keeps its messages. Those above run it before their connection goes on: what
// the flow waits for, such as a log server, then slows the clients down.
const maxAfterwards = 1024

// afterwards are the PostClientFlows that run beside their connections.
type afterwards struct {
	count   atomic.Int64
	running flow.Background
}

// finish does what is due once the answer is sent, and gives the session back. A
// PostClientFlow goes on after the caller has its connection again.
func (c *Core) finish(ctx context.Context, s *session) {
	r := &s.run
	switch {
	case len(r.endpoint.postClient) == 0:
		c.end(s)
		c.release(s)
		return
	case c.after.count.Add(1) > maxAfterwards:
		c.after.count.Add(-1)
		c.conclude(ctx, s)
		return
	}
	r.detach()
	ctx = context.WithoutCancel(ctx)
	c.after.running.Go(func() {
		defer c.after.count.Add(-1)
		c.conclude(ctx, s)
	})
}

// conclude runs PostClientFlow, to the end of the session. A panic in what follows the
// flow ends nothing else.
func (c *Core) conclude(ctx context.Context, s *session) {
	defer func() {
		if v := recover(); v != nil {
			c.Report.Panicked(&s.x, v, debug.Stack())
		}
	}()
	s.run.afterwards(ctx)
	c.end(s)
	c.release(s)
}

// end ends the exchange, also when something panicked.
func (c *Core) end(s *session) {
	defer c.done(s)
	defer s.x.End()
	s.run.close()
}

// detach takes the request's body off the connection: it is read now or never.
func (r *run) detach() {
	if r.endpoint.holds.request {
		_ = r.x.Request.Hold() // one that is too large, or broken, says so to who reads it
	}
	r.x.Request.Body.Close()
}

// afterwards runs PostClientFlow, with a time budget of its own. Nothing that happens
// there matters to anyone but its author (runtime.md 3.5).
func (r *run) afterwards(ctx context.Context) {
	if len(r.endpoint.postClient) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), r.endpoint.props.apiTimeout)
	defer cancel()
	r.x.Deadline = r.x.Now().Add(r.endpoint.props.apiTimeout)
	r.x.Phase = flow.PostClient
	if err := r.postClient(ctx); err != nil {
		r.x.Warn("PostClientFlow ended: " + err.Error())
	}
}

func (r *run) postClient(ctx context.Context) (err error) {
	defer r.guard(&err, r.x.Depth)
	for i := range r.endpoint.postClient {
		if err := r.endpoint.postClient[i].Run(ctx, r.x, flow.ProxySide); err != nil {
			return err
		}
	}
	return nil
}
