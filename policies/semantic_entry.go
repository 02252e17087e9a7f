package policies

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"

	"sluice/flow"
)

// What SemanticCacheLookup and SemanticCachePopulate have in common: what the one leaves
// for the other, and where an answer is cached.

// semanticSearched is the variable in which a lookup without a hit leaves what it has
// found out. The two policies do not name each other, so the last lookup counts.
const semanticSearched = "semanticcache.searched"

// semanticSearch is a prompt that has no answer in the cache.
type semanticSearch struct {
	id     string // of its datapoint
	vector vertexVector
}

// semanticID is the datapoint of a prompt: the same prompt replaces its own.
func semanticID(prompt string) string {
	sum := sha256.Sum256([]byte(prompt))
	return hex.EncodeToString(sum[:])
}

// semanticKey is where the answer for a datapoint is cached. Proxies do not see each
// other's answers, even when they share an index (inferred: nothing tells how Apigee
// keeps them apart).
func semanticKey(p *flow.ProxyInfo, id string) flow.CacheKey {
	prefix := "semanticcache__" + p.Name
	return flow.CacheKey{Resource: p.Organization + "/" + p.Environment + "/", Prefix: prefix, Key: prefix + "__" + id}
}

// semanticLongest bounds a text that is cached, and a prompt: 256 KB (policies-2.md 32).
const semanticLongest = 256 << 10

// semanticEntry is a cached answer: the line of its Content-Type, then the payload.
func semanticEntry(contentType string, payload []byte) []byte {
	return append(append([]byte(contentType), '\n'), payload...)
}

var errNoSemanticEntry = errors.New("the cache entry is no answer")

func semanticResponse(entry []byte) (*flow.Message, error) {
	contentType, payload, ok := bytes.Cut(entry, []byte("\n"))
	if !ok {
		return nil, errNoSemanticEntry
	}
	m := flow.NewResponse()
	if len(contentType) > 0 {
		m.Header.Set("Content-Type", string(contentType))
	}
	m.Header.Set("Cached-Content", "true")
	m.SetContent(bytes.Clone(payload)) // the cache's bytes are shared
	return m, nil
}
