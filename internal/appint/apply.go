package appint

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"sync"

	"sluice/internal/integrations"
)

// The engine is told of what is published here, in one place, for publications of this process
// and of others alike.

// staleNames are the integrations whose head has changed since the engine was told of it.
type staleNames struct {
	wake chan struct{} // has an element when there may be one

	mu    sync.Mutex // guards names
	names map[string]bool
}

func newStaleNames() *staleNames {
	return &staleNames{wake: make(chan struct{}, 1), names: map[string]bool{}}
}

func (s *staleNames) add(name string) {
	s.mu.Lock()
	s.names[name] = true
	s.mu.Unlock()
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

func (s *staleNames) take() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var names []string
	for name := range s.names {
		names = append(names, name)
	}
	clear(s.names)
	return names
}

// keepApplying tells the engine of what other processes publish, until ctx ends.
func (vs *versions) keepApplying(ctx context.Context) {
	for {
		select {
		case <-vs.stale.wake:
		case <-ctx.Done():
			return
		}
		if err := vs.applyAll(ctx); err != nil && ctx.Err() == nil {
			vs.log(err)
		}
	}
}

// applyAll applies every integration that has changed. What the engine refuses, since it is older
// than the version or lacks a setting, is told and does not hold up the others.
func (vs *versions) applyAll(ctx context.Context) error {
	var errs []error
	for _, name := range vs.stale.take() {
		errs = append(errs, vs.apply(ctx, name))
	}
	return errors.Join(errs...)
}

// application is what the engine was told of an integration.
type application struct {
	active      string
	publication int64
}

// apply makes the engine run what the head of an integration says.
func (vs *versions) apply(ctx context.Context, integration string) error {
	vs.mu.Lock()
	defer vs.mu.Unlock()
	h, _ := vs.heads.get(integration)
	if now := (application{h.Active, h.Publication}); now == vs.applied[integration] {
		return nil
	}
	if h.Active == "" {
		vs.engine.Unpublish(integration)
	} else if err := vs.hand(ctx, vs.engine.Publish, integration, h.Active); err != nil {
		return fmt.Errorf("integration %q, version %s: %w", integration, h.Active, err)
	}
	vs.applied[integration] = application{h.Active, h.Publication}
	return nil
}

// ready gives the engine the version that an execution began with, if it has not got it. One that
// was deleted is replaced by the published one.
func (vs *versions) ready(ctx context.Context, integration, id string) error {
	vs.mu.Lock()
	defer vs.mu.Unlock()
	if vs.compiled[place(integration, id)] || id == "" {
		return nil
	}
	err := vs.hand(ctx, vs.engine.Draft, integration, id)
	if own := new(integrations.StatusError); errors.As(err, &own) && own.Code == http.StatusNotFound {
		return nil
	}
	return err
}

// hand gives a version to the engine. The caller holds the lock.
func (vs *versions) hand(ctx context.Context, to func(string, string, []byte, map[string]json.RawMessage) []error, integration, id string) error {
	v, _, err := vs.get(ctx, integration, id)
	if err != nil {
		return err
	}
	config := map[string]json.RawMessage{}
	if len(v.Config) > 0 {
		if err := json.Unmarshal(v.Config, &config); err != nil {
			return err
		}
	}
	if bad := to(integration, id, v.Document, config); len(bad) > 0 {
		return errors.Join(bad...)
	}
	vs.compiled[place(integration, id)] = true
	return nil
}

// forget makes the engine forget a version that was deleted.
func (vs *versions) forget(integration, id string) {
	vs.mu.Lock()
	defer vs.mu.Unlock()
	delete(vs.compiled, place(integration, id))
	vs.engine.Forget(integration, id)
}
