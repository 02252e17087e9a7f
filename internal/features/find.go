package features

import (
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

const extension = ".feature"

// Find reads the feature files at a path, which is one of them or a folder that
// holds some at any depth, in the order of their names. A file that is no feature
// is a Scenario that fails when it is run, with what is wrong with it. The error
// tells of a path that cannot be searched.
func Find(root string) ([]*Scenario, error) {
	info, err := os.Stat(root)
	switch {
	case err != nil:
		return nil, err
	case !info.IsDir() && filepath.Ext(root) != extension:
		return nil, fmt.Errorf("%s is neither a folder nor a *%s file", root, extension)
	}
	var found []*Scenario
	err = filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && p != root && (d.Name() == "node_modules" || strings.HasPrefix(d.Name(), ".")):
			return filepath.SkipDir
		case !d.IsDir() && filepath.Ext(p) == extension:
			found = append(found, read(filepath.Clean(p))...)
		}
		return nil
	})
	return found, err
}

func read(file string) []*Scenario {
	data, err := readFile(file, maxFile+1)
	if err != nil {
		return []*Scenario{{File: file, broken: err}}
	}
	list, err := Parse(file, data)
	if err != nil {
		return []*Scenario{{File: file, broken: err}}
	}
	return list
}

// readFile reads a file, at most limit bytes of it.
func readFile(file string, limit int64) ([]byte, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, limit))
}

// Select returns the scenarios that the tags and the pattern ask for: the pattern
// matches the file or the name. Files that are no features stay.
func Select(list []*Scenario, tags *Tags, pattern *regexp.Regexp) []*Scenario {
	var kept []*Scenario
	for _, s := range list {
		named := pattern.MatchString(s.File) || pattern.MatchString(s.Name)
		if s.broken != nil || named && tags.Match(s.Tags) {
			kept = append(kept, s)
		}
	}
	return kept
}
