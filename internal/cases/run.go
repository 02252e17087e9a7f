package cases

import (
	"context"
	"errors"
	"time"

	"sluice/flow"
	"sluice/proxy"
)

// Options are what a run needs from outside: this package knows no policy and no
// integration engine.
type Options struct {
	Registry *flow.Registry
	Compile  proxy.Options // how bundles are compiled
	// LocalIntegrations makes the integration service of the files
	// DIR/integrations/NAME.json, and what closes it. By the network, whatever
	// the integrations call is the case's upstream. nil: cases that need such a
	// service fail.
	LocalIntegrations func(dir string, services *flow.Services, network *proxy.Network) (flow.Integrations, func(), error)
	Update            bool // rewrite response, vars, captured and log sections that differ
	Verbose           bool // keep the traces of cases that pass, and variables in all
}

// Run deploys the bundle of the case and plays its exchanges in order.
func (c *Case) Run(ctx context.Context, o Options) *Result {
	if c.broken != nil {
		return unreadable(c, c.broken)
	}
	began := time.Now()
	r := c.run(ctx, o)
	r.File, r.Why, r.Verbose = c.File, c.Why, o.Verbose
	r.Seconds = time.Since(began).Seconds()
	r.Passed = len(r.Failures) == 0
	if r.Passed && !o.Verbose {
		r.Traces = nil
	}
	return r
}

func (c *Case) run(ctx context.Context, o Options) *Result {
	w, err := newWorld(c, o)
	if err != nil {
		w.close()
		return &Result{Failures: append(w.script.found(), notDeployed(c, err))}
	}
	editor := newEditor(c)
	for _, x := range c.exchanges {
		if err := w.play(ctx, x, editor); err != nil {
			w.script.fail("request", Failure{Line: x.request.line, Got: err.Error()})
			break
		}
	}
	w.close()
	r := &Result{Failures: w.script.found()}
	w.observer.result(r)
	if o.Update {
		editor.apply(r)
	}
	return r
}

// notDeployed is the failure of a case whose world could not be made.
func notDeployed(c *Case, err error) Failure {
	f := Failure{File: c.File, Section: "deployment", Got: err.Error()}
	if r, ok := errors.AsType[*refusal](err); ok && len(r.problems) > 0 {
		f.Place = r.problems[0].Place()
	}
	return f
}

// play plays one exchange. The error is that of ctx.
func (w *world) play(ctx context.Context, x *exchange, e *editor) error {
	w.clock.move(x.clock)
	w.script.begin(x)
	w.observer.expect(x)
	w.logged.take() // what came late belongs to nobody
	k := send(ctx, w.addr, w.keys.fill(x.request))
	defer k.close()
	w.await(ctx)
	w.script.end(ctx)
	if err := ctx.Err(); err != nil {
		return err
	}
	w.checkResponse(x, k)
	w.checkJSON(x, k.got.body)
	e.response(x, k.got)
	vars, _, _ := w.observer.outcome()
	w.checkVars(x, vars)
	e.vars(x, vars)
	log := w.logged.take()
	w.checkLog(x, log)
	e.log(x, log)
	return nil
}

// refusedGrace is how long to wait for the end of an exchange that never began:
// requests that are no HTTP are answered without one.
const refusedGrace = 200 * time.Millisecond

// await waits until PostClientFlow has run.
func (w *world) await(ctx context.Context) {
	_, began, ended := w.observer.outcome()
	limit := refusedGrace
	if began {
		limit = exchangeLimit
	}
	t := time.NewTimer(limit)
	defer t.Stop()
	select {
	case <-ended:
	case <-ctx.Done():
	case <-t.C:
		if began {
			w.script.fail("request", Failure{Got: "the exchange did not end within " + limit.String()})
		}
	}
}

func (w *world) checkResponse(x *exchange, k *client) {
	want := x.response
	switch {
	case k.got.first() == "":
		w.script.fail("response", Failure{Line: x.line(), Want: "a response", Got: k.problem()})
		return
	case want == nil:
		return
	}
	list := append(want.compareHead(k.got.head), want.compareBody(k.got.body)...)
	if problem := k.problem(); problem != "" {
		list = append(list, Failure{Line: want.line, Want: "a whole response", Got: problem})
	}
	if len(list) > 0 && !want.fitsFirst(k.got) && k.got.body != "" && want.compareBody(k.got.body) == nil {
		// The status differs and nothing else tells why: the body does.
		list[0].Got += "\n" + window(k.got.body, 0)
	}
	w.script.fail("response", list...)
}

func (w *wire) fitsFirst(got *message) bool { return fits(w.first(), got.first()) }

// line is where to look when the response is missing.
func (x *exchange) line() int {
	if x.response != nil {
		return x.response.line
	}
	return x.request.line
}

func (w *world) checkVars(x *exchange, vars []seen) {
	if len(vars) == 0 && len(x.vars) > 0 {
		w.script.fail(x.vars[0].section, Failure{Line: x.vars[0].line, Want: "an exchange with variables", Got: "the request was refused before it became one"})
		return
	}
	for i := range vars {
		w.script.fail(x.vars[i].section, x.vars[i].failure(vars[i])...)
	}
}
