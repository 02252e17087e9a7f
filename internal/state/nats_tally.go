package state

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// tallyClass is a span of lives that are kept in one stream. A counter stream has
// one age for all its messages and none of their own (nats-server 2.15 refuses
// message TTLs there), and each change is a new message: so the age of the stream
// is the time from the last change after which a count is forgotten, and counts
// with similar lives share a stream. The bounds lie above the windows of a quota,
// so that a caller may add some time to them.
type tallyClass struct {
	name    string
	life    time.Duration // the longest of the class; 0 is no end
	lasting bool          // with replicas kept on disk, since it is missed after a restart of all
}

var tallyClasses = []tallyClass{
	{"minutes", 10 * time.Minute, false},
	{"hours", 3 * time.Hour, false},
	{"days", 3 * 24 * time.Hour, true},
	{"months", 70 * 24 * time.Hour, true},
	{"years", 800 * 24 * time.Hour, true},
	{"always", 0, true},
}

// classOf returns the place of the first class that keeps that life.
func classOf(life time.Duration) int {
	for i, c := range tallyClasses {
		if life > 0 && life <= c.life {
			return i
		}
	}
	return len(tallyClasses) - 1
}

// natsTally is counters on streams that count.
type natsTally struct {
	engine  *natsEngine
	streams []jetstream.Stream // one for each class
	prefix  []string           // of the subjects of each class
}

// Tally is part of Engine.
func (e *natsEngine) Tally(ctx context.Context, name string) (Tally, error) {
	if err := checkName(name); err != nil {
		return nil, err
	}
	t := &natsTally{engine: e}
	for _, c := range tallyClasses {
		s, err := e.stream(ctx, e.tallyStream(name, c))
		if err != nil {
			return nil, err
		}
		t.streams = append(t.streams, s)
		t.prefix = append(t.prefix, tallyPrefix(name, c))
	}
	return t, nil
}

// incrementHeader has what a message adds, with its sign (ADR-49 of NATS).
const incrementHeader = "Nats-Incr"

func (t *natsTally) Add(ctx context.Context, key string, n int64, life time.Duration) (int64, error) {
	if err := checkWrite(key, life); err != nil {
		return 0, err
	}
	class := classOf(life)
	subject := t.prefix[class] + escapeKey(key)
	if n == 0 {
		return t.read(ctx, class, subject)
	}
	m := &nats.Msg{Subject: subject, Header: nats.Header{incrementHeader: {fmt.Sprintf("%+d", n)}}}
	ack, err := t.engine.publish(ctx, m)
	if err != nil {
		return 0, err
	}
	return total(key, ack.Value)
}

func (t *natsTally) Get(ctx context.Context, key string) (int64, error) {
	if err := checkKey(key); err != nil {
		return 0, err
	}
	for class, prefix := range t.prefix {
		if n, err := t.read(ctx, class, prefix+escapeKey(key)); err != nil || n != 0 {
			return n, err
		}
	}
	return 0, nil
}

// Shared is part of Tally.
func (t *natsTally) Shared() bool { return t.engine.shared }

// read returns the total that a subject has.
func (t *natsTally) read(ctx context.Context, class int, subject string) (int64, error) {
	m, err := t.engine.last(ctx, t.streams[class], subject)
	if errors.Is(err, ErrNotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	var count struct {
		Value string `json:"val"`
	}
	if err := json.Unmarshal(m.Data, &count); err != nil {
		return 0, fmt.Errorf("state: the count of %s: %w", subject, err)
	}
	return total(subject, count.Value)
}

// total reads a total. NATS counts without a limit, we do not.
func total(key, value string) (int64, error) {
	n, err := strconv.ParseInt(value, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("state: the count of %q: %w", key, err)
	}
	return n, nil
}
