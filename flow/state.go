package flow

import (
	"context"
	"crypto"
	"errors"
	"strings"
	"time"

	"sluice/internal/entity"
	"sluice/internal/window"
)

// ErrConflict says that a value changed since it was read: somebody else was
// faster, and nothing was written.
var ErrConflict = errors.New("the value was changed meanwhile")

// Tokens keeps access tokens, refresh tokens and authorization codes. It knows
// them by their text but never stores it.
type Tokens interface {
	// Find returns a copy of what is known of the token with this text, also when
	// it is expired or revoked; nil when it is unknown. The error says that the
	// store does not answer.
	Find(ctx context.Context, kind entity.TokenKind, text string) (*entity.Token, error)
	// Save writes durably: a token whose Revision is 0 is new, otherwise the write
	// replaces exactly that revision. ErrConflict when it is there already or was
	// changed. Afterwards t.Revision is the new one.
	Save(ctx context.Context, text string, t *entity.Token) error
	// Revoke makes every token that r covers be found as revoked, from now on.
	Revoke(ctx context.Context, r entity.Revocation) error
}

// MapName addresses a key-value map.
type MapName struct {
	Scope        string // "organization", "environment", "apiproxy", "policy"
	Organization string
	Environment  string // for scope environment, apiproxy, policy
	Proxy        string // for scope apiproxy, policy
	Policy       string // for scope policy
	Name         string
}

// KeyValueMaps keeps the key-value maps. Reads come from a local replica and
// never wait.
type KeyValueMaps interface {
	// Get returns the values of an entry: nil when the key is not there. exists
	// tells whether the map itself is. Nobody changes the result.
	Get(m MapName, key string) (values []string, exists bool)
	// Put writes an entry durably, and makes the map when it does not exist. With
	// values nil it makes just the map.
	Put(ctx context.Context, m MapName, key string, values []string) error
	// Delete removes an entry durably; one that is not there is no error.
	Delete(ctx context.Context, m MapName, key string) error
}

// CacheKey addresses a cache entry.
type CacheKey struct {
	Resource string // CacheResource; "" is the shared default cache
	Prefix   string // what entries have in common that are purged together
	Key      string // the whole key, with the prefix
}

// MaxCached is the largest value that a cache takes, in bytes: Apigee's limit on
// Edge; X allows 256 KB (policies-2.md 1).
const MaxCached = 512 << 10

// Caches keeps what LookupCache, ResponseCache and the like remember.
type Caches interface {
	// Get returns an entry that is not past its time. Nobody changes the result.
	// An engine that does not answer is a miss.
	Get(ctx context.Context, k CacheKey) (value []byte, hit bool)
	// Put stores an entry for so long. The error says that it was not stored.
	Put(ctx context.Context, k CacheKey, value []byte, life time.Duration) error
	// Remove removes the entry, or with children all entries of its prefix.
	Remove(ctx context.Context, k CacheKey, children bool) error
}

// Counters counts requests for quotas.
type Counters interface {
	// Count applies c to its counter and tells what came of it. The error says
	// that the engine of a synchronous counter does not answer.
	Count(ctx context.Context, c Count) (Counted, error)
}

// Count is one use of a counter.
type Count struct {
	Of         *CounterSet
	Identifier string // which of the set; clients choose it
	Now        time.Time
	Weight     int64 // may be negative: a reset gives back
	Allowed    int64
	Mode       CountMode
}

// CounterSet is what counters have in common that only their Identifier tells apart. A
// policy makes it once, for as long as its limits and its proxy stay the same, and
// nobody changes it: a counter that is asked for with the same pointer again is found
// without comparing anything else. Another one that says the same names the same
// counters.
type CounterSet struct {
	Policy  string // kind, organization, environment, proxy, and name or SharedName
	Limits  string // class, product and resource whose limits are counted; "" for the policy's own
	Window  window.Window
	Sharing Sharing
}

// CounterPolicy is CounterSet.Policy of a policy.
func CounterPolicy(kind string, p *ProxyInfo, name string) string {
	return strings.Join([]string{kind, p.Organization, p.Environment, p.Name, name}, "\x00")
}

// CountMode says whether a Count checks, counts, or both.
type CountMode uint8

// The modes: Quota without EnforceOnly and CountOnly, and with either.
const (
	EnforceAndCount CountMode = iota
	EnforceOnly
	CountOnly
)

// Sharing says which processes a counter counts for.
type Sharing struct {
	// Distributed counters count for all processes of the environment, others for
	// this one alone.
	Distributed bool
	// Synchronous counters ask the engine each time. Others count here, and are
	// brought together every Interval or every Messages counts.
	Synchronous bool
	Interval    time.Duration // 0 stands for 10 seconds
	Messages    int64         // 0: by time alone
}

// Counted is what a counter says after a Count.
type Counted struct {
	Violated bool      // the weight did not fit, and was not counted
	Used     int64     // in the present window, this Count included
	Exceeded int64     // how many Counts of this window did not fit
	Expires  time.Time // end of the window
}

// KeySets remembers the JSON Web Key Sets that policies fetched.
type KeySets interface {
	// KeySet returns the keys of the set at uri. It is fetched with get when it
	// is not known or past its life, and once more when it holds no key called
	// kid: then the keys were rotated. It bounds how often get runs, whatever kid
	// a client sends. The error is that of get, or says that the set does not
	// parse.
	KeySet(ctx context.Context, uri, kid string, get func(context.Context) ([]byte, error)) ([]PublicKey, error)
}

// PublicKey is one key of a JSON Web Key Set.
type PublicKey struct {
	ID        string // kid
	Algorithm string // alg, "" for any
	Use       string // use, "" for any
	Key       crypto.PublicKey
}
