package adminpage

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"

	pb "cloud.google.com/go/cloudtasks/apiv2/cloudtaskspb"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"sluice/internal/tasks"
)

type queuesPage struct {
	Queues []queueOf
	Total  int
	Reach  string
	First  bool
	Next   string // where the next page begins, empty for no next one
}

// queueOf is a queue with its name in parts: names of queues are long.
type queueOf struct {
	tasks.QueueInfo
	Location, ID string
	Rate         *pb.RateLimits
	Retry        *pb.RetryConfig
	Slowed       bool // sends less than it is configured to, as its target is overloaded
}

func queueInfo(q tasks.QueueInfo) queueOf {
	location, id, _ := strings.Cut(q.Config.GetName(), "/queues/")
	rate := q.Config.GetRateLimits()
	return queueOf{q, location, id, rate, q.Config.GetRetryConfig(), q.Rate > 0 && q.Rate < rate.GetMaxDispatchesPerSecond()}
}

// Page is the address of the queue's page.
func (q queueOf) Page() string { return "/queues/" + q.Config.GetName() }

// Unlimited tells whether the number of attempts is.
func (q queueOf) Unlimited() bool { return q.Retry.GetMaxAttempts() < 0 }

// Redirected is where all tasks of the queue go instead of the host in their URL, empty for
// nowhere else.
func (q queueOf) Redirected() string { return q.Config.GetHttpTarget().GetUriOverride().GetHost() }

func (p *pages) queues(r *http.Request) (any, error) {
	after := r.FormValue("after")
	list, more := p.Queues.QueueInfos(after, pageSize)
	page := &queuesPage{Total: p.Queues.CountQueues(), Reach: p.Reach, First: after == ""}
	for _, q := range list {
		page.Queues = append(page.Queues, queueInfo(q))
	}
	if more && len(list) > 0 {
		page.Next = list[len(list)-1].Config.GetName()
	}
	return page, nil
}

type tasksPage struct {
	Queue queueOf
	Tasks []tasks.TaskInfo
	Skip  int // tasks before the page
	Next  int // of the next page, 0 for no next one
	Cut   bool
	Most  int // tasks that can be shown
}

func (p *pages) tasks(r *http.Request) (any, error) {
	name := r.PathValue("name")
	q, err := p.Queues.QueueInfo(r.Context(), name)
	switch status.Code(err) {
	case codes.OK:
	case codes.NotFound, codes.InvalidArgument:
		return nil, notFound("There is no queue of this name.")
	default:
		return nil, err
	}
	skip := 0
	if text := r.FormValue("skip"); text != "" {
		if skip, err = strconv.Atoi(text); err != nil || skip < 0 {
			return nil, refused("The page in the address is not one that a list has linked to. Begin with the first tasks.")
		}
	}
	list, more, err := p.Queues.TaskInfos(r.Context(), name, skip, pageSize)
	if err != nil {
		return nil, err
	}
	page := &tasksPage{Queue: queueInfo(q), Tasks: list, Skip: skip, Most: tasks.MaxTaskInfos}
	page.Cut = more && skip+pageSize >= tasks.MaxTaskInfos
	if more && !page.Cut {
		page.Next = skip + pageSize
	}
	return page, nil
}

// pageAt is the address of a part of the queue's tasks.
func (p *tasksPage) pageAt(skip int) string {
	return p.Queue.Page() + "?" + url.Values{"skip": {strconv.Itoa(skip)}}.Encode()
}

// NextPage is the address of the next page.
func (p *tasksPage) NextPage() string { return p.pageAt(p.Next) }
