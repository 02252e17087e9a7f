package cases

import (
	"context"
	"strings"
	"sync"
	"time"
)

// script tells upstream and integration service what must come and what to
// answer. Calls come from the server's goroutines.
type script struct {
	file   string
	caller func() (why, place string) // tells who calls at the moment; see observer

	mu       sync.Mutex // guards what follows
	exchange int
	line     int     // of its request
	due      []*call // have not come yet
	open     int     // have come and are being compared
	failures []Failure
	came     chan struct{} // closed, and made anew, when one of them changes
}

func newScript(file string) *script { return &script{file: file, came: make(chan struct{})} }

// begin makes the calls of an exchange due.
func (s *script) begin(x *exchange) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.exchange, s.line, s.due = x.number, x.request.line, append([]*call(nil), x.calls...)
}

// fail adds failures, and fills in where they belong.
func (s *script) fail(section string, list ...Failure) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.add(section, list...)
}

func (s *script) add(section string, list ...Failure) {
	for _, f := range list {
		f.File, f.Exchange, f.Section = s.file, s.exchange, section
		s.failures = append(s.failures, f)
	}
}

// blame says who made the call that the failures are about.
func (s *script) blame(list []Failure) {
	if s.caller == nil || len(list) == 0 {
		return
	}
	why, place := s.caller()
	for i := range list {
		list[i].Why, list[i].Place = why, place
	}
}

// take finds the call that came, by its first line: the next one in order, or
// one that may come at any time. nil means that none is due.
func (s *script) take(section, first string) *call {
	s.mu.Lock()
	defer s.mu.Unlock()
	next := s.next()
	found := -1
	for i, c := range s.due {
		if (i == next || c.async) && c.section == section && fits(c.want.first(), first) {
			found = i
			break
		}
	}
	if found < 0 && next >= 0 && s.due[next].section == section {
		found = next // its first line differs: whoever compares tells
	}
	if found < 0 {
		f := Failure{Line: s.line, Got: first + "   (no section " + section + " is due)"}
		if next >= 0 {
			f.Line, f.Want = s.due[next].want.line, s.due[next].section+" "+s.due[next].want.first()
		}
		list := []Failure{f}
		s.blame(list)
		s.add("unexpected call", list...)
		return nil
	}
	s.open++
	return s.remove(found)
}

// compared ends what take began, with the failures that the comparison found.
func (s *script) compared(c *call, list ...Failure) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !c.async { // otherwise whoever called may be gone
		s.blame(list)
	}
	s.add(c.section, list...)
	s.open--
	s.tell()
}

// unconnected returns the directive of the next call if it says that there is no
// connection to make the call on, and takes it; otherwise "".
func (s *script) unconnected() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	next := s.next()
	if next < 0 || !contains(noConnection, s.due[next].answer.directive) {
		return ""
	}
	directive := s.due[next].answer.directive
	s.remove(next)
	return directive
}

// noConnection are the directives for calls that never arrive.
var noConnection = []string{"refuse", "tls-failure"}

// next is the index of the next call in order, or -1.
func (s *script) next() int {
	for i, c := range s.due {
		if !c.async {
			return i
		}
	}
	return -1
}

func (s *script) remove(i int) *call {
	c := s.due[i]
	s.due = append(s.due[:i:i], s.due[i+1:]...)
	s.tell()
	return c
}

// tell wakes whoever waits for calls.
func (s *script) tell() {
	close(s.came)
	s.came = make(chan struct{})
}

// neverCame is what a report says in place of a call.
const neverCame = "(it did not come)"

// lateLimit is how long calls that nobody waits for may take after the exchange.
const lateLimit = time.Second

// end waits for late calls and reports what never came.
func (s *script) end(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, lateLimit)
	defer cancel()
	for ctx.Err() == nil {
		calls, came := s.waiting()
		if calls == 0 {
			break
		}
		select {
		case <-came:
		case <-ctx.Done():
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.due {
		s.add(c.section, Failure{Line: c.want.line, Want: strings.Join(c.want.head, "\n"), Got: neverCame})
	}
	s.due = nil
}

// waiting returns how many calls are not done with, and what tells of a change.
func (s *script) waiting() (calls int, came <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.due) + s.open, s.came
}

// found returns the failures so far.
func (s *script) found() []Failure {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Failure(nil), s.failures...)
}
