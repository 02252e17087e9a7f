package state

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"sluice/internal/delay"
)

// Waits.
const (
	defaultPatience = 2 * time.Second
	openPatience    = 5                      // times Patience
	retryPause      = 20 * time.Millisecond  // while a new leader is being elected
	reconnectPause  = 100 * time.Millisecond // between rounds over the servers of URL
)

// natsEngine is an Engine on NATS JetStream.
type natsEngine struct {
	connection *nats.Conn
	js         jetstream.JetStream
	server     *server // nil with URL
	volatile   bool    // nothing is written to a disk
	replicas   int
	shared     bool // other processes may use it
	patience   time.Duration
	log        func(warning bool, text string)

	life    context.Context // ends with Close
	end     context.CancelFunc
	watches sync.WaitGroup

	mu     sync.Mutex    // guards what follows
	closed bool          // no more watches
	cut    chan struct{} // closed when the connection is lost, then made anew
}

// Open starts or joins what o says and waits until it can write: in a cluster
// until a majority is there. ctx bounds that waiting and nothing after it.
func Open(ctx context.Context, o Options) (Engine, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	if o.Log == nil {
		o.Log = func(bool, string) {}
	}
	e := newEngine(o)
	if o.URL == "" {
		s, err := startServer(o)
		if err != nil {
			return nil, err
		}
		e.server = s
	}
	if err := e.connect(ctx, o); err != nil {
		return nil, errors.Join(err, e.Close())
	}
	return e, nil
}

func newEngine(o Options) *natsEngine {
	e := &natsEngine{volatile: o.Dir == "" && o.URL == "", replicas: o.Replicas, shared: o.URL != "" || o.Cluster.Listen != "", patience: o.Patience, log: o.Log, cut: make(chan struct{})}
	if e.patience == 0 {
		e.patience = defaultPatience
	}
	if e.replicas == 0 {
		e.replicas = 1
		if o.Cluster.Listen != "" {
			e.replicas = 3
		}
	}
	e.life, e.end = context.WithCancel(context.Background())
	return e
}

// connect makes the connection and waits until JetStream answers.
func (e *natsEngine) connect(ctx context.Context, o Options) error {
	where, options, err := e.dialing(o)
	if err != nil {
		return err
	}
	e.connection, err = nats.Connect(where, options...)
	if err != nil {
		return fmt.Errorf("state: cannot connect to %s: %w: %w; is it running, and may this host reach it?", o.where(), ErrUnavailable, err)
	}
	e.js, err = jetstream.New(e.connection, jetstream.WithPublishAsyncMaxPending(purgeWindow), jetstream.WithPublishAsyncTimeout(e.patience))
	if err != nil {
		return err
	}
	return e.waitReady(ctx, o)
}

// dialing returns what nats.Connect is to be called with.
func (e *natsEngine) dialing(o Options) (string, []nats.Option, error) {
	options := []nats.Option{
		nats.Name("sluice"),
		nats.MaxReconnects(-1),
		nats.ReconnectWait(reconnectPause),
		// What cannot be sent now is an error at once, and tried again by attempt:
		// a buffer would send it at some later time, after the caller gave up.
		nats.ReconnectBufSize(-1),
		nats.DisconnectErrHandler(e.disconnected),
		nats.ReconnectHandler(func(c *nats.Conn) { e.log(false, "connected again to "+c.ConnectedUrlRedacted()) }),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) { e.log(true, err.Error()) }),
	}
	if e.server != nil {
		return "", append(options, nats.InProcessServer(e.server.nats), nats.UserInfo(clientUser, e.server.password)), nil
	}
	if o.Credentials != "" {
		options = append(options, nats.UserCredentials(o.Credentials))
	}
	if o.TLS == (TLS{}) {
		return o.URL, options, nil
	}
	config, err := o.TLS.client()
	return o.URL, append(options, nats.Secure(config)), err
}

// countersLevel is the JetStream API level that has counters, of NATS 2.12.
const countersLevel = 2

// waitReady waits until JetStream answers, which in a new cluster takes until a
// majority is there.
func (e *natsEngine) waitReady(ctx context.Context, o Options) error {
	for tries := 1; ; tries++ {
		info, err := e.accountInfo(ctx)
		switch {
		case err == nil && info.API.Level < countersLevel:
			return fmt.Errorf("state: %s is too old: counters need NATS 2.12 or later", o.where())
		case err == nil:
			return nil
		case o.Cluster.Listen == "" || !delay.For(ctx, retryPause):
			return fmt.Errorf("state: %w: %w; %s", ErrUnavailable, err, o.readyHint())
		case tries == 1:
			e.log(false, "waiting for the cluster: "+o.readyHint())
		}
	}
}

func (e *natsEngine) accountInfo(ctx context.Context) (*jetstream.AccountInfo, error) {
	ctx, cancel := context.WithTimeout(ctx, e.patience)
	defer cancel()
	return e.js.AccountInfo(ctx)
}

// disconnected ends the present round of every watch.
func (e *natsEngine) disconnected(_ *nats.Conn, err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	close(e.cut)
	e.cut = make(chan struct{})
	if err != nil {
		e.log(true, "connection lost: "+err.Error())
	}
}

// whileConnected returns a context that also ends when the connection is lost.
func (e *natsEngine) whileConnected(ctx context.Context) (context.Context, context.CancelFunc) {
	e.mu.Lock()
	cut := e.cut
	e.mu.Unlock()
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		select {
		case <-cut:
			cancel()
		case <-ctx.Done():
		}
	}()
	return ctx, cancel
}

// start runs a watch in a goroutine of its own, unless the engine is closed.
func (e *natsEngine) start(run func()) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return false
	}
	e.watches.Go(run)
	return true
}

// Close is part of Engine.
func (e *natsEngine) Close() error {
	e.mu.Lock()
	again := e.closed
	e.closed = true
	e.mu.Unlock()
	if again {
		return nil
	}
	e.end()
	e.watches.Wait()
	if e.connection != nil {
		e.connection.Close()
	}
	if e.server != nil {
		return e.server.stop()
	}
	return nil
}

// attempt does something within the patience of the engine. What was surely not
// done, because there is no leader at the moment, is tried again.
func (e *natsEngine) attempt(ctx context.Context, patience time.Duration, do func(context.Context) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	bounded, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		err := do(bounded)
		if err == nil || !isUndone(err) || !delay.For(bounded, retryPause) {
			return failure(ctx, err)
		}
	}
}

// publish writes m, and returns what was acknowledged.
func (e *natsEngine) publish(ctx context.Context, m *nats.Msg) (ack *jetstream.PubAck, err error) {
	err = e.attempt(ctx, e.patience, func(ctx context.Context) error {
		ack, err = e.js.PublishMsg(ctx, m, publishOnce)
		return err
	})
	return ack, err
}

// publishOnce leaves trying again to attempt, whose end is a time and not a number.
var publishOnce = jetstream.WithRetryAttempts(0)

// last reads the last message of a subject: ErrNotFound when there is none.
func (e *natsEngine) last(ctx context.Context, s jetstream.Stream, subject string) (m *jetstream.RawStreamMsg, err error) {
	err = e.attempt(ctx, e.patience, func(ctx context.Context) error {
		m, err = s.GetLastMsgForSubject(ctx, subject)
		return err
	})
	return m, err
}
