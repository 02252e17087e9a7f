package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"time"
)

// sample is one measurement.
type sample struct {
	round    int
	cpu      float64 // microseconds per request
	rate     float64 // requests per second
	p50, p99 float64 // milliseconds
	rss      float64 // MiB after the load
	cold     float64 // milliseconds from the start to the first answer; 0 for the upstream
	others   float64 // cores
}

// compare takes all samples, round by round, and prints the tables.
func (b *bench) compare(ctx context.Context) error {
	samples := map[string]map[string][]sample{} // workload -> peer
	for round := range b.rounds {
		for i := range b.workloads {
			w := &b.workloads[i]
			if samples[w.name] == nil {
				samples[w.name] = map[string][]sample{}
			}
			for _, name := range b.peers {
				s, err := b.take(ctx, name, w)
				if err != nil {
					return fmt.Errorf("%s, %s: %w", name, w.name, err)
				}
				s.round = round
				samples[w.name][name] = append(samples[w.name][name], *s)
				fmt.Fprintf(os.Stderr, "round %d of %d  %-5s  %-12s  %6.2f µs, %6.0f requests/s, others %.2f\n",
					round+1, b.rounds, w.name, name, s.cpu, s.rate, s.others)
			}
		}
	}
	return b.report(os.Stdout, samples)
}

// take starts a peer, measures it with a workload, and ends it.
func (b *bench) take(ctx context.Context, name string, w *workload) (*sample, error) {
	ctx, cancel := context.WithTimeout(ctx, b.window()+time.Minute)
	defer cancel()
	i := slices.IndexFunc(peers, func(p peer) bool { return p.name == name })
	if peers[i].argv == nil {
		return b.sample(ctx, b.process, b.upstream, w)
	}
	address, err := freeAddress()
	if err != nil {
		return nil, err
	}
	argv, err := peers[i].argv(b, address)
	if err != nil {
		return nil, err
	}
	p, err := start(ctx, b.folder, b.cpus.peer, argv...)
	if err != nil {
		return nil, err
	}
	defer p.stop()
	cold, err := p.answers(ctx, address, w)
	if err != nil {
		return nil, err
	}
	defer b.profiled(ctx, name)()
	s, err := b.sample(ctx, p, address, w)
	if err != nil {
		return nil, fmt.Errorf("%w\n%w", err, p.failed("was under load"))
	}
	s.cold = milliseconds(cold)
	return s, nil
}

// answers waits until the process answers the workload rightly, and returns how long
// that took since its start.
func (p *process) answers(ctx context.Context, address string, w *workload) (time.Duration, error) {
	var last error
	for ctx.Err() == nil && time.Since(p.began) < 30*time.Second {
		if last = once(address, w); last == nil {
			return time.Since(p.began), nil
		}
		time.Sleep(300 * time.Microsecond)
	}
	return 0, p.failed(fmt.Sprintf("does not answer (%v)", last))
}

// once makes one exchange on a connection of its own.
func once(address string, w *workload) error {
	conn, err := net.DialTimeout("tcp", address, time.Second)
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(5 * time.Second)); err != nil {
		return err
	}
	return exchange(newWire(conn), w, []byte(w.request))
}

// sample warms a running peer up and measures it.
func (b *bench) sample(ctx context.Context, p *process, address string, w *workload) (*sample, error) {
	if _, _, err := b.load(ctx, address, w, time.Second); err != nil {
		return nil, err
	}
	before, err := b.readClocks(p)
	if err != nil {
		return nil, err
	}
	r, loadTime, err := b.load(ctx, address, w, b.window())
	if err != nil {
		return nil, err
	}
	after, err := b.readClocks(p)
	if err != nil {
		return nil, err
	}
	ours := after.upstream - before.upstream + loadTime
	if p != b.process {
		ours += after.peer - before.peer
	}
	return &sample{
		cpu:    float64(after.peer-before.peer) / float64(time.Microsecond) / float64(r.Requests),
		rate:   float64(r.Requests) / r.Elapsed,
		p50:    r.P50 / 1000,
		p99:    r.P99 / 1000,
		rss:    mebibytes(p.pid()),
		others: max(0, (after.machine-before.machine-ours).Seconds()/r.Elapsed),
	}, nil
}

// clocks are CPU times.
type clocks struct{ peer, upstream, machine time.Duration }

func (b *bench) readClocks(p *process) (c clocks, err error) {
	if c.peer, err = cpuTime(p.pid()); err != nil {
		return c, err
	}
	c.upstream, err = cpuTime(b.process.pid())
	c.machine = machineTime()
	return c, err
}

// load runs the load as a process of its own, and returns what it saw and the CPU
// time that it used.
func (b *bench) load(ctx context.Context, address string, w *workload, d time.Duration) (*result, time.Duration, error) {
	cmd := command(ctx, b.cpus.rest, b.self, "load", address, w.name, d.String())
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, 0, fmt.Errorf("load: %w", err)
	}
	r := &result{}
	if err := json.Unmarshal(out, r); err != nil {
		return nil, 0, fmt.Errorf("load: %w", err)
	}
	if r.Failed > 0 || r.Requests == 0 {
		return nil, 0, fmt.Errorf("%d of %d connections failed after %d requests, the first: %s", r.Failed, connections, r.Requests, r.Failure)
	}
	return r, cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(), nil
}

// profiled begins to write a CPU profile of sluice if that was asked for. The
// function it returns waits for the end.
func (b *bench) profiled(ctx context.Context, name string) (wait func()) {
	if b.profile == "" || name != sluice {
		return func() {}
	}
	done := make(chan error, 1)
	go func() { done <- b.writeProfile(ctx) }()
	return func() {
		if err := <-done; err != nil {
			fmt.Fprintln(os.Stderr, "bench: no profile:", err)
		}
	}
}

// writeProfile covers the warm-up and the sample.
func (b *bench) writeProfile(ctx context.Context) error {
	url := fmt.Sprintf("http://%s/debug/pprof/profile?seconds=%d", b.admin, b.seconds)
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	data, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", response.Status, data)
	}
	if err != nil {
		return err
	}
	return os.WriteFile(b.profile, data, 0o644)
}
