package tasks

import (
	"context"
	"encoding/base64"
	"strconv"
	"strings"
	"time"

	pb "cloud.google.com/go/cloudtasks/apiv2/cloudtaskspb"
	"google.golang.org/protobuf/proto"
)

// Pages. A token lives for two hours.
const (
	maxQueuePage = 9800
	maxTaskPage  = 1000
	tokenTTL     = 2 * time.Hour
)

// pageToken says after what a page begins, and since when.
func pageToken(after string, now time.Time) string {
	return base64.RawURLEncoding.EncodeToString([]byte(strconv.FormatInt(now.Unix(), 36) + " " + after))
}

// readPageToken returns what the page begins after; "" is the beginning.
func readPageToken(token string, now time.Time) (after string, err error) {
	if token == "" {
		return "", nil
	}
	text, err := base64.RawURLEncoding.DecodeString(token)
	since, after, ok := strings.Cut(string(text), " ")
	second, err2 := strconv.ParseInt(since, 36, 64)
	if err != nil || err2 != nil || !ok {
		return "", invalid("Invalid page_token")
	}
	if now.Unix()-second > int64(tokenTTL/time.Second) {
		return "", invalid("The page_token has expired: it is valid for 2 hours")
	}
	return after, nil
}

func pageSize(asked int32, most int) (int, error) {
	if asked < 0 {
		return 0, invalid("page_size must not be negative")
	}
	if asked == 0 {
		return most, nil
	}
	return min(int(asked), most), nil
}

// ListQueues is part of the API.
func (s *Service) ListQueues(ctx context.Context, r *pb.ListQueuesRequest) (*pb.ListQueuesResponse, error) {
	queues, next, err := s.listQueues(ctx, r)
	if err != nil {
		return nil, answer(err)
	}
	a := &pb.ListQueuesResponse{NextPageToken: next}
	for _, q := range queues {
		a.Queues = append(a.Queues, q.config)
	}
	return a, nil
}

func (s *Service) listQueues(ctx context.Context, r *pb.ListQueuesRequest) (queues []*queue, next string, err error) {
	if err := checkLocation(r.GetParent()); err != nil {
		return nil, "", err
	}
	after, err := readPageToken(r.PageToken, s.now())
	if err != nil {
		return nil, "", err
	}
	size, err := pageSize(r.PageSize, maxQueuePage)
	if err != nil {
		return nil, "", err
	}
	wanted, err := parseFilter(r.Filter)
	if err != nil {
		return nil, "", err
	}
	if err := s.replica.queueWatch.catchUp(ctx); err != nil {
		return nil, "", err
	}
	for _, name := range s.replica.within(r.Parent, after) {
		q := s.replica.queue(name)
		if q == nil || !wanted(q.config) {
			continue
		}
		if len(queues) == size {
			return queues, pageToken(queues[size-1].config.Name, s.now()), nil
		}
		queues = append(queues, q)
	}
	return queues, "", nil
}

// parseFilter reads a filter of queues. Google's can use every field and operator; ours compares
// state and name with = != and :, joined by AND.
func parseFilter(text string) (func(*pb.Queue) bool, error) {
	var terms []func(*pb.Queue) bool
	for _, term := range strings.Split(text, " AND ") {
		if strings.TrimSpace(term) == "" && len(terms) == 0 && strings.TrimSpace(text) == "" {
			continue
		}
		t, err := parseTerm(term)
		if err != nil {
			return nil, err
		}
		terms = append(terms, t)
	}
	return func(q *pb.Queue) bool {
		for _, t := range terms {
			if !t(q) {
				return false
			}
		}
		return true
	}, nil
}

func parseTerm(term string) (func(*pb.Queue) bool, error) {
	for _, operator := range []string{"!=", "=", ":"} {
		field, value, ok := strings.Cut(term, operator)
		if !ok {
			continue
		}
		value = strings.Trim(strings.TrimSpace(value), `"`)
		switch strings.TrimSpace(field) {
		case "state":
			return func(q *pb.Queue) bool { return (q.State.String() == value) == (operator != "!=") }, nil
		case "name":
			if operator == ":" {
				return func(q *pb.Queue) bool { return strings.Contains(q.Name, value) }, nil
			}
			return func(q *pb.Queue) bool { return (q.Name == value) == (operator == "=") }, nil
		}
	}
	return nil, invalid(`The filter %.200q is not understood: write state or name, one of = != :, and a value, joined by AND`, term)
}

// ListTasks is part of the API. Tasks come in the order of their keys, which is no order that means
// anything, but one that stays when tasks come and go between two pages.
func (s *Service) ListTasks(ctx context.Context, r *pb.ListTasksRequest) (*pb.ListTasksResponse, error) {
	a, err := s.listTasks(ctx, r)
	return a, answer(err)
}

func (s *Service) listTasks(ctx context.Context, r *pb.ListTasksRequest) (*pb.ListTasksResponse, error) {
	q, err := s.live(ctx, r.GetParent())
	if err != nil {
		return nil, err
	}
	size, err := pageSize(r.PageSize, maxTaskPage)
	if err != nil {
		return nil, err
	}
	after, err := readPageToken(r.PageToken, s.now())
	if err != nil {
		return nil, err
	}
	if err := s.replica.taskWatch.catchUp(ctx); err != nil {
		return nil, err
	}
	l := s.replica.line(q.generation, false)
	if l == nil {
		return &pb.ListTasksResponse{}, nil
	}
	var from key
	copy(from[:], after)
	return s.readPage(ctx, l, from, size, r.ResponseView)
}

// maxPageBytes ends a page early: a thousand tasks of 1 MiB are no answer.
const maxPageBytes = 3 << 20

func (s *Service) readPage(ctx context.Context, l *line, from key, size int, view pb.Task_View) (*pb.ListTasksResponse, error) {
	keys, more := l.page(from, size)
	a := &pb.ListTasksResponse{}
	bytes := 0
	for i, k := range keys {
		r, _, err := s.read(ctx, place(l.generation, k))
		if err != nil && answer(err) != nil && !isMissing(err) {
			return nil, err
		}
		if err == nil {
			t := show(r.task, view)
			a.Tasks = append(a.Tasks, t)
			bytes += proto.Size(t)
		}
		if last := i == len(keys)-1; last && more || !last && bytes > maxPageBytes {
			a.NextPageToken = pageToken(string(k[:]), s.now())
			break
		}
	}
	return a, nil
}

// show returns what a view shows of a task.
func show(t *pb.Task, view pb.Task_View) *pb.Task {
	if view == pb.Task_FULL {
		t = proto.CloneOf(t)
		t.View = pb.Task_FULL
		return t
	}
	// The body may be large, and a clone would copy it.
	seen := &pb.Task{View: pb.Task_BASIC}
	for field, value := range t.ProtoReflect().Range {
		seen.ProtoReflect().Set(field, value)
	}
	own := t.GetHttpRequest()
	seen.View = pb.Task_BASIC
	seen.MessageType = &pb.Task_HttpRequest{HttpRequest: &pb.HttpRequest{
		Url: own.GetUrl(), HttpMethod: own.GetHttpMethod(), Headers: own.GetHeaders(), AuthorizationHeader: own.GetAuthorizationHeader(),
	}}
	return seen
}
