package proxy

import (
	"cmp"
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/beevik/etree"

	"sluice/faults"
	"sluice/flow"
)

// policyFunc is a test's policy.
type policyFunc func(context.Context, *flow.Exchange) error

func (f policyFunc) Execute(ctx context.Context, x *flow.Exchange) error { return f(ctx, x) }

// policies are the policy types that tests use in the place of real ones, which
// this package must not import.
//
//	<Assign><V name="variable">template</V>...</Assign>   sets variables
//	<Note>template</Note>                                  tells the test
//	<Fault code="BadFormData" element=""/>                 faults
//	<Raise status="418" reason="x">body</Raise>            faults as RaiseFault does
//	<Panic/>                                               panics
//	<Panic late="true"/>                                   has the body of the response panic while it is sent
//	<Broken/>                                              fails with an error that is no fault
//	<Wait ms="50"/>                                        sleeps
//	<Gate/>                                                waits until the test lets it go
//	<Call>shared flow</Call>                               calls a shared flow
//	<Callout><LocalTargetConnection/>...</Callout>         calls a connection; the answer becomes the variable "callout"
func (s *served) policies() []*flow.Kind {
	kind := func(name string, waits bool, compile func(*flow.Build, *etree.Element) policyFunc) *flow.Kind {
		return &flow.Kind{Name: name, Doc: flow.Doc{Title: name, Sample: "<" + name + "/>"}, Waits: waits,
			Compile: func(b *flow.Build, el *etree.Element) flow.Policy { return compile(b, el) }}
	}
	return []*flow.Kind{
		kind("Assign", false, compileAssign), kind("Raise", false, compileRaise), kind("Callout", true, compileCallout),
		kind("Note", false, s.compileNote), kind("Call", true, compileCall), kind("Gate", true, s.compileGate),
		kind("Fault", false, func(b *flow.Build, el *etree.Element) policyFunc {
			def, ok := faults.Lookup(cmp.Or(b.Attr(el, "element"), faults.ElementRuntime), b.Attr(el, "code"))
			if !ok {
				b.RefuseText(el, "InvalidValue", "no such fault", "")
			}
			return func(context.Context, *flow.Exchange) error { return def.New() }
		}),
		kind("Panic", false, s.compilePanic),
		kind("Broken", false, func(*flow.Build, *etree.Element) policyFunc {
			return func(context.Context, *flow.Exchange) error { return errors.New("no fault, an error") }
		}),
		kind("Wait", true, func(b *flow.Build, el *etree.Element) policyFunc {
			ms, _ := strconv.Atoi(b.Attr(el, "ms"))
			return func(context.Context, *flow.Exchange) error {
				time.Sleep(time.Duration(ms) * time.Millisecond)
				return nil
			}
		}),
	}
}

func (s *served) compilePanic(b *flow.Build, el *etree.Element) policyFunc {
	if b.Attr(el, "late") == "" {
		return func(context.Context, *flow.Exchange) error { panic("a policy's defect") }
	}
	return func(_ context.Context, x *flow.Exchange) error {
		x.AtEnd(func() { tell(s.notes, "the end") })
		x.Response.Body.SetStream(panickingBody{}, -1)
		return nil
	}
}

type panickingBody struct{}

func (panickingBody) Read([]byte) (int, error) { panic("a body's defect") }
func (panickingBody) Close() error             { return nil }

func compileAssign(b *flow.Build, el *etree.Element) policyFunc {
	type assignment struct {
		name *flow.Name
		text *flow.Template
	}
	var list []assignment
	for _, v := range flow.Children(el, "V") {
		list = append(list, assignment{b.Name(b.Attr(v, "name")), b.Template(v, flow.TextOf(v))})
	}
	return func(_ context.Context, x *flow.Exchange) error {
		for _, a := range list {
			text, err := a.text.Expand(x, true)
			if err != nil {
				return err
			}
			if err := x.Set(a.name, flow.Text(text)); err != nil {
				return err
			}
		}
		return nil
	}
}

var raiseFault, _ = faults.Lookup("RaiseFault", "RaiseFault")

func compileRaise(b *flow.Build, el *etree.Element) policyFunc {
	status, _ := strconv.Atoi(b.Attr(el, "status"))
	reason, body := b.Attr(el, "reason"), flow.TextOf(el)
	return func(context.Context, *flow.Exchange) error {
		m := flow.NewResponse()
		m.Status, m.Reason = status, reason
		m.SetContent([]byte(body))
		return &flow.Raised{Fault: raiseFault.New(), Message: m}
	}
}

func (s *served) compileNote(b *flow.Build, el *etree.Element) policyFunc {
	text := b.Template(el, flow.TextOf(el))
	return func(_ context.Context, x *flow.Exchange) error {
		note, err := text.Expand(x, true)
		if err == nil {
			tell(s.notes, note)
		}
		return err
	}
}

func (s *served) compileGate(*flow.Build, *etree.Element) policyFunc {
	return func(ctx context.Context, _ *flow.Exchange) error {
		s.entered <- struct{}{}
		select {
		case <-s.gate:
			return nil
		case <-ctx.Done():
			s.left <- ctx.Err()
			return ctx.Err()
		}
	}
}

func compileCall(b *flow.Build, el *etree.Element) policyFunc {
	name := flow.TextOf(el)
	b.CallsSharedFlow(el, name)
	return func(ctx context.Context, x *flow.Exchange) error { return x.CallSharedFlow(ctx, name) }
}

func compileCallout(b *flow.Build, el *etree.Element) policyFunc {
	connection := b.Connection(el.ChildElements()[0])
	return func(ctx context.Context, x *flow.Exchange) error {
		m, err := connection.Call(ctx, x, flow.Call{Request: flow.NewRequest()})
		if err == nil {
			x.SetMessage("callout", m)
		}
		return err
	}
}
