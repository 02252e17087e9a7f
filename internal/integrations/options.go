package integrations

import (
	"crypto/rand"
	"fmt"
	"net/http"
	"time"
)

// Options configure an Engine. The zero value is usable. The numbers are Google's, as far as it
// documents them; where its pages disagree, see reference integrations.md 1.
type Options struct {
	Client         *http.Client     // for all calls that tasks make; default http.DefaultClient
	InsecureClient *http.Client     // for disableSSLValidation; default Client without checks, if its transport is http.Transport
	Now            func() time.Time // default time.Now; timers always run on real time
	NewID          func() string    // execution ids and GET_UUID; default random UUIDs
	SyncLimit      time.Duration    // one Execute, waiting included; default 2 minutes
	AsyncLimit     time.Duration    // one scheduled execution; default 50 minutes
	MaxConcurrent  int              // executions at a time; default 50
	MaxQueue       int              // executions that wait for a place; default 1000
	MaxScheduled   int              // without a Journal: scheduled executions that have not ended; default 10000
	MaxSuspended   int              // without a Journal: suspended executions; default 1000
	MaxInput       int              // bytes of a request body; default 8 MB
	MaxHeld        int              // bytes of the inputs of all executions that have not ended; default 512 MB

	// Journal makes executions durable. Without one they end with the process.
	Journal Journal
	Outside Outside // what tasks reach besides HTTP

	// Failed is told of each execution that failed or ran out of time. It may be called from
	// several goroutines at once, and must not wait. Nil for none.
	Failed func(Report)
}

func (o Options) withDefaults() Options {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.NewID == nil {
		o.NewID = newUUID
	}
	setDefault(&o.SyncLimit, 2*time.Minute)
	setDefault(&o.AsyncLimit, 50*time.Minute)
	setDefault(&o.MaxConcurrent, 50)
	setDefault(&o.MaxQueue, 1000)
	setDefault(&o.MaxScheduled, 10_000)
	setDefault(&o.MaxSuspended, 1000)
	setDefault(&o.MaxInput, 8<<20)
	setDefault(&o.MaxHeld, 512<<20)
	return o
}

func setDefault[T int | time.Duration](to *T, v T) {
	if *to <= 0 {
		*to = v
	}
}

// newUUID is a random (version 4) UUID.
func newUUID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
