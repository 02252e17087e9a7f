package matrix

import (
	"regexp"
	"strings"

	"sluice/flow"
)

// request is the request of a rehearsal: what the conditions on the way ask for,
// as far as that can be read off their text. It need not fulfil them, since they
// are forced; it makes what fault rules see of it likely.
type request struct {
	verb, base, suffix string
}

var (
	asksVerb   = regexp.MustCompile(`(?i)\brequest\.verb\s*(?:==?|:=|is|equals|equalsCaseInsensitive)\s*"([A-Za-z]+)"`)
	asksSuffix = regexp.MustCompile(`(?i)\bproxy\.pathsuffix\s*(?:==?|:=|is|equals|~/|matchespath|~|matches|like|=\|\s*|startswith)\s*"(/[^"]*)"`)
)

func newRequest(base string, conditions []*flow.Condition) request {
	r := request{verb: "GET", base: strings.ReplaceAll(strings.TrimSuffix(base, "/"), "*", "any")}
	verb, suffix := false, false
	for _, c := range conditions {
		if c == nil {
			continue
		}
		if m := asksVerb.FindStringSubmatch(c.String()); m != nil && !verb {
			r.verb, verb = strings.ToUpper(m[1]), true
		}
		if m := asksSuffix.FindStringSubmatch(c.String()); m != nil && !suffix {
			r.suffix, suffix = example(m[1]), true
		}
	}
	return r
}

// example is a path that a pattern of MatchesPath or Matches is likely to take.
func example(pattern string) string {
	pattern = strings.NewReplacer("**", "any", "*", "any", "%", "").Replace(pattern)
	if strings.ContainsAny(pattern, "?#[](){}\\^$+| ") {
		return ""
	}
	return pattern
}

func (r *request) path() string {
	if p := r.base + r.suffix; p != "" {
		return p
	}
	return "/"
}

func (r *request) message() *flow.Message {
	m := flow.NewRequest()
	m.Method, m.Path = r.verb, r.path()
	m.Header.Add("Host", "localhost")
	m.Header.Add("Accept", "application/json")
	if m.Method == "POST" || m.Method == "PUT" || m.Method == "PATCH" {
		m.Header.Add("Content-Type", "application/json")
		m.SetContent([]byte(`{}`))
	}
	return m
}

func (r *request) String() string { return r.verb + " " + r.path() }
