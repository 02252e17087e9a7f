package features

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"
)

// locate makes path and query of what follows the host, as the request library of
// apickli does: the query is read and written anew, with the query parameters of
// the session in place of those that have their names.
func locate(text string, parameters []pair) (path, query string, err error) {
	text, _, _ = strings.Cut(text, "#")
	path, query, _ = strings.Cut(text, "?")
	path = escape(strings.ReplaceAll(path, `\`, "/"))
	if path == "" {
		path = "/"
	}
	if path[0] != '/' || strings.HasPrefix(path, "//") {
		return "", "", fmt.Errorf("the request would go to %q, which is no path; begin the resource with one /", shorten(path))
	}
	given := parse(query)
	for _, p := range parameters {
		given = put(given, p)
	}
	return path, encode(indexed(given)), nil
}

// escape escapes what the url module of Node.js does, and what is no ASCII.
func escape(path string) string {
	var b strings.Builder
	for _, c := range []byte(path) {
		if c <= ' ' || c >= 0x7f || strings.IndexByte("<>\"`{}|^'", c) >= 0 {
			fmt.Fprintf(&b, "%%%02X", c)
			continue
		}
		b.WriteByte(c)
	}
	return b.String()
}

// parse reads a query leniently.
func parse(query string) []pair {
	var list []pair
	for part := range strings.SplitSeq(query, "&") {
		if part == "" {
			continue
		}
		name, value, _ := strings.Cut(part, "=")
		list = append(list, pair{unescape(name), unescape(value)})
	}
	return list
}

func unescape(s string) string {
	if text, err := url.QueryUnescape(s); err == nil {
		return text
	}
	return s
}

// put replaces the parameters of a name by one, where the first stood.
func put(list []pair, p pair) []pair {
	var kept []pair
	placed := false
	for _, have := range list {
		switch {
		case have.name != p.name:
			kept = append(kept, have)
		case !placed:
			kept, placed = append(kept, p), true
		}
	}
	if !placed {
		kept = append(kept, p)
	}
	return kept
}

// indexed renames parameters of one name to name[0], name[1]: the qs library makes
// an array of them.
func indexed(list []pair) []pair {
	count, seen := map[string]int{}, map[string]int{}
	for _, p := range list {
		count[p.name]++
	}
	for i, p := range list {
		if count[p.name] > 1 {
			list[i].name = p.name + "[" + strconv.Itoa(seen[p.name]) + "]"
			seen[p.name]++
		}
	}
	return list
}

// encode writes parameters as RFC 3986 asks: a blank is %20.
func encode(list []pair) string {
	parts := make([]string, len(list))
	for i, p := range list {
		parts[i] = percent(p.name) + "=" + percent(p.value)
	}
	return strings.Join(parts, "&")
}

func percent(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }
