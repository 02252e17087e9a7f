package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"go.uber.org/zap"

	"sluice/flow"
	"sluice/internal/cases"
	"sluice/internal/features"
	"sluice/internal/keysets"
	"sluice/internal/mock"
	"sluice/internal/state"
	"sluice/policies"
	"sluice/proxy"
)

// deployFeatures serves the bundles at the paths to features, on a free port. The
// folders of orgData hold the products, keys and maps that they need.
func deployFeatures(paths, orgData []string, options proxy.Options, verbose bool, errs io.Writer) features.Deploy {
	return func(context.Context) (*features.Deployed, error) {
		s := &featureServer{paths: paths, orgData: orgData, options: options, verbose: verbose, errs: errs}
		d, err := s.deploy()
		if err != nil {
			return nil, errors.Join(err, s.close())
		}
		return d, nil
	}
}

// featureServer is the runtime that features run against, and the upstream of
// everything that it calls.
type featureServer struct {
	paths   []string
	orgData []string
	options proxy.Options
	verbose bool
	errs    io.Writer
	data    *orgData
	ends    []func() error // in reverse order
}

// close ends everything.
func (s *featureServer) close() error {
	var list []error
	for _, end := range slices.Backward(s.ends) {
		list = append(list, end())
	}
	s.ends = nil
	return errors.Join(list...)
}

func (s *featureServer) deploy() (*features.Deployed, error) {
	network, err := s.network()
	if err != nil {
		return nil, err
	}
	services := s.services(network)
	if err := s.state(services); err != nil {
		return nil, err
	}
	snapshot, err := s.compile(services, network)
	if err != nil {
		return nil, err
	}
	ways := cases.NewWays(s.bundles(), s.verbose)
	table := proxy.NewTable()
	if err := errors.Join(snapshot.Prepare(context.Background(), services, table.Snapshot())...); err != nil {
		return nil, err
	}
	table.Swap(snapshot)
	s.ends = append(s.ends, func() error { table.Swap(&proxy.Snapshot{Environment: &proxy.Environment{}}); return nil }) // stops health monitors
	core := &proxy.Core{Table: table, Services: services}
	ways.Attach(core)
	addr, err := s.serve(proxy.NewServer(core, zap.NewNop()))
	if err != nil {
		return nil, err
	}
	return &features.Deployed{Addr: addr, BasePaths: basePaths(snapshot), Witness: ways, Close: s.close}, nil
}

// network leads every name to the stand-ins.
func (s *featureServer) network() (*proxy.Network, error) {
	server := &http.Server{Handler: mock.Handler(), ReadHeaderTimeout: 10 * time.Second}
	addr, err := s.serve(server)
	if err != nil {
		return nil, err
	}
	n, err := proxy.NewNetwork(map[string]string{"*": addr}, "")
	if err == nil {
		s.ends = append(s.ends, func() error { n.Close(); return nil })
	}
	return n, err
}

// serve starts a server on a free port of loopback.
func (s *featureServer) serve(server interface {
	Serve(net.Listener) error
	Shutdown(context.Context) error
}) (addr string, err error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(l) }()
	s.ends = append(s.ends, func() error {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		err := server.Shutdown(ctx)
		if ended := <-served; !errors.Is(ended, http.ErrServerClosed) {
			err = errors.Join(err, ended)
		}
		return err
	})
	return l.Addr().String(), nil
}

func (s *featureServer) services(n *proxy.Network) *flow.Services {
	engine := newLocalEngine(n)
	printProblems(s.errs, engine.load(s.paths, nil))
	s.ends = append(s.ends, engine.end)
	services := &flow.Services{
		Now: time.Now, ProcessID: newID(), Interfaces: interfaces(),
		Integrations: engine, Identity: testIdentity{},
	}
	return services
}

// state makes the state that policies use, in memory, with the organization's data.
func (s *featureServer) state(services *flow.Services) error {
	store := state.Memory(services.Now)
	s.ends = append(s.ends, store.Close)
	store.Services(services)
	services.KeySets = keysets.New(services.Now)
	settings := defaultSettings()
	data, err := openOrgData(s.orgData, s.errs)
	if err != nil {
		return err
	}
	s.data = data
	return data.load(context.Background(), store, settings.Org, settings.Env, s.errs)
}

// testIdentity gives the token that cases give: Google is not asked.
type testIdentity struct{}

func (testIdentity) Token(context.Context, flow.TokenRequest) (string, error) {
	return "test-token", nil
}

// compile compiles the bundles as serve does. One that is refused ends the run:
// its features could only fail.
func (s *featureServer) compile(services *flow.Services, n *proxy.Network) (*proxy.Snapshot, error) {
	registry, err := flow.NewRegistry(policies.All())
	if err != nil {
		return nil, err
	}
	settings := defaultSettings()
	settings.Paths = s.paths
	environment, problems := readEnvironment(&settings)
	s.data.join(environment)
	loader := &proxy.Loader{Paths: s.paths, Compiler: &proxy.Compiler{Registry: registry, Services: services, Environment: environment, Network: n, Options: s.options}}
	load := loader.Load()
	problems = append(problems, load.Problems...)
	if problems.Refused() {
		printProblems(s.errs, problems.Errors())
		return nil, exitCode(2)
	}
	if len(load.Snapshot.Deployments) == 0 {
		return nil, fmt.Errorf("no API proxy at or below %s to run the features against: give the path of one, as in `sluice test --features DIR ./my-proxy`",
			strings.Join(s.paths, ", "))
	}
	return load.Snapshot, nil
}

// bundles are those at the paths, for the places in reports. What is wrong with
// them is known by now.
func (s *featureServer) bundles() []*proxy.Bundle {
	var list []*proxy.Bundle
	for _, path := range s.paths {
		found, _ := proxy.Find(path)
		list = append(list, found...)
	}
	return list
}

// basePaths are those of all endpoints, sorted.
func basePaths(s *proxy.Snapshot) []string {
	var list []string
	for _, d := range s.Deployments {
		for _, e := range d.Endpoints {
			if e.BasePath != "" {
				list = append(list, e.BasePath)
			}
		}
	}
	slices.Sort(list)
	return list
}
