package tasks

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"time"

	pb "cloud.google.com/go/cloudtasks/apiv2/cloudtaskspb"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	"sluice/internal/delay"
	"sluice/internal/state"
)

// internalScheme is the scheme of tasks that go to a handler of this process: tasks of our own,
// which the API refuses.
const internalScheme = "sluice-internal://"

// Waits after an engine that does not answer.
const (
	writePause = 50 * time.Millisecond
	maxPause   = 2 * time.Second
)

// maxUnknown is how often write looks for a task that the store does not know: for ten seconds or
// so, in which a cluster has elected.
const maxUnknown = 10

// attempt sends a task and writes how it went.
func (s *Service) attempt(l *line, b begun) {
	ctx := s.sending
	where := place(l.generation, b.key)
	r, revision, err := s.read(ctx, where)
	switch {
	case errors.Is(err, state.ErrNotFound):
		// Its removal is about to be told. Or the store has just changed its leader, and that
		// does not know the task yet: so it is looked at again while nobody tells.
		delay.For(ctx, writePause)
		l.unused(b)
		l.end(b, 0)
		return
	case err != nil:
		delay.For(ctx, maxPause)
		l.unused(b)
		l.end(b, 0)
		return
	case revision != b.revision && !b.run:
		l.unused(b)
		l.end(b, revision) // it was changed: the line is about to be told
		return
	}
	o := s.send(ctx, r, b)
	if ctx.Err() != nil { // Close cut it off, so nobody knows how it went
		l.end(b, 0)
		return
	}
	l.answered(o.responded, o)
	l.end(b, s.write(ctx, l, r, revision, o, b))
}

// read returns the record of a task: state.ErrNotFound also when there is only a tombstone.
func (s *Service) read(ctx context.Context, where string) (*record, uint64, error) {
	e, err := s.tasks.Get(ctx, where)
	if err != nil {
		return nil, 0, err
	}
	if isTombstone(e.Value) {
		return nil, e.Revision, state.ErrNotFound
	}
	r, err := decodeRecord(e.Value)
	return r, e.Revision, err
}

// write writes what becomes of the task, until it is written or somebody else has ended the task,
// and returns the revision that tells it, 0 for none. A store that does not know the task is asked
// again until the removal is told, for the reason that attempt gives, but not for ever: an election
// may have taken the task away for good. Then the next attempt looks, which holds up no other task.
func (s *Service) write(ctx context.Context, l *line, r *record, revision uint64, o outcome, b begun) uint64 {
	where := place(l.generation, b.key)
	unknown := 0
	for wait := writePause; ; wait = min(2*wait, maxPause) {
		written, err := s.writeOnce(ctx, where, r, revision, o, b)
		if err == nil {
			s.replica.taskWatch.wrote(written)
			return written
		}
		if !errors.Is(err, state.ErrRevision) {
			delay.For(ctx, wait)
		}
		fresh, now, err := s.read(ctx, where)
		switch {
		case ctx.Err() != nil:
			return 0
		case errors.Is(err, state.ErrNotFound):
			if unknown++; unknown > maxUnknown || l.isRemoved(b) {
				return 0
			}
			delay.For(ctx, wait)
		case err != nil:
			// r was settled already, and is not written: revision makes sure
		case fresh.has(o):
			return now
		default:
			r, revision = fresh, now
		}
	}
}

// writeOnce settles a copy of the record and writes it.
func (s *Service) writeOnce(ctx context.Context, where string, r *record, revision uint64, o outcome, b begun) (uint64, error) {
	next := &record{head: r.head, task: proto.CloneOf(r.task)}
	q := b.queue
	fate := next.settle(o, b.runs, q.config)
	life := next.born.Add(q.taskTTL).Sub(s.now())
	if fate != again || life <= 0 {
		if fate != succeeded {
			s.log(true, fmt.Sprintf("%s is given up after %d attempts; the last: %s", r.task.Name, next.task.DispatchCount, o.message))
		}
		return s.tasks.Replace(ctx, where, tombstone, revision, q.tombstoneLife(r.named))
	}
	value, err := next.encode()
	if err != nil {
		return 0, err
	}
	return s.tasks.Replace(ctx, where, value, revision, life)
}

// send makes the request of a task and waits for its answer.
func (s *Service) send(ctx context.Context, r *record, b begun) outcome {
	ctx, cancel := context.WithTimeout(ctx, deadlineOf(r.task))
	defer cancel()
	o := outcome{attempt: rand.Uint64(), scheduled: r.due, dispatched: s.now()}
	if b.run {
		o.run = r.due // RunTask made it due
	}
	if err := s.exchange(ctx, r, b.queue.config, &o); err != nil {
		o.status = 0
		o.fromError(err)
	}
	o.responded = s.now()
	return o
}

// exchange sets what the target answers, or returns why there is no answer.
func (s *Service) exchange(ctx context.Context, r *record, q *pb.Queue, o *outcome) error {
	if name, ok := strings.CutPrefix(r.task.GetHttpRequest().GetUrl(), internalScheme); ok {
		return s.handle(ctx, name, r.task, o)
	}
	request, err := r.request(ctx, q)
	if err != nil {
		return err
	}
	if err := s.authorize(ctx, request, r.task, q); err != nil {
		return err
	}
	answer, err := s.client.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	const enough = 1 << 20 // of a body that nobody wants; reading it keeps the connection
	_, _ = io.Copy(io.Discard, io.LimitReader(answer.Body, enough))
	if ctx.Err() != nil {
		return ctx.Err()
	}
	o.retryAfter = readRetryAfter(answer.Header.Get("Retry-After"), s.now())
	o.fromStatus(answer.StatusCode)
	return nil
}

// handle calls a handler of this process.
func (s *Service) handle(ctx context.Context, name string, t *pb.Task, o *outcome) (err error) {
	name, _, _ = strings.Cut(name, "/")
	s.mu.Lock()
	handler := s.handlers[name]
	s.mu.Unlock()
	if handler == nil {
		return &refusedError{codes.Unavailable, "no handler is registered as " + name}
	}
	defer func() {
		if p := recover(); p != nil {
			err = &refusedError{codes.Internal, fmt.Sprintf("the handler %s panicked: %v", name, p)}
		}
	}()
	status := handler(ctx, proto.CloneOf(t))
	if ctx.Err() != nil {
		return ctx.Err()
	}
	o.fromStatus(status)
	return nil
}

// maxRedirects bounds the redirects of one attempt. "The Location header of a redirect response
// may be followed. The redirect is not counted as a separate attempt"; how many is ours.
const maxRedirects = 10

// redirect is for http.Client, which drops the Authorization on the way to another host.
func redirect(_ *http.Request, via []*http.Request) error {
	if len(via) >= maxRedirects {
		return http.ErrUseLastResponse
	}
	return nil
}
