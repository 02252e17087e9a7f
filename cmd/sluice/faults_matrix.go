package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/pflag"

	"sluice/flow"
	"sluice/internal/integrations"
	"sluice/internal/matrix"
	"sluice/policies"
	"sluice/proxy"
)

// matrixOptions are the flags of the fault matrix.
type matrixOptions struct {
	faults        bool   // show the matrix
	fault         string // explain this cell of it
	env           string
	format        string // "text" or "json"
	html          string // file
	failOn        []string
	baseline      string // file
	writeBaseline bool
}

// register adds the flags to those of `sluice test`, whose --format it shares.
func (o *matrixOptions) register(f *pflag.FlagSet) {
	f.BoolVar(&o.faults, "faults", false, "show which fault is handled by which rule, instead of running cases")
	f.StringVar(&o.fault, "fault", "", "explain one cell of that: a `FAULT@PLACE[:PHASE]`, as in InvalidApiKey@Verify-Key:request")
	f.StringVar(&o.env, "env", proxy.DefaultEnvironment, "with --faults: `environment` of an archive")
	f.StringVar(&o.html, "html", "", "with --faults: write the heat map to this `file`, one page that needs no network")
	f.StringSliceVar(&o.failOn, "fail-on", nil, "with --faults: exit with 1 when there are cells of these `classes`: leaked, faulted-again, unhandled, leaked-again")
	f.StringVar(&o.baseline, "baseline", "", "with --faults: `file` with cells that --fail-on accepts")
	f.BoolVar(&o.writeBaseline, "write-baseline", false, "with --faults: write the --baseline file, accept all cells as they are now")
}

const matrixHelp = `With --faults no case runs. Instead every documented fault is put into every
attached step, target and route of the proxies at the paths, and what the client
would get is looked at: which FaultRule or DefaultFaultRule answered, or nothing;
whether the platform's own envelope leaks; whether the rules failed themselves.
Nothing is sent anywhere. A step of a fault rule can fail too: leaked-again are the
envelopes of such a fault while another is handled.

  sluice test --faults ./my-proxy --html matrix.html   a heat map with each cell's story
  ... --fail-on leaked,faulted-again                   a gate for CI
  ... --baseline accepted.txt --write-baseline         accept what there is now
  ... --baseline accepted.txt --fail-on leaked         fail on what is new

With --fault one cell is explained: which rules were tried in which order, what each
condition saw, which steps ran, and what the client gets. The fault is a policy's or
one of the target's columns; PLACE is a step, a TargetEndpoint, a RouteRule or
client; PHASE is needed when the step is attached more than once.

  sluice test --fault InvalidApiKey@Verify-Key ./my-proxy
  sluice test --fault "connect timeout@default" ./my-proxy --format json
  sluice test --fault QuotaViolation@Quota:response ./my-proxy`

// runMatrix makes the matrix of the proxies at the paths and writes it.
func runMatrix(ctx context.Context, paths []string, o matrixOptions, out, errs io.Writer) error {
	if err := o.check(paths); err != nil {
		return err
	}
	accepted, err := o.accepted()
	if err != nil {
		return err
	}
	m, err := makeMatrix(ctx, paths, o.env, errs)
	if err != nil {
		return err
	}
	if o.fault != "" {
		err = o.explain(m, out)
	} else {
		err = o.write(m, out)
	}
	switch {
	case err != nil:
		return err
	case o.writeBaseline:
		err = writeFile(o.baseline, m.WriteBaseline)
	case len(o.failOn) > 0:
		failures, known := m.Gate(o.failOn, accepted)
		err = report(failures, known, errs)
	}
	if m.Refused > 0 {
		return exitCode(2) // what is shown is not all that was asked for
	}
	return err
}

