package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"regexp"
	"strings"

	"github.com/spf13/pflag"

	"sluice/internal/cases"
	"sluice/internal/features"
)

// featureOptions are the flags of `sluice test --features`.
type featureOptions struct {
	dir       string
	basePath  string
	variables []string
	tags      string
	orgData   []string
}

// register adds the flags to those of `sluice test`, whose --run, -v, --fail-fast,
// --format and --output it shares.
func (o *featureOptions) register(f *pflag.FlagSet) {
	f.StringVar(&o.dir, "features", "", "run the *.feature files of apickli at or below this `folder` against the bundles, instead of cases")
	f.StringVar(&o.tags, "tags", "", "with --features: only scenarios whose tags fit the `expression`, as in \"@smoke and not @slow\"")
	f.StringVar(&o.basePath, "base-path", "", "with --features: `path` before every resource (default: the base path of the only endpoint; / for none)")
	f.StringArrayVar(&o.orgData, "org-data", nil, "with --features: `folder` of products, developers, apps and maps that the features need; may be repeated")
	f.StringArrayVar(&o.variables, "var", nil, "with --features: `NAME=VALUE` of a variable that steps name between backticks; may be repeated")
}

const featureHelp = `With --features no case runs, but the Gherkin features that users of apickli have,
without Node.js: in process, against the bundles at the paths. Whatever these call
is answered by stand-ins for mocktarget.apigee.net and httpbin.org, and by an echo
for every other name; nothing leaves the machine.

  sluice test --features test/integration/features .
  ... --tags "not @slow" --run "quota"       some of the scenarios
  ... --var clientId=abc --base-path /v1/x   what support code in JavaScript says
  ... --org-data ./test/data                 products, apps with their keys, and maps

JavaScript is never run. What support code tells apickli stands in features.yaml
beside the features (base-path, host, fixtures, variables, headers) or in flags.
A step of one's own step definitions is undefined, and fails its scenario.`

// runFeatures runs the features against the bundles at the paths.
func runFeatures(ctx context.Context, s *testSettings, o *featureOptions, out, errs io.Writer) error {
	if err := o.check(s); err != nil {
		return err
	}
	suite, err := o.suite(s)
	if err != nil {
		return err
	}
	suite.Deploy = deployFeatures(s.paths, o.orgData, s.compile, s.verbose, errs)
	var totals features.Totals
	err = s.report(out, func(reports ...cases.Report) (err error) {
		totals, err = suite.Run(ctx, reports...)
		return err
	})
	switch {
	case errors.Is(err, context.Canceled):
		return errors.New("interrupted")
	case err != nil:
		return err
	}
	if totals.Undefined > 0 {
		fmt.Fprintf(errs, "%s undefined: only the steps of apickli itself are known, and JavaScript is not run\n", count(totals.Undefined, "step"))
	}
	if totals.Failed > 0 {
		return exitCode(1)
	}
	return nil
}

func (o *featureOptions) check(s *testSettings) error {
	switch {
	case s.update || s.watch:
		return errors.New("--features goes with neither --update nor --watch: these are for cases")
	case s.jobs > 1:
		return errors.New("--features goes without --jobs: scenarios run one after another, because later ones rely on what earlier ones did")
	}
	return s.check()
}

// suite joins the scenarios and the configuration that the flags ask for.
func (o *featureOptions) suite(s *testSettings) (*features.Suite, error) {
	tags, err := features.ParseTags(o.tags)
	if err != nil {
		return nil, fmt.Errorf("--tags: %w", err)
	}
	pattern, err := regexp.Compile(s.run)
	if err != nil {
		return nil, fmt.Errorf("--run: %w", err)
	}
	config, err := o.config()
	if err != nil {
		return nil, err
	}
	found, err := features.Find(o.dir)
	switch {
	case err != nil:
		return nil, fmt.Errorf("--features: %w", err)
	case len(found) == 0:
		return nil, fmt.Errorf("--features: no scenario at or below %s; it is the folder of *.feature files", o.dir)
	}
	list := features.Select(found, tags, pattern)
	if len(list) == 0 {
		return nil, fmt.Errorf("--run %q and --tags %q leave none of %s, for example %s: %s",
			s.run, o.tags, count(len(found), "scenario"), found[0].File, found[0].Name)
	}
	return &features.Suite{Scenarios: list, Config: config, Folder: o.dir, Verbose: s.verbose, FailFast: s.failFast}, nil
}

// config is that of features.yaml; flags win.
func (o *featureOptions) config() (*features.Config, error) {
	config, err := features.ReadConfig(o.dir)
	if err != nil {
		return nil, err
	}
	given := map[string]string{}
	for _, text := range o.variables {
		name, value, ok := strings.Cut(text, "=")
		if !ok || name == "" {
			return nil, fmt.Errorf("--var is %q; write NAME=VALUE", text)
		}
		given[name] = value
	}
	maps.Copy(config.Variables, given)
	if o.basePath != "" {
		config.BasePath = o.basePath
	}
	if config.BasePath != "" && config.BasePath[0] != '/' {
		return nil, fmt.Errorf("--base-path is %q; it begins with /", config.BasePath)
	}
	return config, nil
}
