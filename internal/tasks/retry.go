package tasks

import (
	"time"

	pb "cloud.google.com/go/cloudtasks/apiv2/cloudtaskspb"
	"google.golang.org/protobuf/types/known/durationpb"
)

// retryPolicy is a RetryConfig without anything unset.
type retryPolicy struct {
	attempts  int32         // including the first; -1 is no limit
	duration  time.Duration // since the first attempt; 0 is no limit
	min, max  time.Duration // between attempts
	doublings int32
}

// policyOf returns what holds for a task: its own settings, and for what it leaves unset those of
// its queue (Task.retry_config: "if present, this overrides the queue's").
func policyOf(queue, task *pb.RetryConfig) retryPolicy {
	return retryPolicy{
		attempts:  first(task.GetMaxAttempts(), queue.GetMaxAttempts()),
		duration:  first(task.GetMaxRetryDuration().AsDuration(), queue.GetMaxRetryDuration().AsDuration()),
		min:       first(task.GetMinBackoff().AsDuration(), queue.GetMinBackoff().AsDuration()),
		max:       first(task.GetMaxBackoff().AsDuration(), queue.GetMaxBackoff().AsDuration()),
		doublings: first(task.GetMaxDoublings(), queue.GetMaxDoublings()),
	}
}

// first returns the first value that is set.
func first[T comparable](values ...T) T {
	var zero T
	for _, v := range values {
		if v != zero {
			return v
		}
	}
	return zero
}

// backoff returns the delay before retry k, counted from 1: min, doubled in each of the next
// doublings retries, then growing by the same 2^doublings * min, and never above max. The text of
// RetryConfig.max_doublings has the example 10 s, 300 s, 3: 10, 20, 40, 80, 160, 240, 300, 300.
// It says that min_backoff is cut to whole seconds, but the default is 0.1 s; fractions are kept.
// max must be below 146 years, or this would overflow.
func (p retryPolicy) backoff(k int32) time.Duration {
	if p.min <= 0 {
		return 0
	}
	delay := p.min
	for range min(max(k-1, 0), p.doublings) {
		if delay >= p.max {
			return p.max
		}
		delay *= 2
	}
	if k-1 <= p.doublings {
		return min(delay, p.max)
	}
	// Now delay is 2^doublings * min, and k-doublings times that is wanted.
	if int64(k-p.doublings) > int64(p.max/delay) {
		return p.max
	}
	return min(delay*time.Duration(k-p.doublings), p.max)
}

// exhausted tells that there is no attempt after this many, the next of which would begin at
// next. "Cloud Tasks stops retrying only when max_attempts and max_retry_duration are both
// satisfied": a limit that is unlimited leaves it to the other, and with neither only the task's
// retention ends it.
func (p retryPolicy) exhausted(attempts int32, begin, next time.Time) bool {
	late := next.Sub(begin) >= p.duration
	switch {
	case p.attempts == -1:
		return p.duration > 0 && late
	case attempts < p.attempts:
		return false
	}
	return p.duration == 0 || late
}

// Defaults of queues, as gcloud prints them (docs, "Configure Cloud Tasks queues").
const (
	defaultRate        = 500.0
	maxRate            = 500.0
	defaultConcurrency = 1000
	maxConcurrency     = 5000
	defaultAttempts    = 100
	defaultDoublings   = 16
	defaultMinBackoff  = 100 * time.Millisecond
	defaultMaxBackoff  = time.Hour
)

// burstOf returns max_burst_size for a rate. Google computes it and does not say how. Recalled
// from what gcloud prints: 500/s gives 100, 100/s gives 20, 1/s gives 10.
func burstOf(rate float64) int32 { return max(10, int32(rate/5)) }

// fillLimits sets what is unset to the defaults.
func fillLimits(q *pb.Queue) {
	if q.RateLimits == nil {
		q.RateLimits = &pb.RateLimits{}
	}
	l := q.RateLimits
	l.MaxDispatchesPerSecond = first(l.MaxDispatchesPerSecond, defaultRate)
	l.MaxConcurrentDispatches = first(l.MaxConcurrentDispatches, defaultConcurrency)
	l.MaxBurstSize = burstOf(l.MaxDispatchesPerSecond)
	if q.RetryConfig == nil {
		q.RetryConfig = &pb.RetryConfig{}
	}
	r := q.RetryConfig
	r.MaxAttempts = first(r.MaxAttempts, defaultAttempts)
	r.MaxDoublings = first(r.MaxDoublings, defaultDoublings)
	if r.MinBackoff == nil {
		r.MinBackoff = durationpb.New(min(defaultMinBackoff, first(r.MaxBackoff.AsDuration(), defaultMinBackoff)))
	}
	if r.MaxBackoff == nil {
		r.MaxBackoff = durationpb.New(max(defaultMaxBackoff, r.MinBackoff.AsDuration()))
	}
}
