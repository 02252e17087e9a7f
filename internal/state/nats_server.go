package state

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	natsserver "github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nuid"
)

// server is a NATS server inside this process. We reach it by a pipe in memory,
// others not at all, but for the nodes of its cluster.
type server struct {
	nats     *natsserver.Server
	password string   // of the user sluice, which only this process knows; "" for none
	lock     *os.File // on the data directory
}

const (
	startLimit    = 10 * time.Second
	defaultMemory = 256 << 20
)

// startServer starts a server on the data directory o.Dir.
func startServer(o Options) (*server, error) {
	if err := os.MkdirAll(o.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("state: the data directory: %w", err)
	}
	lock, err := lockDir(o.Dir)
	if err != nil {
		return nil, err
	}
	s := &server{lock: lock}
	if err := s.start(o); err != nil {
		return nil, errors.Join(err, s.stop())
	}
	return s, nil
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
	if s.nats != nil {
		s.nats.Shutdown()
		s.nats.WaitForShutdown()
	}
	return s.lock.Close()
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
