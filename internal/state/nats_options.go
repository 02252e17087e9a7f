package state

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"
)

// Options says where the state is kept: in a data directory of this process
// (Dir), in the data directories of several processes that keep it together (Dir
// and Cluster), or on NATS servers that somebody else runs (URL). Without Dir and
// URL it is kept in the memory of this process, and ends with it.
type Options struct {
	// Dir is the data directory. It is made when it is not there, and locked: no
	// other process can use it at the same time.
	Dir     string
	Cluster Cluster
	Limits  Limits

	// URL names NATS servers of version 2.12 or later with JetStream, like
	// tls://one.example:4222,tls://two.example:4222. How well durable writes
	// survive the loss of power is up to their sync_interval.
	URL         string
	Credentials string // file with the user's credentials, for URL
	TLS         TLS    // for URL

	// Replicas is on how many servers everything is kept, 1, 3 or 5. 0 stands for
	// 1, and for 3 with a Cluster.
	Replicas int
	// Patience is how long a call waits for an answer before it returns
	// ErrUnavailable; 0 stands for 2 seconds. Opening a bucket or counters, watching
	// and purging may take five times as long: a cluster agrees on where to keep what
	// they need, and a bucket may be large. Opening may take a minute in a cluster, whose
	// nodes elect who leads it when they come back.
	Patience time.Duration
	// Log is told what the server inside this process and the connection say. It
	// may be called at any time and from several goroutines at once. Nil for none.
	Log func(warning bool, text string)
}

// Limits is how much the server inside this process keeps, in bytes. What goes
// beyond is refused with ErrUnavailable.
type Limits struct {
	Store int64 // on disk; 0 stands for three quarters of what is free at the start
	// Memory is for what is in memory alone: what need not be durable in a Cluster,
	// everything without a Dir. 0 stands for 256 MiB, and for 1 GiB without a Dir.
	Memory int64
}

// valueLimit is the size of the largest message the server inside this process
// takes, in bytes: what NATS advises as the most.
const valueLimit = 8 << 20

// check refuses options that do not fit together.
func (o Options) check() error {
	switch {
	case o.Dir != "" && o.URL != "":
		return errors.New("state: set either a data directory or the URL of NATS servers")
	case o.Cluster.Listen != "" && o.Dir == "" && o.URL == "":
		return errors.New("state: each node of a cluster needs a data directory")
	case o.Cluster.Listen != "" && o.URL != "":
		return errors.New("state: a cluster is made of data directories; with the URL of NATS servers there is none")
	case o.Replicas < 0 || o.Replicas > 5 || o.Patience < 0:
		return fmt.Errorf("state: %d replicas and a patience of %s; there are 0 to 5, and it is not below 0", o.Replicas, o.Patience)
	case o.Replicas > 1 && o.URL == "" && o.Cluster.Listen == "":
		return fmt.Errorf("state: %d replicas need a cluster, or the URL of one", o.Replicas)
	}
	return nil
}

// where returns what is called, without passwords.
func (o Options) where() string {
	if o.URL == "" {
		return "the server inside this process"
	}
	var shown []string
	for server := range strings.SplitSeq(o.URL, ",") {
		u, err := url.Parse(strings.TrimSpace(server))
		if err != nil {
			return "the NATS servers"
		}
		shown = append(shown, u.Redacted())
	}
	return strings.Join(shown, ",")
}

// readyHint says what to look at when JetStream does not answer.
func (o Options) readyHint() string {
	switch {
	case o.URL != "":
		return "does that server run with JetStream, and may this user use it?"
	case o.Cluster.Listen != "":
		return "a majority of the cluster must run and reach each other through the routes"
	}
	return "the server inside this process does not answer"
}
