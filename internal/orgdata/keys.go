package orgdata

import (
	"strings"

	"sluice/internal/entity"
)

// keyFile is a consumer key that the plugin's goal importKeys adds to an app.
type keyFile struct {
	Name           string   `json:"name"` // of the app
	ConsumerKey    string   `json:"consumerKey"`
	ConsumerSecret string   `json:"consumerSecret"`
	Scopes         []string `json:"scopes"`
	Products       []string `json:"apiProducts"`
}

// readKeys reads keys by developer. An app that has such a key gets no generated
// one: nobody would know it.
func (r *reader) readKeys(d *document) {
	byOwner(r, d, func(at place, k *keyFile) {
		owner := strings.ToLower(at.owner)
		if dev := r.developer(at.owner); dev != nil {
			owner = strings.ToLower(dev.Email)
		}
		r.key(at, k, owner)
	})
}

// readGroupKeys reads keys by app group.
func (r *reader) readGroupKeys(d *document) {
	byOwner(r, d, func(at place, k *keyFile) { r.key(at, k, at.owner) })
}

func (r *reader) key(at place, k *keyFile, owner string) {
	a := r.apps[ownedName{owner, k.Name}]
	switch {
	case k.Name == "":
		r.fail(at, `the key names no app: add "name"`)
		return
	case k.ConsumerKey == "":
		r.fail(at, `the key of app %q is missing: add "consumerKey"`, k.Name)
		return
	case a == nil:
		r.fail(at, "the key is for app %q of %q, which the files do not have: add the app", k.Name, at.owner)
		return
	}
	c := entity.Credential{ConsumerKey: k.ConsumerKey, ConsumerSecret: k.ConsumerSecret, Scopes: k.Scopes, Products: granted(k.Products)}
	r.credential(at, a, &c)
	a.Credentials = append(a.Credentials, c)
}
