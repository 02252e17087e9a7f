package cases_test

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sluice/internal/cases"
)

// listing notes what a report hears.
type listing struct {
	files  []string
	totals cases.Totals
	ended  bool
	err    error // of Case
}

func (l *listing) Case(r *cases.Result) error {
	l.files = append(l.files, filepath.Base(r.File))
	return l.err
}

func (l *listing) End(t cases.Totals) error {
	l.totals, l.ended = t, true
	return nil
}

func suite(t *testing.T, dirs ...string) *cases.Suite {
	t.Helper()
	list, err := cases.Find(dirs...)
	if err != nil {
		t.Fatal(err)
	}
	return &cases.Suite{Cases: list, Options: options(t), Jobs: 4}
}

// TestSuiteKeepsTheOrder runs slow cases before fast ones.
func TestSuiteKeepsTheOrder(t *testing.T) {
	s := suite(t, "testdata/bad", "testdata/good")
	var l listing
	totals, err := s.Run(t.Context(), &l)
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, c := range s.Cases {
		want = append(want, filepath.Base(c.File))
	}
	if !slices.Equal(l.files, want) {
		t.Errorf("got %v, want %v", l.files, want)
	}
	if totals != l.totals || totals.Failed != 7 || totals.Passed != 6 || totals.NotRun != 0 {
		t.Errorf("got %+v, told %+v", totals, l.totals)
	}
}

func TestFailFastStopsAtTheFirstInOrder(t *testing.T) {
	s := suite(t, "testdata/good/values.case", "testdata/bad/vars.case", "testdata/good")
	s.FailFast = true
	var l listing
	totals, err := s.Run(t.Context(), &l)
	if err != nil || totals.Passed != 1 || totals.Failed != 1 || totals.NotRun != 5 || !l.ended {
		t.Errorf("got %+v, %v", totals, err)
	}
	if want := []string{"values.case", "vars.case"}; !slices.Equal(l.files, want) {
		t.Errorf("got %v, want %v", l.files, want)
	}
}

func TestSuiteEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var l listing
	if _, err := suite(t, "testdata/good").Run(ctx, &l); !errors.Is(err, context.Canceled) || l.files != nil || l.ended {
		t.Errorf("got %v, %+v", err, l)
	}
}

func TestSuiteEndsWhenAReportCannotBeWritten(t *testing.T) {
	full := errors.New("disk full")
	l := listing{err: full}
	if _, err := suite(t, "testdata/good").Run(t.Context(), &l); !errors.Is(err, full) || len(l.files) != 1 {
		t.Errorf("got %v, %+v", err, l)
	}
}

func TestColours(t *testing.T) {
	var b strings.Builder
	s := suite(t, "testdata/good/values.case", "testdata/bad/vars.case")
	if _, err := s.Run(t.Context(), &cases.TextReport{W: &b, Colour: true}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"\x1b[32mok\x1b[0m    testdata", "\x1b[31mFAIL\x1b[0m  testdata", "\x1b[31m1 passed, 1 failed\x1b[0m\n"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("lacks %q:\n%s", want, b.String())
		}
	}
}
