package main

import (
	"path/filepath"
	"strings"
	"testing"
)

// TestFeatures compares what `sluice test --features` prints with
// testdata/features/NAME.txt.
func TestFeatures(t *testing.T) {
	const bundle = " testdata/features/hello"
	for _, c := range []struct {
		name string
		args string
		code int
	}{
		{"passing", "--features testdata/features/tests/hello.feature" + bundle, 0},
		{"failing", "--features testdata/features/tests" + bundle, 1},
		{"verbose", "--features testdata/features/tests/hello.feature -v --tags @smoke" + bundle, 0},
		{"variable", "--features testdata/features/tests/wrong/wrong.feature --tags @variables --var customer=Ann" + bundle, 0},
		{"by-name", "--features testdata/features/tests/hello.feature --run ^Greeted.*Ann" + bundle, 0},
		{"whole-paths", "--features testdata/features/tests/whole.paths/whole.feature" + bundle, 1},
		{"base-path", "--features testdata/features/tests/whole.paths/whole.feature --base-path /" + bundle, 0},
		{"fail-fast", "--features testdata/features/tests/wrong --fail-fast" + bundle, 1},
		{"github", "--features testdata/features/tests/wrong/wrong.feature --format github" + bundle, 1},
		{"junit", "--features testdata/features/tests/wrong/wrong.feature --format junit" + bundle, 1},
		{"json", "--features testdata/features/tests/wrong/wrong.feature --format json --tags @variables" + bundle, 1},
		{"none", "--features testdata/features/hello" + bundle, 2},
		{"none-matches", "--features testdata/features/tests --run zebra --tags @t", 2},
		{"no-folder", "--features testdata/nowhere" + bundle, 2},
		{"no-proxy", "--features testdata/features/tests testdata/features/tests", 2},
		{"refused", "--features testdata/features/tests testdata/features/refused", 2},
		{"several", "--features testdata/features/tests testdata/features/hello testdata/shop", 2},
		{"bad-tags", "--features testdata/features/tests --tags smoke" + bundle, 2},
		{"bad-var", "--features testdata/features/tests --var customer" + bundle, 2},
		{"bad-base-path", "--features testdata/features/tests --base-path v1" + bundle, 2},
		{"with-update", "--features testdata/features/tests --update" + bundle, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			out, errs, code := sluice(t, append([]string{"test"}, strings.Fields(c.args)...)...)
			if code != c.code {
				t.Errorf("exit code %d, want %d", code, c.code)
			}
			got := "$ sluice test " + c.args + "\n" + times.ReplaceAllString(out+errs, "${1}0")
			compareGolden(t, filepath.Join("testdata", "features", c.name+".txt"), got)
		})
	}
}
