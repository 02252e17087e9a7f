package orgdata

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"sluice/internal/entity"
)

// Files are the names of the emulator's test data, in the order in which they
// must be read: apps name developers and products.
var Files = []string{"products.json", "developers.json", "developerapps.json", "maps.json"}

// Emulator reads test data of Apigee's emulator; files has the contents by name,
// those that are missing are empty.
func Emulator(files map[string][]byte) (*Data, []Problem) {
	r := &reader{}
	readers := []func([]byte){r.products, r.developers, r.apps, r.maps}
	for i, name := range Files {
		if data, ok := files[name]; ok {
			r.file = name
			readers[i](data)
		}
	}
	return &r.data, r.problems
}

// decode reads the list of a file; its items are decoded one by one, so that one
// bad item does not hide the others.
func decode[T any](r *reader, data []byte, what string) []*T {
	var raw []json.RawMessage
	if err := json.Unmarshal(data, &raw); err != nil {
		r.fail("", "want a JSON array of %s: %v", what, err)
		return nil
	}
	list := make([]*T, len(raw))
	for i := range raw {
		v := new(T)
		if err := json.Unmarshal(raw[i], v); err != nil {
			r.fail(item(what, i), "%v", err)
			continue
		}
		list[i] = v
	}
	return list
}

func item(what string, i int) string { return fmt.Sprintf("%s[%d]", what, i) }

func (r *reader) products(data []byte) {
	for i, p := range decode[entity.Product](r, data, "products") {
		if p == nil {
			continue
		}
		if p.Name == "" {
			r.fail(item("products", i), "the product has no name")
			continue
		}
		r.data.Products = append(r.data.Products, p)
	}
}

func (r *reader) developers(data []byte) {
	for i, d := range decode[entity.Developer](r, data, "developers") {
		if d == nil {
			continue
		}
		if d.Email == "" {
			r.fail(item("developers", i), "the developer has no email")
			continue
		}
		if d.ID == "" {
			d.ID = id("developer", strings.ToLower(d.Email))
		}
		r.data.Developers = append(r.data.Developers, d)
	}
}

// appFile is an app as the emulator's file writes it.
type appFile struct {
	entity.App
	DeveloperEmail string `json:"developerEmail"`
}

func (r *reader) apps(data []byte) {
	for i, a := range decode[appFile](r, data, "developerapps") {
		if a == nil {
			continue
		}
		at := item("developerapps", i)
		if a.Name == "" {
			r.fail(at, "the app has no name")
			continue
		}
		if r.owner(at, a); a.ID == "" {
			a.ID = id("app", a.DeveloperID+"/"+a.AppGroup+"/"+a.Name)
		}
		r.credentials(at, &a.App)
		r.data.Apps = append(r.data.Apps, &a.App)
	}
}

// owner finds the developer of an app, and adds the app to it.
func (r *reader) owner(at string, a *appFile) {
	i := slices.IndexFunc(r.data.Developers, func(d *entity.Developer) bool {
		return a.DeveloperID != "" && d.ID == a.DeveloperID || a.DeveloperEmail != "" && strings.EqualFold(d.Email, a.DeveloperEmail)
	})
	switch {
	case i >= 0:
		d := r.data.Developers[i]
		a.DeveloperID = d.ID
		if !slices.Contains(d.Apps, a.Name) {
			d.Apps = append(d.Apps, a.Name)
		}
	case a.AppGroup != "":
	case a.DeveloperEmail == "" && a.DeveloperID == "":
		r.fail(at, "the app %q names no developer: add \"developerEmail\"", a.Name)
	default:
		r.fail(at, "the app %q belongs to developer %q, whom developers.json does not have", a.Name, a.DeveloperEmail+a.DeveloperID)
	}
}

// credentials checks the keys of an app. One without a key, and an app without
// credentials, get theirs when they are loaded.
func (r *reader) credentials(at string, a *entity.App) {
	if len(a.Credentials) == 0 {
		a.Credentials = []entity.Credential{{}}
	}
	for i := range a.Credentials {
		c := &a.Credentials[i]
		if c.Products == nil {
			for _, name := range a.Products {
				c.Products = append(c.Products, entity.ProductRef{Name: name, Status: "approved"})
			}
		}
		for _, ref := range c.Products {
			if !slices.ContainsFunc(r.data.Products, func(p *entity.Product) bool { return p.Name == ref.Name }) {
				r.fail(at, "the app %q uses product %q, which products.json does not have", a.Name, ref.Name)
			}
		}
	}
}

// mapFile is a key-value map as the emulator's file writes it.
type mapFile struct {
	Name        string         `json:"name"`
	Scope       string         `json:"scope"`
	Environment string         `json:"environment"`
	Proxy       string         `json:"proxy"`
	Entries     map[string]any `json:"entries"`
}

func (r *reader) maps(data []byte) {
	for i, m := range decode[mapFile](r, data, "maps") {
		if m == nil {
			continue
		}
		at := item("maps", i)
		if m.Name == "" {
			r.fail(at, "the map has no name")
			continue
		}
		out := Map{Scope: m.Scope, Environment: m.Environment, Proxy: m.Proxy, Name: m.Name, Entries: map[string]string{}}
		if out.Scope != "environment" && out.Scope != "apiproxy" {
			out.Scope = "organization" // whatever else stands there (clients.md, emulator)
		}
		for k, v := range m.Entries {
			out.Entries[k] = r.text(at, k, v)
		}
		r.data.Maps = append(r.data.Maps, out)
	}
}

// text is the value of an entry: a string, or any other JSON value as it is
// written.
func (r *reader) text(at, key string, v any) string {
	if s, ok := v.(string); ok {
		return s
	}
	data, err := json.Marshal(v)
	if err != nil {
		r.fail(at, "entry %q: %v", key, err)
	}
	return string(data)
}
