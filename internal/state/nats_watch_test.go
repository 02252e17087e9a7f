package state

import (
	"fmt"
	"slices"
	"testing"
)

// TestReplicaListener goes through rounds: "round" begins one, "settle" ends its
// first part, k=5 is a value of revision 5, k-6 a marker of revision 6.
func TestReplicaListener(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		took []string
		told []string
	}{
		"what is there, then changes":           {[]string{"round", "a=1", "b=2", "settle", "a=3", "b-4"}, []string{"a=1", "b=2", "a=3", "b-4"}},
		"markers of before are not told":        {[]string{"round", "a-1", "settle", "a=2"}, []string{"a=2"}},
		"a removal that overtook its value":     {[]string{"round", "settle", "a-2"}, []string{"a-2"}},
		"a round tells only what differs":       {[]string{"round", "a=1", "b=2", "settle", "round", "a=1", "b=3", "c=4", "settle"}, []string{"a=1", "b=2", "b=3", "c=4"}},
		"what a round misses was removed":       {[]string{"round", "a=1", "settle", "round", "settle"}, []string{"a=1", "a-2"}},
		"a marker in a later round":             {[]string{"round", "a=1", "settle", "round", "a-3", "settle"}, []string{"a=1", "a-3"}},
		"a marker is told once":                 {[]string{"round", "a=1", "settle", "a-2", "round", "a-2", "settle"}, []string{"a=1", "a-2"}},
		"put and removed during the gap":        {[]string{"round", "settle", "round", "a-2", "settle"}, []string{"a-2"}},
		"a round that breaks before it settles": {[]string{"round", "a=1", "round", "a=1", "b=2", "settle"}, []string{"a=1", "b=2"}},
		"a bucket that was made again":          {[]string{"round", "a=9", "settle", "round", "a=1", "settle"}, []string{"a=9", "a=1"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var told []string
			l := &replicaListener{known: map[string]knownKey{}, do: func(c Change) {
				told = append(told, fmt.Sprintf("%s%c%d", c.Key, map[bool]rune{true: '-', false: '='}[c.Value == nil], c.Revision))
			}}
			for _, step := range tt.took {
				takeStep(l, step)
			}
			if !slices.Equal(told, tt.told) {
				t.Errorf("told %q, want %q", told, tt.told)
			}
		})
	}
}

func takeStep(l *replicaListener, step string) {
	switch step {
	case "round":
		l.round()
		return
	case "settle":
		l.settle()
		return
	}
	c := Change{Key: step[:1], Revision: uint64(step[2] - '0')}
	if step[1] == '=' {
		c.Value = []byte{}
	}
	l.take(c)
}
