package state

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Headers of NATS key-value buckets (ADR-8 of NATS).
const (
	operationHeader = "KV-Operation"
	operationPurge  = "PURGE"
)

// natsBucket is a bucket on a stream that keeps one message of each subject.
//
// It reads and writes the stream itself, since jetstream.KeyValue gives a life
// only to keys that it creates, and its watches do not tell when they may have
// missed something.
type natsBucket struct {
	engine *natsEngine
	stream jetstream.Stream
	prefix string // of the subjects, with a dot at the end
}

// Bucket is part of Engine.
func (e *natsEngine) Bucket(ctx context.Context, c BucketConfig) (Bucket, error) {
	if err := checkName(c.Name); err != nil {
		return nil, err
	}
	s, err := e.stream(ctx, e.bucketStream(c))
	if err != nil {
		return nil, err
	}
	return &natsBucket{engine: e, stream: s, prefix: bucketPrefix(c.Name)}, nil
}

func (b *natsBucket) Get(ctx context.Context, key string) (Entry, error) {
	if err := checkKey(key); err != nil {
		return Entry{}, err
	}
	m, err := b.engine.last(ctx, b.stream, b.subject(key))
	if err != nil {
		return Entry{}, err
	}
	if isMarker(m.Header) {
		return Entry{}, ErrNotFound
	}
	return Entry{Value: present(m.Data), Revision: m.Sequence}, nil
}

func (b *natsBucket) Put(ctx context.Context, key string, value []byte, life time.Duration) (uint64, error) {
	if err := checkWrite(key, life); err != nil {
		return 0, err
	}
	return b.write(ctx, &nats.Msg{Subject: b.subject(key), Data: value, Header: lifeHeader(life)})
}

func (b *natsBucket) Replace(ctx context.Context, key string, value []byte, revision uint64, life time.Duration) (uint64, error) {
	if err := checkWrite(key, life); err != nil {
		return 0, err
	}
	m := &nats.Msg{Subject: b.subject(key), Data: value, Header: lifeHeader(life)}
	written, err := b.replace(ctx, m, revision)
	if revision != 0 || !errors.Is(err, ErrRevision) {
		return written, err
	}
	// Where a key was removed there may be a marker, which is to be replaced.
	marker, err := b.engine.last(ctx, b.stream, m.Subject)
	switch {
	case errors.Is(err, ErrNotFound):
		return b.replace(ctx, m, 0) // the marker's life ended meanwhile
	case err != nil:
		return 0, err
	case !isMarker(marker.Header):
		return 0, ErrRevision
	}
	return b.replace(ctx, m, marker.Sequence)
}

func (b *natsBucket) replace(ctx context.Context, m *nats.Msg, revision uint64) (uint64, error) {
	m.Header.Set(jetstream.ExpectedLastSubjSeqHeader, strconv.FormatUint(revision, 10))
	return b.write(ctx, m)
}

func (b *natsBucket) write(ctx context.Context, m *nats.Msg) (uint64, error) {
	ack, err := b.engine.publish(ctx, m)
	if err != nil {
		return 0, err
	}
	return ack.Sequence, nil
}

func (b *natsBucket) Delete(ctx context.Context, key string) error {
	if err := checkKey(key); err != nil {
		return err
	}
	_, err := b.write(ctx, marker(b.subject(key)))
	if !isFull(err) {
		return err
	}
	if err := b.makeRoom(ctx, b.subject(key)); err != nil {
		return err
	}
	_, err = b.write(ctx, marker(b.subject(key)))
	return err
}

// purgeWindow is how many removals of a Purge are under way at once.
const purgeWindow = 256

// Purge writes a marker over every key, since what the server purges itself no
// watch hears of.
func (b *natsBucket) Purge(ctx context.Context, prefix string) error {
	for _, filter := range b.filters(prefix) {
		subjects, err := b.subjects(ctx, filter)
		if err != nil {
			return err
		}
		err = b.removeAll(ctx, subjects)
		if isFull(err) {
			err = b.makeRoom(ctx, filter)
			if err == nil {
				err = b.removeAll(ctx, subjects)
			}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// filters returns the subjects of the keys within prefix, as patterns.
func (b *natsBucket) filters(prefix string) []string {
	if prefix == "" {
		return []string{b.prefix + ">"}
	}
	return []string{b.subject(prefix), b.subject(prefix) + ".>"}
}

// subjects returns the subjects that match a pattern.
func (b *natsBucket) subjects(ctx context.Context, filter string) (subjects []string, err error) {
	err = b.engine.attempt(ctx, openPatience*b.engine.patience, func(ctx context.Context) error {
		info, err := b.stream.Info(ctx, jetstream.WithSubjectFilter(filter))
		if err != nil {
			return err
		}
		subjects = slices.Collect(maps.Keys(info.State.Subjects))
		return nil
	})
	return subjects, err
}

// makeRoom has the server remove what matches a pattern, which it does also when
// no room is left for markers. They are to be written afterwards: until then, no
// watch knows.
func (b *natsBucket) makeRoom(ctx context.Context, filter string) error {
	return b.engine.attempt(ctx, openPatience*b.engine.patience, func(ctx context.Context) error {
		return b.stream.Purge(ctx, jetstream.WithPurgeSubject(filter))
	})
}

func (b *natsBucket) removeAll(ctx context.Context, subjects []string) error {
	for some := range slices.Chunk(subjects, purgeWindow) {
		if err := b.removeSome(ctx, some); err != nil {
			return err
		}
	}
	return nil
}

// removeSome removes up to purgeWindow keys at once.
func (b *natsBucket) removeSome(ctx context.Context, subjects []string) error {
	return b.engine.attempt(ctx, b.engine.patience, func(ctx context.Context) error {
		acks := make([]jetstream.PubAckFuture, len(subjects))
		for i, subject := range subjects {
			var err error
			if acks[i], err = b.engine.js.PublishMsgAsync(marker(subject)); err != nil {
				return err
			}
		}
		for _, ack := range acks {
			select {
			case <-ack.Ok():
			case err := <-ack.Err():
				return err
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		return nil
	})
}

func (b *natsBucket) subject(key string) string { return b.prefix + escapeKey(key) }

// marker is what says that a key was removed. It is forgotten in time.
func marker(subject string) *nats.Msg {
	h := lifeHeader(markerLife)
	h.Set(operationHeader, operationPurge)
	h.Set(jetstream.MsgRollup, jetstream.MsgRollupSubject)
	return &nats.Msg{Subject: subject, Header: h}
}

// isMarker tells whether a message says that a key was removed, by us or by the
// server at the end of its life.
func isMarker(h nats.Header) bool {
	return h.Get(operationHeader) != "" || h.Get(jetstream.MarkerReasonHeader) != ""
}

// lifeHeader gives a message a life. The server counts whole seconds and cuts
// off the rest; nothing is to be forgotten early.
func lifeHeader(life time.Duration) nats.Header {
	h := nats.Header{}
	if life > 0 {
		seconds := (life + time.Second - 1) / time.Second
		h.Set(jetstream.MsgTTLHeader, fmt.Sprintf("%ds", seconds))
	}
	return h
}

// present returns a value that is not nil.
func present(value []byte) []byte {
	if value == nil {
		return []byte{}
	}
	return value
}
