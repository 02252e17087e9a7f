package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"sort"
	"strings"
	"sync/atomic"
	"syscall"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
	"go.uber.org/zap"

	"sluice/flow"
	"sluice/internal/keysets"
	"sluice/internal/state"
	"sluice/policies"
	"sluice/proxy"
)

func serveCommand() *cobra.Command {
	s := defaultSettings()
	options := s.options()
	var config []string
	cmd := &cobra.Command{
		Use:   "serve PATH...",
		Short: "Serve the bundles at the paths",
		Long: `serve finds every API proxy and shared flow at the paths and serves them. A path
is a bundle folder, a zip, a folder with bundles at any depth, or an environment
archive of the Apigee emulator (src/main/apigee).

A bundle that is refused is listed with everything that is wrong with it; the
others are served. Integrations in integrations/*.json beside a bundle are loaded
into the local engine.

  sluice serve ./examples
  sluice serve ./my-proxy --map-host api.example.com=127.0.0.1:9000 --watch
  sluice serve ./archive --env prod --tls-self-signed

Products, developers, apps, key-value maps and target servers come from test data
of Apigee's emulator, or from edge.json or resources/edge of the config Maven
plugin:

  sluice serve ./archive --config ./archive/src/tests/smoke
  sluice serve ./my-proxy --org-data ./my-proxy --data ./state

Every flag is also a key of the configuration file and an environment variable:
--map-host is map-host and SLUICE_MAP_HOST. Flags win over the environment, which
wins over the file. --config takes the configuration file, and also folders with
data of the organization, which is the same as --org-data. sluice.yaml, for example:

  paths: [./my-proxy]
  listen: :8080
  watch: true
  drain: 10s
  map-host: {api.example.com: 127.0.0.1:9000}
  org-data: [./org]`,
		RunE: func(cmd *cobra.Command, args []string) error {
			file, err := s.takeConfig(config)
			if err != nil {
				return err
			}
			if err := s.resolve(file, options); err != nil {
				return err
			}
			s.warnOfVariables(os.Environ(), cmd.ErrOrStderr())
			if len(args) > 0 {
				s.Paths = args
			}
			if len(s.Paths) == 0 {
				return errors.New("nothing to serve: give the path of a bundle, as in `sluice serve ./my-proxy`")
			}
			return serve(cmd.Context(), &s, cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	cmd.Flags().StringArrayVar(&config, "config", nil, "`path` of the configuration file in YAML, or of a folder with data of the organization, as --org-data; repeat it for more folders")
	cmd.Flags().SortFlags = false
	register(cmd.Flags(), options)
	return cmd
}

// runtime is the running process: what serve joins.
type runtime struct {
	settings *settings
	log      *zap.Logger
	out      io.Writer
	errs     io.Writer
	network  *proxy.Network
	services *flow.Services
	engine   *localEngine // nil unless integrations run here
	backends backends
	store    *state.Store
	data     *orgData // what was loaded from files
	logs     *messageLogs
	table    *proxy.Table
	loader   *proxy.Loader
	metrics  *metrics
	ready    atomic.Bool
}

// serve runs until ctx ends or the process is told to end, then drains. While it
// drains, a second signal ends the process at once.
func serve(ctx context.Context, s *settings, out, errs io.Writer) error {
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGTERM, os.Interrupt)
	defer stop()
	r, err := newRuntime(ctx, s, out, errs)
	if err != nil {
		return err
	}
	defer r.close()
	if err := r.reload(true); err != nil {
		return err
	}
	server := proxy.NewServer(r.core(), r.log)
	server.LimitConnections(s.MaxConnections)
	failed := make(chan error, 8) // as many as there are listeners
	if err := r.listen(server, failed); err != nil {
		return err
	}
	stopAdmin, err := r.serveAdmin(failed)
	if err != nil {
		return err
	}
	defer stopAdmin()
	if err := r.serveGoogle(ctx, failed); err != nil {
		return err
	}
	r.backends.tasks.Start()
	defer r.startWatch(ctx)()
	r.ready.Store(true)
	r.announce()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
		stop() // signals do again what they do to any process
		return r.drain(server)
	}
}

func newRuntime(ctx context.Context, s *settings, out, errs io.Writer) (*runtime, error) {
	log, err := newLogger(s, errs)
	if err != nil {
		return nil, err
	}
	r := &runtime{settings: s, log: log, out: out, errs: errs, table: proxy.NewTable(), metrics: newMetrics()}
	if r.network, err = proxy.NewNetwork(s.hosts(), s.ForwardProxy); err != nil {
		return nil, fmt.Errorf("--map-host or --forward-proxy: %w", err)
	}
	registry, err := flow.NewRegistry(policies.All())
	if err != nil {
		return nil, err
	}
	r.services = &flow.Services{Now: time.Now, ProcessID: newID(), Interfaces: interfaces(), Background: &flow.Background{}, Printed: logPrinted(log)}
	if s.BodyMemory > 0 {
		r.services.Memory = flow.NewMemory(int64(s.BodyMemory) << 20)
	}
	if r.data, err = openOrgData(s.OrgData, errs); err != nil {
		return nil, err
	}
	environment, problems := readEnvironment(s)
	printProblems(errs, problems)
	if problems.Refused() {
		return nil, errors.New("the environment is refused")
	}
	r.data.join(environment)
	if r.store, err = s.store(ctx, log); err != nil {
		return nil, err
	}
	if err := r.data.load(ctx, r.store, environment.Organization, environment.Name, errs); err != nil {
		return nil, errors.Join(err, r.store.Close())
	}
	r.store.Services(r.services)
	r.services.KeySets = keysets.New(time.Now)
	if err := r.joinIntegrations(ctx); err != nil {
		return nil, errors.Join(err, r.store.Close())
	}
	if err := r.joinLogs(); err != nil {
		return nil, errors.Join(err, r.backends.close(), r.store.Close())
	}
	r.loader = &proxy.Loader{Paths: s.Paths, Compiler: &proxy.Compiler{
		Registry: registry, Services: r.services, Environment: environment, Network: r.network,
		Options: proxy.Options{Bubble: s.FaultsBubble, JavaPrecedence: s.JavaPrecedence, EdgeStatus: s.FaultsEdge, XMLFaults: s.FaultsXML, AllowMissing: s.AllowMissing},
	}}
	return r, nil
}

func (r *runtime) close() {
	r.logs.close()
	if err := r.backends.close(); err != nil {
		r.log.Error("the stand-ins for Google's services did not close well", zap.Error(err))
	}
	if r.engine != nil {
		if err := r.engine.end(); err != nil {
			r.log.Error("Application Integration did not close well", zap.Error(err))
		}
	}
	r.table.Swap(&proxy.Snapshot{Environment: &proxy.Environment{}})
	r.network.Close()
	if err := r.store.Close(); err != nil {
		r.log.Error("the state did not close well", zap.Error(err))
	}
	_ = r.log.Sync() // stderr often refuses to sync; nothing is lost
}

// reload loads all paths and swaps the snapshot in. Only the first time it can fail,
// with the exit code of a process that has nothing to serve, or refuses to.
func (r *runtime) reload(first bool) error {
	if !first {
		environment, problems := readEnvironment(r.settings)
		printProblems(r.errs, problems)
		if !problems.Refused() {
			r.reloadOrgData(environment)
			r.loader.Configure(environment)
		}
	}
	load := r.loader.Load()
	printProblems(r.errs, load.Problems)
	refused := len(load.Refused) > 0
	switch {
	case first && refused && r.settings.Strict:
		fmt.Fprintln(r.errs, "sluice: --strict: not starting, because a bundle is refused")
		return exitCode(1)
	case first && len(load.Snapshot.Deployments) == 0:
		fmt.Fprintf(r.errs, "sluice: no API proxy to serve at %s (%d bundles found)\n", strings.Join(r.settings.Paths, ", "), load.Bundles)
		return cmp.Or(outcome(withEmpty(load)), error(exitCode(2)))
	}
	if r.engine != nil {
		printProblems(r.errs, r.engine.join(load, r.settings))
	}
	for _, err := range load.Snapshot.Prepare(context.Background(), r.services, r.table.Snapshot()) {
		fmt.Fprintf(r.errs, "sluice: %v\n", err)
	}
	r.table.Swap(load.Snapshot)
	r.metrics.loaded(load)
	for _, name := range load.Kept {
		fmt.Fprintf(r.errs, "sluice: %s is refused; its previous version goes on serving\n", name)
	}
	return nil
}

// core joins the runtime; requests are counted only where somebody can see it.
func (r *runtime) core() *proxy.Core {
	c := &proxy.Core{Table: r.table, Services: r.services}
	if r.settings.Admin != "" || r.settings.AccessLog || r.log.Core().Enabled(zap.DebugLevel) {
		c.Done = r.record
	}
	return c
}

// record counts a finished request, and logs it if asked to.
func (r *runtime) record(rec *proxy.Record) {
	r.metrics.request(rec)
	if rec.Why != nil {
		r.logFault(rec)
	}
	if !r.settings.AccessLog {
		return
	}
	r.log.Info("request", zap.String("method", rec.Method), zap.String("path", rec.Path), zap.Int("status", rec.Status),
		zap.String("proxy", rec.Proxy), zap.String("fault", rec.Fault), zap.Duration("duration", rec.Duration), zap.Duration("target", rec.Target))
}

// logFault tells at level debug why a request failed, whoever answered it then. It
// tells what a fault says of itself, and nothing of what a message contains.
func (r *runtime) logFault(rec *proxy.Record) {
	line := r.log.Check(zap.DebugLevel, "fault")
	if line == nil {
		return
	}
	fields := []zap.Field{zap.String("method", rec.Method), zap.String("path", rec.Path), zap.Int("status", rec.Status),
		zap.String("proxy", rec.Proxy), zap.String("policy", rec.Why.Policy), zap.String("flow", rec.Why.Flow), zap.String("phase", rec.Why.Phase),
		zap.String("fault", rec.Fault), zap.String("reason", rec.Why.Told())}
	if network, ok := errors.AsType[*net.OpError](rec.Why.Cause); ok {
		fields = append(fields, zap.NamedError("cause", network)) // an address, and what the system said
	}
	line.Write(fields...)
}

// listen opens the listeners. None serves unless all can.
func (r *runtime) listen(server *proxy.Server, failed chan<- error) error {
	fronts, err := r.fronts(server)
	for _, f := range fronts {
		if err != nil {
			_ = f.Close() // nothing was said on it
			continue
		}
		go func() { failed <- f.serve(f.Listener) }()
	}
	return err
}

// front is a listener that is open, and what will serve it.
type front struct {
	net.Listener
	serve func(net.Listener) error
}

// fronts opens the listeners. With an error come those that are open.
func (r *runtime) fronts(server *proxy.Server) (open []front, err error) {
	if r.settings.Listen != "" {
		l, err := net.Listen("tcp", r.settings.Listen)
		if err != nil {
			return nil, err
		}
		open = append(open, front{l, server.Serve})
	}
	if r.settings.TLSListen == "" {
		return open, nil
	}
	config, err := tlsConfig(r.settings)
	if err != nil {
		return open, err
	}
	l, err := net.Listen("tcp", r.settings.TLSListen)
	if err != nil {
		return open, err
	}
	return append(open, front{l, func(l net.Listener) error { return server.ServeTLS(l, config) }}), nil
}

// announce prints what is served and how to reach it.
func (r *runtime) announce() {
	snapshot := r.table.Snapshot()
	proxies := fmt.Sprint(len(snapshot.Deployments), " API proxies")
	if len(snapshot.Deployments) == 1 {
		proxies = "1 API proxy"
	}
	fmt.Fprintf(r.out, "sluice serves %s and %s (organization %s, environment %s)\n%s",
		proxies, count(len(snapshot.SharedFlows), "shared flow"), snapshot.Environment.Organization, snapshot.Environment.Name, endpoints(snapshot))
	if r.settings.Listen != "" {
		fmt.Fprintf(r.out, "listening on http://%s\n", visible(r.settings.Listen))
	}
	if r.settings.TLSListen != "" {
		fmt.Fprintf(r.out, "listening on https://%s\n", visible(r.settings.TLSListen))
	}
	fmt.Fprintf(r.out, "state is kept %s\n", r.settings.kept())
	for _, l := range [...]struct{ name, address string }{
		{"Application Integration", r.settings.IntegrationsListen}, {"Cloud Tasks, REST and gRPC,", r.settings.TasksListen},
		{"proxy for Google's names", r.settings.GoogleProxy},
	} {
		if l.address != "" {
			fmt.Fprintf(r.out, "%s on http://%s\n", l.name, visible(l.address))
		}
	}
	if paths := r.settings.OrgData; len(paths) > 0 {
		fmt.Fprintf(r.out, "loaded from %s: %s\n", strings.Join(paths, ", "), r.data.summary(snapshot.Environment.Name))
	}
	for _, dir := range testData(r.settings.Paths, r.settings.OrgData) {
		fmt.Fprintf(r.out, "the test data in %s is not loaded; --org-data %s loads it\n", dir, dir)
	}
	if r.settings.Admin != "" {
		fmt.Fprintf(r.out, "admin page on http://%s/\n", visible(r.settings.Admin))
	}
}

// endpoints lists the ProxyEndpoints, one a line, in the order of their base paths.
func endpoints(s *proxy.Snapshot) string {
	var lines []string
	for _, d := range s.Deployments {
		for _, e := range d.Endpoints {
			lines = append(lines, fmt.Sprintf("  %s\t%s revision %s, %s\n", e.BasePath, d.Name, d.Revision, e.Name))
		}
	}
	sort.Strings(lines)
	var table strings.Builder
	w := tabwriter.NewWriter(&table, 0, 0, 2, ' ', 0)
	_, _ = io.WriteString(w, strings.Join(lines, "")) // a Builder never fails
	_ = w.Flush()
	return table.String()
}

// visible makes an address that a user can click of one to listen on.
func visible(address string) string {
	if strings.HasPrefix(address, ":") {
		return "localhost" + address
	}
	return address
}

// noticeable is how long draining takes before it is worth a line: with nothing
// under way it is over at once.
const noticeable = 100 * time.Millisecond

// drain lets requests under way end.
func (r *runtime) drain(server *proxy.Server) error {
	r.ready.Store(false)
	notice := time.AfterFunc(noticeable, func() { fmt.Fprintf(r.out, "draining, at most %s\n", r.settings.Drain) })
	defer notice.Stop()
	ctx, cancel := context.WithTimeout(context.Background(), r.settings.Drain)
	defer cancel()
	if err := server.Shutdown(ctx); err != nil {
		r.log.Warn("requests were cut off", zap.Error(err))
	}
	if !r.services.Background.Wait(ctx) {
		r.log.Warn("callouts that nobody waits for were cut off; --keep-callouts keeps them")
	}
	return nil
}

func newID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // crypto/rand never fails: it ends the process instead
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[0:4], b[4:6], b[6:8], b[8:10], b[10:16])
}

// interfaces lists the addresses of the machine's network interfaces
// (system.interface.NAME).
func interfaces() map[string]string {
	addresses := map[string]string{}
	list, err := net.Interfaces()
	if err != nil {
		return addresses // the variables stay unresolved
	}
	for _, i := range list {
		found, err := i.Addrs()
		if err != nil || len(found) == 0 {
			continue
		}
		if ip, ok := found[0].(*net.IPNet); ok {
			addresses[i.Name] = ip.IP.String()
		}
	}
	return addresses
}
