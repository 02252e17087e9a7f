package state

import (
	"context"
	"errors"
	"strconv"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nuid"
)

// keyValue is a value to be written, without an end of its life.
type keyValue struct {
	key   string
	value []byte
}

// batcher is a bucket that writes many values in one step: all or none. Where
// every write is synced, that is one sync for all of them.
type batcher interface {
	// putAll writes 1 to batchLimit values and returns the highest revision. It
	// returns errNoBatch when the bucket was made without batches.
	putAll(ctx context.Context, values []keyValue) (uint64, error)
}

// Limits of a batch: how many messages a NATS server takes by default
// (jetstream max_batch_size), and bytes well below what a connection may have
// pending.
const (
	batchLimit = 1000
	batchBytes = valueLimit / 2
)

var errNoBatch = errors.New("state: no batches")

// putAll writes values, in batches where the bucket has them, and returns the
// highest revision.
func putAll(ctx context.Context, b Bucket, values []keyValue) (revision uint64, err error) {
	batches, ok := b.(batcher)
	for len(values) > 0 {
		n := batchSize(values)
		err := errNoBatch
		if ok {
			revision, err = batches.putAll(ctx, values[:n])
		}
		if errors.Is(err, errNoBatch) {
			return putEach(ctx, b, values)
		}
		if err != nil {
			return 0, err
		}
		values = values[n:]
	}
	return revision, nil
}

// batchSize is how many of the values, at least one, make a batch.
func batchSize(values []keyValue) int {
	size := 0
	for i := range values {
		if size += len(values[i].key) + len(values[i].value); i > 0 && size > batchBytes {
			return i
		}
	}
	return len(values)
}

// putEach writes values one by one. Several at once would not be faster: the
// engine syncs one after the other (BenchmarkLoad).
func putEach(ctx context.Context, b Bucket, values []keyValue) (revision uint64, err error) {
	for _, v := range values {
		if revision, err = b.Put(ctx, v.key, v.value, 0); err != nil {
			return 0, err
		}
	}
	return revision, nil
}

// Headers of atomic batches (ADR-50 of NATS, from NATS 2.12).
const (
	batchHeader         = "Nats-Batch-Id"
	batchSequenceHeader = "Nats-Batch-Sequence"
	batchCommitHeader   = "Nats-Batch-Commit"
)

func (b *natsBucket) putAll(ctx context.Context, values []keyValue) (revision uint64, err error) {
	if !b.stream.CachedInfo().Config.AllowAtomicPublish {
		return 0, errNoBatch
	}
	for _, v := range values {
		if err := checkKey(v.key); err != nil {
			return 0, err
		}
	}
	err = b.engine.attempt(ctx, b.engine.patience, func(ctx context.Context) error {
		revision, err = b.putBatch(ctx, values)
		return err
	})
	return revision, err
}

// putBatch sends the values. Only the last is answered; when one of the others
// did not arrive, that answer is an error and nothing was written.
func (b *natsBucket) putBatch(ctx context.Context, values []keyValue) (uint64, error) {
	id := nuid.Next()
	last := len(values) - 1
	for i, v := range values {
		m := nats.NewMsg(b.subject(v.key))
		m.Data = v.value
		m.Header.Set(batchHeader, id)
		m.Header.Set(batchSequenceHeader, strconv.Itoa(i+1))
		if i < last {
			if err := b.engine.connection.PublishMsg(m); err != nil {
				return 0, err
			}
			continue
		}
		m.Header.Set(batchCommitHeader, "1")
		ack, err := b.engine.js.PublishMsg(ctx, m, publishOnce)
		if err != nil {
			return 0, err
		}
		return ack.Sequence, nil
	}
	return 0, nil
}
