package state_test

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"sluice/internal/entity"
	"sluice/internal/orgdata"
	"sluice/internal/state"
)

// million is how many apps TestMillion loads: 1000000 takes some minutes, and
// gigabytes on the disk where temporary folders are.
var million = flag.Int("million", 0, "apps that TestMillion loads into a data directory; 0 skips it")

// organization makes data of n apps, each with one key, of n/10 developers.
func organization(n int) *orgdata.Data {
	d := &orgdata.Data{Products: []*entity.Product{{Name: "gold", Proxies: []string{"shop"}, Quota: "100"}}}
	for i := range max(n/10, 1) {
		d.Developers = append(d.Developers, &entity.Developer{ID: fmt.Sprint("d", i), Email: fmt.Sprintf("dev%d@example.com", i), FirstName: "Ann", LastName: "Other"})
	}
	for i := range n {
		dev := d.Developers[i%len(d.Developers)]
		name := fmt.Sprint("app", i)
		dev.Apps = append(dev.Apps, name)
		d.Apps = append(d.Apps, &entity.App{
			ID: fmt.Sprintf("%08d-aaaa-bbbb-cccc-1234567890ab", i), Name: name, DeveloperID: dev.ID, Status: "approved", CallbackURL: "https://example.com/callback",
			Credentials: []entity.Credential{{
				ConsumerKey: fmt.Sprintf("key%045d", i), ConsumerSecret: fmt.Sprintf("secret%042d", i), Status: "approved",
				Products: []entity.ProductRef{{Name: "gold", Status: "approved"}},
			}},
		})
	}
	return d
}

// BenchmarkLoad loads apps into a data directory; one op is one app.
func BenchmarkLoad(b *testing.B) {
	s, err := state.NewStore(b.Context(), embedded(b, b.TempDir()), time.Now)
	check(b, err)
	defer func() { check(b, s.Close()) }()
	data := organization(b.N)
	b.ReportAllocs()
	b.ResetTimer()
	check(b, s.Load(b.Context(), data, "acme", "test"))
}

// BenchmarkLoadAgain loads what is there already; one op is one app.
func BenchmarkLoadAgain(b *testing.B) {
	s := state.Memory(time.Now)
	defer func() { check(b, s.Close()) }()
	check(b, s.Load(b.Context(), organization(b.N), "acme", "test"))
	data := organization(b.N)
	b.ReportAllocs()
	b.ResetTimer()
	check(b, s.Load(b.Context(), data, "acme", "test"))
}

// TestMillion prints what many apps cost: reading their file, loading them,
// starting on them, the memory that they take.
func TestMillion(t *testing.T) {
	if *million == 0 {
		t.Skip("run it with -million 1000000 -timeout 60m")
	}
	dir := t.TempDir()
	report := func(what string, began time.Time) {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		t.Logf("%-22s %8s  heap %5d MiB, resident %s", what, time.Since(began).Round(10*time.Millisecond), m.HeapAlloc>>20, resident())
	}
	began := time.Now()
	file := writeOrganization(t, *million)
	report("writing the files", began)

	began = time.Now()
	data, problems, err := orgdata.Read(file)
	check(t, err)
	if len(problems) > 0 || len(data.Needs) > 0 {
		t.Fatal(problems)
	}
	report("reading them", began)

	began = time.Now()
	s, err := state.NewStore(context.Background(), embedded(t, dir), time.Now)
	check(t, err)
	check(t, s.Load(context.Background(), data, "acme", "test"))
	report("loading", began)
	check(t, s.Close())
	data = nil

	began = time.Now()
	s, err = state.NewStore(context.Background(), embedded(t, dir), time.Now)
	check(t, err)
	report("starting on them", began)
	if _, _, apps, keys := s.Entities.Directory.Sizes(); apps != *million || keys != *million {
		t.Errorf("%d apps with %d keys, want %d", apps, keys, *million)
	}
	check(t, s.Close())
}

// writeOrganization writes the data as the emulator's files and returns their
// folder.
func writeOrganization(t *testing.T, n int) string {
	t.Helper()
	dir, d := t.TempDir(), organization(n)
	for name, v := range map[string]any{"products.json": d.Products, "developers.json": d.Developers, "developerapps.json": d.Apps} {
		data, err := json.Marshal(v)
		check(t, err)
		check(t, os.WriteFile(dir+"/"+name, data, 0o600))
	}
	return dir
}

// resident is what the kernel says that this process has in memory.
func resident() string {
	data, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return "unknown"
	}
	for line := range strings.Lines(string(data)) {
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			return strings.TrimSpace(rest)
		}
	}
	return "unknown"
}
