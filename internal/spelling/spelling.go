// Package spelling finds the name that somebody probably meant.
package spelling

import (
	"slices"
	"strings"
)

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

// Likely returns the name that was most likely meant, or "": the one with the same
// words in another order, as listen-tls for tls-listen; or else one letter in four
// may be wrong, or one letter of a short name.
func Likely(written string, names []string) string {
	if i := slices.IndexFunc(names, func(name string) bool { return slices.Equal(words(written), words(name)) }); i >= 0 {
		return names[i]
	}
	return Nearest(written, names, max(len(written)/4, 1))
}

// words are the words that signs join in a name, in alphabetical order.
func words(name string) []string {
	list := strings.FieldsFunc(strings.ToLower(name), joins)
	slices.Sort(list)
	return list
}

func joins(r rune) bool { return strings.ContainsRune("_-. ", r) }

// Plain is a name in lower case and without the signs that join words.
func Plain(name string) string {
	return strings.Map(func(r rune) rune {
		if joins(r) {
			return -1
		}
		return r
	}, strings.ToLower(name))
}

// Distance is how many bytes must be changed, added, removed or exchanged with their
// neighbour to make b of a (optimal string alignment); for very long names it says that
// they are far apart. It is the textbook's: no module is worth its dependency here.
func Distance(a, b string) int {
	if len(a) > longest || len(b) > longest {
		return longest
	}
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		before, last, row = last, row, before
		row[0] = i + 1
		for j := range len(b) {
			change := last[j]
			if a[i] != b[j] {
				change++
			}
			row[j+1] = min(change, last[j+1]+1, row[j]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
	}
	return row[len(b)]
}
