// Package casetest runs *.case files as Go tests. It is a package of its own so
// that the program, which runs cases too, does not link package testing.
package casetest

import (
	"flag"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"sluice/internal/cases"
)

var update = flag.Bool("update", false, "rewrite the response and vars sections of cases that differ")

// Test runs every case in dir and below as a parallel subtest named after its
// file, and returns when all are done. It returns the faults that were raised
// (see cases.Result), and for each the files that raised it. With the flag
// -update the files are rewritten instead; -v logs what happened.
func Test(t *testing.T, dir string, o cases.Options) map[string][]string {
	t.Helper()
	list, err := cases.Folder(dir)
	if err != nil {
		t.Error(err) // the others run all the same
	}
	if len(list) == 0 {
		t.Fatalf("no *.case file in %s", dir)
	}
	o.Update, o.Verbose = *update, testing.Verbose()
	var mu sync.Mutex
	faults := map[string][]string{}
	t.Run("cases", func(t *testing.T) { // ends when its parallel subtests have ended
		for _, c := range list {
			t.Run(name(dir, c.File), func(t *testing.T) {
				t.Parallel()
				r := c.Run(t.Context(), o)
				report(t, c, r)
				mu.Lock()
				defer mu.Unlock()
				for _, f := range r.Faults {
					faults[f] = append(faults[f], c.File)
				}
			})
		}
	})
	return faults
}

// Selected reports whether the flag -run picks some of the subtests, so that
// what all of them show together is not to be had.
func Selected() bool {
	run := flag.Lookup("test.run")
	return run != nil && strings.Contains(run.Value.String(), "/")
}

func report(t *testing.T, c *cases.Case, r *cases.Result) {
	t.Helper()
	switch {
	case !r.Passed:
		t.Errorf("%s\n%s", c.Why, r)
	case len(r.Log) > 0 || r.Verbose || r.Updated > 0:
		t.Log("\n" + r.String())
	}
}

func name(dir, file string) string {
	rel, err := filepath.Rel(dir, file)
	if err != nil {
		rel = file
	}
	return strings.TrimSuffix(filepath.ToSlash(rel), ".case")
}
