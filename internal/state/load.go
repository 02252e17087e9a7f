package state

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"sluice/internal/orgdata"
)

// Load writes what files say of an organization: everything that is there under
// the same names is replaced, the rest stays. Apps whose files name no consumer
// key keep the one that they have, or get a new one. Maps of other environments
// are left out.
//
// Nothing is written when Check finds a problem; the error then joins all of them.
// A write that fails leaves what was written before it: loading again writes only
// what is missing.
func (s *Store) Load(ctx context.Context, d *orgdata.Data, organization, environment string) error {
	if errs := s.Check(d); len(errs) > 0 {
		return errors.Join(errs...)
	}
	s.settle(d)
	return s.write(ctx, s.changes(d, organization, environment))
}

// Check tells what prevents d from being loaded: what its apps use and neither it
// nor the store has, and what would take something away from an entity of the
// store that is not its own. It writes nothing, and it changes nothing in d.
func (s *Store) Check(d *orgdata.Data) []error {
	var errs []error
	told := map[string]bool{} // an app may need a product for several keys
	for _, n := range d.Needs {
		if s.has(n) {
			continue
		}
		if p := n.Problem(); !told[p.Error()] {
			told[p.Error()] = true
			errs = append(errs, p)
		}
	}
	errs = append(errs, s.checkDevelopers(d)...)
	return append(errs, s.checkKeys(d)...)
}

func (s *Store) has(n orgdata.Need) bool {
	if n.Product != "" {
		return s.Entities.Directory.Product(n.Product) != nil
	}
	return s.Entities.Directory.Developer(n.Developer) != nil
}

// checkDevelopers finds developers whom the store knows under another ID: they
// would be there twice.
func (s *Store) checkDevelopers(d *orgdata.Data) (errs []error) {
	for _, dev := range d.Developers {
		old := s.Entities.Directory.Developer(strings.ToLower(dev.Email))
		if old != nil && old.ID != dev.ID {
			errs = append(errs, fmt.Errorf("developer %q is in the state with the ID %s: write \"developerId\": %q into the file, or remove the one in the state", dev.Email, old.ID, old.ID))
		}
	}
	return errs
}

// checkKeys finds consumer keys that apps of the store have which d does not
// replace. It names the apps and not the key.
func (s *Store) checkKeys(d *orgdata.Data) (errs []error) {
	replaced := make(map[string]bool, len(d.Apps))
	for _, a := range d.Apps {
		replaced[a.ID] = true
	}
	for _, n := range d.Needs {
		if owner := s.Entities.Directory.Developer(n.Developer); owner != nil {
			replaced[ownedBy(n.App, owner)] = true
		}
	}
	for _, a := range d.Apps {
		for i := range a.Credentials {
			h, taken := s.Entities.Directory.Holder(a.Credentials[i].ConsumerKey)
			if taken && !replaced[h.App.ID] {
				errs = append(errs, fmt.Errorf("the app %q has a consumer key that app %q in the state has (ID %s): give it another, or remove that app", a.Name, h.App.Name, h.App.ID))
			}
		}
	}
	return errs
}
