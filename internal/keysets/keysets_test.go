package keysets

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"sluice/flow"
	"sluice/internal/jose"
)

var _ flow.KeySets = (*Sets)(nil)

// issuer serves a key set with the keys named in kids.
type issuer struct {
	mu      sync.Mutex // guards the rest
	kids    []string
	err     error
	took    time.Duration
	fetches int
}

func (i *issuer) get(ctx context.Context) ([]byte, error) {
	i.mu.Lock()
	i.fetches++
	kids, err, took := i.kids, i.err, i.took
	i.mu.Unlock()
	select {
	case <-time.After(took):
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	return jwks(kids), err
}

func (i *issuer) set(kids []string, err error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.kids, i.err = kids, err
}

var point = sync.OnceValue(func() *ecdsa.PublicKey {
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	return &k.PublicKey
})

func jwks(kids []string) []byte {
	raw, err := point().Bytes()
	if err != nil {
		panic(err)
	}
	x, y := base64.RawURLEncoding.EncodeToString(raw[1:33]), base64.RawURLEncoding.EncodeToString(raw[33:])
	keys := make([]string, len(kids))
	for i, kid := range kids {
		keys[i] = fmt.Sprintf(`{"kty":"EC","crv":"P-256","x":%q,"y":%q,"kid":%q}`, x, y, kid)
	}
	return []byte(`{"keys":[` + strings.Join(keys, ",") + `]}`)
}

const uri = "https://issuer.example.com/keys"

func ids(keys []flow.PublicKey) string {
	list := make([]string, len(keys))
	for i, k := range keys {
		list[i] = k.ID
	}
	return strings.Join(list, " ")
}

var errDown = errors.New("the issuer is down")

// TestLives tells the life of one set as a table: at a time after the start the
// issuer changes, then somebody asks.
func TestLives(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		i := &issuer{kids: []string{"a"}}
		s := New(time.Now)
		start := time.Now()
		for _, c := range []struct {
			at      time.Duration
			kids    string // what the issuer has from now on; "" for no change
			err     error
			ask     string
			want    string
			wantErr error
			fetches int // up to now
		}{
			{at: 0, err: errDown, ask: "a", wantErr: errDown, fetches: 1},
			{at: failLife - 1, kids: "a", ask: "a", wantErr: errDown, fetches: 1},
			{at: failLife, ask: "a", want: "a", fetches: 2},
			{at: 2 * time.Second, ask: "", want: "a", fetches: 2},
			{at: 2 * time.Second, kids: "a b", ask: "b", want: "a", fetches: 2}, // too early to look for b
			{at: failLife + retry, ask: "b", want: "a b", fetches: 3},
			{at: failLife + retry + 1, ask: "evil", want: "a b", fetches: 3},
			{at: time.Minute, ask: "evil", want: "a b", fetches: 4},
			{at: time.Minute + life, err: errDown, ask: "a", want: "a b", fetches: 5}, // it is down: the old set serves on
			{at: time.Minute + life + retry - 1, err: errDown, ask: "a", want: "a b", fetches: 5},
			{at: time.Minute + life + retry, err: errDown, ask: "a", want: "a b", fetches: 6},
			{at: time.Minute + staleLife - 1, err: errDown, ask: "a", want: "a b", fetches: 7},
			{at: time.Minute + staleLife + time.Second, err: errDown, ask: "a", wantErr: errDown, fetches: 8},
			{at: time.Minute + staleLife + 3*time.Second, kids: "c", ask: "c", want: "c", fetches: 9},
		} {
			time.Sleep(time.Until(start.Add(c.at)))
			if c.kids != "" {
				i.set(strings.Fields(c.kids), c.err)
			} else if c.err != nil {
				i.set(nil, c.err)
			}
			keys, err := s.KeySet(t.Context(), uri, c.ask, i.get)
			if ids(keys) != c.want || !errors.Is(err, c.wantErr) || i.fetches != c.fetches {
				t.Errorf("at %v: %q, %v after %d fetches; want %q, %v after %d", c.at, ids(keys), err, i.fetches, c.want, c.wantErr, c.fetches)
			}
		}
	})
}

func TestNoKeySet(t *testing.T) {
	s := New(time.Now)
	_, err := s.KeySet(t.Context(), uri, "a", func(context.Context) ([]byte, error) { return []byte("<html>"), nil })
	if !errors.Is(err, jose.ErrKey) {
		t.Error(err)
	}
}

// TestOneFetch has many requests ask at once, before and after the set expired.
func TestOneFetch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		i := &issuer{kids: []string{"a"}, took: time.Second}
		s := New(time.Now)
		ask := func(want time.Duration) {
			var all sync.WaitGroup
			for range 50 {
				all.Go(func() {
					start := time.Now()
					keys, err := s.KeySet(t.Context(), uri, "a", i.get)
					if err != nil || ids(keys) != "a" || time.Since(start) > want {
						t.Errorf("%v %q after %v", err, ids(keys), time.Since(start))
					}
				})
			}
			all.Wait()
		}
		ask(time.Second)
		time.Sleep(life)
		go s.KeySet(t.Context(), uri, "a", i.get)
		synctest.Wait() // a fetch is under way
		ask(0)          // and nobody else waits for it
		time.Sleep(2 * time.Second)
		if i.fetches != 2 {
			t.Errorf("%d fetches", i.fetches)
		}
	})
}

// TestGivenUp ends the request that fetches: the others fetch themselves, and
// one of them may end too.
func TestGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		i := &issuer{kids: []string{"a"}, took: time.Minute}
		s := New(time.Now)
		first, cancel := context.WithCancel(t.Context())
		impatient, cancel2 := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel2()
		var all sync.WaitGroup
		expect := func(ctx context.Context, want error) {
			all.Go(func() {
				if _, err := s.KeySet(ctx, uri, "a", i.get); !errors.Is(err, want) {
					t.Errorf("%v, want %v", err, want)
				}
			})
			synctest.Wait()
		}
		expect(first, context.Canceled)
		expect(t.Context(), nil)
		expect(impatient, context.DeadlineExceeded)
		time.Sleep(time.Second)
		cancel()
		all.Wait()
		if i.fetches < 2 || i.fetches > 3 { // the second may be the impatient one's
			t.Errorf("%d fetches", i.fetches)
		}
	})
}

// TestPanic lets get panic: whoever waits must not wait for ever.
func TestPanic(t *testing.T) {
	s := New(time.Now)
	func() {
		defer func() { _ = recover() }()
		s.KeySet(t.Context(), uri, "a", func(context.Context) ([]byte, error) { panic("a defect") })
	}()
	if _, err := s.KeySet(t.Context(), uri, "a", nil); !errors.Is(err, errAborted) {
		t.Error(err)
	}
}

func TestBound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		i := &issuer{kids: []string{"a"}}
		s := New(time.Now)
		for n := range maxSets + 10 {
			time.Sleep(time.Second)
			if _, err := s.KeySet(t.Context(), fmt.Sprint(n), "a", i.get); err != nil {
				t.Fatal(err)
			}
			if _, err := s.KeySet(t.Context(), "0", "a", i.get); err != nil {
				t.Fatal(err)
			}
		}
		if len(s.sets) != maxSets || s.sets["0"] == nil || s.sets["1"] != nil {
			t.Errorf("%d sets are kept", len(s.sets))
		}
	})
}

func BenchmarkKeySet(b *testing.B) {
	i := &issuer{kids: []string{"a", "b"}}
	s := New(time.Now)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.KeySet(b.Context(), uri, "b", i.get); err != nil {
			b.Fatal(err)
		}
	}
}
