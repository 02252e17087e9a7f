package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"regexp"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"sluice/internal/cases"
	"sluice/proxy"
)

// testSettings are the flags of `sluice test`.
type testSettings struct {
	paths    []string
	run      string
	jobs     int
	update   bool
	verbose  bool
	watch    bool
	failFast bool
	format   string
	output   string
	compile  proxy.Options
}

func testCommand() *cobra.Command {
	s := testSettings{format: "text"}
	matrix, feature := matrixOptions{}, featureOptions{}
	cmd := &cobra.Command{
		Use:   "test PATH...",
		Short: "Run the *.case files beside bundles, or show which rule handles which fault",
		Long: `test runs every *.case file at or below the paths (default: the current folder). A
case is a story of requests and of what must come of them; it lies beside the
apiproxy folder that it is about and is run against that bundle alone, on a server
of its own, with an upstream, a clock and integrations that follow the case.

  sluice test ./my-proxy                 run them all
  sluice test ./my-proxy --run quota -v  explain each step of those about quota
  sluice doc cases                       how a case is written

What a failure shows: the line of the case that does not hold, what came instead,
which element of the bundle decided it, and the way through the flows. With
--update the response and vars sections that differ are rewritten: look at the
difference before you commit it.

` + featureHelp + `

` + matrixHelp + `

Exit code 0 if all is well, 1 if cases fail or --fail-on finds cells, 2 if they
could not be run.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			s.paths = args
			if len(args) == 0 {
				s.paths = []string{"."}
			}
			ctx, stop := signal.NotifyContext(cmd.Context(), syscall.SIGTERM, os.Interrupt)
			defer stop()
			if matrix.faults || matrix.fault != "" {
				matrix.format = s.format
				return runMatrix(ctx, args, matrix, cmd.OutOrStdout(), cmd.ErrOrStderr())
			}
			if feature.dir != "" {
				return runFeatures(ctx, &s, &feature, cmd.OutOrStdout(), cmd.ErrOrStderr())
			}
			return test(ctx, &s, cmd.OutOrStdout())
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.StringVar(&s.run, "run", "", "only cases whose path or first line matches the `regexp`")
	f.BoolVarP(&s.verbose, "verbose", "v", false, "tell the whole way of every exchange: flows, conditions, steps, faults, variables")
	f.BoolVar(&s.update, "update", false, "rewrite the response and vars sections that differ")
	f.BoolVar(&s.watch, "watch", false, "run again what changes, or whose bundle changes")
	f.BoolVar(&s.failFast, "fail-fast", false, "stop at the first case that fails")
	f.IntVarP(&s.jobs, "jobs", "j", 0, "`number` of cases that run at once (default: twice the processors)")
	f.StringVar(&s.format, "format", s.format, "`form` of the report: text, json, junit or github (annotations)")
	f.StringVar(&s.output, "output", "", "write the report to a `file`, and text to the terminal")
	f.BoolVar(&s.compile.AllowMissing, "allow-missing-policies", false, "take bundles that attach policies of types which are not available; a request that reaches one ends in a fault (501)")
	feature.register(f)
	matrix.register(f)
	return cmd
}

// test runs the cases once, or until ctx ends with --watch.
func test(ctx context.Context, s *testSettings, out io.Writer) error {
	if err := s.check(); err != nil {
		return err
	}
	list, err := s.find()
	if err != nil {
		return err
	}
	options, err := caseOptions()
	if err != nil {
		return err
	}
	options.Update, options.Verbose, options.Compile = s.update, s.verbose, s.compile
	suite := &cases.Suite{Cases: list, Options: options, Jobs: s.jobs, FailFast: s.failFast}
	if s.watch {
		return watchCases(ctx, s, suite, out)
	}
	totals, err := s.once(ctx, suite, out)
	switch {
	case errors.Is(err, context.Canceled):
		return errors.New("interrupted")
	case err != nil:
		return err
	case totals.Failed > 0:
		return exitCode(1)
	}
	return nil
}

// formats are the reports that --format chooses from.
var formats = map[string]func(io.Writer) cases.Report{
	"text":   func(w io.Writer) cases.Report { return textReport(w) },
	"json":   func(w io.Writer) cases.Report { return &cases.JSONReport{W: w} },
	"junit":  func(w io.Writer) cases.Report { return &cases.JUnitReport{W: w} },
	"github": func(w io.Writer) cases.Report { return &cases.GitHubReport{W: w} },
}

func textReport(w io.Writer) cases.Report { return &cases.TextReport{W: w, Colour: colourful(w)} }

// colourful reports whether w is a terminal whose user has nothing against
// colours (no-color.org).
func colourful(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok || os.Getenv("NO_COLOR") != "" || os.Getenv("TERM") == "dumb" {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

func (s *testSettings) check() error {
	switch {
	case formats[s.format] == nil:
		return fmt.Errorf("--format is %q; it is text, json, junit or github", s.format)
	case s.jobs < 0:
		return fmt.Errorf("--jobs is %d; it is a number from 1", s.jobs)
	case s.watch && (s.format != "text" || s.output != ""):
		return errors.New("--watch writes text to the terminal; leave out --format and --output")
	}
	return nil
}

// once runs the suite and writes its reports.
func (s *testSettings) once(ctx context.Context, suite *cases.Suite, out io.Writer) (totals cases.Totals, err error) {
	err = s.report(out, func(reports ...cases.Report) (err error) {
		totals, err = suite.Run(ctx, reports...)
		return err
	})
	return totals, err
}

// report gives run the reports that the flags ask for.
func (s *testSettings) report(out io.Writer, run func(...cases.Report) error) error {
	if s.output == "" {
		return run(formats[s.format](out))
	}
	file, err := os.Create(s.output)
	if err != nil {
		return fmt.Errorf("--output: %w", err)
	}
	err = run(textReport(out), formats[s.format](file))
	return errors.Join(err, file.Close())
}

// find finds the cases that the flags ask for.
func (s *testSettings) find() ([]*cases.Case, error) {
	pattern, err := regexp.Compile(s.run)
	if err != nil {
		return nil, fmt.Errorf("--run: %w", err)
	}
	found, err := cases.Find(s.paths...)
	switch {
	case err != nil:
		return nil, err
	case len(found) == 0:
		return nil, fmt.Errorf("no *.case file at or below %s\n\n%s", strings.Join(s.paths, ", "), sample)
	}
	var list []*cases.Case
	for _, c := range found {
		if pattern.MatchString(c.File) || pattern.MatchString(c.Name()) {
			list = append(list, c)
		}
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("--run %q matches none of %s, for example %s: %s", s.run, count(len(found), "case"), found[0].File, found[0].Name())
	}
	return list, nil
}

// sample shows those who have no case yet how to begin.
const sample = `A case lies beside the apiproxy folder that it is about, as in my-proxy/hello.case:

  GET /hello asks the target for /greeting and says what it says.
  -- request --
  GET /hello HTTP/1.1
  -- target --
  GET /greeting HTTP/1.1
  -- answer --
  HTTP/1.1 200 OK

  Hello!
  -- response --
  HTTP/1.1 200 OK

` + "`sluice doc cases`" + ` describes the rest.`
