package appint

import (
	"context"
	"crypto/sha256"
	"errors"
	"slices"

	"sluice/internal/state"
)

// Load makes an exported IntegrationVersion of a file the published version of an integration. It
// returns everything that keeps the engine from running it; an earlier version then stays.
func (s *Service) Load(name string, export []byte) []error {
	if err := s.versions.load(s.life, name, export); err != nil {
		return split(err)
	}
	return nil
}

// split takes apart what errors.Join joined.
func split(err error) []error {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		return joined.Unwrap()
	}
	return []error{err}
}

// Remove takes out of use an integration whose file is gone, unless another version of it was
// published since.
func (s *Service) Remove(name string) error { return s.versions.unload(s.life, name) }

// Names returns the integrations that take calls, sorted.
func (s *Service) Names() []string { return s.engine.Names() }

// APITriggers returns the ids of the API triggers of an integration that takes calls, sorted.
func (s *Service) APITriggers(name string) []string { return s.engine.APITriggers(name) }

// load makes an export from a file the active version. The id of a version from a file is made of
// its content, so that the same file is the same version after a restart, and one that executions
// have begun with is still there after an edit. A file that was loaded before does not take the
// place of a version that was published through the API since.
func (vs *versions) load(ctx context.Context, integration string, export []byte) error {
	id := fileID(integration, export)
	h, _ := vs.heads.get(integration)
	now, published := vs.all.get(place(integration, h.Active))
	_, there := vs.all.get(place(integration, id))
	if there && published && (now.ID == id || !now.FromFile) {
		return vs.apply(ctx, integration)
	}
	document, err := readDocument(export)
	if err != nil {
		return err
	}
	v := &version{ID: id, Integration: integration, FromFile: true, Published: true}
	v.setDocument(document)
	if bad := vs.engine.Draft(integration, id, v.Document, nil); len(bad) > 0 {
		return errors.Join(bad...)
	}
	if !there {
		if err := errors.Join(vs.makeRoom(ctx, integration), vs.add(ctx, v)); err != nil && !errors.Is(err, state.ErrRevision) {
			return err
		}
	}
	return vs.activate(ctx, integration, id)
}

func fileID(integration string, export []byte) string {
	sum := sha256.Sum256(append([]byte(integration+"\x00"), export...))
	return formatUUID([16]byte(sum[:16]), 8) // version 8 is for such ids (RFC 9562)
}

// makeRoom removes the oldest versions from files, as every edit makes another one.
func (vs *versions) makeRoom(ctx context.Context, integration string) error {
	list := vs.of(integration)
	h, _ := vs.heads.get(integration)
	for i := len(list) - 1; i >= 0 && len(list) >= maxVersions; i-- {
		if v := list[i]; v.FromFile && v.ID != h.Active {
			if err := vs.removeVersion(ctx, integration, v.ID); err != nil {
				return err
			}
			list = slices.Delete(list, i, i+1)
		}
	}
	return nil
}

// unload takes out of use what load brought in, unless another version was published since.
func (vs *versions) unload(ctx context.Context, integration string) error {
	h, _ := vs.heads.get(integration)
	if v, ok := vs.all.get(place(integration, h.Active)); !ok || !v.FromFile {
		return nil
	}
	return vs.unpublish(ctx, integration, h.Active)
}
