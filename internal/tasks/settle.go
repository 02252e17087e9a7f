package tasks

import (
	"slices"
	"time"

	pb "cloud.google.com/go/cloudtasks/apiv2/cloudtaskspb"
	rpcstatus "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc/codes"
)

// fate is what becomes of a task after an attempt.
type fate uint8

const (
	again     fate = iota // it is due again
	succeeded             // it is done
	exhausted             // it failed as often and as long as it may
)

func (f fate) String() string { return [...]string{"again", "succeeded", "exhausted"}[f] }

// settle works the outcome of an attempt into the record. runs is how many runs are satisfied by
// it. A record that is due again has its next due time.
func (r *record) settle(o outcome, runs uint32, q *pb.Queue) fate {
	t := r.task
	t.DispatchCount++
	r.begun = max(r.begun, runs)
	copy(r.attempts[1:], r.attempts[:])
	r.attempts[0] = o.attempt
	if t.FirstAttempt == nil {
		t.FirstAttempt = &pb.Attempt{DispatchTime: micros(o.dispatched)}
	}
	t.LastAttempt = &pb.Attempt{
		ScheduleTime:   micros(o.scheduled),
		DispatchTime:   micros(o.dispatched),
		ResponseTime:   micros(o.responded),
		ResponseStatus: &rpcstatus.Status{Code: int32(o.code), Message: o.message},
	}
	if o.answered() {
		t.ResponseCount++
		r.status = uint16(o.status)
	}
	if o.answered() && o.status < 500 {
		r.executions++
	}
	if o.code == codes.OK {
		return succeeded
	}
	return r.retry(o, policyOf(q.RetryConfig, t.RetryConfig))
}

// retry makes the record due again, if it may be.
func (r *record) retry(o outcome, p retryPolicy) fate {
	from := o.responded
	if !o.run.IsZero() {
		from = o.run // "the time that RunTask was called plus the retry delay"
	}
	delay := max(p.backoff(r.task.DispatchCount), o.retryAfter)
	next := from.Add(delay)
	if p.exhausted(r.task.DispatchCount, r.task.FirstAttempt.DispatchTime.AsTime(), next) {
		return exhausted
	}
	r.setDue(next)
	return again
}

func (r *record) setDue(due time.Time) {
	r.due = due // not cut, so that nothing is sent before its time
	r.task.ScheduleTime = micros(due)
}

// has tells whether an outcome was worked into the record before.
func (r *record) has(o outcome) bool { return slices.Contains(r.attempts[:], o.attempt) }
