package entity

import "time"

// Holder is what stands behind a consumer key.
type Holder struct {
	Credential *Credential
	App        *App
	Developer  *Developer // nil for an app of an app group
	directory  *Directory
}

// Holder returns who holds the consumer key; ok is false when nobody does.
func (d *Directory) Holder(consumerKey string) (h Holder, ok bool) {
	digest := digestOf(consumerKey)
	d.mu.RLock()
	defer d.mu.RUnlock()
	o, ok := d.keys[digest]
	if !ok {
		return Holder{}, false
	}
	return Holder{Credential: o.credential, App: o.app, Developer: d.developers[o.app.DeveloperID], directory: d}, true
}

// Obstacle is why a consumer key is not in force.
type Obstacle uint8

// The obstacles, in the order in which they are looked for.
const (
	NoObstacle Obstacle = iota
	CredentialRevoked
	CredentialExpired
	AppRevoked
	DeveloperInactive
)

// Obstacle tells why the key is not in force at now, or NoObstacle.
func (h Holder) Obstacle(now time.Time) Obstacle {
	switch {
	case !approved(h.Credential.Status):
		return CredentialRevoked
	case h.Credential.ExpiresAt.Past(now):
		return CredentialExpired
	case !h.App.Approved():
		return AppRevoked
	case h.Developer != nil && !h.Developer.Active():
		return DeveloperInactive
	}
	return NoObstacle
}

// Products returns the products that the credential is approved for and that
// exist, in the order in which the credential names them.
func (h Holder) Products() []*Product {
	h.directory.mu.RLock()
	defer h.directory.mu.RUnlock()
	list := make([]*Product, 0, len(h.Credential.Products))
	for _, ref := range h.Credential.Products {
		if p := h.directory.products[ref.Name]; p != nil && ref.Approved() {
			list = append(list, p)
		}
	}
	return list
}

// Match returns the first of the holder's products that lets it make the call;
// only looks at the products that the function accepts, nil accepts all.
func (h Holder) Match(c Call, only func(*Product) bool) (Match, bool) {
	h.directory.mu.RLock()
	defer h.directory.mu.RUnlock()
	for _, ref := range h.Credential.Products {
		p := h.directory.products[ref.Name]
		if p == nil || !ref.Approved() || only != nil && !only(p) {
			continue
		}
		if m, ok := p.Match(c); ok {
			return m, true
		}
	}
	return Match{}, false
}
