package appint

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"sluice/internal/integrations"
	"sluice/internal/ordjson"
	"sluice/internal/state"
)

// Limits of the API (reference integrations.md 1).
const (
	maxVersions     = 100
	maxIntegrations = 1000
	nameLimit       = 64
)

// versions keeps integrations and their versions, and sees to it that the engine runs those that
// are published, also those that another process has published.
type versions struct {
	now    func() time.Time
	newID  func() string
	log    func(error)
	engine *integrations.Engine

	documents state.Bucket // INTEGRATION/ID -> version
	names     state.Bucket // INTEGRATION -> head
	all       mirror[version]
	heads     mirror[head]
	stale     *staleNames

	mu       sync.Mutex // guards what follows, and is held while the engine is told
	applied  map[string]application
	compiled map[string]bool // INTEGRATION/ID that the engine has
}

func (vs *versions) open(ctx, watching context.Context, store state.Engine) error {
	vs.stale, vs.applied, vs.compiled = newStaleNames(), map[string]application{}, map[string]bool{}
	err := errors.Join(
		bucket(ctx, store, &vs.documents, "integration-versions", true),
		bucket(ctx, store, &vs.names, "integrations", true),
	)
	if err != nil {
		return err
	}
	vs.all.read = func(_ string, value []byte) (v version, ok bool) {
		err := json.Unmarshal(value, &v)
		v.Document = nil // large
		return v, err == nil
	}
	vs.heads.read = func(_ string, value []byte) (h head, ok bool) {
		err := json.Unmarshal(value, &h)
		return h, err == nil
	}
	vs.heads.changed = func(name string, _ head, _ bool) { vs.stale.add(name) }
	return errors.Join(vs.all.follow(watching, vs.documents), vs.heads.follow(watching, vs.names))
}

func place(integration, id string) string { return integration + "/" + id }

// get returns a version with its document.
func (vs *versions) get(ctx context.Context, integration, id string) (*version, uint64, error) {
	e, err := vs.documents.Get(ctx, place(integration, id))
	if errors.Is(err, state.ErrNotFound) {
		return nil, 0, notFound("Version %q of integration %q was not found.", id, integration)
	}
	if err != nil {
		return nil, 0, err
	}
	v := new(version)
	return v, e.Revision, json.Unmarshal(e.Value, v)
}

// write puts a version in place of a revision.
func (vs *versions) write(ctx context.Context, v *version, revision uint64) error {
	value, err := json.Marshal(v)
	if err != nil {
		return err
	}
	key := place(v.Integration, v.ID)
	written, err := replace(ctx, vs.documents, key, value, revision, 0)
	if err == nil {
		vs.all.wrote(key, value, written)
	}
	return err
}

// of returns the versions of an integration, of all for "-", without documents, the latest first.
func (vs *versions) of(integration string) []version {
	list := vs.all.list(func(v version) bool { return integration == "-" || v.Integration == integration })
	slices.SortFunc(list, func(a, b version) int {
		if c := strings.Compare(a.Integration, b.Integration); c != 0 {
			return c
		}
		return int(b.Snapshot - a.Snapshot)
	})
	return list
}

// changeHead changes the head of an integration, and makes it if there is none and create holds.
// It is tried again while others change it too.
func (vs *versions) changeHead(ctx context.Context, name string, create bool, change func(*head) error) error {
	for range 100 {
		h, revision, err := vs.head(ctx, name)
		if errors.Is(err, state.ErrNotFound) && create {
			err = vs.mayCreate(name)
		} else if errors.Is(err, state.ErrNotFound) {
			err = notFound("Integration %q was not found.", name)
		}
		if err == nil {
			err = change(&h)
		}
		if err != nil {
			return err
		}
		h.Updated = vs.now()
		if err := vs.writeHead(ctx, h, revision); !errors.Is(err, state.ErrRevision) {
			return err
		}
	}
	return errAborted
}

func (vs *versions) head(ctx context.Context, name string) (head, uint64, error) {
	e, err := vs.names.Get(ctx, name)
	if err != nil {
		return head{Name: name, Next: 1, Created: vs.now()}, 0, err
	}
	var h head
	return h, e.Revision, json.Unmarshal(e.Value, &h)
}

func (vs *versions) mayCreate(name string) error {
	switch {
	case len(name) > nameLimit:
		return invalid("The integration name has more than %d characters.", nameLimit)
	case vs.heads.len() >= maxIntegrations:
		return status(429, "RESOURCE_EXHAUSTED", "There are %d integrations already; delete one first.", maxIntegrations)
	}
	return nil
}

