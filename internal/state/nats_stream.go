package state

import (
	"context"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// markerLife is how long it is remembered that a key was removed. A watch that is
// further behind starts again and compares.
const markerLife = 10 * time.Minute

// bucketStream describes a bucket's stream. It has the layout of a NATS key-value
// bucket called sluice_<name>, so that the nats command can show it. It is not
// made by jetstream.CreateKeyValue, which always lets replicas that are behind
// answer reads.
func (e *natsEngine) bucketStream(c BucketConfig) jetstream.StreamConfig {
	s := jetstream.StreamConfig{
		Name:                   "KV_sluice_" + c.Name,
		Description:            "sluice: values",
		Subjects:               []string{bucketPrefix(c.Name) + ">"},
		MaxMsgsPerSubject:      1,
		Discard:                jetstream.DiscardNew,
		AllowRollup:            true,
		DenyDelete:             true,
		AllowDirect:            e.replicas == 1,
		AllowMsgTTL:            true,
		SubjectDeleteMarkerTTL: markerLife,
		AllowAtomicPublish:     c.Durable, // Load writes in batches; the server has none where it does not sync
		Replicas:               e.replicas,
	}
	return e.stored(s, c.Durable)
}

func bucketPrefix(name string) string { return "$KV.sluice_" + name + "." }

// tallyStream describes the stream of the counters of one class.
func (e *natsEngine) tallyStream(name string, c tallyClass) jetstream.StreamConfig {
	s := jetstream.StreamConfig{
		Name:              "TALLY_sluice_" + name + "_" + c.name,
		Description:       "sluice: counts",
		Subjects:          []string{tallyPrefix(name, c) + ">"},
		MaxMsgsPerSubject: 1,
		MaxAge:            c.life,
		AllowMsgCounter:   true,
		AllowDirect:       e.replicas == 1,
		Replicas:          e.replicas,
	}
	return e.stored(s, e.replicas > 1 && c.lasting)
}

func tallyPrefix(name string, c tallyClass) string {
	return "sluice.tally." + name + "." + c.name + "."
}

// stored says how a stream is kept. The server inside this process syncs every
// write; persist mode async turns that off for one stream. Replicated streams do
// not have that mode, so what need not be durable is kept there in the memory of
// a majority, and is lost when all nodes stop at once.
func (e *natsEngine) stored(s jetstream.StreamConfig, durable bool) jetstream.StreamConfig {
	s.Storage = jetstream.FileStorage
	switch {
	case durable:
	case e.replicas == 1:
		s.PersistMode = jetstream.AsyncPersistMode
	default:
		s.Storage = jetstream.MemoryStorage
	}
	return s
}

// stream makes the stream, or brings the one that is there to that configuration.
func (e *natsEngine) stream(ctx context.Context, c jetstream.StreamConfig) (s jetstream.Stream, err error) {
	err = e.attempt(ctx, openPatience*e.patience, func(ctx context.Context) error {
		s, err = e.js.CreateOrUpdateStream(ctx, c)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("opening the stream %s: %w", c.Name, err)
	}
	return s, nil
}
