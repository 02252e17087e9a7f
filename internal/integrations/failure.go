package integrations

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"
)

// A strategy says what follows the failure of a task
// (https://cloud.google.com/application-integration/docs/error-handling-strategy).
type strategy string

const (
	none        strategy = "NONE"   // the task fails, and its followers do not run
	fatal       strategy = "FATAL"  // the execution fails, whatever other paths do
	ignore      strategy = "IGNORE" // go on as if the task had succeeded
	fixed       strategy = "FIXED_INTERVAL"
	linear      strategy = "LINEAR_BACKOFF"
	exponential strategy = "EXPONENTIAL_BACKOFF"
	restart     strategy = "RESTART_INTEGRATION_WITH_BACKOFF"
)

const (
	maxRetries       = 1000
	maxRetryInterval = time.Hour
)

// failurePolicy is one compiled policy. A nil condition always applies.
type failurePolicy struct {
	when     condition
	strategy strategy
	retries  int
	interval time.Duration
}

// policies are those of one task. The conditional ones are the newer form and win.
type policies struct {
	conditional []failurePolicy
	sync, async failurePolicy
}

// choose returns the policy for a failure just now; $`ErrorInfo`$ is set.
func (p policies) choose(s *scope, sync bool) failurePolicy {
	for _, c := range p.conditional {
		if c.when == nil || c.when.holds(s) {
			return c
		}
	}
	if sync {
		return p.sync
	}
	return p.async
}

// delay is the time before retry number n, which counts from 1, and false without a retry.
// Google's page: linear 3, 6, 9 s; exponential 3, 9, 81 s, each the square of the one before;
// both plus 1 to 5 seconds.
func (p failurePolicy) delay(n int) (time.Duration, bool) {
	if n > p.retries {
		return 0, false
	}
	d := p.interval
	switch p.strategy {
	case fixed:
		return d, true
	case linear:
		d *= time.Duration(n)
	case exponential, restart: // what backoff a restart has is not documented
		for ; n > 1 && d < maxRetryInterval; n-- {
			d = time.Duration(min(d.Seconds()*d.Seconds(), maxRetryInterval.Seconds()) * float64(time.Second))
		}
	default:
		return 0, false
	}
	return min(d, maxRetryInterval) + time.Second + rand.N(4*time.Second), true
}

func compilePolicies(t exportTask, where string, bad *problems) policies {
	p := policies{
		async: compilePolicy(t.FailurePolicy, where, bad),
		sync:  compilePolicy(t.SynchronousCallFailurePolicy, where, bad),
	}
	if t.ConditionalFailurePolicies == nil {
		return p
	}
	for _, c := range t.ConditionalFailurePolicies.FailurePolicies {
		p.conditional = append(p.conditional, compilePolicy(&c, where, bad))
	}
	if d := t.ConditionalFailurePolicies.DefaultFailurePolicy; d != nil {
		last := compilePolicy(d, where, bad)
		last.when = nil
		p.conditional = append(p.conditional, last)
	}
	return p
}

func compilePolicy(w *exportFailurePolicy, where string, bad *problems) failurePolicy {
	if w == nil {
		return failurePolicy{strategy: none}
	}
	p := failurePolicy{strategy: strategy(w.RetryStrategy)}
	var err error
	if p.when, err = parseCondition(w.Condition); err != nil {
		bad.add(Malformed, where, "failure policy: %v", err)
	}
	switch p.strategy {
	case "", "RETRY_STRATEGY_UNSPECIFIED":
		p.strategy = none
	case none, fatal, ignore:
	case fixed, linear, exponential, restart:
		if p.retries, p.interval, err = readRetry(w); err != nil {
			bad.add(Malformed, where, "failure policy: %v", err)
		}
	default:
		bad.add(Malformed, where, "unknown retry strategy %q", w.RetryStrategy)
	}
	return p
}

func readRetry(w *exportFailurePolicy) (int, time.Duration, error) {
	n, err := parseJSON("0")
	if len(w.MaxRetries) > 0 {
		n, err = parseJSON(string(w.MaxRetries))
	}
	if err != nil {
		return 0, 0, err
	}
	retries, err := toInt(n)
	if err != nil || retries < 0 || retries > maxRetries {
		return 0, 0, fmt.Errorf("maxRetries %s is not a number up to %d", w.MaxRetries, maxRetries)
	}
	interval, err := readInterval(w.IntervalTime)
	return int(retries), interval, err
}

// readInterval reads intervalTime. The API declares it as a Timestamp whose seconds since 1970
// are the interval; "3s" and numbers of seconds are read too.
func readInterval(raw json.RawMessage) (time.Duration, error) {
	s := strings.Trim(string(raw), `"`)
	if s == "" || s == "null" {
		return 0, nil
	}
	d, err := time.ParseDuration(s)
	if at, err2 := time.Parse(time.RFC3339Nano, s); err2 == nil {
		d, err = at.Sub(time.Unix(0, 0)), nil
	} else if f, err2 := toDouble(s); err2 == nil && f <= maxRetryInterval.Seconds() {
		d, err = time.Duration(f*float64(time.Second)), nil
	}
	if err != nil || d < 0 || d > maxRetryInterval {
		return 0, fmt.Errorf("intervalTime %q is not a time up to %s", s, maxRetryInterval)
	}
	return d, nil
}
