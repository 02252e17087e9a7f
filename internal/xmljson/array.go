package xmljson

import "strings"

// ArrayPath is a Path of TreatAsArray: elements that become an array even if there is only one.
type ArrayPath struct {
	// Path has the names of the elements from the root on, as in teachers/teacher; a slash in front says the same. A name
	// without a prefix stands for those with any prefix.
	Path string
	// Unwrap makes the array the value of the element around, without a name of its own. Where that element has anything
	// else, nothing may be lost, so the array keeps its name there. (Apigee documents only elements that have not.)
	Unwrap bool
	// Name is what the array is called; "" leaves the name of the elements, or with Unwrap of the element around. Inferred
	// from the name of the attribute overrideArrayName: no page tells what it does.
	Name string
}

// arrayStep is a step of the paths, which form a tree.
type arrayStep struct {
	prefix, local string
	ends          bool // a path ends here
	unwrap        bool
	name          string
	next          []*arrayStep
}

func newArrays(paths []ArrayPath) *arrayStep {
	root := &arrayStep{}
	for _, p := range paths {
		at := root
		for _, step := range strings.FieldsFunc(p.Path, func(r rune) bool { return r == '/' }) {
			at = at.grow(strings.TrimSpace(step))
		}
		at.ends, at.unwrap, at.name = true, p.Unwrap, p.Name
	}
	return root
}

func (a *arrayStep) grow(step string) *arrayStep {
	prefix, local, ok := strings.Cut(step, ":")
	if !ok {
		prefix, local = "", step
	}
	for _, n := range a.next {
		if n.prefix == prefix && n.local == local {
			return n
		}
	}
	n := &arrayStep{prefix: prefix, local: local}
	a.next = append(a.next, n)
	return n
}

// step is where the element leads to, nil for nowhere. A step that names the prefix wins over one that does not.
func (a *arrayStep) step(prefix, local string) (found *arrayStep) {
	if a == nil {
		return nil
	}
	for _, n := range a.next {
		if n.local != local {
			continue
		}
		if n.prefix == prefix {
			return n
		}
		if n.prefix == "" {
			found = n
		}
	}
	return found
}

// own is a when a path ends there, else nil.
func (a *arrayStep) own() *arrayStep {
	if a == nil || !a.ends {
		return nil
	}
	return a
}
