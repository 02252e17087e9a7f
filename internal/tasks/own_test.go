package tasks

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	pb "cloud.google.com/go/cloudtasks/apiv2/cloudtaskspb"
	"google.golang.org/grpc/codes"

	"sluice/internal/state"
)

// TestOwn puts work into a queue of our own: once a key, when it is due, again after a failure, and
// also what an earlier process has left.
func TestOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, e, start := t.Context(), state.NewMemory(time.Now), time.Now()
		var done []string
		open := func() (*Service, *Own) {
			s, err := New(ctx, e, Options{Later: true, Alone: true})
			check(t, err)
			failed := false
			q, err := s.Own(ctx, "jobs", OwnOptions{Concurrent: 1, Retry: time.Second}, func(_ context.Context, key string, body []byte) error {
				done = append(done, fmt.Sprint(key, " ", string(body), " ", time.Since(start)))
				if key == "bad" && !failed {
					failed = true
					return errors.New("not yet")
				}
				return nil
			})
			check(t, err)
			s.Start()
			return s, q
		}
		s, q := open()
		check(t, q.Put(ctx, "later", []byte("c"), start.Add(time.Hour)))
		check(t, q.Put(ctx, "bad", []byte("a"), start))
		check(t, q.Put(ctx, "twice", []byte("b"), start.Add(time.Minute)))
		check(t, q.Put(ctx, "twice", []byte("b"), start.Add(time.Minute)))
		time.Sleep(2 * time.Minute)
		check(t, q.Put(ctx, "twice", []byte("b"), time.Now())) // it was done
		time.Sleep(time.Minute)
		check(t, s.Close())

		s, _ = open()
		time.Sleep(2 * time.Hour)
		synctest.Wait()
		if want := []string{"bad a 0s", "bad a 1s", "twice b 1m0s", "later c 1h0m0s"}; !slices.Equal(done, want) {
			t.Errorf("done is %q, want %q", done, want)
		}
		check(t, s.Close())
		check(t, e.Close())
	})
}

// TestOwnBelongsToUs: the API pauses a queue of our own, and takes nothing out of it.
func TestOwnBelongsToUs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx := t.Context()
		s := inMemory(t, Options{})
		did := 0
		q, err := s.Own(ctx, "jobs", OwnOptions{}, func(context.Context, string, []byte) error { did++; return nil })
		check(t, err)
		name := OwnLocation + "/queues/jobs"
		_, err = s.PauseQueue(ctx, &pb.PauseQueueRequest{Name: name})
		check(t, err)
		check(t, q.Put(ctx, "one", nil, time.Now()))
		time.Sleep(time.Minute)
		_, err = s.DeleteTask(ctx, &pb.DeleteTaskRequest{Name: name + "/tasks/one"})
		wantCode(t, err, codes.FailedPrecondition, "sluice's own")
		_, err = s.PurgeQueue(ctx, &pb.PurgeQueueRequest{Name: name})
		wantCode(t, err, codes.FailedPrecondition, "sluice's own")
		_, err = s.DeleteQueue(ctx, &pb.DeleteQueueRequest{Name: name})
		wantCode(t, err, codes.FailedPrecondition, "sluice's own")
		_, err = s.CreateQueue(ctx, &pb.CreateQueueRequest{Parent: OwnLocation, Queue: &pb.Queue{Name: OwnLocation + "/queues/other"}})
		wantCode(t, err, codes.FailedPrecondition, "sluice's own")
		synctest.Wait()
		if did != 0 {
			t.Error("a paused queue works")
		}
		_, err = s.ResumeQueue(ctx, &pb.ResumeQueueRequest{Name: name})
		check(t, err)
		time.Sleep(time.Minute)
		synctest.Wait()
		if did != 1 {
			t.Errorf("done %d times", did)
		}
	})
}
