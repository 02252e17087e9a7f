package pace

import "crypto/sha256"

const longestKey = 128

// bounded is key, or a digest of it when it is long: clients choose keys, and
// many of them are remembered.
func bounded(key string) string {
	if len(key) <= longestKey {
		return key
	}
	sum := sha256.Sum256([]byte(key))
	return string(sum[:])
}
