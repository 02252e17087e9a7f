package script

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/dop251/goja"
)

// maxCallDepth bounds how deep functions of a script call each other.
const maxCallDepth = 2000

// run is one execution of a program, in a machine of its own.
type run struct {
	vm    *goja.Runtime
	env   *Env
	ctx   context.Context
	watch watch
	fatal error // what the Env failed with: it ends the run, whatever the script does

	calls     int        // begun
	callbacks []callback // still to be called
	printed   int        // bytes
	parseJSON goja.Callable
	textProto *goja.Object // prototype of the objects that read as a text
	kept      *sessionObject
}

// Run executes the scripts, and then, as their answers arrive, the callbacks of the
// calls that they made: all of them have run when it returns. It fails with a
// *Failure, with the error of ctx, or with an error of env.
//
// That the step waits for callbacks is our reading; Apigee only documents that they
// run before the transaction ends.
func (p *Program) Run(ctx context.Context, env *Env) error {
	r := &run{vm: goja.New(), env: env, ctx: ctx}
	if err := r.watched(func() error { return r.scripts(p) }); err != nil {
		return err
	}
	for len(r.callbacks) > 0 {
		next := r.callbacks[0]
		r.callbacks = r.callbacks[1:]
		if err := next.call.wait(ctx); err != nil {
			return err
		}
		if err := r.watched(func() error { return r.answer(next) }); err != nil {
			return err
		}
	}
	return nil
}

func (r *run) scripts(p *Program) error {
	r.prepare(p.uses)
	for _, part := range p.parts {
		if _, err := r.vm.RunProgram(part); err != nil {
			return err
		}
	}
	return r.keepSession()
}

// keepSession runs code of the script where a value has a method toJSON.
func (r *run) keepSession() error {
	if ex := r.vm.Try(r.kept.keep); ex != nil {
		return ex
	}
	return nil
}

// watched runs code of the script within its bounds.
func (r *run) watched(do func() error) (err error) {
	r.watch.start(r.ctx, r.vm, r.env.Limit)
	defer r.watch.stop()
	defer func() {
		// A defect of the engine, or of an object here, ends this run and not the
		// process.
		if p := recover(); p != nil {
			err = r.panicked(p)
		}
		if r.fatal != nil {
			err = r.fatal
		}
	}()
	return r.failure(do())
}

// panicked is the error of a panic: an interrupt that came while an error was being
// described, or a defect.
func (r *run) panicked(p any) error {
	if interrupt := (*goja.InterruptedError)(nil); errors.As(asError(p), &interrupt) {
		return r.interrupted(interrupt)
	}
	return fmt.Errorf("the script engine failed: %v", p)
}

func asError(p any) error {
	err, _ := p.(error)
	return err
}

// fail ends the run with an error that the script cannot catch.
func (r *run) fail(err error) goja.Value {
	if r.fatal == nil {
		r.fatal = err
	}
	r.vm.Interrupt(err)
	return goja.Undefined()
}

// throw throws a JavaScript error of that type in the script.
func (r *run) throw(kind, text string) {
	constructor := r.vm.GlobalObject().Get(kind)
	e, err := r.vm.New(constructor, r.vm.ToValue(text))
	if err != nil { // a script has replaced the constructor
		panic(r.vm.NewTypeError(text))
	}
	panic(e)
}

// text is what String(v) gives, also for what a script has thrown.
func (r *run) text(v goja.Value) string {
	text := ""
	if ex := r.vm.Try(func() { text = v.String() }); ex != nil {
		return "an object without a text"
	}
	return text
}

func (r *run) property(o *goja.Object, name string) string {
	text := ""
	if ex := r.vm.Try(func() {
		if v := o.Get(name); v != nil {
			text = v.String()
		}
	}); ex != nil {
		return ""
	}
	return text
}

// now is the time of the transaction's clock.
func (r *run) now() time.Time {
	if r.env.Now == nil {
		return time.Now()
	}
	return r.env.Now()
}
