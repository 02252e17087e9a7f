package orgdata

import (
	"strings"

	"sluice/internal/entity"
)

// appFile is an app as files write it: that of the management API, and whose it
// is.
type appFile struct {
	entity.App
	DeveloperEmail string `json:"developerEmail"`
}

// readApps reads the list of the emulator, in which each app names its developer.
func (r *reader) readApps(d *document) {
	list(r, d, func(at place, a *appFile) {
		owner := a.DeveloperID
		if owner == "" || r.developer(owner) == nil && a.DeveloperEmail != "" {
			owner = a.DeveloperEmail
		}
		if owner == "" && a.AppGroup == "" && a.Name != "" {
			r.fail(at, "the app %q names no developer: add \"developerEmail\"", a.Name)
			return
		}
		r.app(at, &a.App, owner)
	})
}

// readDeveloperApps reads apps by developer: {"ann@example.com": [{"name":...}]}.
func (r *reader) readDeveloperApps(d *document) {
	byOwner(r, d, func(at place, a *appFile) { r.app(at, &a.App, at.owner) })
}

// readGroupApps reads apps by app group; Edge called that a company.
func (r *reader) readGroupApps(d *document) {
	byOwner(r, d, func(at place, a *appFile) {
		a.AppGroup, a.DeveloperID = at.owner, ""
		r.app(at, &a.App, "")
	})
}

// app takes an app of a developer, or of an app group when owner is "".
func (r *reader) app(at place, a *entity.App, owner string) {
	if a.Name == "" {
		r.fail(at, `the app has no name: add "name"`)
		return
	}
	full := ownedName{strings.ToLower(owner), a.Name}
	if owner == "" {
		full.owner = a.AppGroup
	} else {
		full.owner = r.own(at, a, owner)
	}
	if r.apps[full] != nil {
		r.fail(at, "app %q of %q is there twice: remove one", a.Name, full.owner)
		return
	}
	r.apps[full] = a
	if a.ID == "" && (a.DeveloperID != "" || owner == "") {
		a.ID = AppID(a)
	}
	for i := range a.Credentials {
		r.credential(at, a, &a.Credentials[i])
	}
	if len(a.Credentials) == 0 {
		r.needProducts(at, a, a.Products)
	}
	r.data.Apps = append(r.data.Apps, a)
}

// own makes the developer of the files, or one that the state must have, the
// owner of an app. It returns the name of the owner.
func (r *reader) own(at place, a *entity.App, owner string) string {
	d := r.developer(owner)
	if d == nil {
		a.DeveloperID = ""
		r.data.Needs = append(r.data.Needs, Need{App: a, Developer: owner, at: at})
		return strings.ToLower(owner)
	}
	a.DeveloperID = d.ID
	d.Apps = append(d.Apps, a.Name)
	return strings.ToLower(d.Email)
}

// credential checks a key of an app. One without a key gets it when it is loaded.
func (r *reader) credential(at place, a *entity.App, c *entity.Credential) {
	if c.Products == nil {
		c.Products = granted(a.Products)
	}
	names := make([]string, len(c.Products))
	for i, ref := range c.Products {
		names[i] = ref.Name
	}
	r.needProducts(at, a, names)
	if c.ConsumerKey == "" {
		return
	}
	if other := r.keys[c.ConsumerKey]; other != nil {
		r.fail(at, "the apps %q and %q have the same consumer key: give each its own", other.Name, a.Name)
		return
	}
	r.keys[c.ConsumerKey] = a
}

func granted(products []string) []entity.ProductRef {
	var list []entity.ProductRef
	for _, name := range products {
		list = append(list, entity.ProductRef{Name: name, Status: "approved"})
	}
	return list
}

func (r *reader) needProducts(at place, a *entity.App, names []string) {
	for _, name := range names {
		if _, ok := r.products[name]; !ok {
			r.data.Needs = append(r.data.Needs, Need{App: a, Product: name, at: at})
		}
	}
}
