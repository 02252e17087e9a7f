package state

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"sluice/internal/delay"
)

// natsWatch reads a bucket in rounds. A round has a consumer of its own. Whatever
// may have lost a message - a lost connection, a heartbeat that does not come, a
// gap in the numbers - ends the round, and the listener of the next makes up for
// it. So it does not matter why a message was lost. The ordered consumers of
// jetstream go on after a loss without a word, which is not enough here: what was
// removed long enough ago has no marker left to read.
type natsWatch struct {
	bucket  *natsBucket
	deliver jetstream.DeliverPolicy
	to      listener
	ready   chan<- error // gets one value, at the end of Watch or Follow
	begun   bool         // that value was sent
}

// listener takes what a watch reads. It is called by one goroutine.
type listener interface {
	// round is called when a round begins.
	round()
	// take is called for each message of the round.
	take(Change)
	// settle is called once a round, when all was taken that was there before.
	settle()
}

const (
	watchHeartbeat = time.Second            // twice that without one ends a round
	watchPause     = 200 * time.Millisecond // before the next round
	watchTries     = 5                      // rounds in which Watch and Follow may begin
	watchBacklog   = 200                    // messages under way; with values of 8 MiB that is much, but bounded
	watchAckWait   = 10 * time.Second       // after which a message that was lost is sent again
	watchForgotten = 30 * time.Second       // after which the server drops the consumer of a watch that is gone
)

func (b *natsBucket) Watch(ctx context.Context, do func(Change)) error {
	return b.listen(ctx, jetstream.DeliverLastPerSubjectPolicy, &replicaListener{do: do, known: map[string]knownKey{}})
}

func (b *natsBucket) Follow(ctx context.Context, do func(Change)) error {
	return b.listen(ctx, jetstream.DeliverNewPolicy, &changeListener{do: do})
}

func (b *natsBucket) listen(ctx context.Context, deliver jetstream.DeliverPolicy, to listener) error {
	ready := make(chan error, 1)
	w := &natsWatch{bucket: b, deliver: deliver, to: to, ready: ready}
	if !b.engine.start(func() { w.run(ctx) }) {
		return ErrUnavailable
	}
	return <-ready
}

// run goes through the rounds until ctx ends or the engine is closed.
func (w *natsWatch) run(caller context.Context) {
	ctx, cancel := context.WithCancel(caller)
	defer cancel()
	defer context.AfterFunc(w.bucket.engine.life, cancel)()
	for tries := 1; ; tries++ {
		err := w.readRound(ctx)
		final := !w.begun && (tries == watchTries || errors.Is(err, ErrUnavailable))
		if final || !delay.For(ctx, watchPause) {
			w.giveUp(caller, err)
			return
		}
		w.bucket.engine.log(true, fmt.Sprintf("the watch of %s starts again: %v", w.bucket.stream.CachedInfo().Config.Name, err))
	}
}

var errGap = errors.New("a message was lost")

// giveUp lets Watch or Follow return, when it still waits.
func (w *natsWatch) giveUp(caller context.Context, err error) {
	switch {
	case w.begun:
	case caller.Err() == nil && (errors.Is(err, errGap) || errors.Is(err, context.Canceled)):
		w.ready <- ErrUnavailable // canceled by Close or by the loss of the connection
	default:
		w.ready <- failure(caller, err)
	}
}

// readRound ends with an error.
func (w *natsWatch) readRound(ctx context.Context) error {
	ctx, cancel := w.bucket.engine.whileConnected(ctx)
	defer cancel()
	consumer, err := w.consumer(ctx)
	if err != nil {
		return err
	}
	messages, err := consumer.Messages(jetstream.PullHeartbeat(watchHeartbeat), jetstream.PullMaxMessages(watchBacklog))
	if err != nil {
		return err
	}
	defer messages.Stop()
	w.to.round()
	there := consumer.CachedInfo().NumPending
	if there == 0 {
		w.settle()
	}
	return w.read(ctx, messages, there)
}

