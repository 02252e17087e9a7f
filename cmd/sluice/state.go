package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"go.uber.org/zap"

	"sluice/flow"
	"sluice/internal/keysets"
	"sluice/internal/state"
)

// StateSettings are the settings that say where keys, tokens, maps, caches and
// counters are kept.
type StateSettings struct {
	Data     string   `yaml:"data"`
	OrgData  []string `yaml:"org-data"`
	Replicas int      `yaml:"replicas"`

	Nats      string `yaml:"nats"`
	NatsCreds string `yaml:"nats-creds"`
	NatsCA    string `yaml:"nats-ca"`
	NatsCert  string `yaml:"nats-cert"`
	NatsKey   string `yaml:"nats-key"`

	Cluster         string   `yaml:"cluster"`
	ClusterRoutes   []string `yaml:"cluster-route"`
	ClusterName     string   `yaml:"cluster-name"`
	ClusterUser     string   `yaml:"cluster-user"`
	ClusterPassword string   `yaml:"cluster-password"`
	ClusterCA       string   `yaml:"cluster-ca"`
	ClusterCert     string   `yaml:"cluster-cert"`
	ClusterKey      string   `yaml:"cluster-key"`
}

func (s *StateSettings) options() []*option {
	return []*option{
		{name: "data", usage: "`folder` where keys, tokens, maps and counters survive a restart; without it they are kept in memory", set: text(&s.Data)},
		{name: "org-data", usage: "`path` of products, developers, apps, maps and target servers to load at the start: test data of the emulator, edge.json, or a folder with resources/edge; repeat it for more", set: list(&s.OrgData)},
		{name: "nats", usage: "`URL` of NATS servers with JetStream that keep the state instead, such as tls://one:4222,tls://two:4222", set: text(&s.Nats)},
		{name: "nats-creds", usage: "`file` with the credentials for --nats", set: text(&s.NatsCreds)},
		{name: "nats-ca", usage: "`file` with the CA of the servers of --nats", set: text(&s.NatsCA)},
		{name: "nats-cert", usage: "client certificate `file` for --nats", set: text(&s.NatsCert)},
		{name: "nats-key", usage: "its key `file`", set: text(&s.NatsKey)},
		{name: "cluster", usage: "`address` where this process hears the other sluices that keep the state together; needs --data", set: text(&s.Cluster)},
		{name: "cluster-route", usage: "`address` of another of them; repeat it for more", set: list(&s.ClusterRoutes)},
		{name: "cluster-name", usage: "`name` of the cluster, the same for all", set: text(&s.ClusterName)},
		{name: "cluster-user", usage: "`user` that they show each other", set: text(&s.ClusterUser)},
		{name: "cluster-password", usage: "its `password`; better given as SLUICE_CLUSTER_PASSWORD", set: text(&s.ClusterPassword)},
		{name: "cluster-ca", usage: "`file` with the CA of their certificates", set: text(&s.ClusterCA)},
		{name: "cluster-cert", usage: "certificate `file` of this one", set: text(&s.ClusterCert)},
		{name: "cluster-key", usage: "its key `file`", set: text(&s.ClusterKey)},
		{name: "replicas", usage: "on how many servers the state is kept: `1`, 3 or 5 (default 1, and 3 with --cluster)", set: s.setReplicas},
	}
}

func (s *StateSettings) setReplicas(v string) error {
	switch v {
	case "1", "3", "5":
		s.Replicas = int(v[0] - '0')
		return nil
	}
	return fmt.Errorf("%q is not 1, 3 or 5", v)
}

func (s *StateSettings) check() error {
	switch {
	case s.Data != "" && s.Nats != "":
		return errors.New("give either --data or --nats: the state is kept in one place")
	case s.Cluster != "" && s.Data == "":
		return errors.New("--cluster needs --data: each process of a cluster keeps a copy")
	case s.Cluster == "" && len(s.ClusterRoutes) > 0:
		return errors.New("--cluster-route needs --cluster, the address of this process")
	}
	return nil
}

// kept says in words where the state is.
func (s *StateSettings) kept() string {
	switch {
	case s.Nats != "":
		return "on NATS servers"
	case s.Cluster != "":
		return "in " + s.Data + ", together with the cluster at " + strings.Join(s.ClusterRoutes, ", ")
	case s.Data != "":
		return "in " + s.Data
	}
	return "in memory; --data DIR keeps it"
}

// open opens the engine: a server inside the process, which keeps everything in
// memory without --data, or the servers of --nats. log is told what it says; of a
// server in memory only its warnings, since it recovers nothing and joins nobody.
func (s *StateSettings) open(ctx context.Context, log *zap.Logger) (state.Engine, error) {
	return state.Open(ctx, state.Options{
		Dir: s.Data, URL: s.Nats, Credentials: s.NatsCreds, Replicas: s.Replicas,
		TLS: state.TLS{CA: s.NatsCA, Cert: s.NatsCert, Key: s.NatsKey},
		Cluster: state.Cluster{
			Name: s.ClusterName, Listen: s.Cluster, Routes: s.ClusterRoutes, User: s.ClusterUser, Password: s.ClusterPassword,
			TLS: state.TLS{CA: s.ClusterCA, Cert: s.ClusterCert, Key: s.ClusterKey},
		},
		Log: func(warning bool, text string) {
			switch {
			case warning:
				log.Warn(text, zap.String("from", "state"))
			case s.Data != "" || s.Nats != "":
				log.Debug(text, zap.String("from", "state"))
			}
		},
	})
}

// stateStart bounds how long the start waits for the state: for a majority of a
// cluster whose processes start one after another.
const stateStart = 2 * time.Minute

// store opens the store.
func (s *StateSettings) store(ctx context.Context, log *zap.Logger) (*state.Store, error) {
	ctx, cancel := context.WithTimeout(ctx, stateStart)
	defer cancel()
	engine, err := s.open(ctx, log)
	if err != nil {
		return nil, err
	}
	return state.NewStore(ctx, engine, time.Now)
}

// joinMemory gives services the state of a run that remembers nothing; the caller
// ends it.
func joinMemory(services *flow.Services) (end func() error) {
	store := state.Memory(services.Now)
	store.Services(services)
	services.KeySets = keysets.New(services.Now)
	return store.Close
}

// closeQuietly ends a state in memory, which loses nothing.
func closeQuietly(end func() error) { _ = end() }
