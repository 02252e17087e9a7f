package faults

import "strings"

// expand replaces each {placeholder} of pattern for which value has an answer;
// the others stay as they are. value is told how often the same placeholder
// came before, since a few texts repeat one ({bool}). Values are never expanded
// again: they may come from a client.
func expand(pattern string, value func(name string, nth int) (string, bool)) string {
	if !strings.Contains(pattern, "{") {
		return pattern
	}
	var out strings.Builder
	copied := 0
	for at := 0; ; {
		start, end := nextPlaceholder(pattern, at)
		if start < 0 {
			break
		}
		nth := strings.Count(pattern[:start], pattern[start:end])
		if text, ok := value(pattern[start+1:end-1], nth); ok {
			out.WriteString(pattern[copied:start])
			out.WriteString(text)
			copied = end
		}
		at = end
	}
	if copied == 0 {
		return pattern
	}
	out.WriteString(pattern[copied:])
	return out.String()
}

// nextPlaceholder finds the first {placeholder} at or after from: braces around
// a letter and anything but braces. Documented texts also hold literal braces,
// such as {0} and MessageRate{messagesPerPeriod=..., which are none. It returns
// -1, -1 when there is no more.
func nextPlaceholder(pattern string, from int) (start, end int) {
	start = -1
	for i := from; i < len(pattern); i++ {
		switch c := pattern[i]; {
		case c == '{':
			start = i
		case start == i-1 && !isLetter(c):
			start = -1
		case c == '}' && start >= 0:
			return start, i + 1
		}
	}
	return -1, -1
}

func isLetter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }
