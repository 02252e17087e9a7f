package tasks

import (
	"math"
	"math/big"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	pb "cloud.google.com/go/cloudtasks/apiv2/cloudtaskspb"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"
)

// TestBackoffExample is the example of RetryConfig.max_doublings.
func TestBackoffExample(t *testing.T) {
	p := retryPolicy{min: 10 * time.Second, max: 300 * time.Second, doublings: 3}
	var got []float64
	for k := range int32(8) {
		got = append(got, p.backoff(k+1).Seconds())
	}
	if want := []float64{10, 20, 40, 80, 160, 240, 300, 300}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

// TestBackoffFormula compares with the formula in numbers without bounds: k <= D+1: min*2^(k-1),
// beyond: min*2^D*(k-D), never above max.
func TestBackoffFormula(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 100000 {
		low := time.Duration(r.Int64N(int64(1) << r.IntN(50)))
		p := retryPolicy{min: low, max: low + time.Duration(r.Int64N(int64(1)<<r.IntN(58))), doublings: r.Int32N(1 << r.IntN(12))}
		k := 1 + r.Int32N(1<<r.IntN(31))
		if got, want := p.backoff(k), formula(p, k); got != want {
			t.Fatalf("%+v, retry %d: %d, want %d", p, k, got, want)
		}
	}
	long := retryPolicy{min: 1, max: math.MaxInt64, doublings: math.MaxInt32}
	if got := (retryPolicy{max: time.Hour, doublings: math.MaxInt32}).backoff(math.MaxInt32); got != 0 || long.backoff(1) != 1 {
		t.Errorf("without a minimum: %s", got)
	}
}

func formula(p retryPolicy, k int32) time.Duration {
	delay := big.NewInt(int64(p.min))
	if k <= p.doublings+1 {
		delay.Lsh(delay, uint(k-1))
	} else {
		delay.Lsh(delay, uint(p.doublings))
		delay.Mul(delay, big.NewInt(int64(k-p.doublings)))
	}
	if limit := big.NewInt(int64(p.max)); delay.Cmp(limit) > 0 {
		delay = limit
	}
	return time.Duration(delay.Int64())
}

func TestExhausted(t *testing.T) {
	begin := time.Unix(1000, 0)
	for _, tt := range []struct {
		limit    int32
		duration time.Duration
		attempts int32
		passed   time.Duration
		want     bool
	}{
		{3, 0, 2, time.Hour, false},
		{3, 0, 3, 0, true},
		{3, time.Minute, 3, 59 * time.Second, false},
		{3, time.Minute, 3, time.Minute, true},
		{3, time.Minute, 2, time.Hour, false},
		{-1, 0, 1e6, 1e6 * time.Second, false},
		{-1, time.Minute, 1, 59 * time.Second, false},
		{-1, time.Minute, 1, time.Minute, true},
	} {
		p := retryPolicy{attempts: tt.limit, duration: tt.duration}
		if got := p.exhausted(tt.attempts, begin, begin.Add(tt.passed)); got != tt.want {
			t.Errorf("%+v: %t", tt, got)
		}
	}
}

func TestDefaults(t *testing.T) {
	for rate, burst := range map[float64]int32{500: 100, 100: 20, 1: 10, 0.1: 10} {
		q := &pb.Queue{RateLimits: &pb.RateLimits{MaxDispatchesPerSecond: rate}}
		fillLimits(q)
		if q.RateLimits.MaxBurstSize != burst {
			t.Errorf("rate %g has burst %d, want %d", rate, q.RateLimits.MaxBurstSize, burst)
		}
		again := proto.CloneOf(q)
		fillLimits(again)
		if !proto.Equal(q, again) {
			t.Errorf("filled twice: %v, then %v", q, again)
		}
	}
	q := &pb.Queue{RetryConfig: &pb.RetryConfig{MinBackoff: durationpb.New(2 * time.Hour)}}
	fillLimits(q)
	if q.RetryConfig.MaxBackoff.AsDuration() != 2*time.Hour {
		t.Errorf("max_backoff %s is below min_backoff", q.RetryConfig.MaxBackoff.AsDuration())
	}
}

// TestThrottleNeverExceeds takes tokens at random times, with answers of all kinds in between: in no
// interval more than burst + rate * time, and a wait that is kept is enough.
func TestThrottleNeverExceeds(t *testing.T) {
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 0))
		rate, burst := math.Exp(r.Float64()*8-2), float64(1+r.IntN(100))
		now := time.Unix(1000, 0)
		var b throttle
		b.limit(rate, burst, now)
		var taken []time.Time
		for range 300 {
			if r.IntN(10) == 0 {
				b.answered(now, r.IntN(3) == 0, r.IntN(2) == 0)
			}
			wait := b.take(now)
			if wait == 0 {
				taken = append(taken, now)
				continue
			}
			if now = now.Add(wait); b.take(now) != 0 {
				t.Fatalf("seed %d: no token after the wait of %s", seed, wait)
			}
			taken = append(taken, now)
		}
		for i := range taken {
			for j := i; j < len(taken); j++ {
				if most := burst + rate*taken[j].Sub(taken[i]).Seconds() + 0.01; float64(j-i+1) > most {
					t.Fatalf("seed %d: %d tokens in %s, at most %g", seed, j-i+1, taken[j].Sub(taken[i]), most)
				}
			}
		}
	}
}

// TestSlowDown: halved by each 503, once a second, not below a 32nd, and back to full in time.
func TestSlowDown(t *testing.T) {
	now := time.Unix(1000, 0)
	var b throttle
	b.limit(100, 100, now)
	for range 5 {
		b.answered(now, true, true)
	}
	if f := b.factor(now); f != 0.5 {
		t.Errorf("factor %g after many 503 at once, want 0.5", f)
	}
	for range 20 {
		now = now.Add(time.Second)
		b.answered(now, true, true)
	}
	if f := b.factor(now); f != slowFloor {
		t.Errorf("factor %g after 20 s of 503, want %g", f, slowFloor)
	}
	if f := b.factor(now.Add(time.Minute)); f != 1 {
		t.Errorf("factor %g a minute later, want 1", f)
	}
	var errors throttle
	errors.limit(100, 100, now)
	for range failureRun {
		errors.answered(now, false, true)
	}
	if f := errors.factor(now); f != 0.5 {
		t.Errorf("factor %g after %d failures, want 0.5", f, failureRun)
	}
}
