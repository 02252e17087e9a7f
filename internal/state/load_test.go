package state_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"sluice/flow"
	"sluice/internal/orgdata"
	"sluice/internal/state"
	"sluice/internal/state/statetest"
)

// parse reads files of the emulator that have no problem.
func parse(t *testing.T, products, developers, apps, maps string) *orgdata.Data {
	t.Helper()
	files := map[string][]byte{}
	for i, text := range []string{products, developers, apps, maps} {
		if text != "" {
			files[orgdata.Files[i]] = []byte(text)
		}
	}
	data, problems := orgdata.Emulator(files)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	return data
}

// What an app uses may come from an earlier load.
func TestLoadOnTop(t *testing.T) {
	ctx := context.Background()
	s := state.Memory(fixed)
	t.Cleanup(func() { ok(t, s.Close()) })
	ok(t, s.Load(ctx, parse(t, `[{"name":"p"}]`, `[{"email":"d@example.com","developerId":"d-1"}]`, `[{"name":"a","developerEmail":"d@example.com"}]`, ""), "acme", "test"))
	for range 2 { // the second changes nothing
		more := parse(t, "", "", `[{"name":"b","developerEmail":"D@example.com","apiProducts":["p"],"credentials":[{"consumerKey":"k"}]},{"name":"c","developerId":"d-1"}]`, "")
		if len(more.Needs) != 3 {
			t.Fatalf("needs %+v, want a product and two developers", more.Needs)
		}
		ok(t, s.Load(ctx, more, "acme", "test"))
		dev := s.Entities.Directory.Developer("d-1")
		if !slices.Equal(dev.Apps, []string{"a", "b", "c"}) {
			t.Errorf("the developer's apps are %q", dev.Apps)
		}
		if h, held := s.Entities.Directory.Holder("k"); !held || h.Developer != dev || h.App.ID == "" || len(h.Products()) != 1 {
			t.Errorf("the key's holder is %+v, %v", h, held)
		}
		if _, developers, apps, _ := s.Entities.Directory.Sizes(); developers != 1 || apps != 3 {
			t.Errorf("%d developers, %d apps", developers, apps)
		}
	}
}

// With anything wrong nothing is written, and everything wrong is told without a
// key.
func TestLoadNothing(t *testing.T) {
	ctx := context.Background()
	s := state.Memory(fixed)
	t.Cleanup(func() { ok(t, s.Close()) })
	ok(t, s.Load(ctx, parse(t, "", `[{"email":"d@example.com","developerId":"d-1"}]`,
		`[{"name":"a","appId":"a-1","developerEmail":"d@example.com","credentials":[{"consumerKey":"canary"}]}]`, ""), "acme", "test"))
	bad := parse(t, `[{"name":"new"}]`, `[{"email":"D@example.com"},{"email":"other@example.com"}]`,
		`[{"name":"b","developerEmail":"nobody@example.com","apiProducts":["gone"],"credentials":[{"apiProducts":[{"apiproduct":"new"},{"apiproduct":"gone"}]},{"apiProducts":[{"apiproduct":"gone"}]}]},
		  {"name":"c","developerEmail":"other@example.com","credentials":[{"consumerKey":"canary"}]}]`, `[{"name":"m","entries":{"k":"canary"}}]`)
	err := s.Load(ctx, bad, "acme", "test")
	want := `developerapps.json: developerapps[0]: the app "b" belongs to developer "nobody@example.com", whom neither the files nor the state have: add the developer
developerapps.json: developerapps[0]: the app "b" uses product "gone", which neither the files nor the state have: add the product
developer "D@example.com" is in the state with the ID d-1: write "developerId": "d-1" into the file, or remove the one in the state
the app "c" has a consumer key that app "a" in the state has (ID a-1): give it another, or remove that app`
	if err == nil || err.Error() != want {
		t.Errorf("error\n%v\nwant\n%s", err, want)
	}
	if p, d, a, _ := s.Entities.Directory.Sizes(); p != 0 || d != 1 || a != 1 || len(s.Maps.Names()) != 0 {
		t.Errorf("%d products, %d developers, %d apps, maps %v: something was loaded", p, d, a, s.Maps.Names())
	}
	// A key may move between apps of the files.
	moved := parse(t, "", `[{"email":"d@example.com","developerId":"d-1"}]`,
		`[{"name":"a","appId":"a-1","developerEmail":"d@example.com","credentials":[{"consumerKey":"other"}]},{"name":"z","developerEmail":"d@example.com","credentials":[{"consumerKey":"canary"}]}]`, "")
	ok(t, s.Load(ctx, moved, "acme", "test"))
	if h, _ := s.Entities.Directory.Holder("canary"); h.App == nil || h.App.Name != "z" {
		t.Errorf("the key's holder is %+v", h.App)
	}
}

