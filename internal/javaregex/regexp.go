package javaregex

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/dlclark/regexp2/v2"
)

const (
	// MatchTimeout bounds one call on the exact engine, by the clock on the wall. Java
	// has no such bound; a pattern that Java would run for minutes ends in ErrTimeout
	// here.
	MatchTimeout = 100 * time.Millisecond
	// MaxInput bounds the input, in bytes.
	MaxInput = 10 << 20
	// maxWork bounds input bytes times program size on the linear engine, whose
	// time is proportional to it.
	maxWork = 1 << 32
)

// Errors of a call. They are wrapped with the pattern.
var (
	ErrTimeout    = errors.New("regular expression ran out of time")
	ErrTooComplex = errors.New("regular expression ran out of backtracking memory")
	ErrTooLong    = errors.New("text is too long for the regular expression")
)

// regexp2 compares its deadline with a clock that a goroutine sets, by default
// ten times a second, so that 100 ms could become 200. The period is a global of
// that package which must be set before its first use.
func init() { regexp2.SetTimeoutCheckPeriod(10 * time.Millisecond) }

// Options are the flags given beside the pattern.
type Options struct {
	IgnoreCase bool // CASE_INSENSITIVE, as (?i): ASCII only unless the pattern says (?u)
}

// A Regexp is a compiled pattern, safe for concurrent use.
type Regexp struct {
	source  string
	names   map[string]int // group name to number
	groups  int
	size    int
	linear  bool
	caveats caveats // of the linear programs

	linearFind, linearWhole func() (*regexp.Regexp, error)
	exactFind, exactWhole   func() (*regexp2.Regexp, error)
}

// Compile reads a pattern as java.util.regex.Pattern.compile does. The error, if
// any, is a *SyntaxError.
func Compile(pattern string, opts Options) (*Regexp, error) {
	n, p, err := parse(pattern, opts)
	if err != nil {
		return nil, err
	}
	r := &Regexp{
		source:  pattern,
		names:   p.names,
		groups:  p.groups,
		size:    n.size(),
		linear:  !n.needsExact(),
		caveats: n.caveats(),
	}
	whole := concat([]*node{{op: opBegin}, n, {op: opEnd}})
	r.linearFind, r.linearWhole = lazyLinear(n), lazyLinear(whole)
	r.exactFind, r.exactWhole = lazyExact(n), lazyExact(whole)
	if err := r.check(); err != nil {
		return nil, &SyntaxError{pattern, len(pattern), err.Error()}
	}
	return r, nil
}

// check compiles one of the programs. The others, wanted only by some calls or
// inputs, are compiled on first use; what one of them accepts the others accept.
func (r *Regexp) check() error {
	if r.linear {
		_, err := r.linearFind()
		return err
	}
	_, err := r.exactFind()
	return err
}

func lazyLinear(n *node) func() (*regexp.Regexp, error) {
	return sync.OnceValues(func() (*regexp.Regexp, error) {
		text, err := linearDialect.translate(n)
		if err != nil {
			return nil, err
		}
		return regexp.Compile(text)
	})
}

func lazyExact(n *node) func() (*regexp2.Regexp, error) {
	return sync.OnceValues(func() (*regexp2.Regexp, error) {
		text, err := exactDialect.translate(n)
		if err != nil {
			return nil, err
		}
		re, err := regexp2.Compile(text)
		if err != nil {
			return nil, err
		}
		re.MatchTimeout = MatchTimeout
		return re, nil
	})
}

// String returns the pattern as given to Compile.
func (r *Regexp) String() string { return r.source }

// Linear reports whether the pattern runs on package regexp, in time linear in the
// input. A linear pattern with \b still takes the exact engine, with its time
// limit, for an input beyond ASCII, as do replacements with some patterns.
func (r *Regexp) Linear() bool { return r.linear }

// MatchString reports whether the whole of s matches, as Java's matches().
func (r *Regexp) MatchString(s string) (bool, error) {
	if err := r.checkInput(s); err != nil {
		return false, err
	}
	if !r.linear || r.caveats.nonASCII && !isASCII(s) {
		return r.exactMatch(r.exactWhole, s)
	}
	// A final $ may be \z here: whatever it matches before must be the end.
	return linearMatch(r.linearWhole, s)
}

// Find reports whether some part of s matches, as Java's find().
func (r *Regexp) Find(s string) (bool, error) {
	if err := r.checkInput(s); err != nil {
		return false, err
	}
	if !r.linear || r.caveats.nonASCII && !isASCII(s) {
		return r.exactMatch(r.exactFind, s)
	}
	found, err := linearMatch(r.linearFind, s)
	if err != nil || found || !r.caveats.finalTerminator {
		return found, err
	}
	if stripped := trimTerminator(s); stripped != s {
		return linearMatch(r.linearFind, stripped)
	}
	return false, nil
}

func linearMatch(program func() (*regexp.Regexp, error), s string) (bool, error) {
	re, err := program()
	if err != nil {
		return false, err
	}
	return re.MatchString(s), nil
}

func (r *Regexp) exactMatch(program func() (*regexp2.Regexp, error), s string) (bool, error) {
	re, err := program()
	if err != nil {
		return false, err
	}
	found, err := re.MatchString(s)
	return found, r.engineError(err)
}

// engineError names an error of regexp2, which has a value for running out of
// stack only; its other error is the timeout, with the whole input in its text.
func (r *Regexp) engineError(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, regexp2.ErrBacktrackingStackLimit):
		return r.wrap(ErrTooComplex)
	}
	return r.wrap(ErrTimeout)
}

func (r *Regexp) wrap(err error) error { return fmt.Errorf("%q: %w", r.source, err) }

func (r *Regexp) checkInput(s string) error {
	if len(s) > MaxInput || r.linear && len(s)*r.size > maxWork {
		return r.wrap(ErrTooLong)
	}
	return nil
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// trimTerminator removes one final line terminator.
func trimTerminator(s string) string {
	for _, t := range [...]string{"\r\n", "\n", "\r", "\u0085", "\u2028", "\u2029"} {
		if rest, ok := strings.CutSuffix(s, t); ok {
			return rest
		}
	}
	return s
}
