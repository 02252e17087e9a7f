package tasks

import (
	"math"
	"math/bits"
	"time"
)

// throttle says how fast a queue may send. It is a token bucket, and a factor below 1 while the
// target cannot keep up. The zero value passes nothing; set limits first. Guarded by its line.
type throttle struct {
	rate, burst float64
	tokens      float64
	filled      time.Time // when tokens was right

	slowed time.Time // of the last slow-down, zero for none
	slow   float64   // factor at that time
	failed uint32    // the last answers, a bit each: 1 for no success
	seen   int       // how many bits of failed count
}

// The slow-down. Google publishes that queues back off more than usual on 429, 503 and high error
// rates, but no amounts; these are ours: the rate is halved, at most once a second and not below a
// 32nd, and grows back by a tenth a second.
const (
	slowStep   = 0.5
	slowFloor  = 1.0 / 32
	slowGrowth = 1.1 // a second
	slowPause  = time.Second
	failureRun = 32 // answers of which more than half must fail
)

// limit sets rate and burst. A bucket that is new is full.
func (t *throttle) limit(rate, burst float64, now time.Time) {
	if t.filled.IsZero() {
		t.filled, t.tokens = now, burst
	}
	t.fill(now)
	t.rate, t.burst = rate, burst
	t.tokens = min(t.tokens, burst)
}

// factor is the part of the rate that is used.
func (t *throttle) factor(now time.Time) float64 {
	if t.slowed.IsZero() {
		return 1
	}
	return min(1, t.slow*math.Pow(slowGrowth, now.Sub(t.slowed).Seconds()))
}

func (t *throttle) fill(now time.Time) {
	if passed := now.Sub(t.filled).Seconds(); passed > 0 {
		t.tokens = min(t.burst, t.tokens+passed*t.rate*t.factor(now))
		t.filled = now
	}
}

// take takes a token and returns 0, or the time until there is one.
func (t *throttle) take(now time.Time) time.Duration {
	const nearly = 1e-6 // what rounding may have cost
	t.fill(now)
	if t.tokens >= 1-nearly {
		t.tokens = max(0, t.tokens-1)
		return 0
	}
	wait := time.Duration(math.Ceil((1 - t.tokens) / (t.rate * t.factor(now)) * float64(time.Second)))
	return max(wait, time.Microsecond)
}

// giveBack returns a token that was not used.
func (t *throttle) giveBack() { t.tokens = min(t.burst, t.tokens+1) }

// answered learns from an answer: overloaded is 429 or 503, failed whatever is no success of the
// target's doing (5xx, no answer).
func (t *throttle) answered(now time.Time, overloaded, failed bool) {
	t.failed <<= 1
	if failed {
		t.failed |= 1
	}
	t.seen = min(t.seen+1, failureRun)
	troubled := t.seen == failureRun && bits.OnesCount32(t.failed) > failureRun/2
	if !overloaded && !troubled || !t.slowed.IsZero() && now.Sub(t.slowed) < slowPause {
		return
	}
	t.fill(now)
	t.slow = max(slowFloor, t.factor(now)*slowStep)
	t.slowed = now
	t.tokens = min(t.tokens, t.burst*t.slow)
	t.seen = 0
}
