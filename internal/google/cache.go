package google

import (
	"context"
	"sync"
	"time"
)

const (
	refreshAhead = 5 * time.Minute  // before its end a token is made anew in the background
	failureLife  = time.Second      // how long a failure is the answer before the next attempt
	makeLimit    = 30 * time.Second // for making one token
	cacheSize    = 1024             // tokens, so also attempts under way
)

// token is a token with its end.
type token struct {
	text   string
	expiry time.Time // zero: its issuer did not say
}

// makeToken makes the token for k. It ends when ctx does.
type makeToken func(ctx context.Context, k key) (token, error)

// cache keeps tokens and has each made by one goroutine at a time. Libraries did not serve: the
// caches of x/oauth2 hold one token each and block every caller while it is renewed, and
// x/sync/singleflight neither keeps results nor lets a caller leave.
type cache struct {
	now  func() time.Time
	size int

	mu      sync.Mutex // guards entries and all that is in them
	entries map[key]*entry
}

// entry is what is known about a token:
//
//	before refresh    text is the answer
//	until             text is the answer, and somebody makes the next one
//	after             everybody waits for the next one
//
// The zero value is past its end.
type entry struct {
	text           string
	refresh, until time.Time
	err            error // of the last attempt; nil if it succeeded
	retry          time.Time
	used           time.Time
	flight         *flight // the attempt under way, nil for none
}

// flight is an attempt to make a token. Once done is closed, text and err are set and stay.
type flight struct {
	done chan struct{}
	text string
	err  error
}

func newCache(now func() time.Time) *cache {
	return &cache{now: now, size: cacheSize, entries: map[key]*entry{}}
}

// get returns the token for k, made with the function when there is none. A ctx that ends makes get
// return and stops nobody else: the attempt goes on for the others.
func (c *cache) get(ctx context.Context, k key, with makeToken) (string, error) {
	text, f, err := c.lookup(k, with)
	if f == nil {
		return text, err
	}
	select {
	case <-f.done:
		return f.text, f.err
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

// lookup returns a token, or the attempt to wait for, or why there is neither.
func (c *cache) lookup(k key, with makeToken) (string, *flight, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.now()
	e := c.entries[k]
	if e == nil {
		if !c.makeRoom() {
			return "", nil, errBusy
		}
		e = &entry{}
		c.entries[k] = e
	}
	e.used = now
	if e.flight == nil && !now.Before(e.refresh) && !now.Before(e.retry) {
		e.flight = &flight{done: make(chan struct{})}
		go c.fly(e, e.flight, k, with)
	}
	switch {
	case now.Before(e.until):
		return e.text, nil, nil
	case e.flight != nil:
		return "", e.flight, nil
	}
	return "", nil, e.err
}

// makeRoom drops the token that was not used for the longest time if the cache is full. It reports
// false when every entry waits for its token. The scan is cheap beside the call that follows it.
func (c *cache) makeRoom() bool {
	if len(c.entries) < c.size {
		return true
	}
	var oldest *entry
	var drop key
	for k, e := range c.entries {
		if e.flight == nil && (oldest == nil || e.used.Before(oldest.used)) {
			oldest, drop = e, k
		}
	}
	delete(c.entries, drop)
	return oldest != nil
}

func (c *cache) fly(e *entry, f *flight, k key, with makeToken) {
	ctx, cancel := context.WithTimeout(context.Background(), makeLimit)
	defer cancel()
	t, err := with(ctx, k)

	c.mu.Lock()
	f.err = e.settle(c.now(), t, err)
	if f.err == nil {
		f.text = t.text
	}
	e.flight = nil
	c.mu.Unlock()
	close(f.done)
}

// settle notes how an attempt ended. A failure leaves the token before it in use.
func (e *entry) settle(now time.Time, t token, err error) error {
	if err == nil && t.expiry.IsZero() {
		t.expiry = now.Add(time.Hour)
	}
	left := t.expiry.Sub(now)
	if err == nil && left <= 0 {
		err = errStale
	}
	if err != nil {
		e.err, e.retry = err, now.Add(failureLife)
		return err
	}
	e.text, e.err, e.retry = t.text, nil, time.Time{}
	// Half of what is left, for short tokens, and for a metadata server that hands out one and the
	// same token until four minutes before its end: that makes two more calls, not one per request.
	e.refresh = t.expiry.Add(-min(refreshAhead, left/2))
	e.until = t.expiry.Add(-min(10*time.Second, left/10)) // time to reach the target with it
	return nil
}
