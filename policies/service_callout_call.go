package policies

import (
	"context"
	"errors"
	"strconv"
	"strings"

	"sluice/faults"
	"sluice/flow"
)

// maxUnawaited is how many calls without a Response one policy has under way at
// once. More are refused, with a fault: a slow logging service must not fill the
// memory. The number is ours; Apigee documents none.
const maxUnawaited = 64

// Reasons of ExecutionFailed, as catalogued: playbook, the last one recalled.
const (
	reasonUnreachable = "Host not reachable"
	reasonStatus      = "ResponseCode {http_code} is treated as error"
	reasonTimeout     = "timeout occurred in {policy}"
)

// await makes the call and holds the answer, which it also returns when its
// status is a failure: bundles read it with continueOnError.
func (p *serviceCallout) await(ctx context.Context, x *flow.Exchange, call flow.Call) (*flow.Message, error) {
	limited, cancel := context.WithTimeout(ctx, p.timeout)
	defer cancel()
	answer, err := p.connection.Call(limited, x, call)
	if err != nil {
		return nil, p.fault(ctx, err)
	}
	held, err := answer.Clone()
	if err != nil {
		answer.Body.Close()
		return nil, p.fault(ctx, err)
	}
	if !p.connection.Success(held.Status) {
		return held, p.failed.New("reason", strings.Replace(reasonStatus, "{http_code}", strconv.Itoa(held.Status), 1))
	}
	return held, nil
}

// fault makes the documented fault of what went wrong in a call. ctx is the
// request's: when that has ended the client is gone, and it is no fault.
func (p *serviceCallout) fault(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if u := (*flow.UnresolvedError)(nil); errors.As(err, &u) {
		return p.unresolved.New("variable", u.Name)
	}
	reason := err.Error()
	var f *faults.Fault
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		reason = strings.Replace(reasonTimeout, "{policy}", p.name, 1)
	case !errors.As(err, &f):
	case f.Def.Name == p.noToken.Name:
		return err // documented for every Authentication, wherever it stands
	case f.Def.Name == p.timedOut.Name:
		reason = strings.Replace(reasonTimeout, "{policy}", p.name, 1)
	case p.isUnreachable(f.Def):
		reason = reasonUnreachable
	default:
		reason = f.Reason
	}
	failure := p.failed.New("reason", reason)
	failure.Cause = err
	return failure
}

func (p *serviceCallout) isUnreachable(d *faults.Def) bool {
	for _, u := range p.unreachable {
		if d.Name == u.Name {
			return true
		}
	}
	return false
}

// send makes a call that nobody waits for. It may outlive the request, so it
// works on a detached exchange, and only its Timeout ends it.
func (p *serviceCallout) send(ctx context.Context, x *flow.Exchange, call flow.Call) error {
	if p.errand != "" {
		kept, err := p.keepErrand(ctx, x, call)
		if kept || err != nil {
			return err
		}
	}
	select {
	case p.unawaited <- struct{}{}:
	default:
		return p.failed.New("reason", "more than "+strconv.Itoa(maxUnawaited)+" calls without a Response are under way")
	}
	own := x.Detach()
	limited, cancel := context.WithTimeout(context.WithoutCancel(ctx), p.timeout)
	x.Services.Background.Go(func() {
		defer func() {
			_ = recover() // a defect in a connection must not end the process; nobody waits for its error
			cancel()
			<-p.unawaited
		}()
		// Its failure changes nothing for a request that went on without it.
		if answer, err := p.connection.Call(limited, own, call); err == nil {
			drain(answer)
		}
	})
	return nil
}

// drain reads an answer that nobody looks at, so that its connection can be
// used again; a long one is dropped.
func drain(m *flow.Message) {
	if _, err := m.Body.Hold(64 << 10); err != nil {
		m.Body.Close()
	}
}
