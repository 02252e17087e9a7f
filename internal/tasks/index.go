package tasks

import (
	"bytes"
	"slices"
	"sort"
)

// entry is what a line knows of a task. A million of them are in memory.
type entry struct {
	key      key
	revision uint64 // of the record that this was read from
	due      int64  // nanoseconds since 1970, like born
	born     int64
	await    uint64 // revision that must have been told before the next attempt
	asked    uint32 // runs asked for
	begun    uint32 // runs begun here or answered
	place    int32  // in waiting, -1 when it is not there
	running  int16  // attempts under way
	removed  bool   // from the line
	named    bool
}

// index keeps entries in the order of their keys, so that they are found by key and listed from
// any key on. It is a B-tree of one level: blocks in order, each with some entries in order. A map
// would need twice the memory and could not be listed in pages; no module of ours has a B-tree.
type index struct {
	blocks [][]*entry // none is empty
	n      int
}

const blockLimit = 512

// block returns the number of the block where k is or belongs.
func (x *index) block(k key) int {
	after := sort.Search(len(x.blocks), func(i int) bool { return bytes.Compare(x.blocks[i][0].key[:], k[:]) > 0 })
	return max(0, after-1)
}

func search(block []*entry, k key) (int, bool) {
	return slices.BinarySearchFunc(block, k, func(e *entry, k key) int { return bytes.Compare(e.key[:], k[:]) })
}

// get returns the entry with that key, or nil.
func (x *index) get(k key) *entry {
	if x.n == 0 {
		return nil
	}
	block := x.blocks[x.block(k)]
	if i, ok := search(block, k); ok {
		return block[i]
	}
	return nil
}

// put adds an entry whose key is not there.
func (x *index) put(e *entry) {
	x.n++
	if len(x.blocks) == 0 {
		x.blocks = append(x.blocks, []*entry{e})
		return
	}
	b := x.block(e.key)
	i, _ := search(x.blocks[b], e.key)
	block := slices.Insert(x.blocks[b], i, e)
	x.blocks[b] = block
	if len(block) <= blockLimit {
		return
	}
	half := slices.Clone(block[blockLimit/2:])
	clear(block[blockLimit/2:])
	x.blocks[b] = block[:blockLimit/2]
	x.blocks = slices.Insert(x.blocks, b+1, half)
}

// remove takes out the entry with that key, if it is there.
func (x *index) remove(k key) {
	if x.n == 0 {
		return
	}
	b := x.block(k)
	i, ok := search(x.blocks[b], k)
	if !ok {
		return
	}
	x.n--
	x.blocks[b] = slices.Delete(x.blocks[b], i, i+1)
	if len(x.blocks[b]) == 0 {
		x.blocks = slices.Delete(x.blocks, b, b+1)
	}
}

// after visits the entries whose keys are above k, in order, while visit returns true.
func (x *index) after(k key, visit func(*entry) bool) {
	if x.n == 0 {
		return
	}
	for b := x.block(k); b < len(x.blocks); b++ {
		for _, e := range x.blocks[b] {
			if bytes.Compare(e.key[:], k[:]) > 0 && !visit(e) {
				return
			}
		}
	}
}

// waiting is a heap of entries, the one that is due first on top.
type waiting []*entry

func (w waiting) Len() int { return len(w) }
func (w waiting) Less(i, j int) bool {
	return w[i].due < w[j].due || w[i].due == w[j].due && w[i].born < w[j].born
}

func (w waiting) Swap(i, j int) {
	w[i], w[j] = w[j], w[i]
	w[i].place, w[j].place = int32(i), int32(j)
}

// Push and Pop are for container/heap.
func (w *waiting) Push(x any) {
	e := x.(*entry)
	e.place = int32(len(*w))
	*w = append(*w, e)
}

func (w *waiting) Pop() any {
	last := len(*w) - 1
	e := (*w)[last]
	(*w)[last] = nil
	*w = (*w)[:last]
	e.place = -1
	return e
}
