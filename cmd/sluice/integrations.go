package main

import (
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"time"

	"sluice/flow"
	"sluice/internal/appint"
	"sluice/internal/integrations"
	"sluice/proxy"
)

// localEngine is the local Application Integration with the files that it was
// loaded from.
type localEngine struct {
	flow.Integrations
	take   func(name string, export []byte) []error // makes it the published version
	remove func(name string) error
	end    func() error
	loaded map[string]string // integration -> file
}

// newLocalEngine returns one that remembers nothing.
func newLocalEngine(n *proxy.Network) *localEngine {
	e := integrations.New(integrations.Options{Client: n.HTTPClient(false), InsecureClient: n.HTTPClient(true), Now: time.Now, NewID: newID})
	return &localEngine{
		Integrations: e.Service(defaultSettings().Region), take: e.Load,
		remove: func(name string) error { e.Remove(name); return nil },
		end:    func() error { e.Close(); return nil },
		loaded: map[string]string{},
	}
}

// newLastingEngine returns one whose executions are kept in the state.
func newLastingEngine(s *appint.Service) *localEngine {
	return &localEngine{Integrations: s, take: s.Load, remove: s.Remove, end: s.Close, loaded: map[string]string{}}
}

// load loads integrations/*.json beside the bundles at the paths, and the files
// given; what is gone since the last time is removed. A file that does not load
// is reported; an earlier version of it goes on.
func (e *localEngine) load(paths, files []string, errs io.Writer) {
	found := map[string]string{}
	for _, file := range append(integrationFiles(paths), files...) {
		name := strings.TrimSuffix(filepath.Base(file), ".json")
		if first, ok := found[name]; ok {
			fmt.Fprintf(errs, "%s: warning: integration %q is loaded from %s already; this file is not loaded\n", file, name, first)
			continue
		}
		found[name] = file
		e.loadFile(name, file, errs)
	}
	for name := range e.loaded {
		if found[name] == "" {
			if err := e.remove(name); err != nil {
				fmt.Fprintf(errs, "integration %q: error: %v\n", name, err)
			}
		}
	}
	e.loaded = found
}

func (e *localEngine) loadFile(name, file string, errs io.Writer) {
	data, err := os.ReadFile(file)
	if err != nil {
		fmt.Fprintf(errs, "%s: error: %v\n", file, err)
		return
	}
	for _, err := range e.take(name, data) {
		fmt.Fprintf(errs, "%s: error: %v\n", file, err)
	}
}

// integrationFiles finds integrations/*.json beside apiproxy folders.
func integrationFiles(paths []string) []string {
	return beside(paths, filepath.Join("integrations", "*.json"))
}

// beside finds the files that match a pattern in the folders that hold an
// apiproxy folder, at any depth below the paths.
func beside(paths []string, pattern string) []string {
	var files []string
	for _, root := range paths {
		_ = proxy.Walk(root, func(p string, d fs.DirEntry, err error) error {
			if err != nil || !d.IsDir() {
				return nil // what cannot be read is reported by the loader of bundles
			}
			if strings.HasPrefix(d.Name(), ".") && p != root || d.Name() == "node_modules" {
				return filepath.SkipDir
			}
			if d.Name() == "apiproxy" {
				found, _ := filepath.Glob(filepath.Join(filepath.Dir(p), pattern)) // the pattern is well-formed
				files = append(files, found...)
				return filepath.SkipDir
			}
			return nil
		})
	}
	sort.Strings(files)
	return files
}
