package appint

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"sluice/internal/integrations"
	"sluice/internal/state"
	"sluice/internal/tasks"
)

// kills is how many times TestKilled kills: go test ./internal/appint -run Killed -kills=200
var kills = flag.Int("kills", 4, "how many times a process that runs executions is killed")

const (
	killedTasks = 4
	killedBatch = 6 // executions that each process accepts
	dirEnv      = "SLUICE_APPINT_TEST_DIR"
	urlEnv      = "SLUICE_APPINT_TEST_URL"
	acceptEnv   = "SLUICE_APPINT_TEST_ACCEPT"
)

func init() { children["runner"] = runner }

// runner is the process that is killed: it accepts executions, says which, and runs them and
// those of its predecessors until nothing is left.
func runner() {
	ctx := context.Background()
	store, err := state.Open(ctx, state.Options{Dir: os.Getenv(dirEnv), Patience: testPatience})
	must(err)
	queues, err := tasks.New(ctx, store, tasks.Options{Later: true, Alone: true})
	must(err)
	s, err := Open(ctx, store, queues, integrations.Options{}, Options{Sole: true})
	must(err)
	if bad := s.Load("chain", chain(killedTasks)); bad != nil {
		must(bad[0])
	}
	queues.Start()
	n, err := strconv.Atoi(os.Getenv(acceptEnv))
	must(err)
	for range n {
		ids, err := s.schedule(ctx, integrations.Call{Project: "p", Region: "r", Name: "chain", Body: []byte(input(os.Getenv(urlEnv)))})
		must(err)
		fmt.Println("accepted", ids[0])
	}
	fmt.Println("all")
	for len(s.records.lasting.list(func(e summary) bool { return !e.State.Ended() })) > 0 {
		time.Sleep(5 * time.Millisecond)
	}
	for _, e := range s.records.lasting.list(func(summary) bool { return true }) {
		fmt.Println("ended", e.ID, e.State)
	}
	must(queues.Close())
	must(s.Close())
	must(store.Close())
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// TestKilled kills a process with SIGKILL while it runs executions, over and over on one data
// directory. Whatever it said was accepted must succeed in the end; what an execution had finished
// is not run again; and the same task has the same idempotency key whenever it runs.
func TestKilled(t *testing.T) {
	t.Parallel()
	dir, tg := t.TempDir(), newTarget(t)
	var accepted []string
	for range *kills {
		lines := run(t, dir, tg.URL, killedBatch, rand.N(120*time.Millisecond))
		for _, line := range lines {
			if id, ok := strings.CutPrefix(line, "accepted "); ok {
				accepted = append(accepted, id)
			}
		}
	}
	states := map[string]string{}
	for _, line := range run(t, dir, tg.URL, 0, 0) {
		if words := strings.Fields(line); words[0] == "ended" {
			states[words[1]] = words[2]
		}
	}
	if len(accepted) < *kills {
		t.Fatalf("only %d executions were accepted", len(accepted))
	}
	for _, id := range accepted {
		if states[id] != "SUCCEEDED" {
			t.Errorf("execution %s is %q", id, states[id])
		}
	}
	repeated := checkCalls(t, tg, accepted)
	t.Logf("%d executions accepted, %d kills, %d calls repeated", len(accepted), *kills, repeated)
}

// run starts a runner and returns what it said. It is killed some time after it has accepted an
// execution; never with 0.
func run(t *testing.T, dir, url string, accept int, after time.Duration) []string {
	t.Helper()
	c := exec.Command(os.Args[0])
	c.Env = append(os.Environ(), childEnv+"=runner", dirEnv+"="+dir, urlEnv+"="+url, acceptEnv+"="+strconv.Itoa(accept))
	c.Stderr = os.Stderr
	out, err := c.StdoutPipe()
	check(t, err)
	check(t, c.Start())
	var lines []string
	for scan := bufio.NewScanner(out); scan.Scan(); {
		lines = append(lines, scan.Text())
		if len(lines) == 1 && after > 0 {
			time.AfterFunc(after, func() { _ = c.Process.Kill() }) // it may have ended by itself
		}
	}
	if err := c.Wait(); err != nil && (after == 0 || !strings.Contains(err.Error(), "killed")) {
		t.Fatalf("the runner ended with %v after %q", err, lines)
	}
	return lines
}

// checkCalls checks the calls of each execution: its tasks in their order, each at least once, and
// none again once the next one was called. It returns how many were repeated.
func checkCalls(t *testing.T, tg *target, accepted []string) (repeated int) {
	t.Helper()
	tasks := map[string][]int{}
	for i, key := range tg.keys {
		cut := strings.LastIndexByte(key, '-')
		if cut < 0 || "/"+key[cut+1:] != tg.calls[i] {
			t.Fatalf("the call %s has the idempotency key %q", tg.calls[i], key)
		}
		n, _ := strconv.Atoi(key[cut+1:])
		tasks[key[:cut]] = append(tasks[key[:cut]], n)
	}
	for _, id := range accepted {
		called := tasks[id]
		unique := slices.Compact(slices.Clone(called))
		if !slices.Equal(unique, []int{1, 2, 3, 4}) {
			t.Errorf("execution %s called %v", id, called)
		}
		repeated += len(called) - len(unique)
	}
	return repeated
}
