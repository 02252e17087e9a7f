package flow

import (
	"context"
	"fmt"
	"testing"
)

// policyFunc is a policy as a function.
type policyFunc func(ctx context.Context, x *Exchange) error

func (f policyFunc) Execute(ctx context.Context, x *Exchange) error { return f(ctx, x) }

var nothing = policyFunc(func(context.Context, *Exchange) error { return nil })

func twentySteps() []Step {
	steps := make([]Step, 20)
	for i := range steps {
		name := fmt.Sprintf("AM-%d", i)
		steps[i] = Step{Name: name, Policy: nothing, Flags: []string{"assignmessage." + name + ".failed", "assignmessage.failed"}}
	}
	return steps
}

func newTestExchange() *Exchange {
	m := NewRequest()
	m.Path = "/v1/items"
	return NewExchange(&ProxyInfo{Name: "items", Endpoint: "default"}, &Services{ProcessID: "p"}, m)
}

// BenchmarkRunSteps is what the runtime adds to twenty policies that do nothing.
func BenchmarkRunSteps(b *testing.B) {
	steps, x, ctx := twentySteps(), newTestExchange(), context.Background()
	b.ReportAllocs()
	for b.Loop() {
		if err := RunSteps(ctx, x, steps); err != nil {
			b.Fatal(err)
		}
		x.ran = x.ran[:0] // as Reset does for each request
	}
}

// BenchmarkRunStepsWithFailure also resets a flag that an earlier step set.
func BenchmarkRunStepsWithFailure(b *testing.B) {
	steps, x, ctx := twentySteps(), newTestExchange(), context.Background()
	fault := apiTimedOut.New()
	steps[3].Policy = policyFunc(func(context.Context, *Exchange) error { return fault })
	steps[3].ContinueOnError = true
	b.ReportAllocs()
	for b.Loop() {
		if err := RunSteps(ctx, x, steps); err != nil {
			b.Fatal(err)
		}
		x.ran = x.ran[:0]
	}
}

func TestRunStepsAllocatesNothing(t *testing.T) {
	steps, x, ctx := twentySteps(), newTestExchange(), context.Background()
	allocs := testing.AllocsPerRun(100, func() {
		if err := RunSteps(ctx, x, steps); err != nil {
			t.Fatal(err)
		}
		x.ran = x.ran[:0]
	})
	if allocs != 0 {
		t.Errorf("twenty steps allocate %v times, want 0", allocs)
	}
}