func (vs *versions) writeHead(ctx context.Context, h head, revision uint64) error {
	value, err := json.Marshal(h)
	if err != nil {
		return err
	}
	written, err := replace(ctx, vs.names, h.Name, value, revision, 0)
	if err == nil {
		vs.heads.wrote(h.Name, value, written)
	}
	return err
}

// create makes a new version, and the integration if it is not there.
func (vs *versions) create(ctx context.Context, integration string, document *ordjson.Node) (*version, error) {
	if n := len(vs.of(integration)); n >= maxVersions {
		return nil, status(429, "RESOURCE_EXHAUSTED", "Integration %q has %d versions already; delete one first.", integration, n)
	}
	v := &version{ID: vs.newID(), Integration: integration}
	v.setDocument(document)
	return v, vs.add(ctx, v)
}

// add writes a new version under the next snapshot number.
func (vs *versions) add(ctx context.Context, v *version) error {
	err := vs.changeHead(ctx, v.Integration, true, func(h *head) error {
		v.Snapshot = h.Next
		h.Next++
		return nil
	})
	if err != nil {
		return err
	}
	v.Created = vs.now()
	v.Updated = v.Created
	return vs.write(ctx, v, 0)
}

// change changes a version.
func (vs *versions) change(ctx context.Context, integration, id string, change func(*version, head) error) (*version, error) {
	v, revision, err := vs.get(ctx, integration, id)
	if err != nil {
		return nil, err
	}
	h, _ := vs.heads.get(integration)
	if err := change(v, h); err != nil {
		return nil, err
	}
	v.Updated = vs.now()
	return v, vs.write(ctx, v, revision)
}

// publish makes a version the one that runs. A version that the engine cannot run is refused with
// everything that is wrong.
func (vs *versions) publish(ctx context.Context, integration, id string, config map[string]json.RawMessage) error {
	_, err := vs.change(ctx, integration, id, func(v *version, h head) error {
		if s := v.state(h); s == active || s == archived {
			return precondition("Version %s of integration %q is %s and cannot be published.", id, integration, s)
		}
		if bad := vs.engine.Draft(integration, id, v.Document, config); len(bad) > 0 {
			return &violations{fmt.Sprintf("Integration %q cannot be published:", integration), bad}
		}
		var err error
		v.Published = true
		v.Config, err = json.Marshal(config)
		return err
	})
	if err == nil {
		err = vs.activate(ctx, integration, id)
	}
	return err
}

// activate makes a version active, or none with an empty id, and tells the engine.
func (vs *versions) activate(ctx context.Context, integration, id string) error {
	err := vs.changeHead(ctx, integration, false, func(h *head) error {
		h.Active = id
		h.Publication++
		return nil
	})
	if err != nil {
		return err
	}
	return vs.apply(ctx, integration)
}

// unpublish takes a version out of use: ACTIVE becomes SNAPSHOT.
func (vs *versions) unpublish(ctx context.Context, integration, id string) error {
	err := vs.changeHead(ctx, integration, false, func(h *head) error {
		if h.Active != id {
			return precondition("Version %s of integration %q is not published.", id, integration)
		}
		h.Active = ""
		h.Publication++
		return nil
	})
	if err != nil {
		return err
	}
	return vs.apply(ctx, integration)
}

// archive is what delete does to a version: it stays readable (reference integrations.md 2).
func (vs *versions) archive(ctx context.Context, integration, id string) (*version, error) {
	return vs.change(ctx, integration, id, func(v *version, h head) error {
		if v.state(h) == active {
			return precondition("Version %s of integration %q is published; unpublish it first.", id, integration)
		}
		v.Archived = true
		return nil
	})
}

// remove deletes an integration with its versions.
func (vs *versions) remove(ctx context.Context, integration string) error {
	h, _, err := vs.head(ctx, integration)
	if errors.Is(err, state.ErrNotFound) {
		return notFound("Integration %q was not found.", integration)
	}
	if err != nil {
		return err
	}
	if h.Active != "" {
		return precondition("Version %s of integration %q is published; unpublish it first.", h.Active, integration)
	}
	if err := vs.names.Delete(ctx, integration); err != nil {
		return err
	}
	vs.heads.forget(integration)
	for _, v := range vs.of(integration) {
		if err := vs.removeVersion(ctx, integration, v.ID); err != nil {
			return err
		}
	}
	return vs.apply(ctx, integration)
}

func (vs *versions) removeVersion(ctx context.Context, integration, id string) error {
	key := place(integration, id)
	if err := vs.documents.Delete(ctx, key); err != nil {
		return err
	}
	vs.all.forget(key)
	vs.forget(integration, id)
	return nil
}
