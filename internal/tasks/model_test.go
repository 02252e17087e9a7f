package tasks

import (
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	pb "cloud.google.com/go/cloudtasks/apiv2/cloudtaskspb"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/types/known/timestamppb"

	"sluice/internal/state"
)

var models = flag.Int("models", 20, "how many random histories TestModel goes through")

// TestModel drives the service through random histories in virtual time, beside a model that knows
// which tasks there are and when each may be sent. Nothing is sent that the model does not allow,
// nothing that is there is missing, and in the end everything was sent to its end. Every second
// history is one in which watches lag behind.
func TestModel(t *testing.T) {
	for seed := range uint64(*models) {
		synctest.Test(t, func(t *testing.T) {
			m := newModel(t, seed)
			defer m.tell(seed)
			for range 300 {
				m.step()
				synctest.Wait()
				m.compare()
			}
			m.drain()
		})
		if t.Failed() {
			return
		}
	}
}

const (
	modelAttempts = 3
	modelBackoff  = time.Second
	modelTasks    = 12
)

type model struct {
	t       *testing.T
	engine  *fragile
	service *Service

	mu     sync.Mutex // guards what follows
	random *rand.Rand
	paused bool
	shaky  bool // the engine was broken once, so that counts may lag
	tasks  map[string]*modelTask
	taken  map[string]time.Time // until when a name cannot be used
	sent   int
	past   []string // what happened, for who reads a failure
}

// modelTask is a task that is there.
type modelTask struct {
	due      time.Time
	attempts int // answered
	flying   int
	runs     int // asked for and not begun
	asked    time.Time
	overlap  bool // attempts were under way at once, and nobody says whose outcome came first
}

func newModel(t *testing.T, seed uint64) *model {
	e := &fragile{Engine: state.NewMemory(time.Now), lag: time.Duration(seed%2) * 7 * time.Millisecond}
	m := &model{t: t, engine: e, random: rand.New(rand.NewPCG(seed, 1)),
		tasks: map[string]*modelTask{}, taken: map[string]time.Time{}}
	m.service = opened(t, m.engine, Options{Transport: world(m.attempt)})
	m.service.queueFor(t, &pb.Queue{RetryConfig: &pb.RetryConfig{MaxAttempts: modelAttempts, MinBackoff: seconds(modelBackoff.Seconds())}})
	return m
}

// attempt is the target of all tasks.
func (m *model) attempt(r *http.Request) (int, http.Header) {
	id := r.Header.Get("X-CloudTasks-TaskName")
	task, asked := m.begin(id, r.Header.Get("X-CloudTasks-TaskRetryCount"))
	m.mu.Lock()
	takes, ok := time.Duration(m.random.IntN(3))*1700*time.Millisecond, m.random.IntN(100) < 40
	m.mu.Unlock()
	time.Sleep(takes)
	m.mu.Lock()
	defer m.mu.Unlock()
	m.note("%s, answered: %t", id, ok)
	task.flying--
	task.attempts++
	if m.tasks[id] == task && (ok || task.attempts >= modelAttempts) {
		m.remove(id)
	}
	from := time.Now()
	if !asked.IsZero() {
		from = asked
	}
	task.due = from.Add(modelBackoff << (task.attempts - 1))
	return map[bool]int{true: 200, false: 500}[ok], nil
}

// begin checks that an attempt may begin now, and returns when RunTask asked for it, if it did.
func (m *model) begin(id, count string) (task *modelTask, asked time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.sent++
	m.note("%s, attempt %s", id, count)
	task = m.tasks[id]
	if task == nil && m.taken[id].Equal(time.Now().Add(defaultNamesTTL)) {
		return &modelTask{}, asked // it was read just before it was deleted, at this very moment
	}
	if task == nil {
		m.t.Errorf("%s is sent, and not there", id)
		return &modelTask{}, asked
	}
	task.overlap = task.overlap || task.flying > 0
	if n, _ := strconv.Atoi(count); n != task.attempts && !task.overlap && !m.shaky {
		m.t.Errorf("%s is sent with retry count %d, want %d", id, n, task.attempts)
	}
	switch {
	case task.runs > 0:
		task.runs--
		asked = task.asked
	case task.overlap && m.engine.lag > 0: // a run may be told after an attempt has begun by itself
	case m.paused || task.flying > 0 || !task.overlap && time.Now().Before(task.due):
		m.note("%s is sent wrongly", id)
		m.t.Errorf("%s is sent: paused %t, %d attempts under way, due in %s", id, m.paused, task.flying, time.Until(task.due))
	}
	task.flying++
	return task, asked
}

// remove is called with the lock held.
func (m *model) remove(id string) {
	delete(m.tasks, id)
	m.taken[id] = time.Now().Add(defaultNamesTTL)
}

// tell writes the history of a failure to the log.
func (m *model) tell(seed uint64) {
	if m.t.Failed() {
		m.t.Logf("seed %d:\n%s", seed, strings.Join(m.past, "\n"))
	}
}

// note is called with the lock held.
func (m *model) note(format string, args ...any) {
	m.past = append(m.past, time.Now().Format("02 15:04:05.000 ")+fmt.Sprintf(format, args...))
}

