package features

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"sluice/internal/cases"
)

// Suite is a list of scenarios that run one after another against one deployment.
type Suite struct {
	Scenarios []*Scenario
	Config    *Config
	Folder    string // of the features
	Deploy    Deploy
	Verbose   bool // keep the traces of scenarios that pass
	FailFast  bool // end after the first that fails
}

// Deploy serves the proxies that the features are about: with all that they need,
// products and keys too. It is called once for each run.
type Deploy func(ctx context.Context) (*Deployed, error)

// Deployed is what Deploy serves.
type Deployed struct {
	Addr      string   // HOST:PORT, clear text
	BasePaths []string // of all endpoints
	Witness   Witness
	Close     func() error
}

// Witness sees which way requests take through the proxies: *cases.Ways.
type Witness interface {
	Begin(file string)            // a test
	Expect(n int, request string) // its n-th request, from 1, which is sent next
	Await(ctx context.Context)    // until that request is over, PostClientFlow too
	Finish(r *cases.Result)       // adds traces, and reasons to failures of section "response"
}

// Totals are the numbers of a whole run.
type Totals struct {
	cases.Totals
	Undefined int // steps
}

// run is one run of a suite.
type run struct {
	shared    shared
	verbose   bool
	undefined int
}

func (r *run) witness() Witness { return r.shared.target.witness }

// Run runs the scenarios. Reports hear of each as soon as it is done. The error
// is that of ctx, of Deploy, or of a report.
func (s *Suite) Run(ctx context.Context, reports ...cases.Report) (t Totals, err error) {
	d, err := s.Deploy(ctx)
	if err != nil {
		return t, err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	r, err := s.start(d)
	if err != nil {
		return t, err
	}
	defer r.shared.target.client.CloseIdleConnections()
	t.NotRun = len(s.Scenarios)
	for _, sc := range s.Scenarios {
		result := r.play(ctx, sc)
		if err := ctx.Err(); err != nil {
			return t, err
		}
		t.count(result)
		for _, report := range reports {
			if err := report.Case(result); err != nil {
				return t, err
			}
		}
		if s.FailFast && !result.Passed {
			break
		}
	}
	t.Undefined = r.undefined
	for _, report := range reports {
		if err := report.End(t.Totals); err != nil {
			return t, err
		}
	}
	return t, nil
}

func (t *Totals) count(r *cases.Result) {
	t.NotRun--
	t.Seconds += r.Seconds
	if r.Passed {
		t.Passed++
		return
	}
	t.Failed++
}

func (s *Suite) start(d *Deployed) (*run, error) {
	base, err := s.basePath(d.BasePaths)
	if err != nil {
		return nil, err
	}
	r := &run{verbose: s.Verbose}
	r.shared = shared{
		target: target{client: newClient(), addr: d.Addr, basePath: base, witness: d.Witness},
		config: s.Config, folder: filepath.Clean(s.Folder), variables: map[string]string{},
	}
	for name, value := range s.Config.Variables {
		r.shared.variables[name] = value
	}
	return r, nil
}

// basePath is the one of the configuration, or else of what is deployed.
func (s *Suite) basePath(deployed []string) (string, error) {
	switch given := s.Config.BasePath; {
	case given != "":
		return strings.TrimRight(given, "/"), nil
	case len(deployed) == 1 && !strings.Contains(deployed[0], "*"):
		return strings.TrimRight(deployed[0], "/"), nil
	}
	return "", fmt.Errorf("which base path do the resources of the features lie below? The endpoints have %s: "+
		"choose with --base-path, or give --base-path / if resources are whole paths", strings.Join(deployed, ", "))
}
