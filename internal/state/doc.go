// Package state keeps what outlives a request: who may call, tokens, key-value
// maps, caches and counters. The stores know what a token or a quota is; below
// them an engine knows values and counts, and whether they are kept in this
// process, in a data directory, or by several nodes.
//
// # The way of a value
//
//  1. Engine, Bucket and Tally (engine.go) are the seam. What they promise is
//     tested by the suite in statetest, for every engine alike.
//  2. NewMemory (memory.go, memory_tally.go, memory_lives.go) keeps everything in maps, by an
//     injected clock: for tests, ours and those of bundles. What is served has the next one.
//  3. Open (nats.go, nats_options.go) makes an engine on NATS JetStream. nats_server.go runs the
//     server inside this process, on a locked data directory (nats_lock_*.go) or in memory;
//     nats_cluster.go joins it with those of other processes. With a URL there is
//     no server, and the rest is the same.
//  4. Each call goes through natsEngine.attempt: it waits for an answer with
//     patience, tries again what was surely not done, and nats_errors.go turns what
//     comes back into ErrNotFound, ErrRevision or ErrUnavailable.
//  5. A bucket is a stream that keeps the last message of each subject
//     (nats_bucket.go, nats_stream.go); nats_key.go writes any key as a subject. A
//     removal is a marker, so that watches hear of it.
//  6. A watch (nats_watch.go) reads a bucket in rounds. Whatever may have lost a
//     message ends a round, and the next one finds what differs.
//  7. Counters are streams whose messages add up (nats_tally.go): the answer to an
//     addition is the total, in one round trip.
//  8. A Store (store.go) is all stores on one engine: Entities (entities.go,
//     load*.go), Tokens (tokens.go), Maps (maps.go), Caches (caches.go) and
//     Counters (counters*.go). Reads come from what this process holds
//     (replica.go, near.go), kept fresh by watches; writes go to the engine first.
//
// # What is lost when
//
// Durable values are on disk before Put returns: a file that was synced, with
// replicas on a majority of them. Other values and counts follow some milliseconds
// later; with replicas they are in the memory of a majority instead, except for
// counts with a life of more than three hours, which are on disk there as well. A
// process that is closed loses nothing, and a cluster loses what it has in memory
// when all its nodes are down at once.
//
// When a leading node dies, NATS takes 4 to 9 seconds to elect another, or twice
// that when two stand for it at once; until then, calls of what it led return
// ErrUnavailable after Options.Patience. A node that is closed hands over within
// half a second, but what was on its way to it may get no answer.
//
// A node opens a bucket or counters when its own copy is complete, so that the nodes of
// a cluster may be stopped one after another, each when the one before serves again.
// When a majority is killed while the rest is still taking copies of what is in memory
// only, no leader is elected before the rest is started again as well.
//
// # Why NATS JetStream
//
// It is the one engine found that runs inside the process without a listener, has
// the same interface on a cluster, and counts in one round trip (reference
// tasks.md, part c). jetstream.KeyValue is not used on top of it; the reasons stand
// at natsBucket, natsWatch and bucketStream.
package state
