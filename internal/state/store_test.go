package state_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"sluice/flow"
	"sluice/internal/entity"
	"sluice/internal/orgdata"
	"sluice/internal/state"
)

// shared makes two stores on one engine: what two processes see of each other,
// but at once, since the memory engine tells changes before a write returns.
func shared(t *testing.T, now func() time.Time) (a, b *state.Store) {
	t.Helper()
	engine := state.NewMemory(now)
	var stores [2]*state.Store
	for i := range stores {
		s, err := state.NewStore(context.Background(), engine, now)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { ok(t, s.Close()) })
		stores[i] = s
	}
	return stores[0], stores[1]
}

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

var start = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func fixed() time.Time { return start }

func TestEntitiesAreSeenByOthers(t *testing.T) {
	a, b := shared(t, fixed)
	ctx := context.Background()
	ok(t, a.Entities.PutProduct(ctx, &entity.Product{Name: "p.1%"}))
	ok(t, a.Entities.PutDeveloper(ctx, &entity.Developer{ID: "d", Email: "d@example.com"}))
	ok(t, a.Entities.PutApp(ctx, &entity.App{ID: "a", DeveloperID: "d", Credentials: []entity.Credential{{ConsumerKey: "k"}}}))
	for _, s := range []*state.Store{a, b} {
		d := s.Entities.Directory
		h, held := d.Holder("k")
		if !held || h.Developer == nil || d.Product("p.1%") == nil {
			t.Fatalf("holder %+v, %v, product %v", h, held, d.Product("p.1%"))
		}
	}
	ok(t, b.Entities.RemoveProduct(ctx, "p.1%"))
	ok(t, b.Entities.RemoveApp(ctx, "a"))
	ok(t, b.Entities.RemoveDeveloper(ctx, "d"))
	for _, s := range []*state.Store{a, b} {
		if p, d, apps, keys := s.Entities.Directory.Sizes(); p+d+apps+keys != 0 {
			t.Errorf("after the removals there are %d, %d, %d, %d", p, d, apps, keys)
		}
	}
}

func TestTokens(t *testing.T) {
	a, b := shared(t, fixed)
	ctx := context.Background()
	tok := &entity.Token{Kind: entity.AccessToken, Status: "approved", ClientID: "k", IssuedAt: 1, ExpiresAt: entity.MillisOf(start.Add(time.Minute))}
	ok(t, a.Tokens.Save(ctx, "text", tok))
	if found, err := b.Tokens.Find(ctx, entity.RefreshToken, "text"); err != nil || found != nil {
		t.Errorf("an access token is found as a refresh token: %+v, %v", found, err)
	}
	found, err := b.Tokens.Find(ctx, entity.AccessToken, "text")
	if err != nil || found == nil || found.ClientID != "k" || found.Revision == 0 {
		t.Fatalf("Find: %+v, %v", found, err)
	}
	if err := b.Tokens.Save(ctx, "text", &entity.Token{Kind: entity.AccessToken}); !errors.Is(err, flow.ErrConflict) {
		t.Errorf("a second token with the same text: %v, want ErrConflict", err)
	}
	found.Set(entity.TokenAttribute{Name: "n", Value: "v"})
	ok(t, b.Tokens.Save(ctx, "text", found))
	if again, _ := a.Tokens.Find(ctx, entity.AccessToken, "text"); len(again.Attributes) != 1 {
		t.Errorf("the other store does not see the attribute: %+v", again)
	}
	if err := a.Tokens.Save(ctx, "text", tok); !errors.Is(err, flow.ErrConflict) {
		t.Errorf("a write over an old revision: %v, want ErrConflict", err)
	}
}

// Of many who redeem a code at once, one succeeds.
func TestCodeIsRedeemedOnce(t *testing.T) {
	a, b := shared(t, fixed)
	ctx := context.Background()
	ok(t, a.Tokens.Save(ctx, "code", &entity.Token{Kind: entity.AuthorizationCode, Status: "approved"}))
	results := make(chan error, 20)
	for i := range cap(results) {
		s := []*state.Store{a, b}[i%2]
		go func() {
			code, err := s.Tokens.Find(ctx, entity.AuthorizationCode, "code")
			if err == nil && code.Approved() {
				code.Status = "used"
				err = s.Tokens.Save(ctx, "code", code)
			} else if err == nil {
				err = flow.ErrConflict
			}
			results <- err
		}()
	}
	redeemed := 0
	for range cap(results) {
		switch err := <-results; {
		case err == nil:
			redeemed++
		case !errors.Is(err, flow.ErrConflict):
			t.Error(err)
		}
	}
	if redeemed != 1 {
		t.Errorf("the code was redeemed %d times", redeemed)
	}
}

func TestRevoke(t *testing.T) {
	a, b := shared(t, fixed)
	ctx := context.Background()
	issue := func(text string, kind entity.TokenKind, app, user string, at entity.Millis) {
		ok(t, a.Tokens.Save(ctx, text, &entity.Token{Kind: kind, Status: "approved", AppID: app, EndUser: user, IssuedAt: at}))
	}
	issue("old", entity.AccessToken, "app", "ann", 10)
	issue("new", entity.AccessToken, "app", "ann", 30)
	issue("bob", entity.AccessToken, "app", "bob", 10)
	issue("refresh", entity.RefreshToken, "app", "ann", 10)
	status := func(kind entity.TokenKind, text string) string {
		found, err := b.Tokens.Find(ctx, kind, text)
		ok(t, err)
		return found.Status
	}
	if got := status(entity.AccessToken, "old"); got != "approved" {
		t.Fatalf("before any revocation the token is %s", got)
	}
	ok(t, a.Tokens.Revoke(ctx, entity.Revocation{EndUser: "ann", Before: 20}))
	ok(t, a.Tokens.Revoke(ctx, entity.Revocation{EndUser: "ann", Before: 15})) // reaches less far: no effect
	for text, want := range map[string]string{"old": "revoked", "new": "approved", "bob": "approved"} {
		if got := status(entity.AccessToken, text); got != want {
			t.Errorf("token %s is %s, want %s", text, got, want)
		}
	}
	if got := status(entity.RefreshToken, "refresh"); got != "approved" {
		t.Errorf("without cascade the refresh token is %s", got)
	}
	ok(t, b.Tokens.Revoke(ctx, entity.Revocation{AppID: "app", EndUser: "ann", Before: 20, Cascade: true}))
	if got := status(entity.RefreshToken, "refresh"); got != "revoked" {
		t.Errorf("with cascade the refresh token is %s", got)
	}
}