// read reads messages, the first of which were there before the round.
func (w *natsWatch) read(ctx context.Context, messages jetstream.MessagesContext, there uint64) error {
	settled := there == 0
	for number := uint64(1); ; number++ {
		m, err := messages.Next(jetstream.NextContext(ctx))
		if err != nil {
			return err
		}
		about, err := m.Metadata()
		if err != nil {
			return err
		}
		if about.Sequence.Consumer != number {
			return errGap
		}
		if about.NumDelivered == 1 { // since numbers have no gap, the first was seen
			w.take(m, about.Sequence.Stream)
		}
		if err := m.Ack(); err != nil {
			return err
		}
		if !settled && (number >= there || about.NumPending == 0) {
			settled = true
			w.settle()
		}
	}
}

// consumer makes the consumer of a round. In a cluster it may be on a node that
// does not hear our first request for messages yet; then no heartbeat comes, and
// another round begins. It wants each message acknowledged, so
// that one that was lost on its way is sent again, which shows as a gap.
func (w *natsWatch) consumer(ctx context.Context) (c jetstream.Consumer, err error) {
	config := jetstream.ConsumerConfig{
		DeliverPolicy:     w.deliver,
		FilterSubject:     w.bucket.prefix + ">",
		AckPolicy:         jetstream.AckExplicitPolicy,
		AckWait:           watchAckWait,
		MaxAckPending:     2 * watchBacklog,
		InactiveThreshold: watchForgotten,
		Replicas:          1,
		MemoryStorage:     true,
	}
	limit := openPatience * w.bucket.engine.patience
	if !w.begun {
		limit = w.bucket.engine.openLimit()
	}
	err = w.bucket.engine.attempt(ctx, limit, func(ctx context.Context) error {
		c, err = w.bucket.stream.CreateConsumer(ctx, config)
		return err
	})
	return c, err
}

func (w *natsWatch) take(m jetstream.Msg, revision uint64) {
	key, err := unescapeKey(strings.TrimPrefix(m.Subject(), w.bucket.prefix))
	if err != nil {
		return // somebody else wrote into the bucket
	}
	c := Change{Key: key, Revision: revision}
	if !isMarker(m.Headers()) {
		c.Value = present(m.Data())
	}
	w.to.take(c)
}

func (w *natsWatch) settle() {
	w.to.settle()
	if !w.begun {
		w.begun = true
		w.ready <- nil
	}
}

// changeListener is behind Follow: it tells of every message, and between rounds
// of the gap.
type changeListener struct {
	do    func(Change)
	later bool // there was a round before
}

func (l *changeListener) round() {
	if l.later {
		l.do(Change{})
	}
	l.later = true
}

func (l *changeListener) take(c Change) { l.do(c) }
func (l *changeListener) settle()       {}

// replicaListener is behind Watch: each round sends all that is there, and it
// tells what differs from what it told before.
type replicaListener struct {
	do      func(Change)
	rounds  int
	settled bool                // the first round has told what is there
	last    uint64              // the highest revision taken
	known   map[string]knownKey // what was told and is there
}

// knownKey costs about a hundred bytes for each key of a bucket: the price of
// finding out what was removed while nobody told us.
type knownKey struct {
	revision uint64
	round    int // in which it was last seen
}

func (l *replicaListener) round() { l.rounds++ }

func (l *replicaListener) take(c Change) {
	was, there := l.known[c.Key]
	before := c.Revision <= l.last
	l.last = max(l.last, c.Revision)
	switch {
	case c.Value == nil && !there && (before || !l.settled):
		return // a marker of what was removed before the watch, or told in a round before
	case c.Value == nil:
		delete(l.known, c.Key)
	default:
		l.known[c.Key] = knownKey{c.Revision, l.rounds}
		if there && was.revision == c.Revision {
			return // told in a round before
		}
	}
	l.do(c)
}

// settle tells what a round has not seen: it was removed before the round.
func (l *replicaListener) settle() {
	for key, k := range l.known {
		if k.round != l.rounds {
			delete(l.known, key)
			l.do(Change{Key: key, Revision: k.revision + 1})
		}
	}
	l.settled = true
}
