package state_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"sluice/internal/state"
	"sluice/internal/state/statetest"
)

func TestEmbedded(t *testing.T) {
	t.Parallel()
	statetest.Test(t, func(t *testing.T) state.Engine { return embedded(t, t.TempDir()) })
}

// TestReopened closes an engine and opens another on its data directory: what was
// written is there, durable or not.
func TestReopened(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	dir := t.TempDir()
	revisions := map[bool]uint64{}
	for round := range 3 {
		e := embedded(t, dir)
		tally, err := e.Tally(ctx, "kept")
		check(t, err)
		for _, durable := range []bool{false, true} {
			b, err := e.Bucket(ctx, state.BucketConfig{Name: map[bool]string{false: "plain", true: "durable"}[durable], Durable: durable})
			check(t, err)
			if round > 0 {
				got, err := b.Get(ctx, "k")
				if err != nil || got.Revision != revisions[durable] {
					t.Errorf("round %d, durable %t: revision %d, %v, want %d", round, durable, got.Revision, err, revisions[durable])
				}
			}
			revision, err := b.Put(ctx, "k", []byte("v"), 0)
			check(t, err)
			if revision <= revisions[durable] {
				t.Errorf("round %d, durable %t: revision %d after %d", round, durable, revision, revisions[durable])
			}
			revisions[durable] = revision
		}
		for _, life := range []time.Duration{0, time.Minute, 30 * 24 * time.Hour} {
			n, err := tally.Add(ctx, life.String(), 2, life)
			if err != nil || n != int64(2*(round+1)) {
				t.Errorf("round %d, life %s: %d, %v", round, life, n, err)
			}
		}
		check(t, e.Close())
	}
}

// TestVolatile keeps everything in memory: what is closed is gone, its directory too.
func TestVolatile(t *testing.T) {
	scratch := t.TempDir()
	t.Setenv("TMPDIR", scratch)
	statetest.Test(t, func(t *testing.T) state.Engine {
		e, err := state.Open(t.Context(), state.Options{Patience: patience})
		check(t, err)
		return e
	})
	left, err := os.ReadDir(scratch)
	check(t, err)
	if len(left) > 0 {
		t.Errorf("%v is left behind", left[0])
	}
}

// TestVolatileIsBounded: what does not fit into the memory is refused, and nothing is lost.
func TestVolatileIsBounded(t *testing.T) {
	t.Parallel()
	e, err := state.Open(t.Context(), state.Options{Limits: state.Limits{Memory: 4 << 20}, Patience: patience})
	check(t, err)
	defer func() { check(t, e.Close()) }()
	b, err := e.Bucket(t.Context(), state.BucketConfig{Name: "much"})
	check(t, err)
	n := 0
	for ; err == nil && n < 100; n++ {
		_, err = b.Put(t.Context(), fmt.Sprint("k", n), make([]byte, 1<<20), 0)
	}
	if !errors.Is(err, state.ErrUnavailable) || n < 3 || n > 5 {
		t.Errorf("after %d MiB: %v", n, err)
	}
	if first, err := b.Get(t.Context(), "k0"); err != nil || len(first.Value) != 1<<20 {
		t.Errorf("the first entry: %v", err)
	}
}

func TestDataDirectory(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "a", "b")
	e := embedded(t, dir)
	defer func() { check(t, e.Close()) }()
	info, err := os.Stat(dir)
	check(t, err)
	if info.Mode().Perm() != 0o700 {
		t.Errorf("the directory has mode %o", info.Mode().Perm())
	}
	_, err = state.Open(t.Context(), state.Options{Dir: dir})
	if err == nil || !strings.Contains(err.Error(), "in use by another process") {
		t.Errorf("a second engine on the same directory: %v", err)
	}
}

