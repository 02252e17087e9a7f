package policies

import (
	"context"
	"errors"
	"time"
	"unicode/utf8"

	"sluice/flow"
	"sluice/internal/javaregex"
)

// regexProtectionTime bounds how long one execution looks for its patterns, by the clock on the wall. One look has the
// bounds of javaregex; but a payload may have many values. Apigee bounds neither.
const regexProtectionTime = 2 * time.Second

var errRegexProtectionTime = errors.New("the patterns take too long for this message")

// regexProtectionRun is one execution.
type regexProtectionRun struct {
	ctx     context.Context
	p       *regexProtection
	x       *flow.Exchange
	message *flow.Message // the source; nil if nothing reads it
	until   time.Time
}

func newRegexProtectionRun(ctx context.Context, p *regexProtection, x *flow.Exchange) *regexProtectionRun {
	return &regexProtectionRun{ctx: ctx, p: p, x: x, until: time.Now().Add(regexProtectionTime)}
}

// look looks for the patterns in a text, and shows it in a fault.
func (r *regexProtectionRun) look(patterns []*javaregex.Regexp, text string) error {
	return r.lookShowing(patterns, text, text)
}

// lookShowing looks for the patterns in a text, and shows another one in a fault.
func (r *regexProtectionRun) lookShowing(patterns []*javaregex.Regexp, text, shown string) error {
	for _, pattern := range patterns {
		if err := r.ctx.Err(); err != nil {
			return err
		}
		if time.Now().After(r.until) {
			return r.p.failed.Wrap(errRegexProtectionTime)
		}
		found, err := pattern.Find(text)
		if err != nil {
			return r.p.failed.Wrap(err)
		}
		if found {
			return r.p.threat.New("regex", pattern.String(), "input", regexProtectionCut(shown))
		}
	}
	return nil
}

// maxRegexProtectionInput bounds, in bytes, what a fault shows of a text.
const maxRegexProtectionInput = 1024

// regexProtectionCut keeps the beginning of a text, in whole characters.
func regexProtectionCut(text string) string {
	if len(text) <= maxRegexProtectionInput {
		return text
	}
	end := maxRegexProtectionInput
	for end > 0 && !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end] + "..."
}
