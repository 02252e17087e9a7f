package tasks

import (
	"bufio"
	"bytes"
	"context"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	pb "cloud.google.com/go/cloudtasks/apiv2/cloudtaskspb"

	"sluice/internal/state"
)

// kills is how many times TestKilled kills: go test ./internal/tasks -run Killed -kills=100 -killed-tasks=10000
var (
	kills       = flag.Int("kills", 25, "how many times a sending process is killed")
	killedTasks = flag.Int("killed-tasks", 2000, "how many tasks are sent meanwhile")
)

const (
	killedQueues   = 4
	killedAttempts = 4
	dirVariable    = "SLUICE_TASKS_TEST_DIR"
	lifeVariable   = "SLUICE_TASKS_TEST_LIFE"
	lifeHeader     = "X-Life"
)

func init() { parts["sender"] = sender }

// TestKilled kills a process with SIGKILL, over and over, while tasks are made and sent, and a
// third of the attempts fail. In the end every task that was acknowledged has succeeded, or failed
// as often as it may. An attempt is repeated only by a later process: the one before was killed
// between sending it and writing its outcome.
func TestKilled(t *testing.T) {
	if testing.Short() {
		t.Skip("starts processes")
	}
	target := &killedTarget{tasks: map[string]*killedTask{}}
	web := httptest.NewServer(target)
	t.Cleanup(web.Close)
	dir := t.TempDir()
	var address atomic.Pointer[string]
	made := make(chan error, 1)
	go func() { made <- makeTasks(&address, web.URL) }()
	for life := range *kills {
		process, at := startSender(t, dir, life)
		address.Store(&at)
		time.Sleep(rand.N(250 * time.Millisecond))
		check(t, process.Process.Kill())
		_ = process.Wait() // it was killed
	}
	process, at := startSender(t, dir, *kills)
	address.Store(&at)
	check(t, <-made)
	waitEmpty(t, at)
	check(t, process.Process.Kill())
	_ = process.Wait()
	target.check(t)
}

