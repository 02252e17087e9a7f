package entity

import (
	"crypto/sha256"
	"strings"
	"sync"
)

// Directory holds all products, developers and apps of one organization. It is
// filled from files in tests, and by a watch of the shared state otherwise. The
// values in it are never changed, only replaced.
type Directory struct {
	mu         sync.RWMutex // guards all maps
	products   map[string]*Product
	developers map[string]*Developer // by ID
	emails     map[string]*Developer // by address, in lower case
	apps       map[string]*App       // by ID
	names      map[string][]*App     // by name: other developers may use it too
	keys       map[keyDigest]owned
}

// keyDigest is the SHA-256 of a consumer key. Keys are found by it, so that the
// time of a look-up tells nothing of how much of a guessed key is right.
type keyDigest [sha256.Size]byte

func digestOf(consumerKey string) keyDigest { return sha256.Sum256([]byte(consumerKey)) }

type owned struct {
	app        *App
	credential *Credential
}

// NewDirectory returns an empty directory.
func NewDirectory() *Directory {
	return &Directory{
		products: map[string]*Product{}, developers: map[string]*Developer{}, emails: map[string]*Developer{},
		apps: map[string]*App{}, names: map[string][]*App{}, keys: map[keyDigest]owned{},
	}
}

// PutProduct adds or replaces a product.
func (d *Directory) PutProduct(p *Product) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.products[p.Name] = p
}

// RemoveProduct removes a product.
func (d *Directory) RemoveProduct(name string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.products, name)
}

// PutDeveloper adds or replaces a developer.
func (d *Directory) PutDeveloper(dev *Developer) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.dropDeveloper(dev.ID)
	d.developers[dev.ID], d.emails[strings.ToLower(dev.Email)] = dev, dev
}

// RemoveDeveloper removes a developer, but none of the apps.
func (d *Directory) RemoveDeveloper(id string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.dropDeveloper(id)
}

func (d *Directory) dropDeveloper(id string) {
	old := d.developers[id]
	if old == nil {
		return
	}
	delete(d.developers, id)
	if address := strings.ToLower(old.Email); d.emails[address] == old {
		delete(d.emails, address)
	}
}

// PutApp adds or replaces an app with its credentials.
func (d *Directory) PutApp(a *App) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.dropApp(a.ID)
	d.apps[a.ID] = a
	d.names[a.Name] = append(d.names[a.Name], a)
	for i := range a.Credentials {
		c := &a.Credentials[i]
		d.keys[digestOf(c.ConsumerKey)] = owned{a, c}
	}
}

// RemoveApp removes an app and its credentials.
func (d *Directory) RemoveApp(id string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.dropApp(id)
}

func (d *Directory) dropApp(id string) {
	old := d.apps[id]
	if old == nil {
		return
	}
	delete(d.apps, id)
	for i := range old.Credentials {
		if key := digestOf(old.Credentials[i].ConsumerKey); d.keys[key].app == old {
			delete(d.keys, key)
		}
	}
	d.dropName(old)
}

func (d *Directory) dropName(old *App) {
	var rest []*App
	for _, a := range d.names[old.Name] {
		if a != old {
			rest = append(rest, a)
		}
	}
	if rest == nil {
		delete(d.names, old.Name)
		return
	}
	d.names[old.Name] = rest
}

// Product returns the product called name, or nil.
func (d *Directory) Product(name string) *Product {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return d.products[name]
}

// Developer returns the developer with that ID or e-mail address, or nil.
func (d *Directory) Developer(idOrEmail string) *Developer {
	d.mu.RLock()
	defer d.mu.RUnlock()
	if dev := d.developers[idOrEmail]; dev != nil {
		return dev
	}
	return d.emails[strings.ToLower(idOrEmail)]
}

// App returns the app with that ID, or nil.
func (d *Directory) App(id string) *App {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return d.apps[id]
}

// AppsNamed returns the apps called name, of all developers.
func (d *Directory) AppsNamed(name string) []*App {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return append([]*App(nil), d.names[name]...)
}

// Sizes returns how many products, developers, apps and consumer keys there are.
func (d *Directory) Sizes() (products, developers, apps, keys int) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return len(d.products), len(d.developers), len(d.apps), len(d.keys)
}
