package faultlint

import "strings"

// nearest returns the name that was most likely meant, or "". Letter case and the
// signs that join words do not count, nor does one letter in four, or one letter
// of a short name.
func nearest(written string, names []string) string {
	best, fewest := "", max(len(plain(written))/4, 1)+1
	for _, name := range names {
		if d := distance(plain(written), plain(name)); d < fewest {
			best, fewest = name, d
		}
	}
	return best
}

func plain(name string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune("_-. ", r) {
			return -1
		}
		return r
	}, strings.ToLower(name))
}

// longest bounds the names that are compared, in bytes: the work grows with the
// square.
const longest = 200

// distance is how many letters have to be put in, taken out or replaced to make b
// of a (Levenshtein). No library of the module has it.
func distance(a, b string) int {
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
			replaced := diagonal
			if a[i] != b[j] {
				replaced++
			}
			diagonal = row[j+1]
			row[j+1] = min(replaced, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
