package state

import (
	"context"
	"time"

	"sluice/internal/delay"
)

// flexi returns the window that began with the first Count. It is called with the
// lock held.
func (k *counter) flexi(now time.Time, begin bool) frame {
	at := k.begin
	if !k.running(at, now) {
		if at = now.UnixMilli(); begin {
			k.begin = at
		}
	}
	return k.from(at)
}

// running reports whether now is in the window that began at begin. A begin in
// the future is that of a process whose clock is ahead; one a whole window ahead
// is none, see agree.
func (k *counter) running(begin int64, now time.Time) bool {
	age, span := now.UnixMilli()-begin, k.window.Span().Milliseconds()
	return begin > 0 && -span < age && age < span
}

func (k *counter) from(begin int64) frame {
	return frame{begin, begin, time.UnixMilli(begin).Add(k.window.Span()).UTC()}
}

const (
	// flexiPatience is how often agree looks again while others agree: for three
	// seconds in all, longer than a call of the tally takes to fail.
	flexiPatience = 65
	flexiPause    = 50 * time.Millisecond // between two looks, at most
)

// agree returns the window that all processes count in, and begins one when there
// is none and begin says so.
//
// The tally keeps its begin as a count. Who finds it over adds the difference to
// now: the first one gets exactly now, which nobody else can, and has begun the
// window. Others get more, by a whole window at least, take their difference back
// and look again; who looks meanwhile sees a begin that far in the future and
// waits. When that stays so, a process has died in between, and its remains are
// taken for a window that is over.
func (c *Counters) agree(ctx context.Context, k *counter, now time.Time, begin bool) (frame, error) {
	k.mu.Lock()
	at := k.agreed
	k.mu.Unlock()
	if k.running(at, now) {
		return k.from(at), nil
	}
	at, err := c.beginning(ctx, k, now, begin)
	if err != nil {
		return frame{}, err
	}
	if at == 0 { // nothing is counted, and nothing was
		return k.from(now.UnixMilli()), nil
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.agreed = at
	f := k.from(at)
	if k.ends.Before(f.expires) {
		k.ends = f.expires
	}
	return f, nil
}

// beginning returns when the present window began, 0 when there is none.
func (c *Counters) beginning(ctx context.Context, k *counter, now time.Time, begin bool) (int64, error) {
	key, life, mine := k.name+".begin", k.life(), now.UnixMilli()
	for round := range 2 * flexiPatience {
		at, err := c.tally.Add(ctx, key, 0, life)
		switch ahead := at - mine; {
		case err != nil:
			return 0, err
		case k.running(at, now):
			return at, nil
		case ahead > 0 && round < flexiPatience:
			if !delay.For(ctx, min(time.Millisecond<<min(round, 10), flexiPause)) {
				return 0, ctx.Err()
			}
			continue
		case !begin:
			return 0, nil
		}
		if begun, err := c.beginAt(ctx, key, at, mine, life); begun || err != nil {
			return mine, err
		}
	}
	return 0, ErrUnavailable
}

// beginAt tries to be the one who begins the window.
func (c *Counters) beginAt(ctx context.Context, key string, old, mine int64, life time.Duration) (begun bool, err error) {
	got, err := c.tally.Add(ctx, key, mine-old, life)
	if err != nil || got == mine {
		return true, err
	}
	_, err = c.tally.Add(context.WithoutCancel(ctx), key, old-mine, life)
	return false, err
}
