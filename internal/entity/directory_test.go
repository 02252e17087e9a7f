package entity

import (
	"encoding/json"
	"testing"
	"time"
)

func newTestDirectory() *Directory {
	d := NewDirectory()
	d.PutProduct(&Product{Name: "p1"})
	d.PutProduct(&Product{Name: "p2", Proxies: []string{"shop"}})
	d.PutDeveloper(&Developer{ID: "d1", Email: "Ann@example.com"})
	d.PutApp(&App{ID: "a1", Name: "app", DeveloperID: "d1", Credentials: []Credential{{
		ConsumerKey: "key", Products: []ProductRef{{Name: "p1", Status: "pending"}, {Name: "gone"}, {Name: "p2"}}}}})
	return d
}

func TestHolder(t *testing.T) {
	d := newTestDirectory()
	h, ok := d.Holder("key")
	if !ok || h.App.ID != "a1" || h.Developer.ID != "d1" || h.Credential.ConsumerKey != "key" {
		t.Fatalf("Holder: %+v, %v", h, ok)
	}
	if list := h.Products(); len(list) != 1 || list[0].Name != "p2" {
		t.Errorf("products %v, want only p2: p1 is pending, gone does not exist", list)
	}
	if m, ok := h.Match(Call{Proxy: "shop"}, nil); !ok || m.Product.Name != "p2" {
		t.Errorf("match %+v, %v", m, ok)
	}
	if _, ok := h.Match(Call{Proxy: "other"}, nil); ok {
		t.Error("p2 matches another proxy")
	}
	if _, ok := h.Match(Call{Proxy: "shop"}, func(*Product) bool { return false }); ok {
		t.Error("a product matches that was ruled out")
	}
	if _, ok := d.Holder("unknown"); ok {
		t.Error("an unknown key has a holder")
	}
}

func TestReplacingAnAppReplacesItsKeys(t *testing.T) {
	d := newTestDirectory()
	d.PutApp(&App{ID: "a1", Name: "renamed", DeveloperID: "d1", Credentials: []Credential{{ConsumerKey: "new"}}})
	if _, ok := d.Holder("key"); ok {
		t.Error("the old key is still there")
	}
	if _, ok := d.Holder("new"); !ok {
		t.Error("the new key is not there")
	}
	if len(d.AppsNamed("app")) != 0 || len(d.AppsNamed("renamed")) != 1 {
		t.Errorf("apps named app: %d, renamed: %d", len(d.AppsNamed("app")), len(d.AppsNamed("renamed")))
	}
	d.RemoveApp("a1")
	if _, _, apps, keys := d.Sizes(); apps != 0 || keys != 0 {
		t.Errorf("after the removal there are %d apps and %d keys", apps, keys)
	}
}

// A key that moves to another app stays when the app that had it goes.
func TestKeyThatMoved(t *testing.T) {
	d := newTestDirectory()
	d.PutApp(&App{ID: "a2", Credentials: []Credential{{ConsumerKey: "key"}}})
	d.RemoveApp("a1")
	if h, ok := d.Holder("key"); !ok || h.App.ID != "a2" {
		t.Errorf("the key's holder is %+v, %v", h.App, ok)
	}
}

func TestDeveloperByEmail(t *testing.T) {
	d := newTestDirectory()
	if d.Developer("ann@EXAMPLE.com") == nil || d.Developer("d1") == nil {
		t.Error("the developer is not found by address, or not by ID")
	}
	d.PutDeveloper(&Developer{ID: "d1", Email: "new@example.com"})
	if d.Developer("ann@example.com") != nil || d.Developer("new@example.com") == nil {
		t.Error("a changed address is not found, or the old one still is")
	}
}

