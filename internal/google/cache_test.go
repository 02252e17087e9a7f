package google

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"sluice/flow"
)

func TestRefreshAhead(t *testing.T) {
	d := newDouble(t)
	g := New(d.options())
	want := flow.TokenRequest{Account: account}
	first := mustToken(t, g, want)

	d.clock.pass(54 * time.Minute)
	mustToken(t, g, want)
	settle(g.made)
	if n := len(d.received(":generateAccessToken")); n != 1 {
		t.Fatalf("%d calls after 54 minutes, want 1", n)
	}

	release := make(chan struct{})
	d.answering(func(http.ResponseWriter, *http.Request, string) bool { <-release; return false })
	d.clock.pass(2 * time.Minute)
	for range 3 { // nobody waits, and one call is made
		if text := mustToken(t, g, want); text != first {
			t.Fatalf("token %q while the next one is made, want the old one", text)
		}
	}
	close(release)
	settle(g.made)
	second := mustToken(t, g, want)
	if n := len(d.received(":generateAccessToken")); second == first || n != 2 {
		t.Errorf("token %q after %d calls, want a new one after 2", second, n)
	}
}

func TestRefreshThatFailsKeepsTheOldToken(t *testing.T) {
	d := newDouble(t)
	g := New(d.options())
	want := flow.TokenRequest{Account: account}
	first := mustToken(t, g, want)
	d.answering(func(w http.ResponseWriter, _ *http.Request, _ string) bool { w.WriteHeader(503); return true })
	d.clock.pass(56 * time.Minute)
	for range 5 { // one attempt a second
		if text := mustToken(t, g, want); text != first {
			t.Fatalf("token %q", text)
		}
		settle(g.made)
	}
	if n := len(d.received(":generateAccessToken")); n != 2 {
		t.Errorf("%d calls, want 2", n)
	}
	d.clock.pass(4 * time.Minute)
	if text, err := g.Token(t.Context(), want); err == nil {
		t.Errorf("token %q after its end", text)
	}
	d.answering(nil)
	d.clock.pass(failureLife)
	if text := mustToken(t, g, want); text == first {
		t.Error("the old token after its end")
	}
}

func TestFailureLivesASecond(t *testing.T) {
	d := newDouble(t)
	g := New(d.options())
	d.answering(func(w http.ResponseWriter, _ *http.Request, _ string) bool { w.WriteHeader(403); return true })
	for range 3 {
		if _, err := g.Token(t.Context(), flow.TokenRequest{Account: account}); err == nil {
			t.Fatal("no error")
		}
	}
	if n := len(d.received("")); n != 1 {
		t.Errorf("%d calls within a second, want 1", n)
	}
	d.answering(nil)
	d.clock.pass(time.Second)
	mustToken(t, g, flow.TokenRequest{Account: account})
}

// A metadata server hands out the same token until four minutes before its end.
func TestShortTokenIsNotAskedForAtEveryRequest(t *testing.T) {
	k := &clock{now: time.Now()}
	c := newCache(k.Now)
	end, made := k.Now().Add(5*time.Minute), 0
	issue := func(context.Context, key) (token, error) { made++; return token{"t", end}, nil }
	for range 4 * 60 {
		if _, err := c.get(t.Context(), key{}, issue); err != nil {
			t.Fatal(err)
		}
		settle(c)
		k.pass(time.Second)
	}
	if made < 2 || made > 4 {
		t.Errorf("%d calls in four minutes, want 2 to 4", made)
	}
}

func TestTokenWithoutAnEndIsKeptAnHour(t *testing.T) {
	k := &clock{now: time.Now()}
	c := newCache(k.Now)
	made := 0
	issue := func(context.Context, key) (token, error) { made++; return token{text: "t"}, nil }
	for _, wait := range []time.Duration{0, 54 * time.Minute, 7 * time.Minute} {
		k.pass(wait)
		if _, err := c.get(t.Context(), key{}, issue); err != nil {
			t.Fatal(err)
		}
	}
	if made != 2 {
		t.Errorf("made %d times in an hour and a minute, want 2", made)
	}
}

func TestOneCallForAThousandRequests(t *testing.T) {
	d := newDouble(t)
	g := New(d.options())
	release := make(chan struct{})
	d.answering(func(http.ResponseWriter, *http.Request, string) bool { <-release; return false })
	var started, ended sync.WaitGroup
	texts := make([]string, 1000)
	for i := range texts {
		started.Add(1)
		ended.Go(func() {
			started.Done()
			text, err := g.Token(t.Context(), flow.TokenRequest{Account: account})
			if err != nil {
				t.Error(err)
			}
			texts[i] = text
		})
	}
	started.Wait()
	close(release)
	ended.Wait()
	for _, text := range texts {
		if text != numbered(accountToken, 1) {
			t.Fatalf("token %q", text)
		}
	}
	if n := len(d.received("")); n != 1 {
		t.Errorf("%d calls, want 1", n)
	}
}

func TestARequestThatLeavesStopsNobody(t *testing.T) {
	d := newDouble(t)
	g := New(d.options())
	arrived, release := make(chan struct{}), make(chan struct{})
	d.answering(func(http.ResponseWriter, *http.Request, string) bool { close(arrived); <-release; return false })
	ctx, cancel := context.WithCancel(t.Context())
	left := make(chan error)
	go func() {
		_, err := g.Token(ctx, flow.TokenRequest{Account: account})
		left <- err
	}()
	<-arrived
	cancel()
	err := <-left
	var refused *flow.TokenError
	if !errors.Is(err, context.Canceled) || !errors.As(err, &refused) {
		t.Errorf("the one that left got %v", err)
	}
	close(release)
	if text := mustToken(t, g, flow.TokenRequest{Account: account}); text != numbered(accountToken, 1) {
		t.Errorf("token %q, want the one that was being made", text)
	}
}

func TestCacheIsBounded(t *testing.T) {
	k := &clock{now: time.Now()}
	c := newCache(k.Now)
	c.size = 8
	issue := func(_ context.Context, k key) (token, error) {
		if strings.HasPrefix(k.audience, "bad") {
			return token{}, errNotJWT
		}
		return token{text: k.audience}, nil
	}
	for i := range 100 {
		for _, audience := range []string{"often", fmt.Sprint("good", i), fmt.Sprint("bad", i)} {
			k.pass(time.Millisecond)
			text, err := c.get(t.Context(), key{audience: audience}, issue)
			if (err == nil) != (text == audience) {
				t.Fatalf("%s: %q %v", audience, text, err)
			}
		}
	}
	if len(c.entries) != 8 || c.entries[key{audience: "often"}] == nil {
		t.Errorf("%d entries, want 8 with the one that is used often: %v", len(c.entries), c.entries)
	}
}

func TestTooManyAtOnce(t *testing.T) {
	c := newCache(time.Now)
	c.size = 3
	release := make(chan struct{})
	slow := func(context.Context, key) (token, error) { <-release; return token{text: "t"}, nil }
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	for i := range 3 {
		if _, err := c.get(gone, key{audience: fmt.Sprint(i)}, slow); !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
	}
	if _, err := c.get(t.Context(), key{audience: "one more"}, slow); err != errBusy {
		t.Errorf("got %v, want %v", err, errBusy)
	}
	close(release)
	settle(c)
	if _, err := c.get(t.Context(), key{audience: "one more"}, slow); err != nil {
		t.Error(err)
	}
}
