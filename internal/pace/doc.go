// Package pace spaces requests out (SpikeArrest) and bounds how many are under
// way at once (ConcurrentRatelimit), in this process alone.
//
//  1. pacer.go   one slot every so long, per key
//  2. gate.go    so many at once, per key
//  3. key.go     keys of bounded length
//
// Both bound how many keys they remember, because clients choose keys, and
// neither asks a clock: callers say what time it is.
//
// golang.org/x/time/rate would serve one key: a limiter with burst 1 and AllowN.
// It takes no weight above its burst, and a map of limiters needs the locks, the
// bound and the forgetting that are here; what is left is one comparison.
package pace