// counting is an engine that counts what is put.
type counting struct {
	state.Engine
	puts *atomic.Int64
}

type countingBucket struct {
	state.Bucket
	puts *atomic.Int64
}

func (c counting) Bucket(ctx context.Context, config state.BucketConfig) (state.Bucket, error) {
	b, err := c.Engine.Bucket(ctx, config)
	return countingBucket{b, c.puts}, err
}

func (c countingBucket) Put(ctx context.Context, key string, value []byte, life time.Duration) (uint64, error) {
	c.puts.Add(1)
	return c.Bucket.Put(ctx, key, value, life)
}

// Only what differs is written: a start on a data directory costs no write, and
// an interrupted load goes on where it ended.
func TestLoadAgainWritesNothing(t *testing.T) {
	puts := &atomic.Int64{}
	s, err := state.NewStore(context.Background(), counting{state.NewMemory(fixed), puts}, fixed)
	ok(t, err)
	t.Cleanup(func() { ok(t, s.Close()) })
	load := func(entry string, want int64) {
		t.Helper()
		puts.Store(0)
		ok(t, s.Load(context.Background(), parse(t, `[{"name":"p","scopes":[]}]`, `[{"email":"d@example.com","attributes":[]}]`,
			`[{"name":"a","developerEmail":"d@example.com","apiProducts":["p"]}]`, `[{"name":"m","entries":{"k":"`+entry+`","same":"s"}}]`), "acme", "test"))
		if got := puts.Load(); got != want {
			t.Errorf("%d writes, want %d", got, want)
		}
	}
	load("one", 6)
	load("one", 0)
	load("two", 1)
}

// More than one batch, and what a crash leaves: the same load again completes it.
func TestLoadOnDisk(t *testing.T) {
	t.Parallel()
	ctx, dir := t.Context(), t.TempDir()
	const apps = 1200
	load := func(d *orgdata.Data) *state.Store {
		t.Helper()
		s, err := state.NewStore(ctx, embedded(t, dir), time.Now)
		ok(t, err)
		ok(t, s.Load(ctx, d, "acme", "test"))
		return s
	}
	half := organization(apps)
	half.Apps = half.Apps[:apps/2]
	ok(t, load(half).Close())
	data := organization(apps)
	data.Maps = []orgdata.Map{{Scope: "environment", Name: "m", Entries: map[string]string{}}}
	for i := range 50 {
		data.Maps[0].Entries[fmt.Sprint("k", i)] = strings.Repeat("v", 100_000) // more than one batch of bytes
	}
	ok(t, load(data).Close())
	s := load(&orgdata.Data{})
	defer func() { ok(t, s.Close()) }()
	if _, developers, n, keys := s.Entities.Directory.Sizes(); developers != apps/10 || n != apps || keys != apps {
		t.Errorf("%d developers, %d apps, %d keys", developers, n, keys)
	}
	name := flow.MapName{Scope: "environment", Organization: "acme", Environment: "test", Name: "m"}
	for i := range 50 {
		if v, _ := s.Maps.Get(name, fmt.Sprint("k", i)); len(v) != 1 || len(v[0]) != 100_000 {
			t.Fatalf("entry %d has %d values", i, len(v))
		}
	}
}

// What one node of a cluster loads, the others know.
func TestLoadCluster(t *testing.T) {
	if testing.Short() {
		t.Skip("three nodes take some seconds")
	}
	t.Parallel()
	const apps = 1200
	var stores []*state.Store
	for _, e := range statetest.Cluster(t, 3) {
		s, err := state.NewStore(t.Context(), e, time.Now)
		ok(t, err)
		t.Cleanup(func() { ok(t, s.Close()) })
		stores = append(stores, s)
	}
	ok(t, stores[0].Load(t.Context(), organization(apps), "acme", "test"))
	for _, s := range stores[1:] {
		ok(t, s.Load(t.Context(), organization(apps), "acme", "test")) // waits for what is missing here
		if _, _, n, keys := s.Entities.Directory.Sizes(); n != apps || keys != apps {
			t.Errorf("%d apps, %d keys", n, keys)
		}
	}
}