func TestMaps(t *testing.T) {
	a, b := shared(t, fixed)
	ctx := context.Background()
	m := flow.MapName{Scope: "environment", Organization: "o", Environment: "e", Name: "settings"}
	if _, exists := b.Maps.Get(m, "k"); exists {
		t.Error("a map exists that nobody made")
	}
	ok(t, a.Maps.Put(ctx, m, "k", []string{"one", "two"}))
	ok(t, a.Maps.Put(ctx, m, "", []string{"empty key"}))
	if values, _ := b.Maps.Get(m, "k"); !slices.Equal(values, []string{"one", "two"}) {
		t.Errorf("k is %q", values)
	}
	other := m
	other.Environment = "prod"
	if _, exists := b.Maps.Get(other, "k"); exists {
		t.Error("the map exists in another environment too")
	}
	ok(t, b.Maps.Delete(ctx, m, "k"))
	ok(t, b.Maps.Delete(ctx, other, "k"))
	for _, s := range []*state.Store{a, b} {
		if values, exists := s.Maps.Get(m, "k"); values != nil || !exists {
			t.Errorf("after the removal: %q, %v", values, exists)
		}
		if values, _ := s.Maps.Get(m, ""); len(values) != 1 {
			t.Errorf("the empty key is %q", values)
		}
	}
}

func TestCaches(t *testing.T) {
	now := start
	a, b := shared(t, func() time.Time { return now })
	ctx := context.Background()
	key := func(prefix, k string) flow.CacheKey {
		return flow.CacheKey{Resource: "r", Prefix: prefix, Key: prefix + k}
	}
	for _, k := range []flow.CacheKey{key("p", "1"), key("p", "2"), key("q", "1")} {
		ok(t, a.Caches.Put(ctx, k, []byte(k.Key), 10*time.Second))
	}
	hit := func(s *state.Store, k flow.CacheKey) bool {
		v, found := s.Caches.Get(ctx, k)
		if found && string(v) != k.Key {
			t.Errorf("%v is %q", k, v)
		}
		return found
	}
	now = start.Add(10*time.Second - time.Millisecond)
	if !hit(a, key("p", "1")) || !hit(b, key("p", "1")) {
		t.Error("an entry is gone before its time")
	}
	ok(t, b.Caches.Remove(ctx, key("p", "1"), false))
	if hit(a, key("p", "1")) || !hit(a, key("p", "2")) {
		t.Error("a removed entry is there, or another is gone")
	}
	ok(t, b.Caches.Remove(ctx, key("p", "none"), true))
	if hit(a, key("p", "2")) || !hit(a, key("q", "1")) {
		t.Error("a purged entry is there, or one of another prefix is gone")
	}
	now = start.Add(10 * time.Second)
	if hit(a, key("q", "1")) {
		t.Error("an entry is there after its time")
	}
	if err := a.Caches.Put(ctx, key("p", "3"), make([]byte, 1<<20), time.Second); err == nil {
		t.Error("a value of 1 MB is stored")
	}
}

func TestLoad(t *testing.T) {
	s := state.Memory(fixed)
	t.Cleanup(func() { ok(t, s.Close()) })
	data, problems := orgdata.Emulator(map[string][]byte{
		"products.json":      []byte(`[{"name":"p"}]`),
		"developers.json":    []byte(`[{"email":"d@example.com"}]`),
		"developerapps.json": []byte(`[{"name":"a","developerEmail":"d@example.com","apiProducts":["p"]}]`),
		"maps.json":          []byte(`[{"name":"m","scope":"environment","environment":"test","entries":{"k":"v"}},{"name":"n","scope":"environment","environment":"prod"}]`),
	})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	ctx := context.Background()
	ok(t, s.Load(ctx, data, "acme", "test"))
	key := onlyKey(t, s)
	if len(key) != 48 {
		t.Errorf("the consumer key %q has %d characters, want 48", key, len(key))
	}
	if v, _ := s.Maps.Get(flow.MapName{Scope: "environment", Organization: "acme", Environment: "test", Name: "m"}, "k"); !slices.Equal(v, []string{"v"}) {
		t.Errorf("the map's entry is %q", v)
	}
	if len(s.Maps.Names()) != 1 {
		t.Errorf("maps %v, want only that of the environment", s.Maps.Names())
	}
	data.Apps[0] = &entity.App{ID: data.Apps[0].ID, Name: "a", DeveloperID: data.Apps[0].DeveloperID, Credentials: []entity.Credential{{}}}
	ok(t, s.Load(ctx, data, "acme", "test"))
	if again := onlyKey(t, s); again != key {
		t.Error("loading the data again changed a generated key")
	}
}

func onlyKey(t *testing.T, s *state.Store) string {
	t.Helper()
	apps := s.Entities.Directory.AppsNamed("a")
	if len(apps) != 1 || len(apps[0].Credentials) != 1 {
		t.Fatalf("apps %+v", apps)
	}
	return apps[0].Credentials[0].ConsumerKey
}
