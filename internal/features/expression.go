package features

import (
	"fmt"
	"time"

	"github.com/dlclark/regexp2/v2"
)

// matchTimeout bounds one match: the expressions are JavaScript's, which backtrack.
const matchTimeout = time.Second

// matches reports whether a JavaScript regular expression matches a part of the
// text. regexp2 speaks that dialect; package regexp has no look-ahead and takes
// "{" differently, which bodies in expressions show.
func matches(expression, text string) (bool, error) {
	re, err := regexp2.Compile(expression, regexp2.ECMAScript)
	if err != nil {
		return false, fmt.Errorf("%q is no regular expression: %w", expression, err)
	}
	re.MatchTimeout = matchTimeout
	ok, err := re.MatchString(text)
	if err != nil {
		return false, fmt.Errorf("the regular expression %q takes longer than %s", expression, matchTimeout)
	}
	return ok, nil
}
