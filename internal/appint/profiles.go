package appint

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"sluice/internal/integrations"
	"sluice/internal/ordjson"
	"sluice/internal/state"
)

// profiles keeps authentication profiles: the authConfigs of the API.
type profiles struct {
	now    func() time.Time
	newID  func() string
	bucket state.Bucket
	all    mirror[profile]
}

// profile is an AuthConfig, with its secrets. The API never shows these again.
type profile struct {
	ID       string          `json:"id"`
	Created  time.Time       `json:"created"`
	Updated  time.Time       `json:"updated"`
	Document json.RawMessage `json:"document"`
}

func (ps *profiles) open(ctx, watching context.Context, store state.Engine) error {
	ps.all.read = func(_ string, value []byte) (p profile, ok bool) {
		err := json.Unmarshal(value, &p)
		return p, err == nil
	}
	if err := bucket(ctx, store, &ps.bucket, "integration-authconfigs", true); err != nil {
		return err
	}
	return ps.all.follow(watching, ps.bucket)
}

// find is integrations.Outside.AuthProfile.
func (ps *profiles) find(idOrName string) ([]byte, bool) {
	if p, ok := ps.all.get(idOrName); ok {
		return p.Document, true
	}
	for _, p := range ps.all.list(func(profile) bool { return true }) {
		if p.field("displayName") == idOrName {
			return p.Document, true
		}
	}
	return nil, false
}

func (p *profile) field(name string) string {
	n, err := ordjson.Parse(p.Document)
	if err != nil {
		return ""
	}
	return textOf(n, name)
}

func (ps *profiles) get(ctx context.Context, id string) (*profile, uint64, error) {
	e, err := ps.bucket.Get(ctx, id)
	if errors.Is(err, state.ErrNotFound) {
		return nil, 0, notFound("Authentication profile %q was not found.", id)
	}
	if err != nil {
		return nil, 0, err
	}
	p := new(profile)
	return p, e.Revision, json.Unmarshal(e.Value, p)
}

func (ps *profiles) create(ctx context.Context, document *ordjson.Node) (*profile, error) {
	name := textOf(document, "displayName")
	if name == "" {
		return nil, invalid("displayName is required.")
	}
	if _, taken := ps.find(name); taken {
		return nil, status(409, "ALREADY_EXISTS", "There is an authentication profile %q already.", name)
	}
	p := &profile{ID: ps.newID(), Created: ps.now()}
	p.Updated = p.Created
	return p, ps.write(ctx, p, document, 0)
}

func (ps *profiles) write(ctx context.Context, p *profile, document *ordjson.Node, revision uint64) error {
	p.Document = ordjson.Append(nil, without(document, "name", "createTime", "updateTime"))
	value, err := json.Marshal(p)
	if err != nil {
		return err
	}
	written, err := replace(ctx, ps.bucket, p.ID, value, revision, 0)
	if err == nil {
		ps.all.wrote(p.ID, value, written)
	}
	return err
}

// patch replaces the fields of mask, or all that are given without one. A credential is replaced
// as a whole.
func (ps *profiles) patch(ctx context.Context, id string, given *ordjson.Node, mask string) (*profile, error) {
	p, revision, err := ps.get(ctx, id)
	if err != nil {
		return nil, err
	}
	old, err := ordjson.Parse(p.Document)
	if err != nil {
		return nil, err
	}
	patched, err := patched(old, given, mask)
	if err != nil {
		return nil, err
	}
	p.Updated = ps.now()
	return p, ps.write(ctx, p, patched, revision)
}

// patched is an object with the fields of mask taken from given, or all of given's without one.
func patched(old, given *ordjson.Node, mask string) (*ordjson.Node, error) {
	out := without(old) // a copy
	if mask == "" || mask == "*" {
		for name, v := range given.Members() {
			out.Set(name, v)
		}
		return out, nil
	}
	for _, path := range strings.Split(mask, ",") {
		name, _, _ := strings.Cut(integrations.CamelCase(strings.TrimSpace(path)), ".")
		if name == "" {
			return nil, invalid("updateMask %q is not a list of fields such as description,taskConfigs.", mask)
		}
		if v := given.Get(name); v != nil {
			out.Set(name, v)
		} else {
			out = without(out, name)
		}
	}
	return out, nil
}

func (ps *profiles) remove(ctx context.Context, id string) error {
	if _, _, err := ps.get(ctx, id); err != nil {
		return err
	}
	if err := ps.bucket.Delete(ctx, id); err != nil {
		return err
	}
	ps.all.forget(id)
	return nil
}

// secretFields are the parts of an AuthConfig that hold credentials.
var secretFields = []string{"decryptedCredential", "encryptedCredential"}

// resource is p as the API shows it, without its secrets.
func (p *profile) resource(parent string) *ordjson.Node {
	out := ordjson.NewObject().Set("name", ordjson.NewString(parent+"/authConfigs/"+p.ID))
	if document, err := ordjson.Parse(p.Document); err == nil { // it was written by write
		for name, v := range without(document, secretFields...).Members() {
			out.Set(name, v)
		}
	}
	if out.Get("state") == nil {
		out.Set("state", ordjson.NewString("VALID"))
	}
	out.Set("createTime", ordjson.NewString(timeText(p.Created)))
	return out.Set("updateTime", ordjson.NewString(timeText(p.Updated)))
}

// LoadAuthConfig makes an AuthConfig of a file an authentication profile: a new one, or instead of
// the one with its display name.
func (s *Service) LoadAuthConfig(ctx context.Context, document []byte) error {
	given, err := ordjson.Parse(document)
	if err != nil {
		return err
	}
	for _, p := range s.profiles.all.list(func(profile) bool { return true }) {
		if p.field("displayName") == textOf(given, "displayName") {
			_, err := s.profiles.patch(ctx, p.ID, given, "")
			return err
		}
	}
	_, err = s.profiles.create(ctx, given)
	return err
}
