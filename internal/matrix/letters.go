package matrix

import (
	"slices"
	"strings"
)

// ruleKey is what the letters of one endpoint mean.
type ruleKey struct {
	letters   map[string]string // by rule that answers something
	byDefault string            // DefaultFaultRule that answers something, or ""
	idle      []string          // rules that no fault leads to
}

// keys makes the key of each endpoint, by its group.
func (m *Matrix) keys() map[string]*ruleKey {
	rows := map[string][]*Row{}
	for _, r := range m.Rows {
		rows[r.group()] = append(rows[r.group()], r)
	}
	keys := map[string]*ruleKey{}
	for group, list := range rows {
		keys[group] = newRuleKey(list)
	}
	return keys
}

// newRuleKey gives each rule that answers something a letter, in the order of the
// file.
func newRuleKey(rows []*Row) *ruleKey {
	k := &ruleKey{letters: map[string]string{}}
	answers, ran := map[string]bool{}, map[string]bool{}
	var order []string
	for _, r := range rows {
		for _, name := range r.Rules {
			if !slices.Contains(order, name) {
				order = append(order, name)
			}
		}
		for _, c := range r.Cells {
			answers[c.Rule] = answers[c.Rule] || c.Outcome == Handled
			ran[c.Rule] = ran[c.Rule] || !r.inRules()
			if c.Outcome == Defaulted {
				k.byDefault = c.Default
			}
		}
	}
	for _, name := range order {
		if answers[name] {
			k.letters[name] = ruleLetter(len(k.letters))
		}
		if !ran[name] {
			k.idle = append(k.idle, name)
		}
	}
	return k
}

// letter is what a cell shows.
func (k *ruleKey) letter(c *Cell) string {
	if c.Outcome == Handled {
		return k.letters[c.Rule]
	}
	return letters[c.Outcome]
}

// ruleLetter is the n-th letter. Beyond them rules share one: the table is for an
// overview, JSON and HTML name every rule.
func ruleLetter(n int) string {
	const all = "abcdefghijklmnopqrstuvwxyz0123456789"
	if n < len(all) {
		return all[n : n+1]
	}
	return "*"
}

func sortedByLetter(names map[string]string) []string {
	list := make([]string, 0, len(names))
	for name := range names {
		list = append(list, name)
	}
	slices.SortFunc(list, func(a, b string) int {
		if names[a] != names[b] {
			return strings.Compare(letterOrder(names[a]), letterOrder(names[b]))
		}
		return strings.Compare(a, b)
	})
	return list
}

// letterOrder puts digits behind letters.
func letterOrder(letter string) string {
	if letter < "a" {
		return "~" + letter
	}
	return letter
}
