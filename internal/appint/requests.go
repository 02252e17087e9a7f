package appint

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"time"

	"sluice/internal/state"
)

// requests remembers requestIds: a repeated request does not run again, and gets the answer of
// the first one.
type requests struct {
	process string
	life    time.Duration
	service *Service
	bucket  state.Bucket
}

// claimed is what is kept of a request.
type claimed struct {
	Owner      string   `json:"owner"` // process that took it
	Executions []string `json:"executions"`
	Done       bool     `json:"done,omitempty"` // nobody waits for the executions any more
}

func (q *requests) open(ctx context.Context, store state.Engine) error {
	return bucket(ctx, store, &q.bucket, "integration-requests", true)
}

// requestKey is the key of a request. The same id may be used for different integrations.
func requestKey(method, integration, trigger, id string) string {
	sum := sha256.Sum256([]byte(method + "\x00" + integration + "\x00" + trigger + "\x00" + id))
	return hex.EncodeToString(sum[:])
}

// A claim is a request that this process is to run; without a requestId it holds nothing.
type claim struct {
	of         *requests
	key        string
	executions []string
	revision   uint64
}

// take claims a request for the executions that are to run for it. When it was claimed before, it
// returns those of that time instead, and no claim.
func (q *requests) take(ctx context.Context, key string, executions []string) (*claim, []string, error) {
	mine := &claim{of: q, key: key, executions: executions}
	for range 100 {
		err := mine.write(ctx, false)
		if !errors.Is(err, state.ErrRevision) {
			return mine, nil, err
		}
		there, revision, err := q.read(ctx, key)
		switch {
		case errors.Is(err, state.ErrNotFound):
			mine.revision = 0
		case err != nil:
			return nil, nil, err
		case !q.lost(there):
			return nil, there.Executions, nil
		default:
			mine.revision = revision
		}
	}
	return nil, nil, errAborted
}

func (q *requests) read(ctx context.Context, key string) (c claimed, revision uint64, err error) {
	e, err := q.bucket.Get(ctx, key)
	if err != nil {
		return c, 0, err
	}
	return c, e.Revision, json.Unmarshal(e.Value, &c)
}

// lost tells whether nothing will come of a claim: who made it died before it accepted anything
// that lasts, or with the call that it ran.
func (q *requests) lost(c claimed) bool {
	if c.Done || q.service.owners.has(c.Owner) {
		return false
	}
	for _, id := range c.Executions {
		if _, ok := q.service.records.summary(id); ok {
			return false
		}
	}
	return true
}

func (c *claim) write(ctx context.Context, done bool) error {
	value, err := json.Marshal(claimed{c.of.process, c.executions, done})
	if err != nil {
		return err
	}
	revision, err := replace(ctx, c.of.bucket, c.key, value, c.revision, c.of.life)
	if err == nil {
		c.revision = revision
	}
	return err
}

// release gives a claim back, since nothing was accepted.
func (c *claim) release(ctx context.Context) {
	if c != nil {
		_ = c.of.bucket.Delete(context.WithoutCancel(ctx), c.key) // otherwise it ends with its life
	}
}

// done says that the executions have ended, or are in the hands of the scheduler.
func (c *claim) done(ctx context.Context) {
	if c != nil {
		_ = c.write(context.WithoutCancel(ctx), true) // then it is done as soon as this process ends
	}
}
