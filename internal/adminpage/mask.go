package adminpage

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"

	"sluice/internal/ordjson"
)

// Executions may read and write secrets, and whoever can see this page need not be whom they are
// for. What the runtime hides elsewhere is hidden here too: private. variables and what stands in an
// Authorization header. So is what bears the name or the form of a credential; this is a guess, as
// no integration says what is secret. `sluice integrations get ID` shows everything to whoever may run
// integrations.

// hidden stands for what is not shown.
const hidden = "(hidden)"

const (
	maxRead  = 1 << 20 // bytes of a value that is looked through; a larger one is not shown
	maxShown = 8 << 10 // bytes of a value that are shown
	maxNests = 3       // texts within texts that are read as JSON
)

// shownJSON is a value as people may see it, indented.
func shownJSON(raw json.RawMessage) string {
	if len(raw) == 0 || string(raw) == "null" || string(raw) == "{}" {
		return ""
	}
	if len(raw) > maxRead {
		return tooLarge(len(raw))
	}
	n, err := ordjson.Parse(raw)
	if err != nil {
		return shownText(string(raw))
	}
	var out bytes.Buffer
	if err := json.Indent(&out, ordjson.Append(nil, masked(n, 0)), "", "  "); err != nil {
		return "(not JSON)" // ordjson writes nothing else
	}
	return cut(out.String())
}

// shownText is a text as people may see it.
func shownText(text string) string {
	if len(text) > maxRead {
		return tooLarge(len(text))
	}
	return cut(maskedText(strings.ToValidUTF8(text, "\uFFFD")))
}

func tooLarge(size int) string {
	return fmt.Sprintf("(%s, too large to be shown)", plural(size, "byte"))
}

func cut(text string) string {
	if len(text) <= maxShown {
		return text
	}
	end := maxShown
	for !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end] + fmt.Sprintf("\n... (%s more)", plural(len(text)-end, "byte"))
}

// masked is n without what may be secret. nests counts the texts that n is within.
func masked(n *ordjson.Node, nests int) *ordjson.Node {
	switch n.Kind() {
	case ordjson.Object:
		return maskedObject(n, nests)
	case ordjson.Array:
		out := ordjson.NewArray()
		for _, item := range n.Items() {
			out.Push(masked(item, nests))
		}
		return out
	case ordjson.String:
		return ordjson.NewString(maskedValue(n.Text(), nests))
	}
	return n
}

func maskedObject(n *ordjson.Node, nests int) *ordjson.Node {
	out := ordjson.NewObject()
	pair := namesSecret(n)
	for name, v := range n.Members() {
		switch {
		case pair && name != "key" && name != "name", isSecret(name):
			v = veiled(v)
		default:
			v = masked(v, nests)
		}
		out.Add(name, v)
	}
	return out
}

// namesSecret tells whether n is an item of a list of headers or parameters, such as
// {"key": "Authorization", "value": "..."}, and names a secret.
func namesSecret(n *ordjson.Node) bool {
	for _, field := range [...]string{"key", "name"} {
		if v := n.Get(field); v != nil && v.Kind() == ordjson.String && isSecret(v.Text()) {
			return true
		}
	}
	return false
}

// veiled is what is shown of a secret: only its absence.
func veiled(v *ordjson.Node) *ordjson.Node {
	switch {
	case v.Kind() == ordjson.Null, v.Kind() == ordjson.Bool, v.Kind() == ordjson.String && v.Text() == "":
		return v
	}
	return ordjson.NewString(hidden)
}

// secretWords are what names of secrets contain, in small letters and without separators.
var secretWords = []string{"authorization", "password", "passwd", "passphrase", "secret", "token", "apikey", "credential", "cookie", "privatekey", "clientassertion"}

var separators = strings.NewReplacer("-", "", "_", "", ".", "", " ", "", "`", "", "$", "")

// isSecret tells whether a value of that name is not to be shown.
func isSecret(name string) bool {
	name = strings.ToLower(name)
	if strings.HasPrefix(name, "private.") {
		return true
	}
	name = separators.Replace(name)
	for _, word := range secretWords {
		if strings.Contains(name, word) {
			return true
		}
	}
	return false
}

// maskedValue is a text, which may be JSON again: bodies of requests and answers are kept so.
func maskedValue(text string, nests int) string {
	trimmed := strings.TrimSpace(text)
	if nests < maxNests && (strings.HasPrefix(trimmed, "{") || strings.HasPrefix(trimmed, "[")) {
		if n, err := ordjson.Parse([]byte(trimmed)); err == nil {
			return string(ordjson.Append(nil, masked(n, nests+1)))
		}
	}
	return maskedText(text)
}

// forms are what credentials look like within a text, and what is shown instead.
var forms = []struct {
	form *regexp.Regexp
	with string
}{
	{regexp.MustCompile(`(?i)\b(bearer|basic)\s+[A-Za-z0-9+/=._~-]{8,}`), "$1 " + hidden},
	{regexp.MustCompile(`\beyJ[\w-]{8,}\.[\w-]+\.[\w-]*`), hidden}, // a JWT
	{regexp.MustCompile(`(//)[^/\s"@]+@`), "$1" + hidden + "@"},    // user and password of a URL
	// a parameter of a query or a form, a member of JSON that is cut off, a header
	{regexp.MustCompile(`(?i)((?:^|[?&;\s"'])[\w.-]*(?:token|key|secret|password|passwd|signature|assertion)[\w.-]*=)[^&\s"'#]+`), "$1" + hidden},
	{regexp.MustCompile(`(?i)("[^"]*(?:authorization|token|api_?-?key|secret|password|passwd|cookie)[^"]*"\s*:\s*\\*")[^"\\]*`), "$1" + hidden},
	{regexp.MustCompile(`(?im)(\b(?:proxy-)?(?:authorization|cookie|set-cookie|x-api-key)\s*:\s*)[^"\r\n]+`), "$1" + hidden},
}

func maskedText(text string) string {
	for _, f := range forms {
		text = f.form.ReplaceAllString(text, f.with)
	}
	return text
}