// explain writes the story of one cell. All are rehearsed for it: a fault in a
// fault rule needs another that leads there.
func (o *matrixOptions) explain(m *matrix.Matrix, out io.Writer) error {
	row, cell, err := m.Find(o.fault)
	if err != nil {
		return fmt.Errorf("--fault: %w", err)
	}
	e := matrix.Explain(row, cell)
	if o.format == "json" {
		return e.WriteJSON(out)
	}
	return e.WriteText(out, colourful(out))
}

func (o *matrixOptions) check(paths []string) error {
	switch {
	case len(paths) == 0:
		return errors.New("no bundle: give the path of one, as in `sluice test --faults ./my-proxy`")
	case o.fault != "" && (o.html != "" || len(o.failOn) > 0 || o.baseline != ""):
		return errors.New("--fault explains one cell; leave out --html, --fail-on and --baseline, or use --faults")
	case o.format != "text" && o.format != "json":
		return fmt.Errorf("--format is %q; it is text or json", o.format)
	case o.writeBaseline && o.baseline == "":
		return errors.New("--write-baseline needs the --baseline file to write")
	}
	return matrix.CheckClasses(o.failOn)
}

// accepted reads the baseline.
func (o *matrixOptions) accepted() (matrix.Baseline, error) {
	if o.baseline == "" || o.writeBaseline {
		return nil, nil
	}
	f, err := os.Open(o.baseline)
	if err != nil {
		return nil, fmt.Errorf("--baseline: %w (make it with --write-baseline)", err)
	}
	defer f.Close()
	return matrix.ReadBaseline(f)
}

// makeMatrix compiles the bundles as lint does, and rehearses their faults.
func makeMatrix(ctx context.Context, paths []string, env string, errs io.Writer) (*matrix.Matrix, error) {
	registry, err := flow.NewRegistry(policies.All())
	if err != nil {
		return nil, err
	}
	network, err := proxy.NewNetwork(nil, "")
	if err != nil {
		return nil, err
	}
	defer network.Close()
	engine := integrations.New(integrations.Options{Client: network.HTTPClient(false), InsecureClient: network.HTTPClient(true)})
	defer engine.Close()
	s := defaultSettings()
	s.Paths, s.Env = paths, env
	environment, problems := readEnvironment(&s)
	environment.Deploy = nil
	now := func() time.Time { return time.Unix(1_700_000_000, 0) } // so that the same bundle gives the same matrix
	services := &flow.Services{Now: now, ProcessID: "rehearsal", Integrations: engine.Service(s.Region), Identity: unusedIdentity{}}
	loaded, found := matrix.Load(&proxy.Compiler{Registry: registry, Services: services, Environment: environment, Network: network}, paths)
	problems = append(problems, found...)
	printProblems(errs, problems.Errors())
	if problems.Refused() && loaded.Proxies() == 0 {
		return nil, exitCode(2)
	}
	if loaded.Proxies() == 0 {
		return nil, errors.New("there is no API proxy at the paths: a shared flow is rehearsed with the proxy that calls it")
	}
	return loaded.Run(ctx)
}

func (o *matrixOptions) write(m *matrix.Matrix, out io.Writer) error {
	if o.html != "" {
		if err := writeFile(o.html, m.WriteHTML); err != nil {
			return err
		}
	}
	if o.format == "json" {
		return m.WriteJSON(out)
	}
	return m.WriteText(out, colourful(out))
}

// writeFile makes a file of what write writes.
func writeFile(name string, write func(io.Writer) error) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	return errors.Join(write(f), f.Close())
}

// report lists the cells that fail the gate.
func report(failures []matrix.Failure, known int, errs io.Writer) error {
	for i := range failures {
		f := &failures[i]
		place := ""
		if f.Row.File != "" {
			place = fmt.Sprintf("%s:%d: ", f.Row.File, f.Row.Line)
		}
		fmt.Fprintln(errs, place+f.Key())
	}
	fmt.Fprintf(errs, "%s, %d accepted by the baseline\n", count(len(failures), "failure"), known)
	if len(failures) > 0 {
		return exitCode(1)
	}
	return nil
}
