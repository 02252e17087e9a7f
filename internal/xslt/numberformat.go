package xslt

import (
	"strconv"
	"strings"
	"unicode"
)

// formatNumbers writes a list of numbers as the format says: 1.1.a and the like.
func formatNumbers(numbers []int, format, separator string, size int) string {
	tokens, between, suffix := splitFormat(format)
	var out strings.Builder
	out.WriteString(between[0])
	for i, n := range numbers {
		token := tokens[min(i, len(tokens)-1)]
		if i > 0 {
			between := between[min(i, len(between)-1)]
			if len(tokens) == 1 {
				between = "."
			}
			out.WriteString(between)
		}
		out.WriteString(formatOne(n, token, separator, size))
	}
	out.WriteString(suffix)
	return out.String()
}

// splitFormat cuts a format into its tokens, of letters and digits, and what stands before each and behind the last.
func splitFormat(format string) (tokens, before []string, suffix string) {
	rest := format
	for rest != "" {
		start := strings.IndexFunc(rest, isAlphanumeric)
		if start < 0 {
			break
		}
		end := strings.IndexFunc(rest[start:], func(r rune) bool { return !isAlphanumeric(r) })
		if end < 0 {
			end = len(rest) - start
		}
		before = append(before, rest[:start])
		tokens = append(tokens, rest[start:start+end])
		rest = rest[start+end:]
	}
	if tokens == nil {
		return []string{"1"}, []string{rest}, rest
	}
	return tokens, before, rest
}

func isAlphanumeric(r rune) bool { return unicode.IsLetter(r) || unicode.IsNumber(r) }

func formatOne(n int, token, separator string, size int) string {
	switch {
	case token == "a":
		return letters(n, 'a')
	case token == "A":
		return letters(n, 'A')
	case token == "i" && n < 5000:
		return strings.ToLower(roman(n))
	case token == "I" && n < 5000:
		return roman(n)
	}
	text := strconv.Itoa(n)
	if strings.Trim(token, "0") == "1" && strings.HasSuffix(token, "1") && len(text) < len(token) {
		text = strings.Repeat("0", len(token)-len(text)) + text
	}
	if size <= 0 {
		return text
	}
	for at := len(text) - size; at > 0; at -= size {
		text = text[:at] + separator + text[at:]
	}
	return text
}

// letters counts a, b, ... z, aa, ab.
func letters(n int, first byte) string {
	text := ""
	for ; n > 0; n = (n - 1) / 26 {
		text = string(first+byte((n-1)%26)) + text
	}
	return text
}

func roman(n int) string {
	values := []int{1000, 900, 500, 400, 100, 90, 50, 40, 10, 9, 5, 4, 1}
	symbols := []string{"M", "CM", "D", "CD", "C", "XC", "L", "XL", "X", "IX", "V", "IV", "I"}
	text := ""
	for i, v := range values {
		for ; n >= v; n -= v {
			text += symbols[i]
		}
	}
	return text
}
