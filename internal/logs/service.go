package logs

import (
	"context"
	"io"
	"net/http"
	"os"
	"sync"
	"time"

	"sluice/flow"
)

// Options are what a Service writes to.
type Options struct {
	// Dir is the folder of log files, and of cloud-logging.jsonl, where entries for
	// Cloud Logging are kept unless Cloud is set. "": messages for files are dropped.
	Dir string
	// Cloud is the URL of Cloud Logging, "" for none.
	Cloud    string
	Client   *http.Client  // reaches Cloud
	Identity flow.Identity // makes tokens for Cloud
	// Analytics takes records, one line of JSON each; nil: they are dropped.
	Analytics io.Writer
	// Report tells the operator of what is dropped and what cannot be reached, once for
	// each time that it begins. It never gets a message.
	Report func(text string)
}

// Service implements flow.Logs and flow.Analytics.
type Service struct {
	o       Options
	root    *os.Root           // nil without Dir
	life    context.Context    // ends when nothing is written any more
	kill    context.CancelFunc // ends it
	closing chan struct{}      // closed when only what waits is written
	running sync.WaitGroup
	files   logFiles

	withoutFiles, withoutCloud sync.Once // told that messages are dropped

	mu           sync.RWMutex // guards what follows
	closed       bool
	destinations map[string]*destination
}

// New returns a service; the caller closes it. An error is that of the folder.
func New(o Options) (*Service, error) {
	if o.Report == nil {
		o.Report = func(string) {}
	}
	s := &Service{o: o, closing: make(chan struct{}), destinations: map[string]*destination{}, files: logFiles{byPath: map[string]logFileState{}}}
	if o.Dir != "" {
		if err := os.MkdirAll(o.Dir, 0o755); err != nil {
			return nil, err
		}
		root, err := os.OpenRoot(o.Dir)
		if err != nil {
			return nil, err
		}
		s.root = root
	}
	s.life, s.kill = context.WithCancel(context.Background())
	return s, nil
}

// Close writes what waits until ctx ends, and closes connections and files. It reports
// what was lost. A write that does not heed that end, such as one into a pipe that nobody
// reads, is left behind: it holds up the end of the process by lastWords and no more.
func (s *Service) Close(ctx context.Context) {
	s.mu.Lock()
	again := s.closed
	s.closed = true
	s.mu.Unlock()
	if again {
		return
	}
	close(s.closing)
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.running.Wait()
	}()
	select {
	case <-done:
	case <-ctx.Done():
		s.kill()
		s.abandon(done)
	}
	s.kill()
	if s.root != nil {
		_ = s.root.Close() // its files are closed
	}
}

// lastWords is how long destinations have to let go of what they write to, once nothing
// is written any more.
const lastWords = 250 * time.Millisecond

// abandon waits until all destinations are done, but not for long, and tells of what the
// others will never write.
func (s *Service) abandon(done <-chan struct{}) {
	t := time.NewTimer(lastWords)
	defer t.Stop()
	select {
	case <-done:
		return
	case <-t.C:
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, d := range s.destinations {
		d.lose()
	}
}

// put hands a message to the destination of that key, which open makes if there is none.
func (s *Service) put(key, name string, message []byte, open func() sink) error {
	for {
		d := s.destination(key, name, open)
		if d == nil {
			return flow.ErrPendingLogs // the process ends
		}
		if err := d.put(message); err != errEnded {
			return err
		}
	}
}

func (s *Service) destination(key, name string, open func() sink) *destination {
	s.mu.RLock()
	d, closed := s.destinations[key], s.closed
	s.mu.RUnlock()
	if closed {
		return nil
	}
	if d != nil {
		return d
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil
	}
	if d = s.destinations[key]; d == nil {
		d = &destination{service: s, key: key, name: name, sink: open(), wake: make(chan struct{}, 1)}
		s.destinations[key] = d
		s.running.Go(d.run)
	}
	return d
}

// forget ends an idle destination; false when something came for it meanwhile.
func (s *Service) forget(d *destination) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.waiting) > 0 {
		return false
	}
	d.ended = true
	delete(s.destinations, d.key)
	return true
}

// logFiles remembers the files of the folder, for as long as the process lives.
type logFiles struct {
	mu     sync.Mutex // guards what follows
	byPath map[string]logFileState
}

type logFileState struct {
	opened   bool // before
	rotation flow.LogRotation
}

// rotate says how a file rotates from now on.
func (l *logFiles) rotate(path string, r flow.LogRotation) {
	l.mu.Lock()
	defer l.mu.Unlock()
	f := l.byPath[path]
	if f.rotation != r {
		f.rotation = r
		l.byPath[path] = f
	}
}

// rotation is how a file rotates.
func (l *logFiles) rotation(path string) flow.LogRotation {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.byPath[path].rotation
}

// first reports whether a path was not asked for before.
func (l *logFiles) first(path string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	f := l.byPath[path]
	before := f.opened
	f.opened = true
	l.byPath[path] = f
	return !before
}

// idleAfter is how long a destination keeps its connection or file without a message.
const idleAfter = time.Minute
