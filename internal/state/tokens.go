package state

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/maypok86/otter/v2"

	"sluice/flow"
	"sluice/internal/entity"
)

// Tokens keeps tokens under the SHA-256 of their text. Tokens that are used stay
// in a local cache, from which a change anywhere removes them.
type Tokens struct {
	bucket  Bucket
	revoked *revocations
	now     func() time.Time
	local   *near[tokenID, *entity.Token]
}

// tokenID is a token's kind and the digest of its text.
type tokenID struct {
	kind entity.TokenKind
	sum  [sha256.Size]byte
}

const (
	localTokens = 100_000
	// tokenStale bounds how long a change goes unnoticed by a process that is cut
	// off from the others. Apigee caches tokens for 180 seconds (recalled).
	tokenStale = time.Minute
	// tokenGrace is how long a token can still be looked at after its end
	// (GetOAuthV2Info with IgnoreAccessTokenStatus). Apigee purges expired tokens
	// after three days (recalled).
	tokenGrace = 72 * time.Hour
)

func openTokens(ctx, watching context.Context, engine Engine, now func() time.Time) (*Tokens, error) {
	bucket, err := engine.Bucket(ctx, BucketConfig{Name: "tokens", Durable: true})
	if err != nil {
		return nil, fmt.Errorf("tokens: %w", err)
	}
	t := &Tokens{bucket: bucket, now: now}
	if t.revoked, err = openRevocations(ctx, watching, engine); err != nil {
		return nil, fmt.Errorf("tokens: %w", err)
	}
	t.local, err = newNear(&otter.Options[tokenID, *entity.Token]{
		MaximumSize: localTokens, ExpiryCalculator: otter.ExpiryWriting[tokenID, *entity.Token](tokenStale),
	})
	if err == nil {
		err = bucket.Follow(watching, t.changed)
	}
	if err != nil {
		return nil, fmt.Errorf("tokens: %w", err)
	}
	return t, nil
}

// Find implements flow.Tokens.
func (t *Tokens) Find(ctx context.Context, kind entity.TokenKind, text string) (*entity.Token, error) {
	id := tokenID{kind, sha256.Sum256([]byte(text))}
	found, ok, err := t.local.get(id, func() (*entity.Token, bool, error) { return t.fetch(ctx, id) })
	if err != nil || !ok {
		return nil, err
	}
	c := *found
	if t.revoked.cover(&c) {
		c.Status = "revoked"
	}
	return &c, nil
}

func (t *Tokens) fetch(ctx context.Context, id tokenID) (*entity.Token, bool, error) {
	e, err := t.bucket.Get(ctx, id.key())
	if errors.Is(err, ErrNotFound) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, fmt.Errorf("token: %w", err)
	}
	found := &entity.Token{}
	if err := json.Unmarshal(e.Value, found); err != nil {
		return nil, false, fmt.Errorf("token: stored value: %w", err)
	}
	found.Revision = e.Revision
	return found, true, nil
}

// Save implements flow.Tokens.
func (t *Tokens) Save(ctx context.Context, text string, tok *entity.Token) error {
	id := tokenID{tok.Kind, sha256.Sum256([]byte(text))}
	data, err := json.Marshal(tok)
	if err != nil {
		return fmt.Errorf("token: %w", err)
	}
	revision, err := t.bucket.Replace(ctx, id.key(), data, tok.Revision, t.life(tok))
	t.local.forget(id)
	if errors.Is(err, ErrRevision) {
		return flow.ErrConflict
	}
	if err != nil {
		return fmt.Errorf("token: %w", err)
	}
	tok.Revision = revision
	return nil
}

// life is how long the engine keeps a token; 0 is for ever.
func (t *Tokens) life(tok *entity.Token) time.Duration {
	end := max(tok.ExpiresAt, tok.RefreshExpiresAt)
	if !tok.ExpiresAt.Set() {
		return 0
	}
	return max(time.UnixMilli(int64(end)).Sub(t.now()), 0) + tokenGrace
}

