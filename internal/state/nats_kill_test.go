package state_test

import (
	"bufio"
	"context"
	"encoding/binary"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"sluice/internal/state"
)

// kills is how many times TestKilled kills: go test ./internal/state -run Killed -kills=200
var kills = flag.Int("kills", 25, "how many times a writing process is killed")

const (
	killedKeys = 200 // that the writer goes through, with a growing value
	dirEnv     = "SLUICE_STATE_TEST_DIR"
	fromEnv    = "SLUICE_STATE_TEST_FROM"
)

func init() { parts["writer"] = writer }

// TestKilled kills a process with SIGKILL while it makes durable writes, over and
// over on one data directory. Whatever it said was acknowledged must be there: the
// data directory opens, every key has its last acknowledged value or a later one,
// and revisions go on growing.
func TestKilled(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	acknowledged := map[string]uint64{}
	var written uint64
	for range *kills {
		from := written + 1
		for n := range writeUntilKilled(t, dir, from) {
			acknowledged[killedKey(n)] = n
			written = n
		}
		if written < from {
			t.Fatalf("the writer wrote nothing from %d on", from)
		}
		checkWritten(t, dir, acknowledged)
	}
	t.Logf("%d writes acknowledged, %d kills, none lost", written, *kills)
}

func killedKey(n uint64) string { return fmt.Sprint("k.", n%killedKeys) }

// writeUntilKilled starts a writer, kills it after a random time, and yields the
// numbers that it said were acknowledged.
func writeUntilKilled(t *testing.T, dir string, from uint64) func(func(uint64) bool) {
	t.Helper()
	c := part(t, "writer", dirEnv+"="+dir, fromEnv+"="+fmt.Sprint(from))
	out, err := c.StdoutPipe()
	check(t, err)
	check(t, c.Start())
	lines := bufio.NewScanner(out)
	return func(yield func(uint64) bool) {
		var fuse *time.Timer
		for lines.Scan() {
			if fuse == nil { // it writes: from now on it may die at any moment
				fuse = time.AfterFunc(rand.N(60*time.Millisecond), func() { _ = c.Process.Kill() })
			}
			n, err := strconv.ParseUint(lines.Text(), 10, 64)
			if err != nil {
				continue // the last line may be cut off
			}
			yield(n)
		}
		if err := c.Wait(); fuse == nil || err == nil || !strings.Contains(err.Error(), "killed") {
			t.Fatalf("the writer ended by itself: %v", err)
		}
	}
}

// checkWritten opens the directory as the next process would.
func checkWritten(t *testing.T, dir string, acknowledged map[string]uint64) {
	t.Helper()
	e := embedded(t, dir)
	b, err := e.Bucket(t.Context(), state.BucketConfig{Name: "killed", Durable: true})
	check(t, err)
	found := map[string]uint64{}
	check(t, b.Watch(t.Context(), func(c state.Change) { found[c.Key] = binary.BigEndian.Uint64(c.Value) }))
	check(t, e.Close())
	for key, n := range acknowledged {
		if found[key] < n {
			t.Fatalf("%s is %d; %d was acknowledged", key, found[key], n)
		}
	}
}

// writer is the process that is killed. It prints the number of each write when it
// is acknowledged, in one system call each.
func writer() {
	e, err := state.Open(context.Background(), state.Options{Dir: os.Getenv(dirEnv), Patience: patience})
	exitOn(err)
	b, err := e.Bucket(context.Background(), state.BucketConfig{Name: "killed", Durable: true})
	exitOn(err)
	from, err := strconv.ParseUint(os.Getenv(fromEnv), 10, 64)
	exitOn(err)
	var last uint64
	for n := from; ; n++ {
		revision, err := b.Put(context.Background(), killedKey(n), binary.BigEndian.AppendUint64(nil, n), 0)
		exitOn(err)
		if revision <= last {
			exitOn(fmt.Errorf("revision %d after %d", revision, last))
		}
		last = revision
		fmt.Println(n)
	}
}

func exitOn(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// part returns the command that plays a part in a process of its own.
func part(t *testing.T, name string, env ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	check(t, err)
	c := exec.Command(self)
	c.Env = append(append(os.Environ(), partVariable+"="+name), env...)
	c.Stderr = testLog{t}
	return c
}

// testLog writes to the log of a test.
type testLog struct{ t *testing.T }

func (l testLog) Write(p []byte) (int, error) {
	l.t.Log(strings.TrimSpace(string(p)))
	return len(p), nil
}
