package features

import (
	"context"
	"errors"
	"fmt"
	"time"

	"sluice/internal/cases"
)

// play runs one scenario. Steps after the first that fails are not run, but those
// of them that nobody can run are told.
func (r *run) play(ctx context.Context, sc *Scenario) *cases.Result {
	if sc.broken != nil {
		return unreadable(sc)
	}
	began := time.Now()
	result := &cases.Result{File: sc.File, Line: sc.Line, Name: sc.Name, Why: sc.Feature, Verbose: r.verbose}
	s := newSession(ctx, &r.shared)
	r.witness().Begin(sc.File)
	for i := range sc.Steps {
		if f := r.step(s, sc, &sc.Steps[i], len(result.Failures) > 0); f != nil {
			result.Failures = append(result.Failures, *f)
		}
	}
	if len(sc.Steps) == 0 {
		result.Failures = append(result.Failures, cases.Failure{File: sc.File, Line: sc.Line, Section: "scenario", Got: noSteps})
	}
	r.finish(result, sc, s)
	result.Seconds = time.Since(began).Seconds()
	return result
}

// noSteps is the reason of a scenario that would look at nothing. Cucumber lets it
// pass, and so hides steps without a keyword.
const noSteps = "the scenario has no steps: lines that do not begin with Given, When, Then, And, But or * are its description"

// finish adds what the witness saw, and notes for the reader of a failure.
func (r *run) finish(result *cases.Result, sc *Scenario, s *session) {
	steps := len(result.Failures)
	r.witness().Finish(result)
	for i := range result.Failures[:steps] {
		if f := &result.Failures[i]; f.Section == answerSection {
			f.Section = stepAt(sc, f.Line)
		}
	}
	for _, name := range s.unset {
		result.Log = append(result.Log, fmt.Sprintf("variable %s is not set, and reads %q: give it with --var %s=VALUE", name, undefined, name))
	}
	if hint := r.repeated(s); hint != "" {
		result.Log = append(result.Log, hint)
	}
	result.Passed = len(result.Failures) == 0
	if result.Passed && !r.verbose {
		result.Traces, result.Log = nil, nil
	}
}

// step runs one step, unless an earlier one has failed, and returns its failure.
func (r *run) step(s *session, sc *Scenario, step *Step, failed bool) *cases.Failure {
	c, err := find(step)
	if errors.Is(err, errUndefined) {
		r.undefined++
	} else if failed {
		return nil
	}
	f := &cases.Failure{File: sc.File, Line: step.Line, Section: step.String()}
	if err == nil {
		err = s.fill(c)
	}
	if err == nil {
		if err = c.definition.run(s, c.args, c.table); s.exchanges > 0 {
			f.Section, f.Exchange = answerSection, s.exchanges
		}
	}
	if err == nil {
		return nil
	}
	f.Got = err.Error()
	if m, ok := errors.AsType[*mismatch](err); ok {
		f.Want, f.Got = m.want, m.got
	}
	return f
}

// answerSection is the section of failures of which the witness can tell why.
const answerSection = "response"

func stepAt(sc *Scenario, line int) string {
	for i := range sc.Steps {
		if sc.Steps[i].Line == line {
			return sc.Steps[i].String()
		}
	}
	return ""
}

// repeated tells of resources that begin with the base path: then the support
// code has probably given apickli a host alone.
func (r *run) repeated(s *session) string {
	if !s.repeats {
		return ""
	}
	return fmt.Sprintf("a resource begins with the base path %s already: if resources are whole paths, run with --base-path /", r.shared.target.basePath)
}

// unreadable is the result of a file that is no feature.
func unreadable(sc *Scenario) *cases.Result {
	errs := []error{sc.broken}
	if joined, ok := sc.broken.(interface{ Unwrap() []error }); ok {
		errs = joined.Unwrap()
	}
	r := &cases.Result{File: sc.File}
	for _, err := range errs {
		f := cases.Failure{File: sc.File, Section: "feature", Got: err.Error()}
		if m, ok := errors.AsType[*cases.Mistake](err); ok {
			f.Line, f.Got = m.Line, m.Text
		}
		r.Failures = append(r.Failures, f)
	}
	return r
}
