package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"sluice/internal/cases/casetest"
)

// samples holds Google's public samples of exported integrations, which are not
// part of the project.
const samples = corpus + "/integrations"

// TestExamplesRunSamples puts the public sample of the same name in the place of
// each integration of an example, and runs the cases of the example as they are:
// ours have the triggers and the parameters of the samples.
func TestExamplesRunSamples(t *testing.T) {
	if _, err := os.Stat(samples); errors.Is(err, fs.ErrNotExist) {
		t.Skipf("the public samples are not at %s", samples)
	}
	options, err := caseOptions()
	if err != nil {
		t.Fatal(err)
	}
	for _, example := range []string{"call-rest-api", "status-based-retry"} {
		t.Run(example, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), example)
			if err := os.CopyFS(dir, os.DirFS(filepath.Join(examples, example))); err != nil {
				t.Fatal(err)
			}
			replaceBySamples(t, filepath.Join(dir, "integrations"))
			casetest.Test(t, dir, options)
		})
	}
}

// replaceBySamples writes the sample of its name over each integration in dir.
func replaceBySamples(t *testing.T, dir string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no integrations in %s (%v)", dir, err)
	}
	for _, file := range files {
		sample, err := os.ReadFile(filepath.Join(samples, filepath.Base(file)))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, sample, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}
