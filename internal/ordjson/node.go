package ordjson

import (
	"iter"
	"slices"
	"strconv"
)

// Kind is the type of a JSON value.
type Kind uint8

// The kinds of JSON value. The zero Node is null.
const (
	Null Kind = iota
	Bool
	Number
	String
	Array
	Object
)

var kindNames = [...]string{"null", "boolean", "number", "string", "array", "object"}

// String names the kind as RFC 8259 does.
func (k Kind) String() string { return kindNames[k] }

// Node is one JSON value. A tree is safe for concurrent readers as long as nobody calls a builder.
type Node struct {
	kind  Kind
	truth bool
	text  string   // String: the value; Number: its text
	items []*Node  // Array, Object
	names []string // Object: names[i] belongs to items[i]
}

// NewNull returns null.
func NewNull() *Node { return &Node{} }

// NewBool returns true or false.
func NewBool(b bool) *Node { return &Node{kind: Bool, truth: b} }

// NewNumber returns the number written as text, which must be a JSON number: it is emitted as it is.
func NewNumber(text string) *Node { return &Node{kind: Number, text: text} }

// NewInt returns the number i.
func NewInt(i int64) *Node { return NewNumber(strconv.FormatInt(i, 10)) }

// NewString returns the string s.
func NewString(s string) *Node { return &Node{kind: String, text: s} }

// NewArray returns an array that holds items and owns the slice.
func NewArray(items ...*Node) *Node { return &Node{kind: Array, items: items} }

// NewObject returns an object without members.
func NewObject() *Node { return &Node{kind: Object} }

// Push appends an item to an array, and returns the array.
func (n *Node) Push(item *Node) *Node {
	n.items = append(n.items, item)
	return n
}

// Add appends a member to an object, whether or not the name is there already, and returns the object.
func (n *Node) Add(name string, value *Node) *Node {
	n.names = append(n.names, name)
	n.items = append(n.items, value)
	return n
}

// Set gives the member called name a new value in its old place, or appends it, and returns the object.
func (n *Node) Set(name string, value *Node) *Node {
	if i := n.index(name); i >= 0 {
		n.items[i] = value
		return n
	}
	return n.Add(name, value)
}

// Kind tells the type of the value.
func (n *Node) Kind() Kind { return n.kind }

// Bool is the value of a Bool, false for any other kind.
func (n *Node) Bool() bool { return n.truth }

// Text is the value as Apigee puts it into a flow variable: a string without quotes, a number as it was written, true,
// false, null, and JSON for arrays and objects.
func (n *Node) Text() string {
	if n.kind == String || n.kind == Number {
		return n.text
	}
	return string(Append(nil, n))
}

// maxExact is how many digits an integer may have to be the same as a float64.
const maxExact = 15

// Float is the value of a Number, ±Inf where float64 cannot hold it. ok is false for any other kind.
func (n *Node) Float() (f float64, ok bool) {
	if n.kind != Number {
		return 0, false
	}
	if len(n.text) <= maxExact { // ParseInt takes a third of the time
		if i, err := strconv.ParseInt(n.text, 10, 64); err == nil && i != 0 { // -0 is not 0
			return float64(i), true
		}
	}
	f, _ = strconv.ParseFloat(n.text, 64)
	return f, true
}

// Len counts the items of an array or the members of an object (duplicates included); 0 for any other kind.
func (n *Node) Len() int { return len(n.items) }

// At is item i of an array, or the value of member i of an object; it panics where i is not in [0, Len()).
func (n *Node) At(i int) *Node { return n.items[i] }

// Name is the name of member i of an object; it panics where i is not in [0, Len()).
func (n *Node) Name(i int) string { return n.names[i] }

// Items are the items of an array or the values of an object, in order. The caller must not change the slice.
func (n *Node) Items() []*Node { return n.items }

// Members yields the members of an object in order, duplicates included.
func (n *Node) Members() iter.Seq2[string, *Node] {
	return func(yield func(string, *Node) bool) {
		for i, name := range n.names {
			if !yield(name, n.items[i]) {
				return
			}
		}
	}
}

// Get is the value of the member called name: of the last one, where the name occurs twice, as in Java's maps. It is nil
// where there is none or n is not an object. The time is proportional to Len.
func (n *Node) Get(name string) *Node {
	if i := n.index(name); i >= 0 {
		return n.items[i]
	}
	return nil
}

func (n *Node) index(name string) int {
	for i := len(n.names) - 1; i >= 0; i-- {
		if n.names[i] == name {
			return i
		}
	}
	return -1
}

// Repeated finds a member name that an object of the tree has twice. Readers of JSON differ in which of the two they take;
// Get takes the last. The time is that of sorting the names.
func (n *Node) Repeated() (name string, ok bool) {
	var names []string
	return n.repeated(&names)
}

// repeated uses names as scratch space.
func (n *Node) repeated(names *[]string) (string, bool) {
	if len(n.names) > 1 {
		*names = append((*names)[:0], n.names...)
		slices.Sort(*names)
		for i, name := range (*names)[1:] {
			if name == (*names)[i] {
				return name, true
			}
		}
	}
	for _, item := range n.items {
		if len(item.items) == 0 {
			continue
		}
		if name, ok := item.repeated(names); ok {
			return name, true
		}
	}
	return "", false
}
