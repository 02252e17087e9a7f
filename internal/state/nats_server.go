package state

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	natsserver "github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/nats-io/nuid"
)

// server is a NATS server inside this process. We reach it by a pipe in memory,
// others not at all, but for the nodes of its cluster.
type server struct {
	nats     *natsserver.Server
	password string   // of the user sluice, which only this process knows; "" for none
	lock     *os.File // on the data directory
	scratch  string   // a directory that goes with the server, "" for none
	started  time.Time
}

const (
	startLimit     = 10 * time.Second
	defaultMemory  = 256 << 20
	volatileMemory = 1 << 30
)

// startServer starts a server on the data directory o.Dir. Without one the server
// still wants a directory, in which it keeps nothing of ours.
func startServer(o Options) (_ *server, err error) {
	s := &server{started: time.Now()}
	if o.Dir == "" {
		if s.scratch, err = os.MkdirTemp("", "sluice-state-"); err != nil {
			return nil, fmt.Errorf("state: a temporary directory: %w", err)
		}
		o.Dir = s.scratch
		if o.Limits.Memory == 0 {
			o.Limits.Memory = volatileMemory
		}
	}
	if s.lock, err = openDir(o.Dir); err != nil {
		return nil, errors.Join(err, s.stop())
	}
	if err := s.start(o); err != nil {
		return nil, errors.Join(err, s.stop())
	}
	return s, nil
}

// openDir makes the directory if need be, and locks it.
func openDir(dir string) (*os.File, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("state: the data directory: %w", err)
	}
	return lockDir(dir)
}

func (s *server) start(o Options) error {
	name, err := nodeName(o.Dir)
	if err != nil {
		return err
	}
	options, err := serverOptions(o, name)
	if err != nil {
		return err
	}
	s.password = options.Password
	s.nats, err = natsserver.NewServer(options)
	if err != nil {
		return fmt.Errorf("state: %w", err)
	}
	if o.Cluster.isOpen() {
		o.Log(true, "everybody who reaches "+o.Cluster.Listen+" can read and change the state: give the nodes of the cluster a user and a password, or TLS")
	}
	log := &serverLog{log: o.Log}
	s.nats.SetLoggerV2(log, false, false, false)
	s.nats.Start()
	if reason := log.fatal(); reason != "" {
		return fmt.Errorf("state: the server on %s does not start: %s", o.Dir, reason)
	}
	if !s.nats.ReadyForConnections(startLimit) {
		return fmt.Errorf("state: the server on %s is not ready after %s", o.Dir, startLimit)
	}
	return nil
}

// stop ends the server when all it has is on disk, and then unlocks its directory.
func (s *server) stop() error {
	var errs []error
	if s.nats != nil {
		s.nats.Shutdown()
		s.nats.WaitForShutdown()
	}
	if s.lock != nil {
		errs = append(errs, s.lock.Close())
	}
	if s.scratch != "" {
		errs = append(errs, os.RemoveAll(s.scratch))
	}
	return errors.Join(errs...)
}

// holds tells whether this node has a copy of a stream: of five nodes, three have.
func (s *server) holds(c *jetstream.ClusterInfo) bool {
	if c == nil || len(c.Replicas) == 0 {
		return false
	}
	name := s.nats.Name()
	return c.Leader == name || slices.ContainsFunc(c.Replicas, func(p *jetstream.PeerInfo) bool { return p.Name == name })
}

// lacks says why this node's copy of a stream is not complete, "" when it is.
func (s *server) lacks(stream string) string {
	health := s.nats.Healthz(&natsserver.HealthzOptions{Account: natsserver.DEFAULT_GLOBAL_ACCOUNT, Stream: stream, Details: true})
	for _, e := range health.Errors {
		if e.Type != natsserver.HealthzErrorConsumer {
			return e.Error
		}
	}
	return ""
}

func serverOptions(o Options, name string) (*natsserver.Options, error) {
	options := &natsserver.Options{
		ServerName:         name,
		DontListen:         true,
		NoSigs:             true,
		JetStream:          true,
		StoreDir:           o.Dir,
		SyncAlways:         true,
		JetStreamMaxStore:  o.Limits.Store,
		JetStreamMaxMemory: o.Limits.Memory,
		MaxPayload:         valueLimit,
		MaxPending:         8 * valueLimit,

		DisableJetStreamBanner: true,
	}
	if o.Limits.Memory == 0 {
		options.JetStreamMaxMemory = defaultMemory
	}
	if o.Cluster.Listen == "" {
		return options, nil
	}
	return options, o.Cluster.apply(options)
}

// nodeName returns the name of this node, which stays with the data directory: by
// it a cluster knows which of its copies this one has.
func nodeName(dir string) (string, error) {
	file := filepath.Join(dir, "node")
	name, err := os.ReadFile(file)
	if err == nil && len(name) > 0 {
		return strings.TrimSpace(string(name)), nil
	}
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return "", fmt.Errorf("state: the name of this node: %w", err)
	}
	fresh := "sluice-" + nuid.Next()
	if err := os.WriteFile(file, []byte(fresh+"\n"), 0o600); err != nil {
		return "", fmt.Errorf("state: the name of this node: %w", err)
	}
	return fresh, nil
}

// serverLog passes on what the server says. It is a natsserver.Logger.
type serverLog struct {
	log func(warning bool, text string)

	mu     sync.Mutex // guards what follows
	reason string     // the first fatal error: the server goes on to its end after it
}

func (l *serverLog) fatal() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.reason
}

func (l *serverLog) Fatalf(format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.reason == "" {
		l.reason = fmt.Sprintf(format, args...)
	}
}

func (l *serverLog) Noticef(format string, args ...any) { l.log(false, fmt.Sprintf(format, args...)) }
func (l *serverLog) Warnf(format string, args ...any)   { l.log(true, fmt.Sprintf(format, args...)) }
func (l *serverLog) Errorf(format string, args ...any)  { l.log(true, fmt.Sprintf(format, args...)) }
func (l *serverLog) Debugf(string, ...any)              {}
func (l *serverLog) Tracef(string, ...any)              {}