func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	check(t, os.WriteFile(file, []byte("no PEM"), 0o600))
	tests := map[string]struct {
		o    state.Options
		want string
	}{
		"both":              {state.Options{Dir: "d", URL: "nats://127.0.0.1:1"}, "either a data directory or the URL"},
		"cluster by URL":    {state.Options{URL: "nats://127.0.0.1:1", Cluster: state.Cluster{Listen: "a:1"}}, "there is none"},
		"too many":          {state.Options{Dir: "d", Replicas: 6}, "0 to 5"},
		"alone":             {state.Options{Dir: "d", Replicas: 3}, "3 replicas need a cluster"},
		"no server there":   {state.Options{URL: "nats://me:secret@127.0.0.1:1, nats://127.0.0.1:2"}, "cannot connect to nats://me:xxxxx@127.0.0.1:1,nats://127.0.0.1:2:"},
		"a file":            {state.Options{Dir: file}, "data directory"},
		"no CA":             {state.Options{URL: "tls://127.0.0.1:1", TLS: state.TLS{CA: file}}, "no certificate in PEM"},
		"address":           {state.Options{Dir: t.TempDir(), Cluster: state.Cluster{Listen: "6222"}}, "host:port"},
		"port":              {state.Options{Dir: t.TempDir(), Cluster: state.Cluster{Listen: "a:0"}}, "no port"},
		"route":             {state.Options{Dir: t.TempDir(), Cluster: state.Cluster{Listen: "a:1", Routes: []string{"b"}}}, "host:port"},
		"peers without key": {state.Options{Dir: t.TempDir(), Cluster: state.Cluster{Listen: "a:1", TLS: state.TLS{CA: file}}}, "a CA, a certificate and a key"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			e, err := state.Open(t.Context(), tt.o)
			if err == nil {
				check(t, e.Close())
			}
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%v, want %q", err, tt.want)
			}
		})
	}
}

// TestLimits writes more than the engine takes.
func TestLimits(t *testing.T) {
	t.Parallel()
	e, err := state.Open(t.Context(), state.Options{Dir: t.TempDir(), Limits: state.Limits{Store: 16 << 20}})
	check(t, err)
	defer func() { check(t, e.Close()) }()
	b, err := e.Bucket(t.Context(), state.BucketConfig{Name: "b", Durable: true})
	check(t, err)
	if _, err := b.Put(t.Context(), "big", make([]byte, 9<<20), 0); err == nil || errors.Is(err, state.ErrUnavailable) {
		t.Errorf("a value that is too large: %v", err)
	}
	value := make([]byte, 1<<20)
	for i := range 17 {
		_, err = b.Put(t.Context(), fmt.Sprint(i), value, 0)
	}
	if !errors.Is(err, state.ErrUnavailable) || !strings.Contains(err.Error(), "resources") {
		t.Errorf("above the limit: %v", err)
	}
	if _, err := b.Get(t.Context(), "0"); err != nil {
		t.Errorf("what was written before: %v", err)
	}
	check(t, b.Delete(t.Context(), "0"))
	_, err = b.Put(t.Context(), "after", value, 0)
	check(t, err)
	_, err = b.Put(t.Context(), "full again", value, 0)
	if !errors.Is(err, state.ErrUnavailable) {
		t.Errorf("above the limit: %v", err)
	}
	check(t, b.Purge(t.Context(), ""))
	_, err = b.Put(t.Context(), "after", value, 0)
	check(t, err)
}

// TestLogged hears what the server says.
func TestLogged(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var lines []string
	e, err := state.Open(t.Context(), state.Options{Dir: t.TempDir(), Log: func(_ bool, text string) {
		mu.Lock()
		defer mu.Unlock()
		lines = append(lines, text)
	}})
	check(t, err)
	check(t, e.Close())
	if all := strings.Join(lines, "\n"); !strings.Contains(all, "Starting nats-server") {
		t.Errorf("the log has %q", all)
	}
}

// TestCallerIsHeard ends the caller's context while nobody answers.
func TestCallerIsHeard(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := state.Open(ctx, state.Options{Dir: t.TempDir()}); err == nil {
		t.Error("an engine was opened")
	}
}

// patience is how long a test waits for what should happen, and an engine for its disk where
// nothing is to fail. It passes only in tests that fail, so it is far more than a busy machine needs.
const patience = 2 * time.Minute

// embedded opens an engine on a data directory.
func embedded(t testing.TB, dir string) state.Engine {
	t.Helper()
	e, err := state.Open(t.Context(), state.Options{Dir: dir, Patience: patience})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
