package xpath

import (
	"slices"
	"testing"
)

func TestTexts(t *testing.T) {
	d, err := ParseDocument([]byte(`<a x="1">one<b y="2">two<!--c--></b><b/></a>`))
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		expr, elements string
		texts          []string
	}{
		{"//b", `<b y="2">two<!--c--></b><b/>`, []string{"two", ""}},
		{"//*", `<a x="1">one<b y="2">two<!--c--></b><b/></a><b y="2">two<!--c--></b><b/>`, []string{"onetwo", "two", ""}},
		{"//@*", "", []string{"1", "2"}},
		{"/", `<a x="1">one<b y="2">two<!--c--></b><b/></a>`, []string{"onetwo"}},
		{"//b | //@x | //comment()", `<b y="2">two<!--c--></b><b/>`, []string{"1", "two", "c", ""}},
		{"/none", "", nil},
		{"count(//b)", "", []string{"2"}},
		{"string(//b)", "", []string{"two"}},
	}
	for _, tt := range tests {
		e, err := Compile(tt.expr, nil)
		if err != nil {
			t.Fatal(err)
		}
		r, err := e.Eval(d)
		if err != nil {
			t.Fatal(err)
		}
		if got := slices.Collect(r.Texts()); !slices.Equal(got, tt.texts) {
			t.Errorf("%s: texts %q, want %q", tt.expr, got, tt.texts)
		}
		if got, err := r.Elements().XML(); got != tt.elements || err != nil {
			t.Errorf("%s: elements %s, %v; want %s", tt.expr, got, err, tt.elements)
		}
		for range r.Texts() {
			break // must not yield again
		}
	}
}
