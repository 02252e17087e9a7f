package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// What an operator may expect: ten bundles start as fast as a process that scales
// from zero must, four hundred within the patience of a readiness probe.
var startTargets = []struct {
	bundles int
	within  time.Duration
}{
	{10, 100 * time.Millisecond},
	{400, 5 * time.Second},
}

// startUp is one start of sluice.
type startUp struct {
	first float64 // milliseconds until the first response
	cpu   float64 // milliseconds until then
	rss   float64 // MiB
}

// loadBundles measures the time from the start of sluice to the first response, with
// 1, 10 and -bundles copies of the bundle orders.
func (b *bench) loadBundles(ctx context.Context) error {
	counts := []int{1, 10, b.bundles}
	slices.Sort(counts)
	counts = slices.Compact(counts)
	for _, n := range counts {
		if err := b.writeCopies(n); err != nil {
			return err
		}
	}
	starts := map[int][]startUp{}
	for range b.rounds {
		for _, n := range counts {
			s, err := b.startWith(ctx, n)
			if err != nil {
				return fmt.Errorf("%d bundles: %w", n, err)
			}
			starts[n] = append(starts[n], *s)
		}
	}
	return b.reportStarts(os.Stdout, counts, starts)
}

func (b *bench) copies(n int) string { return filepath.Join(b.folder, fmt.Sprintf("copies-%d", n)) }

func (b *bench) writeCopies(n int) error {
	for i := range n {
		name := fmt.Sprintf("orders-%d", i)
		if err := writeBundle(filepath.Join(b.copies(n), name), "orders", name, "/"+name, b.upstream); err != nil {
			return err
		}
	}
	return nil
}

// startWith starts sluice with n bundles and ends it. Every bundle must answer: one
// that was refused would make the others look fast.
func (b *bench) startWith(ctx context.Context, n int) (*startUp, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	address, err := freeAddress()
	if err != nil {
		return nil, err
	}
	p, err := start(ctx, b.folder, "", b.binary, "serve", "--listen", address, "--log-level", "error", b.copies(n))
	if err != nil {
		return nil, err
	}
	defer p.stop()
	first, err := p.answers(ctx, address, orders(0))
	if err != nil {
		return nil, err
	}
	cpu, err := cpuTime(p.pid())
	if err != nil {
		return nil, err
	}
	for i := range n {
		if err := once(address, orders(i)); err != nil {
			return nil, p.failed(fmt.Sprintf("does not serve bundle %d (%v)", i, err))
		}
	}
	return &startUp{first: milliseconds(first), cpu: milliseconds(cpu), rss: mebibytes(p.pid())}, nil
}

// orders is a request to a copy of the bundle.
func orders(i int) *workload {
	w := workloads[0]
	w.request = strings.Replace(w.request, w.path(), fmt.Sprintf("/orders-%d%s", i, w.path()), 1)
	return &w
}

func (b *bench) reportStarts(out io.Writer, counts []int, starts map[int][]startUp) error {
	t := tabwriter.NewWriter(out, 0, 0, 1, ' ', 0)
	writeRow(t, "bundles", "first response ms", "target ms", "CPU ms", "RSS MiB")
	writeRow(t, slices.Repeat([]string{"---"}, 5)...)
	for _, n := range counts {
		of := func(field func(*startUp) float64) string { return decimals(medianOf(starts[n], field), 0) }
		writeRow(t, fmt.Sprint(n), of(func(s *startUp) float64 { return s.first }), startTarget(n),
			of(func(s *startUp) float64 { return s.cpu }), of(func(s *startUp) float64 { return s.rss }))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(out, "\nMedians of %d starts with warm file caches, all CPUs, %s.\n", b.rounds, cpuModel())
	return err
}

// startTarget is the target of at least that many bundles.
func startTarget(bundles int) string {
	for _, t := range startTargets {
		if bundles <= t.bundles {
			return decimals(milliseconds(t.within), 0)
		}
	}
	return "-"
}
