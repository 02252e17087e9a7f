package integrations

import (
	"context"
	"errors"
	"time"
)

const suspensionTask = "SuspensionTask"

// The names of the types Suspend and Timer were in no export that could be seen: these are
// guesses, and the parameters are taken to be those of Approval.
var (
	_ = register(taskKind{name: suspensionTask, ui: "Approval", compile: compileApproval})
	_ = register(taskKind{name: "SuspendTask", ui: "Suspend", compile: compileSuspend})
	_ = register(taskKind{name: "TimerTask", ui: "Timer", compile: compileTimer})
)

// suspension is a task that waits: Approval for a person
// (https://cloud.google.com/application-integration/docs/configure-approval-task), Suspend for
// a lift of the API or for its time, Timer for its time alone.
type suspension struct {
	message  template
	notified []template
	expire   time.Duration // 0: with the execution
	onExpiry bool          // it is lifted then
	timer    bool

	approved, result target
}

func compileApproval(_ *build, p parameters) (task, []error) {
	var errs []error
	t := compileSuspension(p, &errs)
	if !t.approved.ok { // an export of Suspend under this name
		t.onExpiry = true
	}
	return t, errs
}

func compileSuspend(_ *build, p parameters) (task, []error) {
	var errs []error
	t := compileSuspension(p, &errs)
	t.onExpiry = true
	return t, errs
}

func compileTimer(_ *build, p parameters) (task, []error) {
	var errs []error
	t := compileSuspension(p, &errs)
	t.onExpiry, t.timer = true, true
	if t.expire <= 0 && len(errs) == 0 {
		errs = append(errs, errors.New("parameter suspensionExpiration: expireAfterMs is missing"))
	}
	return t, errs
}

func compileSuspension(p parameters, errs *[]error) *suspension {
	t := &suspension{
		message:  p.template("customMessage", errs),
		approved: p.target("isApproved", errs),
		result:   p.target("suspensionResult", errs),
	}
	expiration, _ := constant(p, "suspensionExpiration", toObject, errs).(*object)
	if expiration != nil {
		millis, err := toInt(expiration.get("expireAfterMs", "expire_after_ms"))
		if err != nil && !errors.Is(err, errNull) {
			*errs = append(*errs, err)
		}
		t.expire = time.Duration(min(max(millis, 0), maxSuspension.Milliseconds())) * time.Millisecond
		t.onExpiry, _ = expiration.get("liftWhenExpired", "lift_when_expired").(bool)
	}
	t.notified = p.addresses(errs)
	return t
}

func toObject(v value) (value, error) {
	if o, ok := v.(*object); ok {
		return o, nil
	}
	return nil, errNotObject
}

// addresses reads notifications: {"protoValues": [{"emailAddress": {"email": "..."}}]}.
func (p parameters) addresses(errs *[]error) []template {
	o, _ := constant(p, "notifications", toObject, errs).(*object)
	if o == nil {
		return nil
	}
	list, _ := o.get("protoValues").([]any)
	var out []template
	for _, n := range list {
		if email, ok := getPath(n, parsePath("emailAddress.email")).(string); ok {
			out = append(out, parseTemplate(email))
		}
	}
	return out
}

func (t *suspension) run(_ context.Context, a *attempt) error {
	message, err := t.message.text(a.scope)
	if err != nil {
		return err
	}
	p := &parking{wait: t.expire, liftWhenExpired: t.onExpiry, timer: t.timer, message: shorten(message)}
	for _, n := range t.notified {
		address, err := n.text(a.scope)
		if err != nil {
			return err
		}
		p.notified = append(p.notified, address)
	}
	return p
}

// resumed sets what became of the suspension. The execution goes on after a rejection too: its
// edges look at isApproved.
func (t *suspension) resumed(_ context.Context, a *attempt, s Suspension) error {
	return errors.Join(t.approved.set(a, s.State == SuspensionLifted), t.result.set(a, s.Result))
}
