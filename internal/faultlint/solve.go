package faultlint

import "slices"

// maxOpen bounds how many comparisons a question may leave open: it takes as many
// trials as they have combinations.
const maxOpen = 10

// possible reports whether there is a world in which all of the wanted conditions
// hold and none of the refused ones. A nil condition always holds. It reports true
// also when it cannot tell.
func (s *setting) possible(worlds []*world, want, refuse []*condition) bool {
	if slices.Contains(refuse, nil) {
		return false
	}
	all := slices.DeleteFunc(slices.Concat(want, refuse), func(c *condition) bool { return c == nil })
	if slices.ContainsFunc(all, func(c *condition) bool { return c.broken }) {
		return true
	}
	asked := map[string]bool{} // worlds that the conditions cannot tell apart are one
	for _, w := range worlds {
		key := s.seen(w, all)
		if !asked[key] && s.trial(w, all).possible(want, refuse) {
			return true
		}
		asked[key] = true
	}
	return false
}

// seen is what the conditions can see of a world.
func (s *setting) seen(w *world, list []*condition) string {
	var key []byte
	for _, c := range list {
		for _, a := range c.atoms {
			key = append(key, '0'+byte(s.truth(a, w)))
		}
	}
	return string(key)
}

func (t *trial) possible(want, refuse []*condition) bool {
	if len(t.open) > maxOpen {
		return true
	}
	for bits := range 1 << len(t.open) {
		if t.holds(bits, want, true) && t.holds(bits, refuse, false) {
			return true
		}
	}
	return false
}

// trial is a world together with the comparisons that it leaves open. Those that
// are written alike are one.
type trial struct {
	*setting
	world *world
	open  []string
}

func (s *setting) trial(w *world, list []*condition) *trial {
	t := &trial{setting: s, world: w}
	for _, c := range list {
		for _, a := range c.atoms {
			if s.truth(a, w) == open && !slices.Contains(t.open, a.test.String()) {
				t.open = append(t.open, a.test.String())
			}
		}
	}
	return t
}

// holds reports whether every condition of the list is what is wanted, when the
// open comparisons have the values of the bits.
func (t *trial) holds(bits int, list []*condition, wanted bool) bool {
	for _, c := range list {
		if c != nil && holds(c.shape, t.values(c, bits)) != wanted {
			return false
		}
	}
	return true
}

func (t *trial) values(c *condition, bits int) []bool {
	values := make([]bool, len(c.atoms))
	for i, a := range c.atoms {
		switch t.truth(a, t.world) {
		case always:
			values[i] = true
		case open:
			values[i] = bits>>slices.Index(t.open, a.test.String())&1 == 1
		}
	}
	return values
}
