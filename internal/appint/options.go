package appint

import (
	"crypto/rand"
	"fmt"
	"time"
)

// Options configure a Service. The zero value is usable.
type Options struct {
	// Sole tells that no other process uses the same store. What an earlier process left is then
	// taken up at once at the start, and not when its lease has ended.
	Sole bool
	// Region stands in for policies' calls that name none.
	Region string

	Lease       time.Duration // after this silence of a process others take up what it ran; default 15 s
	Retry       time.Duration // until an execution that could not go on is tried again, at first; default 5 s
	Keep        time.Duration // how long the record of an ended execution is kept; default 7 days
	MaxKept     int           // records of ended executions that are kept; default 10000
	RequestLife time.Duration // how long a requestId is remembered; default 24 hours (Google's is not documented)
	MaxTimeout  time.Duration // the longest X-Server-Timeout that is honoured; default 50 minutes

	Now   func() time.Time // default time.Now; timers always run on real time
	NewID func() string    // ids of all kinds; default random UUIDs
	// Log is told what fails in the background, where nobody can be answered. It may be called
	// from several goroutines at once. Nil for none.
	Log func(error)
}

func (o Options) withDefaults() Options {
	setDefault(&o.Lease, 15*time.Second)
	setDefault(&o.Retry, 5*time.Second)
	setDefault(&o.Keep, 7*24*time.Hour)
	setDefault(&o.MaxKept, 10_000)
	setDefault(&o.RequestLife, 24*time.Hour)
	setDefault(&o.MaxTimeout, 50*time.Minute)
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.NewID == nil {
		o.NewID = newUUID
	}
	if o.Log == nil {
		o.Log = func(error) {}
	}
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
	return formatUUID(b, 4)
}

func formatUUID(b [16]byte, version byte) string {
	b[6], b[8] = b[6]&0x0f|version<<4, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
