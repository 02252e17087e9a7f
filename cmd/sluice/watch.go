package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/fsnotify/fsnotify"
	"go.uber.org/zap"

	"sluice/proxy"
)

// settle is how long files must rest before a reload: editors write in steps.
const settle = 200 * time.Millisecond

// startWatch watches, if asked to, until ctx ends or stop is called. Once stop has
// returned no reload is under way: what a reload uses may be closed.
func (r *runtime) startWatch(ctx context.Context) (stop func()) {
	if !r.settings.Watch {
		return func() {}
	}
	ctx, cancel := context.WithCancel(ctx)
	var watching sync.WaitGroup
	watching.Go(func() { r.watch(ctx) })
	return func() {
		cancel()
		watching.Wait()
	}
}

// watch reloads when something below the paths, or of the organization's data,
// changes, until ctx ends.
func (r *runtime) watch(ctx context.Context) {
	w, err := fsnotify.NewWatcher()
	if err != nil {
		r.log.Error("cannot watch for changes", zap.Error(err))
		return
	}
	defer w.Close()
	r.follow(w)
	rest := time.NewTimer(time.Hour)
	rest.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case e, ok := <-w.Events:
			if !ok {
				return
			}
			if !irrelevant(e) {
				rest.Reset(settle)
			}
		case err := <-w.Errors:
			r.log.Warn("watching for changes", zap.Error(err))
		case <-rest.C:
			r.follow(w) // new folders
			r.reloadOnce()
		}
	}
}

func (r *runtime) reloadOnce() {
	began := time.Now()
	if r.reload(false) == nil {
		fmt.Fprintf(r.out, "reloaded in %s\n", time.Since(began).Round(time.Millisecond))
	}
}

func (r *runtime) follow(w *fsnotify.Watcher) {
	if err := follow(w, slices.Concat(r.settings.Paths, r.settings.OrgData)); err != nil {
		r.log.Warn("cannot watch", zap.Error(err))
	}
}

// follow watches every folder below the paths: fsnotify watches folders one by
// one, and a folder sees its files replaced, which a watched file does not.
func follow(w *fsnotify.Watcher, paths []string) error {
	var errs []error
	for _, root := range paths {
		err := proxy.Walk(root, func(p string, d fs.DirEntry, err error) error {
			if err != nil {
				return nil // it may have gone meanwhile
			}
			if !d.IsDir() {
				if p == root {
					return w.Add(filepath.Dir(p))
				}
				return nil
			}
			if p != root && (strings.HasPrefix(d.Name(), ".") || d.Name() == "node_modules") {
				return filepath.SkipDir
			}
			return w.Add(p)
		})
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", root, err))
		}
	}
	return errors.Join(errs...)
}

func irrelevant(e fsnotify.Event) bool {
	base := filepath.Base(e.Name)
	return e.Op == fsnotify.Chmod || strings.HasSuffix(base, "~") || strings.HasPrefix(base, ".")
}
