package tasks

import (
	"container/heap"
	"context"
	"errors"
	"net/url"
	"regexp"
	"slices"
	"time"

	pb "cloud.google.com/go/cloudtasks/apiv2/cloudtaskspb"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	"sluice/internal/state"
)

// What an operator is shown: the methods here answer from the replica where they can, return one
// page however much there is, and change nothing. They wait for nothing that was written.

// QueueInfo is a queue as it is now.
type QueueInfo struct {
	Config *pb.Queue // complete: nothing is unset that has a default
	Tasks  int       // purged ones included, until they are removed
	Oldest time.Time // due time of the first task that waits, zero for none
	// Running, Executed and Rate are known to the process that sends the queue's tasks; in others
	// they are 0, 0 and the configured rate.
	Running  int     // attempts under way
	Executed int64   // answers in the last minute
	Rate     float64 // tasks a second that it may send now; less than configured while the target is overloaded
}

// QueueInfos returns up to n queues of all locations whose names are above after, by name, and
// whether there are more.
func (s *Service) QueueInfos(after string, n int) (list []QueueInfo, more bool) {
	names := s.replica.above(after)
	for _, name := range names[:min(n, len(names))] {
		if q := s.replica.queue(name); q != nil && !q.isDeleted() {
			list = append(list, s.info(q))
		}
	}
	return list, len(names) > n
}

// CountQueues returns how many queues there are.
func (s *Service) CountQueues() int { return len(s.replica.above("")) }

// QueueInfo returns a queue. Errors are those of the API: INVALID_ARGUMENT for what is no name,
// NOT_FOUND, UNAVAILABLE.
func (s *Service) QueueInfo(ctx context.Context, name string) (QueueInfo, error) {
	q, err := s.live(ctx, name)
	if err != nil {
		return QueueInfo{}, answer(err)
	}
	return s.info(q), nil
}

func (s *Service) info(q *queue) QueueInfo {
	i := QueueInfo{Config: proto.CloneOf(q.config)}
	if l := s.replica.line(q.generation, false); l != nil {
		t := l.stats(s.now())
		i.Tasks, i.Oldest, i.Running, i.Executed, i.Rate = t.tasks, t.oldest, t.concurrent, t.executed, t.rate
	}
	return i
}

// above returns the names of the queues that are above after, in order.
func (r *replica) above(after string) []string {
	r.mu.RLock()
	defer r.mu.RUnlock()
	var names []string
	for name, q := range r.queues {
		if name > after && !q.isDeleted() {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// TaskInfo is a task without its body, its headers and whatever of its URL may be secret.
type TaskInfo struct {
	Name      string // the last part of its resource name
	Method    string
	Target    string // its URL without a query, a fragment and a password
	Due       time.Time
	Created   time.Time
	Attempts  int32     // that were sent
	Responses int32     // attempts that were answered
	Last      time.Time // when the last attempt was sent, zero for none
	Status    string    // how it went, such as "UNAVAILABLE(14): HTTP status code 503"
}

// MaxTaskInfos is how many tasks of a queue TaskInfos goes through. It walks over those before the
// page, and nothing of the queue is sent meanwhile.
const MaxTaskInfos = 5_000

// TaskInfos returns up to n of the tasks that wait for their next attempt, first those that are due
// first, without the first skip of them, and whether there are more. Tasks whose attempt is under
// way are not among them. Tasks come and go between two pages, so one may be missed or come twice.
// Errors are those of QueueInfo.
func (s *Service) TaskInfos(ctx context.Context, queue string, skip, n int) (list []TaskInfo, more bool, err error) {
	q, err := s.live(ctx, queue)
	if err != nil {
		return nil, false, answer(err)
	}
	l := s.replica.line(q.generation, false)
	if l == nil {
		return nil, false, nil
	}
	skip = min(max(skip, 0), MaxTaskInfos)
	keys, more := l.first(skip, min(max(n, 0), MaxTaskInfos-skip))
	for _, k := range keys {
		r, _, err := s.read(ctx, place(l.generation, k))
		if errors.Is(err, state.ErrNotFound) {
			continue // it is done
		}
		if err != nil {
			return nil, false, answer(err)
		}
		list = append(list, r.info())
	}
	return list, more, nil
}

func (r *record) info() TaskInfo {
	t := r.task
	i := TaskInfo{
		Name: shortName(t.GetName()), Due: r.due, Created: r.born, Attempts: t.GetDispatchCount(), Responses: t.GetResponseCount(),
	}
	if h := t.GetHttpRequest(); h != nil {
		i.Method, i.Target = methodOf(h.GetHttpMethod()), withoutSecrets(h.GetUrl())
	} else if a := t.GetAppEngineHttpRequest(); a != nil {
		i.Method, i.Target = methodOf(a.GetHttpMethod()), withoutSecrets(a.GetRelativeUri())
	}
	if last := t.GetLastAttempt(); last != nil {
		i.Last, i.Status = last.DispatchTime.AsTime(), statusText(last)
	}
	return i
}

func statusText(a *pb.Attempt) string {
	if s := a.GetResponseStatus(); s.GetMessage() != "" {
		return userOrQuery.ReplaceAllString(s.GetMessage(), "$1$3...$2")
	} else if s != nil {
		return codeName(codes.Code(s.GetCode()))
	}
	return ""
}

// userOrQuery is what may be secret of the URL in an error of net/http.
var userOrQuery = regexp.MustCompile(`(//)[^/\s"@]+(@)|(\?)[^\s"]+`)

// withoutSecrets cuts from a URL what may be secret.
func withoutSecrets(text string) string {
	u, err := url.Parse(text)
	if err != nil {
		return "(not a URL)"
	}
	if u.RawQuery != "" {
		u.RawQuery = "..."
	}
	u.User, u.Fragment, u.RawFragment = nil, "", ""
	return u.String()
}

// first returns the keys of up to n tasks in the order of waiting, after skip of them, and whether
// there are more. The heap is not sorted, but what follows an element stands below it: so only the
// elements up to the last one, and those right below them, are looked at.
func (l *line) first(skip, n int) (keys []key, more bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	f := frontier{of: l.waiting}
	if len(l.waiting) > 0 {
		f.at = append(f.at, 0)
	}
	for seen := 0; len(f.at) > 0; seen++ {
		if seen == skip+n {
			return keys, true
		}
		e := f.next()
		if seen >= skip {
			keys = append(keys, e.key)
		}
	}
	return keys, false
}

// frontier is a heap of places in another heap, of which all above have been taken.
type frontier struct {
	of waiting
	at []int
}

func (f *frontier) Len() int           { return len(f.at) }
func (f *frontier) Less(i, j int) bool { return f.of.Less(f.at[i], f.at[j]) }
func (f *frontier) Swap(i, j int)      { f.at[i], f.at[j] = f.at[j], f.at[i] }

// Push and Pop are for container/heap.
func (f *frontier) Push(x any) { f.at = append(f.at, x.(int)) }

func (f *frontier) Pop() any {
	last := f.at[len(f.at)-1]
	f.at = f.at[:len(f.at)-1]
	return last
}

// next takes out the first element and lets those below it follow.
func (f *frontier) next() *entry {
	i := heap.Pop(f).(int)
	for _, below := range [...]int{2*i + 1, 2*i + 2} {
		if below < len(f.of) {
			heap.Push(f, below)
		}
	}
	return f.of[i]
}
