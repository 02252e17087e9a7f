package state_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	natsserver "github.com/nats-io/nats-server/v2/server"

	"sluice/internal/loopback"
	"sluice/internal/state"
	"sluice/internal/state/statetest"
)

// TestURL runs the suite on a server that somebody else runs.
func TestURL(t *testing.T) {
	t.Parallel()
	statetest.Test(t, func(t *testing.T) state.Engine {
		s := newForeign(t)
		s.start(t)
		return s.engine(t, patience)
	})
}

// TestInterruption takes the server away from a watch, changes values meanwhile,
// and removes the trace of a removal. The watch must tell of all that changed, and
// of nothing else.
func TestInterruption(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	s := newForeign(t)
	s.start(t)
	e := s.engine(t, shortPatience)
	b, err := e.Bucket(ctx, state.BucketConfig{Name: "b", Durable: true})
	check(t, err)
	tally, err := e.Tally(ctx, "t")
	check(t, err)
	for _, key := range []string{"stays", "changes", "deleted", "erased"} {
		_, err := b.Put(ctx, key, []byte("1"), 0)
		check(t, err)
	}
	watched, followed := make(chan state.Change, 100), make(chan state.Change, 100)
	check(t, b.Watch(ctx, func(c state.Change) { watched <- c }))
	check(t, b.Follow(ctx, func(c state.Change) { followed <- c }))
	for range 4 {
		<-watched
	}

	s.stop()
	checkNobodyAnswers(t, b, tally)
	s.changeElsewhere(t)
	s.start(t)

	got := map[string]string{}
	for range 4 {
		c := receive(t, watched)
		got[c.Key] = string(c.Value)
	}
	want := map[string]string{"changes": "2", "deleted": "", "erased": "", "new": "1"}
	for key, v := range want {
		if text, ok := got[key]; !ok || text != v {
			t.Errorf("of %q the watch told %q, %t", key, text, ok)
		}
	}
	if c := receive(t, followed); c.Key != "" {
		t.Errorf("after the gap Follow told %v first", c)
	}
	revision, err := b.Put(ctx, "after", []byte("v"), 0)
	check(t, err)
	for _, told := range []chan state.Change{watched, followed} {
		if c := receive(t, told); c.Key != "after" || c.Revision != revision {
			t.Errorf("then it told %v", c)
		}
	}
}

// checkNobodyAnswers makes calls while there is no server.
func checkNobodyAnswers(t *testing.T, b state.Bucket, tally state.Tally) {
	t.Helper()
	var calls sync.WaitGroup
	defer calls.Wait()
	for name, do := range map[string]func() error{
		"Put":   func() error { _, err := b.Put(t.Context(), "k", nil, 0); return err },
		"Get":   func() error { _, err := b.Get(t.Context(), "stays"); return err },
		"Watch": func() error { return b.Watch(t.Context(), func(state.Change) {}) },
		"Add":   func() error { _, err := tally.Add(t.Context(), "k", 1, time.Minute); return err },
	} {
		calls.Go(func() {
			start := time.Now()
			if err := do(); !errors.Is(err, state.ErrUnavailable) {
				t.Errorf("%s without a server: %v", name, err)
			}
			if took := time.Since(start); took > 10*shortPatience {
				t.Errorf("%s without a server took %s", name, took)
			}
		})
	}
}

// shortPatience is the patience of an engine that loses its server. It is enough for the calls
// before, also on a busy machine.
const shortPatience = 2 * time.Second

func receive(t *testing.T, told chan state.Change) state.Change {
	t.Helper()
	select {
	case c := <-told:
		return c
	case <-time.After(patience):
		t.Fatal("nothing was told")
		return state.Change{}
	}
}

// foreign is a NATS server that is not ours.
type foreign struct {
	dir  string
	port int
	nats *natsserver.Server
}

func newForeign(t *testing.T) *foreign {
	t.Helper()
	_, port, err := net.SplitHostPort(loopback.Addresses(t, 1)[0])
	check(t, err)
	s := &foreign{dir: t.TempDir()}
	s.port, err = strconv.Atoi(port)
	check(t, err)
	t.Cleanup(func() { s.stop() })
	return s
}

func (s *foreign) start(t *testing.T) {
	t.Helper()
	var err error
	s.nats, err = natsserver.NewServer(&natsserver.Options{Host: "127.0.0.1", Port: s.port, JetStream: true, StoreDir: s.dir, NoLog: true, NoSigs: true})
	check(t, err)
	s.nats.Start()
	if !s.nats.ReadyForConnections(patience) {
		t.Fatal("the server does not start")
	}
}

func (s *foreign) stop() {
	s.nats.Shutdown()
	s.nats.WaitForShutdown()
}

func (s *foreign) engine(t *testing.T, patience time.Duration) state.Engine {
	t.Helper()
	e, err := state.Open(t.Context(), state.Options{URL: s.nats.ClientURL(), Patience: patience})
	check(t, err)
	t.Cleanup(func() { check(t, e.Close()) })
	return e
}

// changeElsewhere runs the server on another port for a while.
func (s *foreign) changeElsewhere(t *testing.T) {
	t.Helper()
	other := &foreign{dir: s.dir, port: natsserver.RANDOM_PORT}
	other.start(t)
	defer other.stop()
	e := other.engine(t, patience)
	b, err := e.Bucket(t.Context(), state.BucketConfig{Name: "b", Durable: true})
	check(t, err)
	_, err = b.Put(t.Context(), "changes", []byte("2"), 0)
	check(t, err)
	_, err = b.Put(t.Context(), "new", []byte("1"), 0)
	check(t, err)
	check(t, b.Delete(t.Context(), "deleted"))
	check(t, state.Erase(t.Context(), e, "b", "erased"))
	check(t, e.Close())
}

// TestClusterTLS has two nodes that show certificates to each other.
func TestClusterTLS(t *testing.T) {
	if testing.Short() {
		t.Skip("an election takes some seconds")
	}
	t.Parallel()
	routes := loopback.Addresses(t, 2)
	files := certificates(t)
	engines := make(chan state.Engine, 2)
	for _, listen := range routes {
		o := state.Options{
			Dir: t.TempDir(), Replicas: 1, Patience: 10 * time.Second,
			Cluster: state.Cluster{Name: "secret", Listen: listen, Routes: routes, TLS: files},
		}
		go func() {
			e, err := state.Open(t.Context(), o)
			if err != nil {
				t.Error(err)
			}
			engines <- e
		}()
	}
	a, b := <-engines, <-engines
	if t.Failed() {
		t.FailNow()
	}
	defer func() { check(t, errors.Join(a.Close(), b.Close())) }()
	for i, e := range []state.Engine{a, b} {
		shared, err := e.Tally(context.Background(), "shared")
		check(t, err)
		if n, err := shared.Add(context.Background(), "k", 1, 0); err != nil || n != int64(i+1) {
			t.Errorf("node %d counts %d, %v", i, n, err)
		}
	}
}

// certificates makes a certificate of its own authority for 127.0.0.1.
func certificates(t *testing.T) state.TLS {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	check(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "node"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
		KeyUsage:    x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	check(t, err)
	private, err := x509.MarshalPKCS8PrivateKey(key)
	check(t, err)
	files := state.TLS{Cert: filepath.Join(t.TempDir(), "cert.pem"), Key: filepath.Join(t.TempDir(), "key.pem")}
	files.CA = files.Cert
	check(t, os.WriteFile(files.Cert, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate}), 0o600))
	check(t, os.WriteFile(files.Key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}), 0o600))
	return files
}
