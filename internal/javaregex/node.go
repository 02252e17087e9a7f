package javaregex

// op tells what a node matches.
type op uint8

const (
	opEmpty     op = iota
	opLiteral      // the code point r
	opSet          // one code point of set
	opConcat       // subs in order
	opAlternate    // the first of subs that leads to a match
	opRepeat       // subs[0], min to max times
	opCapture      // subs[0], kept as group n
	opAtomic       // (?>subs[0])
	opLook         // lookaround; ahead, negated
	opBackref      // what group n matched; fold; n == 0: never matches
	opBegin        // \A, ^ without (?m)
	opEnd          // \z
	opFinalEnd     // \Z, $ without (?m): at the end or before a final line terminator; unix
	opLineBegin    // ^ with (?m); unix
	opLineEnd      // $ with (?m); unix
	opBoundary     // \b, \B: negated; unicode
	opLastMatch    // \G
	opGrapheme     // \X
)

// greed tells how a repetition gives back what it took.
type greed uint8

const (
	greedy greed = iota
	lazy
	possessive
)

// infinite is the max of a repetition without upper bound.
const infinite = -1

// A node is one part of a parsed pattern, free of flags: the parser has resolved
// them into sets and into the fields below. Fields not named for the op are zero.
type node struct {
	op       op
	r        rune
	set      set
	subs     []*node
	min, max int
	greed    greed
	n        int
	ahead    bool
	negated  bool
	fold     bool
	unix     bool
	unicode  bool
}

// setNode returns the cheapest node for one code point of s.
func setNode(s set) *node {
	if len(s) == 1 && s[0].lo == s[0].hi {
		return &node{op: opLiteral, r: s[0].lo}
	}
	return &node{op: opSet, set: s}
}

func concat(subs []*node) *node {
	switch len(subs) {
	case 0:
		return &node{op: opEmpty}
	case 1:
		return subs[0]
	}
	return &node{op: opConcat, subs: subs}
}

// any reports whether f holds for some node of the tree.
func (n *node) any(f func(*node) bool) bool {
	if f(n) {
		return true
	}
	for _, sub := range n.subs {
		if sub.any(f) {
			return true
		}
	}
	return false
}

func (n *node) has(o op) bool { return n.any(func(n *node) bool { return n.op == o }) }

// maxLinearRepeat is the limit of package regexp.
const maxLinearRepeat = 1000

// needsExact reports whether n says something that package regexp cannot.
func (n *node) needsExact() bool {
	beyond := n.any(func(n *node) bool {
		switch n.op {
		case opAtomic, opLook, opBackref, opLineBegin, opLineEnd, opLastMatch, opGrapheme:
			return true
		case opRepeat:
			return n.greed == possessive || n.min > maxLinearRepeat || n.max > maxLinearRepeat
		case opBoundary:
			return n.unicode
		}
		return false
	})
	return beyond || n.size() > maxLinearSize || !n.finalEndsAreLast()
}

// finalEndsAreLast reports whether every $ and \Z stands where nothing follows,
// so that it may be read as \z on an input stripped of its final line terminator.
// A \z beside them would be true at both ends, so there must be none.
func (n *node) finalEndsAreLast() bool {
	if !n.has(opFinalEnd) {
		return true
	}
	return !n.has(opEnd) && n.finalEndsLast(true)
}

func (n *node) finalEndsLast(last bool) bool {
	switch n.op {
	case opFinalEnd:
		return last && !n.unix
	case opRepeat:
		last = last && n.max == 1
	case opConcat:
		for i, sub := range n.subs {
			if !sub.finalEndsLast(last && i == len(n.subs)-1) {
				return false
			}
		}
		return true
	}
	for _, sub := range n.subs {
		if !sub.finalEndsLast(last) {
			return false
		}
	}
	return true
}

// caveats tell when a linear program does not mean what Java means.
type caveats struct {
	// nonASCII: the pattern has \b, whose words are those of Java's
	// isLetterOrDigit (until JDK 19), but ASCII in package regexp.
	nonASCII bool
	// finalTerminator: the pattern ends in $ or \Z, which Java also lets match
	// before a final line terminator.
	finalTerminator bool
	// nullable: the pattern may match nothing. Package regexp skips an empty match
	// that touches the one before, which Java reports.
	nullable bool
	// emptyTurn: a repetition may take an empty turn, after which Java ends it, while
	// package regexp looks for a turn that is not empty. Whether there is a match
	// does not depend on it, but what it spans does.
	emptyTurn bool
}

func (n *node) caveats() caveats {
	return caveats{
		nonASCII:        n.has(opBoundary),
		finalTerminator: n.has(opFinalEnd),
		nullable:        n.nullable(),
		emptyTurn: n.any(func(n *node) bool {
			return n.op == opRepeat && (n.max > 1 || n.max == infinite) && n.subs[0].nullable()
		}),
	}
}

// nullable reports whether n may match the empty string; true when in doubt.
func (n *node) nullable() bool {
	switch n.op {
	case opLiteral, opSet, opGrapheme:
		return false
	case opCapture, opAtomic:
		return n.subs[0].nullable()
	case opRepeat:
		return n.min == 0 || n.subs[0].nullable()
	case opConcat:
		for _, sub := range n.subs {
			if !sub.nullable() {
				return false
			}
		}
		return true
	case opAlternate:
		for _, sub := range n.subs {
			if sub.nullable() {
				return true
			}
		}
		return false
	}
	return true
}

// sizeLimit saturates size; it is far above every bound that is compared with it.
const sizeLimit = 1 << 30

// size estimates the instructions of n with its repetitions written out, as
// package regexp does.
func (n *node) size() int {
	total := 1
	for _, sub := range n.subs {
		total = min(total+sub.size(), sizeLimit)
	}
	if n.op != opRepeat {
		return total
	}
	times := max(n.max, n.min+1)
	if total > sizeLimit/times {
		return sizeLimit
	}
	return total * times
}