// startSender starts the process and returns it with the address of its API.
func startSender(t *testing.T, dir string, life int) (*exec.Cmd, string) {
	t.Helper()
	self, err := os.Executable()
	check(t, err)
	c := exec.Command(self)
	c.Env = append(os.Environ(), partVariable+"=sender", dirVariable+"="+dir, fmt.Sprint(lifeVariable, "=", life))
	c.Stderr = os.Stderr
	out, err := c.StdoutPipe()
	check(t, err)
	check(t, c.Start())
	t.Cleanup(func() { // of a test that failed
		_ = c.Process.Kill()
		_ = c.Wait()
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	check(t, err)
	return c, strings.TrimSpace(line)
}

// sender is the process that is killed. It prints the address of its API.
func sender() {
	ctx := context.Background()
	e, err := state.Open(ctx, state.Options{Dir: os.Getenv(dirVariable), Patience: patience})
	exitOn(err)
	life := os.Getenv(lifeVariable)
	s, err := New(ctx, e, Options{Alone: true, Transport: marking(life)})
	exitOn(err)
	for i := range killedQueues {
		name := killedQueue(i)
		_, err := s.UpdateQueue(ctx, &pb.UpdateQueueRequest{Queue: &pb.Queue{Name: name, RetryConfig: &pb.RetryConfig{MaxAttempts: killedAttempts, MinBackoff: seconds(0.01)}}})
		exitOn(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	exitOn(err)
	fmt.Println("http://" + listener.Addr().String())
	exitOn(http.Serve(listener, s.REST()))
}

func exitOn(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// marking says in each request which process has sent it.
type marking string

func (m marking) RoundTrip(r *http.Request) (*http.Response, error) {
	r.Header.Set(lifeHeader, string(m))
	return http.DefaultTransport.RoundTrip(r)
}

func killedQueue(i int) string { return fmt.Sprint(testParent, "/queues/killed-", i%killedQueues) }

// makeTasks makes the tasks, each until it is acknowledged: a repetition is told that it exists.
func makeTasks(address *atomic.Pointer[string], target string) error {
	client := &http.Client{Transport: &http.Transport{}, Timeout: 10 * time.Second}
	defer client.CloseIdleConnections()
	for i := range *killedTasks {
		queue := killedQueue(i)
		body := fmt.Sprintf(`{"task":{"name":"%s/tasks/t%d","httpRequest":{"url":"%s/t%d"}}}`, queue, i, target, i)
		for {
			if at := address.Load(); at != nil {
				status, text := postJSON(client, *at+"/v2/"+queue+"/tasks", body)
				if status == 200 || status == 409 {
					break
				}
				if status != 0 {
					return fmt.Errorf("task %d: %d %s", i, status, text)
				}
			}
			time.Sleep(time.Millisecond)
		}
	}
	return nil
}

func postJSON(client *http.Client, url, body string) (status int, text string) {
	r, err := client.Post(url, "application/json", bytes.NewReader([]byte(body)))
	if err != nil {
		return 0, err.Error()
	}
	defer r.Body.Close()
	answer, err := io.ReadAll(r.Body)
	if err != nil {
		return 0, err.Error()
	}
	return r.StatusCode, string(answer)
}

// waitEmpty waits until no queue has a task.
func waitEmpty(t *testing.T, address string) {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	for i := range killedQueues {
		for deadline := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
			r, err := client.Get(address + "/v2/" + killedQueue(i) + "/tasks")
			check(t, err)
			text, err := io.ReadAll(r.Body)
			check(t, err)
			check(t, r.Body.Close())
			if r.StatusCode == 200 && !bytes.Contains(text, []byte(`"tasks"`)) {
				break
			}
			if time.Now().After(deadline) {
				t.Fatalf("queue %d is not empty after %s: %d %.300s", i, patience, r.StatusCode, text)
			}
		}
	}
}

// killedTarget answers attempts, a third of them with failure, and remembers them.
type killedTarget struct {
	mu    sync.Mutex // guards tasks
	tasks map[string]*killedTask
}

type killedTask struct {
	attempts []killedAttempt
}

type killedAttempt struct {
	life, retry string
	ok          bool
}

func (k *killedTarget) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a := killedAttempt{life: r.Header.Get(lifeHeader), retry: r.Header.Get("X-CloudTasks-TaskRetryCount"), ok: rand.N(3) > 0}
	k.mu.Lock()
	task := k.tasks[r.URL.Path]
	if task == nil {
		task = &killedTask{}
		k.tasks[r.URL.Path] = task
	}
	task.attempts = append(task.attempts, a)
	k.mu.Unlock()
	if !a.ok {
		w.WriteHeader(500)
	}
}

func (k *killedTarget) check(t *testing.T) {
	k.mu.Lock()
	defer k.mu.Unlock()
	var succeeded, exhausted, repeated, attempts int
	for i := range *killedTasks {
		path := fmt.Sprint("/t", i)
		task := k.tasks[path]
		if task == nil {
			t.Errorf("%s was acknowledged and never sent", path)
			continue
		}
		attempts += len(task.attempts)
		ok, again := task.look(t, path)
		repeated += again
		if ok {
			succeeded++
		} else {
			exhausted++
		}
	}
	t.Logf("%d tasks, %d kills: %d succeeded, %d exhausted their retries; %d attempts, %d of them repeated after a kill",
		*killedTasks, *kills, succeeded, exhausted, attempts, repeated)
}

// look tells whether a task succeeded, and how many of its attempts were repetitions.
func (k *killedTask) look(t *testing.T, path string) (succeeded bool, repeated int) {
	lives := map[string]string{} // retry count -> process of the last attempt with it
	failed := map[string]bool{}
	done := "" // process of the last success
	for _, a := range k.attempts {
		before, again := lives[a.retry]
		switch {
		case succeeded && done == a.life:
			t.Errorf("%s was sent again by process %s, which it had succeeded for: %v", path, a.life, k.attempts)
		case again && before == a.life:
			t.Errorf("%s: attempt %s was sent twice by process %s: %v", path, a.retry, a.life, k.attempts)
		case again:
			repeated++
		}
		lives[a.retry] = a.life
		if a.ok {
			succeeded, done = true, a.life
		}
		failed[a.retry] = true
	}
	if !succeeded && len(failed) != killedAttempts {
		t.Errorf("%s did not succeed and was given up after the attempts %v", path, k.attempts)
	}
	return succeeded, repeated
}
