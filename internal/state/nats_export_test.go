package state

import (
	"context"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// EscapeKey and UnescapeKey are for the fuzz test.
var (
	EscapeKey   = escapeKey
	UnescapeKey = unescapeKey
)

// BucketStream and TallyStream return names of streams.
func BucketStream(name string) string { return "KV_sluice_" + name }

// TallyStream returns the name of the stream of counters with that life.
func TallyStream(name string, life time.Duration) string {
	return (&natsEngine{}).tallyStream(name, tallyClasses[classOf(life)]).Name
}

// Leader returns the name of the node that leads a stream, "" when there is none.
func Leader(ctx context.Context, e Engine, stream string) (string, error) {
	s, err := e.(*natsEngine).js.Stream(ctx, stream)
	if err != nil {
		return "", err
	}
	return s.CachedInfo().Cluster.Leader, nil
}

// StepDown makes the leader of a stream give up that place.
func StepDown(ctx context.Context, e Engine, stream string) error {
	_, err := e.(*natsEngine).connection.RequestWithContext(ctx, "$JS.API.STREAM.LEADER.STEPDOWN."+stream, nil)
	return err
}

// NodeName returns the name of an engine's own node.
func NodeName(e Engine) string { return e.(*natsEngine).server.nats.Name() }

// Erase removes a key without a marker, as time does with the marker.
func Erase(ctx context.Context, e Engine, bucket, key string) error {
	s, err := e.(*natsEngine).js.Stream(ctx, BucketStream(bucket))
	if err != nil {
		return err
	}
	return s.Purge(ctx, jetstream.WithPurgeSubject(bucketPrefix(bucket)+escapeKey(key)))
}
