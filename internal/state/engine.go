package state

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Engine is what values and counts are kept on. Every engine passes the suite in
// internal/state/statetest, and all methods may be called at once.
//
// A call returns ErrUnavailable within a bounded time when nobody answers. A
// write that returned it may have happened all the same: who must know reads, or
// uses Replace.
type Engine interface {
	// Bucket opens the bucket, and makes it when it is not there.
	Bucket(ctx context.Context, c BucketConfig) (Bucket, error)
	// Tally opens the counters called name, and makes them when they are not there.
	// A name is made of letters, digits, - and _, and at most 64 bytes.
	Tally(ctx context.Context, name string) (Tally, error)
	// Close ends every watch and releases what the engine holds: when it has
	// returned, no watch tells anything. Acknowledged writes are not lost, also
	// those that are not durable. Afterwards everything returns ErrUnavailable.
	Close() error
}

// BucketConfig describes a bucket.
type BucketConfig struct {
	Name string // letters, digits, - and _, at most 64 bytes
	// Durable writes are on disk, and with replicas on the disks of a majority,
	// before they are acknowledged. Others may be lost when a process ends badly.
	Durable bool
}

var (
	// ErrNotFound says that there is no such key.
	ErrNotFound = errors.New("state: no such key")
	// ErrRevision says that a value was changed meanwhile; nothing was written.
	ErrRevision = errors.New("state: the value was changed meanwhile")
	// ErrUnavailable says that the engine does not answer: no quorum, no server.
	ErrUnavailable = errors.New("state: the engine does not answer")
)

// KeyLimit is the size of the longest key, in bytes.
const KeyLimit = 512

// Bucket holds values by key. A key is any text of 1 to 512 bytes, which need not
// be UTF-8; in it, dots separate parts by which Purge selects. Parts may be empty.
//
// Revisions grow with every write of a bucket, also over a restart.
type Bucket interface {
	// Get returns the value of a key, or ErrNotFound. It sees every write that was
	// acknowledged before.
	Get(ctx context.Context, key string) (Entry, error)
	// Put writes a value whatever is there, and returns its revision. It is
	// forgotten after life, never before and at most some seconds later; 0 is
	// never, and a negative life is an error.
	Put(ctx context.Context, key string, value []byte, life time.Duration) (revision uint64, err error)
	// Replace writes a value in place of exactly that revision, 0 meaning that
	// the key must not be there; otherwise ErrRevision. Another write that is under
	// way counts as a change, also when it fails in the end.
	Replace(ctx context.Context, key string, value []byte, revision uint64, life time.Duration) (uint64, error)
	// Delete removes a key; one that is not there is no error.
	Delete(ctx context.Context, key string) error
	// Purge removes all keys whose leading parts are those of prefix: "a.b" is of
	// "a", "ab" is not. The empty prefix removes all. Keys that are written
	// meanwhile may stay.
	Purge(ctx context.Context, prefix string) error
	// Watch tells do of every entry that is there, then returns, and goes on to
	// tell it of every change until ctx ends. do is never called twice at once. In
	// a cluster the node that answers may have come back just now: what it lacks of
	// what is there follows as changes.
	// Changes of a key come in their order; one that was overtaken by the next may
	// be left out. An interruption of the engine loses none: what changed
	// meanwhile is told afterwards.
	//
	// A write of this process may be told before it returns or later, perhaps by
	// its own goroutine: do must not call the bucket, nor take a lock that is held
	// around a call of it.
	Watch(ctx context.Context, do func(Change)) error
	// Follow tells do of every change from now on until ctx ends, and of none
	// before. After a gap, such as a broken connection, in which changes may have
	// been missed, it tells of a Change without a key. do is never called twice at
	// once.
	Follow(ctx context.Context, do func(Change)) error
}

// Entry is a stored value. Nobody changes it.
type Entry struct {
	Value    []byte
	Revision uint64
}

// Change is what a watch tells. Value is nil when the key was removed or its
// life ended, and not nil for an empty value. The revision of a removal is above
// that of what was removed and below that of what is written next.
type Change struct {
	Key      string
	Value    []byte
	Revision uint64
}

// Tally counts by key, a text like that of a Bucket. Totals do not wrap within
// 63 bits; beyond, Add is an error.
type Tally interface {
	// Add adds n, which may be negative, and returns the new total; 0 reads. Each
	// call costs one round trip to the engine. A key is forgotten some time after
	// life, counted from its last change; 0 is never.
	Add(ctx context.Context, key string, n int64, life time.Duration) (int64, error)
	// Get returns the total of a key without changing it; 0 when it is not there.
	Get(ctx context.Context, key string) (int64, error)
	// Shared reports whether others than the caller may count on it.
	Shared() bool
}

// checkKey refuses what is no key.
func checkKey(key string) error {
	if len(key) == 0 || len(key) > KeyLimit {
		return fmt.Errorf("state: a key of %d bytes; it must have 1 to %d", len(key), KeyLimit)
	}
	return nil
}

// checkWrite refuses what cannot be written.
func checkWrite(key string, life time.Duration) error {
	if life < 0 {
		return fmt.Errorf("state: a life of %s; it must be above 0, or 0 for no end", life)
	}
	return checkKey(key)
}

// checkName refuses what is no name of a bucket or of counters.
func checkName(name string) error {
	isOther := func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_')
	}
	if name == "" || len(name) > 64 || strings.ContainsFunc(name, isOther) {
		return fmt.Errorf("state: %q is no name: it must be 1 to 64 letters, digits, - and _", name)
	}
	return nil
}

// within tells whether the leading parts of key are those of prefix.
func within(key, prefix string) bool {
	rest, ok := strings.CutPrefix(key, prefix)
	return prefix == "" || ok && (rest == "" || rest[0] == '.')
}
