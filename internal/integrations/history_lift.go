package integrations

import "time"

// parked keeps that a task is suspended.
func (rec *record) parked(a *attempt, s Suspension) {
	rec.changeTask(a.n, func(t *TaskRecord, _ time.Time) {
		t.State, t.Attempts = TaskSuspended, a.try
		rec.active--
		rec.derive()
		rec.r.Suspensions = append(rec.r.Suspensions, s)
	})
}

// suspension is the last one of a task that has not ended, as it is at now.
func (rec *record) suspension(task string, now time.Time) (Suspension, bool) {
	rec.mu.Lock()
	defer rec.mu.Unlock()
	if t := rec.r.Done[task]; t.State != TaskSuspended {
		return Suspension{}, false
	}
	expire(rec.r.Suspensions, now)
	for i := len(rec.r.Suspensions) - 1; i >= 0; i-- {
		if s := rec.r.Suspensions[i]; s.Task == task {
			return s, true
		}
	}
	return Suspension{}, false
}

// liftable tells whether a suspended task can go on, or else how long it is until one expires.
func (rec *record) liftable(now time.Time) (bool, time.Duration) {
	rec.mu.Lock()
	defer rec.mu.Unlock()
	expire(rec.r.Suspensions, now)
	next := maxSuspension
	for _, s := range rec.r.Suspensions {
		if rec.r.Done[s.Task].State != TaskSuspended {
			continue
		}
		if s.State != SuspensionPending {
			return true, 0
		}
		next = min(next, s.Expires.Sub(now))
	}
	return false, max(next, 1)
}

// signal is closed at the next lift.
func (rec *record) signal() <-chan struct{} {
	rec.mu.Lock()
	defer rec.mu.Unlock()
	return rec.lifts
}

// lift ends a suspension of an execution that runs here; errNotHere if it does not any more.
func (rec *record) lift(id, result string, rejected bool) error {
	rec.mu.Lock()
	defer rec.mu.Unlock()
	if rec.aside || rec.r.State.Ended() {
		return ErrNotHere
	}
	if err := Lift(&rec.r, id, result, rejected, rec.now()); err != nil {
		return err
	}
	close(rec.lifts)
	rec.lifts = make(chan struct{})
	return nil
}

// cancellable tells whether an execution that runs here may be cancelled now.
func (rec *record) cancellable() error {
	rec.mu.Lock()
	defer rec.mu.Unlock()
	switch {
	case rec.aside || rec.r.State.Ended():
		return ErrNotHere
	case rec.r.State != RetryOnHold && rec.r.State != Pending:
		return errNotCancelled
	}
	return nil
}

// setAside suspends the execution as a whole, unless a suspension has just ended.
func (rec *record) setAside(now time.Time) bool {
	if lifted, _ := rec.liftable(now); lifted {
		return false
	}
	rec.mu.Lock()
	defer rec.mu.Unlock()
	for _, s := range rec.r.Suspensions { // a lift may have come between the locks
		if s.State != SuspensionPending && rec.r.Done[s.Task].State == TaskSuspended {
			return false
		}
	}
	rec.aside = true
	rec.r.State, rec.r.Detached, rec.r.Updated = Suspended, true, now
	return true
}
