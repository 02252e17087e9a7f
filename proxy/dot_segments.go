package proxy

import (
	"bytes"
	"strings"
)

// withoutDots resolves the segments . and .. of a request's path (RFC 3986,
// 5.2.4), also where a dot is written %2e, and takes a backslash for a slash: so
// does Envoy's normalize_path, which fronts Apigee X. Otherwise .. would lead out
// of a target's URL, and past conditions on the path, at every target that
// resolves it. As there, empty segments and escaped slashes stay. An ordinary path
// is returned as it is.
func withoutDots(path string) string {
	if path == "" || path[0] != '/' || !dotted(path) {
		return path
	}
	path = strings.ReplaceAll(path, `\`, "/")
	kept := make([]byte, 0, len(path))
	n := 0
	for start := 0; start < len(path); {
		end := segmentEnd(path, start+1)
		switch n = dots(path[start+1 : end]); n {
		case 0:
			kept = append(kept, path[start:end]...)
		case 2:
			kept = kept[:max(bytes.LastIndexByte(kept, '/'), 0)]
		}
		start = end
	}
	if n > 0 { // what ends in a dot segment names a folder
		kept = append(kept, '/')
	}
	return string(kept)
}

// dotted reports whether path holds a dot segment or a backslash.
func dotted(path string) bool {
	if strings.IndexByte(path, '\\') >= 0 {
		return true
	}
	for i := 0; i < len(path); i = segmentEnd(path, i+1) {
		if first := path[i+1:]; first == "" || first[0] != '.' && first[0] != '%' {
			continue // nearly always
		}
		if dots(path[i+1:segmentEnd(path, i+1)]) > 0 {
			return true
		}
	}
	return false
}

func segmentEnd(path string, start int) int {
	if n := strings.IndexByte(path[start:], '/'); n >= 0 {
		return start + n
	}
	return len(path)
}

// dots is how many dots a segment is made of if it is a dot segment, else 0.
func dots(segment string) int {
	n := 0
	for segment != "" && n < 3 {
		switch {
		case segment[0] == '.':
			segment = segment[1:]
		case len(segment) >= 3 && strings.EqualFold(segment[:3], "%2e"):
			segment = segment[3:]
		default:
			return 0
		}
		n++
	}
	if n > 2 {
		return 0
	}
	return n
}