// Revoke implements flow.Tokens.
func (t *Tokens) Revoke(ctx context.Context, r entity.Revocation) error {
	return t.revoked.add(ctx, r)
}

// changed forgets what was changed, here or elsewhere.
func (t *Tokens) changed(c Change) {
	if c.Key == "" {
		t.local.forgetAll()
		return
	}
	if id, ok := parseTokenID(c.Key); ok {
		t.local.forget(id)
	}
}

func (id tokenID) key() string { return string(id.kind) + "." + hex.EncodeToString(id.sum[:]) }

func parseTokenID(key string) (id tokenID, ok bool) {
	end := len(key) - 2*sha256.Size
	if end < 1 || key[end-1] != '.' {
		return id, false
	}
	id.kind = entity.TokenKind(key[:end-1])
	_, err := hex.Decode(id.sum[:], []byte(key[end:]))
	return id, err == nil
}

// revocations are those of apps and end users, in a local replica.
type revocations struct {
	bucket   Bucket
	progress Progress
	count    atomic.Int64                  // of entries; 0 spares the look-ups
	mu       sync.RWMutex                  // guards entries
	entries  map[revoker]entity.Revocation // the one that reaches furthest
}

// revoker is whose tokens a revocation is about.
type revoker struct {
	app, endUser string
	cascade      bool
}

func openRevocations(ctx, watching context.Context, engine Engine) (*revocations, error) {
	bucket, err := engine.Bucket(ctx, BucketConfig{Name: "revocations", Durable: true})
	if err != nil {
		return nil, err
	}
	r := &revocations{bucket: bucket, entries: map[revoker]entity.Revocation{}}
	return r, bucket.Watch(watching, r.change)
}

func (r *revocations) change(c Change) {
	defer r.progress.Advance(c.Revision)
	var v entity.Revocation
	if c.Value == nil || json.Unmarshal(c.Value, &v) != nil {
		return // nothing removes a revocation
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	who := revoker{v.AppID, v.EndUser, v.Cascade}
	if v.Reaches(r.entries[who]) {
		r.entries[who] = v
	}
	r.count.Store(int64(len(r.entries)))
}

// add writes the revocation, unless one that reaches further is there already.
func (r *revocations) add(ctx context.Context, v entity.Revocation) error {
	id := digest(v.AppID) + "." + digest(v.EndUser)
	if v.Cascade {
		id += ".cascade"
	}
	for {
		e, err := r.bucket.Get(ctx, id)
		if err != nil && !errors.Is(err, ErrNotFound) {
			return fmt.Errorf("revocation: %w", err)
		}
		var old entity.Revocation
		if err == nil && json.Unmarshal(e.Value, &old) == nil && !v.Reaches(old) {
			return r.progress.Reach(ctx, e.Revision)
		}
		data, err := json.Marshal(v)
		if err != nil {
			return fmt.Errorf("revocation: %w", err)
		}
		revision, err := r.bucket.Replace(ctx, id, data, e.Revision, 0)
		if errors.Is(err, ErrRevision) {
			continue // another revocation of the same; each round somebody got ahead
		}
		if err != nil {
			return fmt.Errorf("revocation: %w", err)
		}
		return r.progress.Reach(ctx, revision)
	}
}

// cover reports whether some revocation covers the token.
func (r *revocations) cover(t *entity.Token) bool {
	if r.count.Load() == 0 {
		return false
	}
	r.mu.RLock()
	defer r.mu.RUnlock()
	for _, who := range [...]revoker{{app: t.AppID}, {endUser: t.EndUser}, {app: t.AppID, endUser: t.EndUser}} {
		for _, cascade := range [...]bool{false, true} {
			who.cascade = cascade
			if v, ok := r.entries[who]; ok && v.Covers(t) {
				return true
			}
		}
	}
	return false
}