// step does one thing.
func (m *model) step() {
	synctest.Wait() // so that nothing else happens at this moment
	id, n := fmt.Sprint("t", m.pick(modelTasks)), m.pick(100)
	m.mu.Lock()
	m.note("%s, step %d", id, n)
	m.mu.Unlock()
	switch {
	case n < 40:
		m.create(id)
	case n < 48:
		m.delete(id)
	case n < 58:
		m.run(id)
	case n < 62:
		m.pause(true)
	case n < 70:
		m.pause(false)
	case n < 72:
		m.purge()
	case n < 75:
		m.breakFor(time.Duration(m.pick(5000)) * time.Millisecond)
	case n < 78:
		time.Sleep(25 * time.Hour)
	default:
		time.Sleep(time.Duration(m.pick(4000)) * time.Millisecond)
	}
}

func (m *model) pick(n int) int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.random.IntN(n)
}

func (m *model) create(id string) {
	due := time.Now().Add(time.Duration(m.pick(3)) * time.Second)
	m.mu.Lock()
	free := m.tasks[id] == nil && !time.Now().Before(m.taken[id])
	if free {
		m.tasks[id] = &modelTask{due: due}
	}
	m.mu.Unlock()
	task := named(id, post("http://x.example/"))
	task.ScheduleTime = timestamppb.New(due)
	_, err := m.service.CreateTask(m.t.Context(), &pb.CreateTaskRequest{Parent: testQueue, Task: task})
	if free {
		check(m.t, err)
	} else {
		wantCode(m.t, err, codes.AlreadyExists, "")
	}
}

// delete and run are of a task that the model says is there, or not; nothing happens between the
// look and the call, since virtual time stands.
func (m *model) delete(id string) {
	m.mu.Lock()
	there := m.tasks[id] != nil
	m.mu.Unlock()
	_, err := m.service.DeleteTask(m.t.Context(), &pb.DeleteTaskRequest{Name: testQueue + "/tasks/" + id})
	m.want(err, there)
	if there {
		m.mu.Lock()
		m.remove(id)
		m.mu.Unlock()
	}
}

func (m *model) run(id string) {
	m.mu.Lock()
	task := m.tasks[id]
	if task != nil {
		task.runs++
		task.overlap = task.overlap || m.engine.lag > 0
		task.asked = time.Now()
		task.due = time.Now()
	}
	m.mu.Unlock()
	_, err := m.service.RunTask(m.t.Context(), &pb.RunTaskRequest{Name: testQueue + "/tasks/" + id})
	m.want(err, task != nil)
}

func (m *model) want(err error, there bool) {
	m.t.Helper()
	if there {
		check(m.t, err)
	} else {
		wantCode(m.t, err, codes.NotFound, "")
	}
}

// pause pauses or resumes the queue. What was begun before the call has returned was not paused.
func (m *model) pause(paused bool) {
	set := func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		m.paused = paused
	}
	if paused {
		defer set()
		_, err := m.service.PauseQueue(m.t.Context(), &pb.PauseQueueRequest{Name: testQueue})
		check(m.t, err)
		return
	}
	set()
	_, err := m.service.ResumeQueue(m.t.Context(), &pb.ResumeQueueRequest{Name: testQueue})
	check(m.t, err)
}

func (m *model) purge() {
	_, err := m.service.PurgeQueue(m.t.Context(), &pb.PurgeQueueRequest{Name: testQueue})
	check(m.t, err)
	m.mu.Lock()
	for id := range m.tasks {
		m.remove(id)
	}
	m.mu.Unlock()
	time.Sleep(3 * time.Second) // its names count from their removal, which takes a moment
}

// breakFor makes writes of the service fail for a while; some of them happen all the same.
func (m *model) breakFor(d time.Duration) {
	m.mu.Lock()
	m.shaky = true
	m.mu.Unlock()
	m.engine.broken.Store(true)
	time.Sleep(d)
	m.engine.broken.Store(false)
	time.Sleep(2 * maxPause) // until what failed was written
}

// compare looks at what the service says there is.
func (m *model) compare() {
	m.t.Helper()
	var got, want []string
	for range 5 { // a list that waits for a watch may be overtaken by the end of a task
		got, want = m.list()
		if slices.Equal(got, want) {
			return
		}
	}
	m.t.Fatalf("there are %v, want %v", got, want)
}

func (m *model) list() (got, want []string) {
	listed, err := m.service.ListTasks(m.t.Context(), &pb.ListTasksRequest{Parent: testQueue})
	check(m.t, err)
	for _, task := range listed.Tasks {
		got = append(got, shortName(task.Name))
	}
	slices.Sort(got)
	m.mu.Lock()
	defer m.mu.Unlock()
	return got, slices.Sorted(maps.Keys(m.tasks))
}

// drain lets everything come to its end.
func (m *model) drain() {
	m.pause(false)
	time.Sleep(time.Hour)
	synctest.Wait()
	m.compare()
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.tasks) > 0 || m.sent == 0 {
		m.t.Errorf("%d tasks are left after %d attempts", len(m.tasks), m.sent)
	}
}
