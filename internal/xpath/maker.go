package xpath

import "fmt"

// Maker makes a tree, from the top downwards. What is made last is in the order of the document after all that was made with
// the same Work. It keeps the bounds; names, namespaces and what may stand where are its caller's business.
type Maker struct {
	work    *Work
	root    *Node
	current *Node
	depth   int
	nodes   int
	pending []byte // text that may go on
	raw     bool   // of pending
}

// NewMaker begins a tree.
func NewMaker(w *Work) *Maker {
	root := &Node{order: w.nextOrder()}
	return &Maker{work: w, root: root, current: root}
}

// Root ends the tree.
func (m *Maker) Root() (*Node, error) {
	err := m.flush()
	m.root.last = m.work.order
	return m.root, err
}

// Current is the element that is open, or the root.
func (m *Maker) Current() *Node { return m.current }

// Started tells whether the open element has content already, so that it can have no more attributes.
func (m *Maker) Started() bool { return len(m.current.children) > 0 || len(m.pending) > 0 }

// add takes a node into the tree, at the price of its text.
func (m *Maker) add(n *Node) error {
	n.parent, n.order = m.current, m.work.nextOrder()
	if m.nodes++; m.nodes > MaxNodes {
		return fmt.Errorf("more than %d nodes", MaxNodes)
	}
	return m.work.Spend(workOfNode + len(n.text)/4)
}

// workOfNode stands for the memory that a node takes.
const workOfNode = 24

func (m *Maker) append(n *Node) error {
	if err := m.flush(); err != nil {
		return err
	}
	n.sibling = len(m.current.children)
	m.current.children = append(m.current.children, n)
	return m.add(n)
}

// flush makes a node of the pending text.
func (m *Maker) flush() error {
	if len(m.pending) == 0 {
		return nil
	}
	text := string(m.pending)
	m.pending = m.pending[:0]
	return m.append(&Node{kind: TextNode, text: text, raw: m.raw})
}

// Open begins an element.
func (m *Maker) Open(prefix, local, space string) error {
	if m.depth++; m.depth > MaxDepth {
		return fmt.Errorf("nested deeper than %d levels", MaxDepth)
	}
	n := &Node{kind: ElementNode, prefix: prefix, local: local, space: space}
	err := m.append(n)
	m.current = n
	return err
}

// Close ends the element that is open.
func (m *Maker) Close() error {
	err := m.flush()
	m.current.last = m.work.order
	m.current = m.current.parent
	m.depth--
	return err
}

// Declare has the open element declare a namespace.
func (m *Maker) Declare(prefix, space string) error {
	m.current.declares = append(m.current.declares, declaration{prefix, space})
	return m.work.Spend(1)
}

// Attribute gives the open element an attribute, in place of one of the same name.
func (m *Maker) Attribute(prefix, local, space, value string) error {
	for _, a := range m.current.attrs {
		if a.local == local && a.space == space {
			a.prefix, a.text = prefix, value
			return m.work.Spend(2 + len(value)/4)
		}
	}
	if err := m.work.Spend(len(m.current.attrs)); err != nil {
		return err
	}
	n := &Node{kind: AttributeNode, prefix: prefix, local: local, space: space, text: value}
	m.current.attrs = append(m.current.attrs, n)
	return m.add(n)
}

// Text appends text, to the text before it if there is one. Raw text is written without escapes.
func (m *Maker) Text(text string, raw bool) error {
	if text == "" {
		return nil
	}
	if raw != m.raw {
		if err := m.flush(); err != nil {
			return err
		}
	}
	m.raw = raw
	m.pending = append(m.pending, text...)
	return m.work.Spend(1 + len(text)/4)
}

// Comment appends a comment.
func (m *Maker) Comment(text string) error {
	return m.append(&Node{kind: CommentNode, text: text})
}

// Instruction appends a processing instruction.
func (m *Maker) Instruction(target, text string) error {
	return m.append(&Node{kind: InstructionNode, local: target, text: text})
}
