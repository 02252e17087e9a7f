package main

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestGuide does what the guide of examples/fault-lab says, on a copy, and looks
// whether everything prints what it says. A line "..." there stands for any lines.
func TestGuide(t *testing.T) {
	guide, err := os.ReadFile(filepath.Join(examples, "fault-lab", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("git is not installed, which the guide applies its patch with")
	}
	dir := t.TempDir()
	if err := os.CopyFS(filepath.Join(dir, "examples", "fault-lab"), os.DirFS(filepath.Join(examples, "fault-lab"))); err != nil {
		t.Fatal(err)
	}
	t.Chdir(dir)
	t.Setenv("GIT_CEILING_DIRECTORIES", dir) // the copy is in no repository
	ran := 0
	for _, block := range regexp.MustCompile("(?s)```\n(\\$ .*?)```\n").FindAllStringSubmatch(string(guide), -1) {
		for _, part := range strings.Split("\n"+block[1], "\n$ ")[1:] {
			command, want, _ := strings.Cut(part, "\n")
			ran++
			if got := guided(t, command); !printed(want, got) {
				t.Errorf("$ %s\nprinted\n%s\nthe guide says\n%s", command, got, want)
			}
		}
	}
	if ran != 7 {
		t.Errorf("the guide has %d commands, this test knows 7", ran)
	}
}

// guided runs a command of the guide and returns what it printed.
func guided(t *testing.T, command string) string {
	t.Helper()
	words := strings.Fields(command)
	var out bytes.Buffer
	if words[0] != "./sluice" {
		git := exec.Command(words[0], words[1:]...)
		git.Stdout, git.Stderr = &out, &out
		if err := git.Run(); err != nil {
			t.Errorf("%s: %v", command, err)
		}
		return out.String()
	}
	cmd := root()
	cmd.SetArgs(words[1:])
	cmd.SetOut(&out)
	cmd.SetErr(&out)
	var code exitCode
	if err := cmd.Execute(); err != nil && !errors.As(err, &code) {
		t.Errorf("%s: %v", command, err)
	}
	return out.String()
}

// printed compares what the guide says with what came.
func printed(want, got string) bool {
	pattern := regexp.QuoteMeta(strings.Trim(want, "\n"))
	pattern = regexp.MustCompile(`(?m)^\\\.\\\.\\\.$\n?`).ReplaceAllString(pattern, `(?:.*\n)*?`)
	return regexp.MustCompile(`^` + pattern + `\n*$`).MatchString(strings.TrimLeft(got, "\n"))
}
