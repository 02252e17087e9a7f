package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"
	"time"
)

// tasksCommand compares Cloud Tasks of sluice, in memory and with --data, with a
// cloud-tasks-emulator, and with whatever listens at the addresses that are given.
func tasksCommand(args []string) error {
	b := &taskBench{bench: &bench{options: &options{peers: []string{sluice}}}}
	err := b.readFlags(args)
	if errors.Is(err, flag.ErrHelp) {
		return nil
	}
	if err != nil {
		return err
	}
	ctx, stop := untilInterrupted()
	defer stop()
	err = b.run(ctx)
	if ctx.Err() != nil {
		return errors.New("interrupted") // what else went wrong followed from it
	}
	return err
}

// taskBench is bench for Cloud Tasks.
type taskBench struct {
	*bench
	plan     taskPlan
	emulator string // a clone of its repository
	peers    []taskPeer
}

// taskSample is one measurement of a peer.
type taskSample struct {
	taskResult
	round  int
	rss    float64 // MiB
	sync   float64 // milliseconds that the disk took, see syncTime
	others float64 // cores
}

const tasksUsage = `usage: bench tasks [flags] [NAME=ADDRESS ...]

Measures sluice, sluice --data, the emulator of -emulator, and the gRPC addresses
of running servers; ratios are to the last of them.
`

func (b *taskBench) readFlags(args []string) error {
	fs := flag.NewFlagSet("bench tasks", flag.ContinueOnError)
	fs.Usage = func() {
		fmt.Fprint(fs.Output(), tasksUsage)
		fs.PrintDefaults()
	}
	fs.IntVar(&b.rounds, "rounds", 3, "samples of each peer; the tables show medians")
	fs.IntVar(&b.plan.Tasks, "tasks", 5000, "how many tasks each phase of a sample creates")
	fs.IntVar(&b.plan.Connections, "connections", 16, "gRPC connections, each with one creation under way")
	fs.IntVar(&b.plan.Queues, "queues", 50, "queues; one sends at most 500 tasks/s, as Google's do")
	fs.IntVar(&b.plan.Body, "body", 500, "size of a task's body, in `bytes`")
	fs.BoolVar(&b.unpinned, "unpinned", false, "let every process use all CPUs")
	fs.StringVar(&b.binary, "sluice", "", "sluice `binary` to measure (default: build sluice/cmd/sluice)")
	fs.StringVar(&b.emulator, "emulator", "", "`folder` with a clone of github.com/aertje/cloud-tasks-emulator")
	if err := fs.Parse(args); err != nil {
		return err
	}
	if b.rounds < 1 || b.plan.Tasks < 1 || b.plan.Connections < 1 || b.plan.Queues < 1 || b.plan.Body < 0 {
		return errors.New("-rounds, -tasks, -connections and -queues are at least 1, -body is not negative")
	}
	return b.choosePeers(fs.Args())
}

func (b *taskBench) choosePeers(running []string) error {
	b.peers = []taskPeer{{name: sluice, argv: b.inMemory}, {name: sluice + " --data", argv: b.onDisk}}
	if b.emulator != "" {
		b.peers = append(b.peers, taskPeer{name: "emulator", argv: b.emulatorArgv})
	}
	for _, text := range running {
		name, address, found := strings.Cut(text, "=")
		if !found {
			return fmt.Errorf("what is %q? Running servers are given as NAME=ADDRESS", text)
		}
		b.peers = append(b.peers, taskPeer{name: name, address: address})
	}
	return nil
}

func (b *taskBench) run(ctx context.Context) error {
	if err := b.open(); err != nil {
		return err
	}
	defer b.close()
	if err := b.build(ctx); err != nil {
		return err
	}
	if err := b.buildEmulator(ctx); err != nil {
		return err
	}
	samples := map[string][]taskSample{}
	for round := range b.rounds {
		for i := range b.peers {
			p := &b.peers[i]
			s, err := b.sample(ctx, p)
			if err != nil {
				return fmt.Errorf("%s: %w", p.name, err)
			}
			s.round = round
			samples[p.name] = append(samples[p.name], *s)
			fmt.Fprintf(os.Stderr, "round %d of %d  %-13s  create %s, dispatch %s, both %s, others %.2f\n",
				round+1, b.rounds, p.name, b.brief(&s.Create), b.brief(&s.Dispatch), b.brief(&s.Both), s.others)
		}
	}
	return b.report(os.Stdout, samples)
}

// sample starts a peer afresh, unless it runs already, and measures it.
func (b *taskBench) sample(ctx context.Context, peer *taskPeer) (*taskSample, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Minute)
	defer cancel()
	took, err := syncTime(b.folder)
	if err != nil {
		return nil, err
	}
	plan := b.plan
	if plan.Address = peer.address; peer.argv == nil {
		return b.measure(ctx, plan, took)
	}
	if plan.Address, err = freeAddress(); err != nil {
		return nil, err
	}
	argv, err := peer.argv(plan.Address)
	if err != nil {
		return nil, err
	}
	p, err := start(ctx, b.folder, b.cpus.peer, argv...)
	if err != nil {
		return nil, err
	}
	defer p.stop()
	plan.PID = p.pid()
	s, err := b.measure(ctx, plan, took)
	if err != nil {
		return nil, p.failed(fmt.Sprintf("was measured (%v)", err))
	}
	s.rss = mebibytes(p.pid())
	return s, nil
}

// measure runs the load as a process of its own.
func (b *taskBench) measure(ctx context.Context, plan taskPlan, syncTime time.Duration) (*taskSample, error) {
	text, err := json.Marshal(plan)
	if err != nil {
		return nil, err
	}
	machine, begin := machineTime(), time.Now()
	cmd := command(ctx, b.cpus.rest, b.self, "taskload", string(text))
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("load: %w", err)
	}
	s := &taskSample{sync: milliseconds(syncTime)}
	if err := json.Unmarshal(out, &s.taskResult); err != nil {
		return nil, fmt.Errorf("load: %w", err)
	}
	ours := s.CPU + (cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()).Seconds()
	s.others = max(0, (machineTime()-machine).Seconds()-ours) / time.Since(begin).Seconds()
	return s, nil
}

// rate is tasks per second.
func (b *taskBench) rate(p *taskPhase) float64 { return float64(b.plan.Tasks) / p.Elapsed }

// cpu is microseconds per task.
func (b *taskBench) cpu(p *taskPhase) float64 { return p.CPU * 1e6 / float64(b.plan.Tasks) }

func (b *taskBench) brief(p *taskPhase) string {
	return fmt.Sprintf("%4.0f µs, %6.0f/s", b.cpu(p), b.rate(p))
}
