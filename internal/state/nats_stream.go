package state

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"sluice/internal/delay"
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
	case e.volatile:
		s.Storage = jetstream.MemoryStorage
	case durable:
	case e.replicas == 1:
		s.PersistMode = jetstream.AsyncPersistMode
	default:
		s.Storage = jetstream.MemoryStorage
	}
	return s
}

// stream makes the stream, or brings the one that is there to that configuration, and waits until
// this node has a copy of it.
func (e *natsEngine) stream(ctx context.Context, c jetstream.StreamConfig) (s jetstream.Stream, err error) {
	err = e.attempt(ctx, e.openLimit(), func(ctx context.Context) error {
		s, err = e.askForStream(ctx, c)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("opening the stream %s: %w", c.Name, err)
	}
	if e.server != nil && e.server.holds(s.CachedInfo().Cluster) {
		e.awaitCopy(ctx, c.Name)
	}
	return s, nil
}

// openLimit is how long it may take to open something, which processes do at their start.
func (e *natsEngine) openLimit() time.Duration {
	limit := openPatience * e.patience
	if e.replicas > 1 {
		limit = max(limit, electionLimit)
	}
	return limit
}

const (
	// electionLimit is how long the nodes of a cluster that come back may take to elect the leader of
	// a stream: it has failed to elect several times then.
	electionLimit = time.Minute
	// copyLimit is after which time of its life a node does not wait for copies any more.
	copyLimit = 30 * time.Second
)

// awaitCopy waits until this node's copy of a stream is complete. Who waits until one node serves
// before stopping the next thereby keeps a complete copy. Otherwise a node could be left alone
// that was still taking its copy from the one that was stopped: nats-server 2.15 does not elect a
// leader then before that node is started again too, although nothing but its memory would be lost.
func (e *natsEngine) awaitCopy(ctx context.Context, stream string) {
	for {
		lacks := e.server.lacks(stream)
		if lacks == "" {
			return
		}
		if time.Since(e.server.started) > copyLimit || !delay.For(ctx, retryPause) {
			e.log(true, "this node has no complete copy of "+stream+" yet: "+lacks+"; keep the other nodes running until it has")
			return
		}
	}
}

// askForStream asks until there is an answer. Of several nodes that ask for the same stream at
// once, as those do that start together, most get none: the request that comes second takes the
// place of the first, and one that finds no leader yet is done in silence (nats-server 2.15,
// jsClusteredStreamRequest and processClusterUpdateStream). To ask again changes nothing.
func (e *natsEngine) askForStream(ctx context.Context, c jetstream.StreamConfig) (jetstream.Stream, error) {
	for wait := firstAsk; ; wait *= 2 {
		once, cancel := context.WithTimeout(ctx, wait+rand.N(wait)) // not all at once again
		s, err := e.js.CreateOrUpdateStream(once, c)
		cancel()
		if ctx.Err() != nil || !errors.Is(err, context.DeadlineExceeded) {
			return s, err
		}
	}
}

// firstAsk is how long the first of several requests for a stream waits, or up to twice that.
const firstAsk = 200 * time.Millisecond
