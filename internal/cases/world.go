package cases

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"go.uber.org/zap"

	"sluice/flow"
	"sluice/proxy"
)

// world is what one run of a case has to itself: a server with its bundle, and
// everything around it.
type world struct {
	c        *Case
	script   *script
	clock    *clock
	upstream *upstream
	services *flow.Services
	network  *proxy.Network
	observer *observer
	logged   *logged

	server *proxy.Server
	table  *proxy.Table
	addr   string
	served chan error
	keys   keyRing
	ends   []func() // in reverse order
}

// Region is where the deployed environment is.
const Region = "us-central1"

const (
	organization = "acme"
	environment  = "test"
)

// newWorld builds the world; the caller closes it, also after an error.
func newWorld(c *Case, o Options) (*world, error) {
	w := &world{c: c, script: newScript(c.File), clock: newClock(c.config.now), logged: &logged{}}
	w.observer = newObserver(w.script, c.folder, o.Verbose)
	var err error
	if w.keys, err = c.config.makeKeys(); err != nil {
		return w, err
	}
	if err := w.surroundings(o); err != nil {
		return w, err
	}
	snapshot, err := w.deploy(o)
	if err != nil {
		return w, err
	}
	return w, w.serve(snapshot)
}

// surroundings are upstream, network, and the services that policies use.
func (w *world) surroundings(o Options) (err error) {
	if w.upstream, err = newUpstream(w.script, w.clock, w.keys); err != nil {
		return err
	}
	w.ends = append(w.ends, w.upstream.close)
	hosts := map[string]string{"*": w.upstream.addr()}
	for name, addr := range w.c.config.hosts {
		hosts[name] = addr
	}
	if w.network, err = proxy.NewNetwork(hosts, ""); err != nil {
		return err
	}
	w.network.Dial = w.upstream.dial
	w.ends = append(w.ends, w.network.Close)
	w.services = &flow.Services{
		Now: w.clock.now, ProcessID: "case", Interfaces: map[string]string{"lo": "127.0.0.1"}, Identity: identity{&w.c.config}, Logs: w.logged,
	}
	if err := w.store(); err != nil {
		return err
	}
	return w.integrations(o)
}

// integrations chooses the integration service.
func (w *world) integrations(o Options) error {
	local := w.c.config.integrations == "local" || w.c.config.integrations == "" && w.c.folder.hasIntegrations()
	if !local {
		w.services.Integrations = scripted{w.script, Region}
		return nil
	}
	if o.LocalIntegrations == nil {
		return errors.New("the case needs the local integration engine, and this runner was given none")
	}
	service, end, err := o.LocalIntegrations(w.c.folder.dir, w.services, w.network)
	if end != nil {
		w.ends = append(w.ends, end)
	}
	w.services.Integrations = service
	return err
}

func (w *world) deploy(o Options) (*proxy.Snapshot, error) {
	servers, err := w.c.folder.targetServers()
	if err != nil {
		return nil, err
	}
	w.c.config.addTo(servers, w.upstream.addr())
	env := &proxy.Environment{
		Organization: organization, Name: environment, Region: Region, Pod: "pod-1",
		TargetServers: servers, Accounts: map[string]string{"": w.c.config.account},
	}
	snapshot, problems := w.c.folder.deploy(&proxy.Compiler{Registry: o.Registry, Services: w.services, Environment: env, Network: w.network, Options: o.Compile})
	if problems.Refused() {
		return nil, &refusal{w.c.folder.dir, problems.Errors()}
	}
	return snapshot, nil
}

// refusal is the error of a bundle that does not compile.
type refusal struct {
	dir      string
	problems flow.Problems
}

func (r *refusal) Error() string {
	return fmt.Sprintf("the bundle of folder %s does not compile:\n%s", r.dir, r.problems.Error())
}

func (w *world) serve(snapshot *proxy.Snapshot) error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	w.addr, w.table, w.served = l.Addr().String(), proxy.NewTable(), make(chan error, 1)
	if err := errors.Join(snapshot.Prepare(context.Background(), w.services, w.table.Snapshot())...); err != nil {
		return err
	}
	w.table.Swap(snapshot)
	core := &proxy.Core{Table: w.table, Services: w.services, Report: w.observer, Trace: w.observer.trace, Finished: w.observer.finished}
	w.server = proxy.NewServer(core, zap.NewNop())
	go func() { w.served <- w.server.Serve(l) }()
	return nil
}

// shutdownLimit is how long requests under way may take at the end.
const shutdownLimit = 5 * time.Second

// close ends everything; a server that does not end is a failure of the case.
func (w *world) close() {
	if w.server != nil {
		ctx, cancel := context.WithTimeout(context.Background(), shutdownLimit)
		defer cancel()
		err := errors.Join(w.server.Shutdown(ctx), <-w.served)
		if err != nil {
			w.script.fail("shutdown", Failure{Got: err.Error()})
		}
		w.table.Swap(&proxy.Snapshot{Environment: &proxy.Environment{}}) // stops health monitors
	}
	for i := len(w.ends) - 1; i >= 0; i-- {
		w.ends[i]()
	}
}
