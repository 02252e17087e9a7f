package xslt

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestCorpus compiles the stylesheets of a collection of real bundles, which lies beside the project where there is one.
func TestCorpus(t *testing.T) {
	const bundles = "../../../shared/corpus/bundles"
	if _, err := os.Stat(bundles); err != nil {
		t.Skipf("no corpus of bundles: %v", err)
	}
	count := 0
	err := filepath.WalkDir(bundles, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasPrefix(filepath.Ext(path), ".xsl") {
			return err
		}
		src, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		count++
		s, err := Compile(src)
		if err != nil {
			t.Errorf("%s: %v", path, err)
			return nil
		}
		for _, w := range s.Warnings() {
			t.Logf("%s: %v", path, w)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if count < 10 {
		t.Errorf("only %d stylesheets found", count)
	}
}
