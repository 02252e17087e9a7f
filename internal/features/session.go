package features

import (
	"context"
	"errors"
)

// session is what apickli keeps during one scenario, in the order in which it was
// set.
type session struct {
	ctx     context.Context // of the scenario; steps are short-lived and many, so it stands here
	shared  *shared
	headers []pair
	cookies []string
	query   []pair
	form    []pair
	body    string

	variables map[string]string
	unset     []string // variables that were asked for and not set
	answer    *answer  // nil before the first request
	exchanges int      // requests sent
	repeats   bool     // a resource began with the base path
}

// shared is what scenarios share, as apickli does in variables of its module.
type shared struct {
	target    target
	config    *Config
	folder    string // of the features
	variables map[string]string
	token     string // "" if there is none
}

type pair struct{ name, value string }

func newSession(ctx context.Context, s *shared) *session {
	made := &session{ctx: ctx, shared: s, variables: map[string]string{}}
	for _, h := range s.config.headers() {
		made.addHeader(h.name, h.value)
	}
	return made
}

// addHeader adds to the values of a header of just this name.
func (s *session) addHeader(name, value string) {
	for i := range s.headers {
		if s.headers[i].name == name {
			s.headers[i].value += "," + value
			return
		}
	}
	s.headers = append(s.headers, pair{name, value})
}

func (s *session) setHeader(name, value string) {
	for i := range s.headers {
		if s.headers[i].name == name {
			s.headers[i].value = value
			return
		}
	}
	s.headers = append(s.headers, pair{name, value})
}

var errNoAnswer = errors.New("no request has been sent before this step in the scenario")

// answered returns the answer to the last request.
func (s *session) answered() (*answer, error) {
	if s.answer == nil {
		return nil, errNoAnswer
	}
	return s.answer, nil
}

// mismatch is the error of an assertion that does not hold.
type mismatch struct{ want, got string }

func (m *mismatch) Error() string { return "want " + m.want + ", got " + m.got }

// assert is nil when ok is as it should be.
func assert(ok, should bool, want, got string) error {
	switch {
	case ok == should:
		return nil
	case !should:
		want = "not " + want
	}
	return &mismatch{want, got}
}
