// Package spelling finds the name that somebody probably meant.
package spelling

import "strings"

// longest bounds the names that are compared, in bytes: the work grows with the
// square.
const longest = 200

// Nearest returns the name that differs least from what was written, by at most so
// many letters, or "". Letter case and the signs that join words do not count.
func Nearest(written string, names []string, most int) string {
	best, fewest := "", most+1
	for _, name := range names {
		if d := Distance(Plain(written), Plain(name)); d < fewest {
			best, fewest = name, d
		}
	}
	return best
}

// Likely returns the name that was most likely meant, or "": one letter in four may
// be wrong, or one letter of a short name.
func Likely(written string, names []string) string {
	return Nearest(written, names, max(len(Plain(written))/4, 1))
}

// Plain is a name in lower case and without the signs that join words.
func Plain(name string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune("_-. ", r) {
			return -1
		}
		return r
	}, strings.ToLower(name))
}

// Distance is how many bytes must be changed, added or removed to make b of a
// (Levenshtein); for very long names it says that they are far apart. It is the
// textbook's: no module is worth its dependency here.
func Distance(a, b string) int {
	if len(a) > longest || len(b) > longest {
		return longest
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, diagonal+1)
		}
	}
	return row[len(b)]
}
