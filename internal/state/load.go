package state

import (
	"context"
	"crypto/rand"
	"fmt"

	"sluice/flow"
	"sluice/internal/entity"
	"sluice/internal/orgdata"
)

// Load writes what files say of an organization: everything that is there under
// the same names is replaced, the rest stays. Apps whose files name no consumer
// key keep the one that they have, or get a new one.
func (s *Store) Load(ctx context.Context, d *orgdata.Data, organization, environment string) error {
	for _, p := range d.Products {
		if err := s.Entities.PutProduct(ctx, p); err != nil {
			return err
		}
	}
	for _, dev := range d.Developers {
		if err := s.Entities.PutDeveloper(ctx, dev); err != nil {
			return err
		}
	}
	for _, a := range d.Apps {
		s.complete(a)
		if err := s.Entities.PutApp(ctx, a); err != nil {
			return err
		}
	}
	for _, m := range d.Maps {
		if err := s.loadMap(ctx, m, organization, environment); err != nil {
			return err
		}
	}
	return nil
}

// complete gives credentials without a key one: 48 characters, as Apigee X does,
// of 32 that are possible for each, from the system's random source.
func (s *Store) complete(a *entity.App) {
	old := s.Entities.Directory.App(a.ID)
	for i := range a.Credentials {
		c := &a.Credentials[i]
		if c.ConsumerKey != "" {
			continue
		}
		if old != nil && i < len(old.Credentials) {
			c.ConsumerKey, c.ConsumerSecret = old.Credentials[i].ConsumerKey, old.Credentials[i].ConsumerSecret
			continue
		}
		c.ConsumerKey, c.ConsumerSecret = rand.Text()+rand.Text()[:22], rand.Text()+rand.Text()[:22]
	}
}

func (s *Store) loadMap(ctx context.Context, m orgdata.Map, organization, environment string) error {
	if m.Environment != "" && m.Environment != environment {
		return nil // of another environment
	}
	name := flow.MapName{Scope: m.Scope, Organization: organization, Proxy: m.Proxy, Name: m.Name}
	if m.Scope != "organization" {
		name.Environment = environment
	}
	if err := s.Maps.Put(ctx, name, "", nil); err != nil {
		return err
	}
	for k, v := range m.Entries {
		if err := s.Maps.Put(ctx, name, k, []string{v}); err != nil {
			return fmt.Errorf("entry %q: %w", k, err)
		}
	}
	return nil
}
