package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"go.uber.org/zap"

	"sluice/internal/tasks"
)

// errandPatience is how long an errand is tried, and how long one waits for the
// policy that is to do it.
const errandPatience = time.Hour

// errands is flow.Errands on a queue of our own.
type errands struct {
	queue *tasks.Own
	log   *zap.Logger

	mu   sync.RWMutex // guards does
	does map[string]func(context.Context, []byte) error
}

// errand is what the queue keeps.
type errand struct {
	Name    string    `json:"name"`
	At      time.Time `json:"at"`
	Payload []byte    `json:"payload"`
}

func openErrands(ctx context.Context, s *tasks.Service, log *zap.Logger) (_ *errands, err error) {
	e := &errands{log: log, does: map[string]func(context.Context, []byte) error{}}
	e.queue, err = s.Own(ctx, "callouts", tasks.OwnOptions{Retry: time.Second}, e.do)
	return e, err
}

// Serve implements flow.Errands.
func (e *errands) Serve(name string, do func(context.Context, []byte) error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.does[name] = do
}

// Put implements flow.Errands.
func (e *errands) Put(ctx context.Context, name string, payload []byte) error {
	now := time.Now()
	body, err := json.Marshal(errand{name, now, payload})
	if err != nil {
		return err
	}
	return e.queue.Put(ctx, newID(), body, now)
}

var errNobody = errors.New("no policy of that name is deployed")

// do does an errand; nil also when it is given up.
func (e *errands) do(ctx context.Context, _ string, body []byte) error {
	var one errand
	if err := json.Unmarshal(body, &one); err != nil {
		return nil // written by nobody here
	}
	e.mu.RLock()
	do := e.does[one.Name]
	e.mu.RUnlock()
	err := errNobody
	if do != nil {
		err = do(ctx, one.Payload)
	}
	if err != nil && ctx.Err() == nil && time.Since(one.At) > errandPatience {
		e.log.Warn(fmt.Sprintf("given up after %s: %v", errandPatience, err), zap.String("from", one.Name))
		return nil
	}
	return err
}
