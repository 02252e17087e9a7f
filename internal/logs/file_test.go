package logs

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"sluice/flow"
)

// files are the contents of a folder, by name.
func files(t *testing.T, dir string) map[string]string {
	t.Helper()
	found := map[string]string{}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		data, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		found[e.Name()] = string(data)
	}
	return found
}

func appendLines(t *testing.T, s *Service, file *flow.LogFile, lines ...string) {
	t.Helper()
	for _, line := range lines {
		if err := s.File(file, []byte(line)); err != nil {
			t.Fatal(err)
		}
	}
}

func TestFileRotation(t *testing.T) {
	tests := []struct {
		name     string
		rotation flow.LogRotation
		want     string
	}{
		{"none", flow.LogRotation{}, "map[f.log:older\n1111\n2222\n3333\n4444\n5555\n]"},
		{"size", flow.LogRotation{Size: 10, Keep: 2}, "map[f.log:5555\n f.log.1:3333\n4444\n f.log.2:1111\n2222\n]"},
		{"at start", flow.LogRotation{AtStart: true, Keep: 5}, "map[f.log:1111\n2222\n3333\n4444\n5555\n f.log.1:older\n]"},
		{"none kept", flow.LogRotation{Size: 10}, "map[f.log:5555\n]"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.Mkdir(filepath.Join(dir, "a"), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, "a", "f.log"), []byte("older\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			s := open(t, Options{Dir: dir})
			appendLines(t, s, &flow.LogFile{Path: "a/f.log", Rotation: tt.rotation}, "1111", "2222\n", "3333", "4444", "5555")
			closeIn(s, patience)
			if got := fmt.Sprint(files(t, filepath.Join(dir, "a"))); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

// TestFileRotationInTime: age counts although the file was closed in between.
func TestFileRotationInTime(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		s := open(t, Options{Dir: dir})
		file := &flow.LogFile{Path: "f.log", Rotation: flow.LogRotation{Every: 30 * time.Second, Keep: 5, AtStart: true}}
		appendLines(t, s, file, "1", "2")
		time.Sleep(29 * time.Second)
		appendLines(t, s, file, "3")
		time.Sleep(2 * time.Second)
		appendLines(t, s, file, "4")
		closeIn(s, patience)
	})
	if got, want := fmt.Sprint(files(t, dir)), "map[f.log:4\n f.log.1:1\n2\n3\n]"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestFileRotationIsTheNewest: a policy is deployed anew while its file is open.
func TestFileRotationIsTheNewest(t *testing.T) {
	dir := t.TempDir()
	s := open(t, Options{Dir: dir})
	appendLines(t, s, &flow.LogFile{Path: "f.log"}, "1111", "2222")
	appendLines(t, s, &flow.LogFile{Path: "f.log", Rotation: flow.LogRotation{Size: 10, Keep: 5}}, "3333", "4444")
	closeIn(s, patience)
	if got, want := fmt.Sprint(files(t, dir)), "map[f.log:3333\n4444\n f.log.1:1111\n2222\n]"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestFilesStayInTheirFolder: neither a name nor a link leads out of it.
func TestFilesStayInTheirFolder(t *testing.T) {
	outside, dir := t.TempDir(), t.TempDir()
	if err := os.Symlink(outside, filepath.Join(dir, "link")); err != nil {
		t.Skip(err)
	}
	if err := os.Symlink(filepath.Join(outside, "f.log"), filepath.Join(dir, "f.log")); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"link/f.log", "f.log", "../" + filepath.Base(outside) + "/f.log"} {
		var told reports
		s := open(t, Options{Dir: dir, Report: told.add})
		appendLines(t, s, &flow.LogFile{Path: path}, "1")
		closeIn(s, 50*time.Millisecond)
		if got := strings.Join(told.all(), "; "); !strings.Contains(got, "takes no message") {
			t.Errorf("%s: told %q", path, got)
		}
	}
	if got := files(t, outside); len(got) > 0 {
		t.Errorf("outside there is %q", got)
	}
}

func TestFilesWithoutAFolder(t *testing.T) {
	var told reports
	s := open(t, Options{Report: told.add})
	appendLines(t, s, &flow.LogFile{Path: "f.log"}, "1", "2")
	if got := told.all(); len(got) != 1 {
		t.Errorf("told %q", got)
	}
}