func TestObstacle(t *testing.T) {
	now := time.UnixMilli(1_000_000)
	for name, c := range map[string]struct {
		holder Holder
		want   Obstacle
	}{
		"none":       {Holder{Credential: &Credential{ExpiresAt: 1_000_001}, App: &App{}, Developer: &Developer{}}, NoObstacle},
		"app group":  {Holder{Credential: &Credential{ExpiresAt: -1}, App: &App{Status: "approved"}}, NoObstacle},
		"revoked":    {Holder{Credential: &Credential{Status: "revoked", ExpiresAt: 1}, App: &App{Status: "revoked"}}, CredentialRevoked},
		"expired":    {Holder{Credential: &Credential{ExpiresAt: 1_000_000}, App: &App{Status: "revoked"}}, CredentialExpired},
		"app":        {Holder{Credential: &Credential{}, App: &App{Status: "revoked"}, Developer: &Developer{Status: "inactive"}}, AppRevoked},
		"developer":  {Holder{Credential: &Credential{}, App: &App{}, Developer: &Developer{Status: "inactive"}}, DeveloperInactive},
		"upper case": {Holder{Credential: &Credential{Status: "APPROVED"}, App: &App{}, Developer: &Developer{Status: "ACTIVE"}}, NoObstacle},
	} {
		if got := c.holder.Obstacle(now); got != c.want {
			t.Errorf("%s: obstacle %d, want %d", name, got, c.want)
		}
	}
}

func TestScalars(t *testing.T) {
	var p Product
	if err := json.Unmarshal([]byte(`{"name":"p","quota":10,"quotaInterval":"1","createdAt":"1700000000000","lastModifiedAt":5}`), &p); err != nil {
		t.Fatal(err)
	}
	if p.Quota != "10" || p.QuotaInterval != "1" || p.CreatedAt != 1700000000000 || p.LastModifiedAt != 5 {
		t.Errorf("read %+v", p)
	}
	data, err := json.Marshal(&p)
	if want := `{"name":"p","quota":"10","quotaInterval":"1","createdAt":"1700000000000","lastModifiedAt":"5"}`; err != nil || string(data) != want {
		t.Errorf("wrote %s, %v; want %s", data, err, want)
	}
	for _, bad := range []string{`{"quota":{}}`, `{"createdAt":"soon"}`, `{"createdAt":true}`} {
		if err := json.Unmarshal([]byte(bad), &p); err == nil {
			t.Errorf("%s is accepted", bad)
		}
	}
}

func TestRevocationCovers(t *testing.T) {
	token := &Token{Kind: AccessToken, AppID: "a", EndUser: "u", IssuedAt: 10}
	refresh := &Token{Kind: RefreshToken, AppID: "a", EndUser: "u", IssuedAt: 10}
	for name, c := range map[string]struct {
		revocation      Revocation
		access, refresh bool
	}{
		"the app":                     {Revocation{AppID: "a", Before: 11}, true, false},
		"the user":                    {Revocation{EndUser: "u", Before: 11}, true, false},
		"both":                        {Revocation{AppID: "a", EndUser: "u", Before: 11}, true, false},
		"cascade":                     {Revocation{AppID: "a", Before: 11, Cascade: true}, true, true},
		"another app":                 {Revocation{AppID: "b", EndUser: "u", Before: 11}, false, false},
		"the same millisecond, later": {Revocation{AppID: "a", Before: 10, Nanos: 1, Cascade: true}, true, true},
		"issued at the time":          {Revocation{AppID: "a", Before: 10, Cascade: true}, false, false},
	} {
		if a, r := c.revocation.Covers(token), c.revocation.Covers(refresh); a != c.access || r != c.refresh {
			t.Errorf("%s: covers the access token %v, the refresh token %v", name, a, r)
		}
	}
}

func BenchmarkHolderMatch(b *testing.B) {
	d := newTestDirectory()
	b.ReportAllocs()
	for b.Loop() {
		h, ok := d.Holder("key")
		if _, matched := h.Match(Call{Proxy: "shop"}, nil); !ok || !matched {
			b.Fatal("no match")
		}
	}
}
