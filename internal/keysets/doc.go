// Package keysets remembers the JSON Web Key Sets that VerifyJWT and its like
// fetch. It implements flow.KeySets and fetches nothing itself: the policy hands
// it a function, so that proxies, TLS and time limits are those of the policy.
//
//	KeySet -> found    a set within its life that has the key: no lock is held
//	       -> fetch    otherwise one caller at a time fetches, in its own goroutine;
//	                   the others take the old set if it has the key, or wait
//	       -> failed   the old set serves on for a while; without one the error is
//	                   the answer for a moment, so that a set that cannot be had
//	                   does not cost every request a time limit
//
// A cache library would bring the eviction and not the rest: a second fetch for a
// key that is not in the set, one fetch at a time that belongs to the request it
// serves, and old sets when a fetch fails.
package keysets
