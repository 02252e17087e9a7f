package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"
)

// options are the flags.
type options struct {
	rounds    int
	seconds   int
	workloads []workload
	peers     []string
	unpinned  bool
	bundles   int
	sluice    string // binary to measure; empty: build it
	profile   string // file for a CPU profile of sluice
}

// window is how long one sample loads the peer.
func (o *options) window() time.Duration { return time.Duration(o.seconds) * time.Second }

// roles are what a process of this program is when its first argument says so.
var roles = map[string]func(args []string) error{
	"upstream":     upstreamRole,
	"reverseproxy": reverseProxyRole,
	"load":         loadRole,
	"taskload":     taskLoadRole,
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) > 0 && roles[args[0]] != nil {
		return roles[args[0]](args[1:])
	}
	if len(args) > 0 && args[0] == "tasks" {
		return tasksCommand(args[1:])
	}
	o, err := readFlags(args)
	if errors.Is(err, flag.ErrHelp) {
		return nil
	}
	if err != nil {
		return err
	}
	ctx, stop := untilInterrupted()
	defer stop()
	b, err := newBench(ctx, o)
	if err != nil {
		return err
	}
	defer b.close()
	measure := b.compare
	if o.bundles > 0 {
		measure = b.loadBundles
	}
	err = measure(ctx)
	if ctx.Err() != nil {
		return errors.New("interrupted") // what else went wrong followed from it
	}
	return err
}

// untilInterrupted returns a context that ends when the user wants that.
func untilInterrupted() (context.Context, context.CancelFunc) {
	return signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
}

func readFlags(args []string) (*options, error) {
	o := &options{}
	fs := flag.NewFlagSet("bench", flag.ContinueOnError)
	fs.IntVar(&o.rounds, "rounds", 3, "samples of each peer and workload; the table shows medians")
	fs.IntVar(&o.seconds, "seconds", 5, "length of a sample")
	works := fs.String("workloads", "get,post,large", "what to measure: get (1 KB down), post (1 KB up, 1 KB down), large (100 KB down)")
	peers := fs.String("peers", strings.Join(peerNames(), ","), "whom to measure")
	fs.BoolVar(&o.unpinned, "unpinned", false, "let every process use all CPUs")
	fs.IntVar(&o.bundles, "bundles", 0, "instead measure the start with `N` copies of a bundle with 12 policies, and with 1 and 10 copies")
	fs.StringVar(&o.sluice, "sluice", "", "sluice `binary` to measure (default: build sluice/cmd/sluice)")
	fs.StringVar(&o.profile, "profile", "", "write a CPU profile of sluice's last sample to `file`; costs sluice about 2 %")
	if err := fs.Parse(args); err != nil {
		return nil, err
	}
	if fs.NArg() > 0 {
		return nil, fmt.Errorf("what is %q? Workloads and peers are given with -workloads and -peers; tasks, as the first word, compares Cloud Tasks", fs.Arg(0))
	}
	if o.rounds < 1 || o.seconds < 1 || o.bundles < 0 {
		return nil, errors.New("-rounds and -seconds are at least 1, -bundles is not negative")
	}
	return o, o.choose(*works, *peers)
}

// choose sets the workloads and the peers from comma-separated names.
func (o *options) choose(works, peers string) error {
	for name := range strings.SplitSeq(works, ",") {
		i := slices.IndexFunc(workloads, func(w workload) bool { return w.name == name })
		if i < 0 {
			return fmt.Errorf("no workload is called %q; there are get, post and large", name)
		}
		o.workloads = append(o.workloads, workloads[i])
	}
	for name := range strings.SplitSeq(peers, ",") {
		if !slices.Contains(peerNames(), name) {
			return fmt.Errorf("no peer is called %q; there are %s", name, strings.Join(peerNames(), ", "))
		}
		o.peers = append(o.peers, name)
	}
	return nil
}
