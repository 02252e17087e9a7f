package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/fsnotify/fsnotify"

	"sluice/internal/cases"
)

// watchCases runs the suite, and then again and again what a change concerns,
// until ctx ends.
func watchCases(ctx context.Context, s *testSettings, suite *cases.Suite, out io.Writer) error {
	w, err := fsnotify.NewWatcher()
	if err != nil {
		return err
	}
	defer w.Close()
	roots := folders(s.paths)
	if err := follow(w, roots); err != nil {
		return err
	}
	for {
		if _, err := suite.Run(ctx, textReport(out)); err != nil {
			return ended(ctx, err)
		}
		fmt.Fprintln(out, "watching; Ctrl-C ends")
		for suite.Cases = nil; len(suite.Cases) == 0; {
			files, err := changes(ctx, w)
			if err != nil {
				return ended(ctx, err)
			}
			if err := follow(w, roots); err != nil { // new folders
				return err
			}
			suite.Cases = s.concerned(files, out)
		}
	}
}

// ended is the error of a watch: none when the user ended it.
func ended(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// folders are the folders of paths: with a case its bundle is watched too.
func folders(paths []string) []string {
	var list []string
	for _, p := range paths {
		if info, err := os.Stat(p); err == nil && !info.IsDir() {
			p = filepath.Dir(p)
		}
		list = append(list, filepath.Clean(p))
	}
	return list
}

// concerned are the cases that use one of the files, read anew. That there is
// none any more is no reason to end.
func (s *testSettings) concerned(files []string, out io.Writer) []*cases.Case {
	found, err := s.find()
	if err != nil {
		fmt.Fprintln(out, err)
		return nil
	}
	list := slices.DeleteFunc(found, func(c *cases.Case) bool { return !slices.ContainsFunc(files, c.Uses) })
	if len(list) > 0 {
		fmt.Fprintf(out, "\n%s changed: %s\n", files[0], count(len(list), "case"))
	}
	return list
}

// changes waits for files to change and rest.
func changes(ctx context.Context, w *fsnotify.Watcher) ([]string, error) {
	rest := time.NewTimer(time.Hour)
	rest.Stop()
	var files []string
	for {
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case e := <-w.Events:
			if !irrelevant(e) {
				files = append(files, filepath.Clean(e.Name))
				rest.Reset(settle)
			}
		case err := <-w.Errors:
			return nil, err
		case <-rest.C:
			return files, nil
		}
	}
}
