package xpath

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// soon fails if f takes minutes where it should take a blink. The inputs of these tests are so large that work in the square
// of their length shows on any machine.
func soon(t *testing.T, f func()) {
	t.Helper()
	start := time.Now()
	f()
	if took := time.Since(start); took > 20*time.Second {
		t.Errorf("took %v", took)
	}
}

// TestManyAttributes: each attribute of a tag is found in its source without another walk from the tag's beginning.
func TestManyAttributes(t *testing.T) {
	src := `<r` + strings.Repeat(" a=\"\n\"", 100_000) + ` b="&#9;"/>`
	soon(t, func() {
		if _, err := ParseDocument([]byte(src)); err == nil || !strings.Contains(err.Error(), "occurs twice") {
			t.Error(err)
		}
	})
}

// declaring is a tag that declares so many namespaces.
func declaring(n int) string {
	var tag strings.Builder
	tag.WriteString("<a")
	for i := range n {
		fmt.Fprintf(&tag, ` xmlns:p%d="u"`, i)
	}
	return tag.String() + ">"
}

func TestManyDeclarations(t *testing.T) {
	if _, err := ParseDocument([]byte(declaring(MaxDeclarations+1) + "</a>")); err == nil || !strings.Contains(err.Error(), "more than 1000 namespaces") {
		t.Error(err)
	}
	wide := mustParse(t, declaring(MaxDeclarations)+strings.Repeat("<b/>", 1000)+"</a>")
	if r, err := mustCompile(t, "count(//namespace::*)").Eval(wide); err != nil || r.Number() != 1001*1001 {
		t.Error(r, err)
	}
	// What hides other declarations is not seen, but it is looked at.
	deep := mustParse(t, strings.Repeat(declaring(200), 500)+strings.Repeat("<b/>", 500)+strings.Repeat("</a>", 500))
	if _, err := mustCompile(t, "count(//b/namespace::*)").Eval(deep); err != ErrTooMuchWork {
		t.Errorf("%v, want %v", err, ErrTooMuchWork)
	}
}

// attributed is a tag with so many attributes.
func attributed(n int) string {
	var tag strings.Builder
	tag.WriteString("<a")
	for i := range n {
		fmt.Fprintf(&tag, ` b%d=""`, i)
	}
	return tag.String() + ">"
}

// TestManyBlanks: whether xml:space keeps a blank text is not asked of all the attributes above each time.
func TestManyBlanks(t *testing.T) {
	src := strings.Repeat(attributed(200), 990) + strings.Repeat("<c/> ", 100_000) + strings.Repeat("</a>", 990)
	soon(t, func() {
		d, err := ParseWith([]byte(src), ParseOptions{Strip: func(string, string) bool { return true }})
		if err != nil {
			t.Fatal(err)
		}
		if r, err := mustCompile(t, "count(//text())").Eval(d); err != nil || r.Number() != 0 {
			t.Error(r, err)
		}
	})
}

func TestPreserve(t *testing.T) {
	src := `<a> <b xml:space="preserve"> <c> </c><d xml:space="default"> <e> </e></d> </b> <f xml:space="preserve"/> <g> </g></a>`
	d, err := ParseWith([]byte(src), ParseOptions{Strip: func(string, string) bool { return true }})
	if err != nil {
		t.Fatal(err)
	}
	r, err := mustCompile(t, "/").Eval(d)
	if err != nil {
		t.Fatal(err)
	}
	want := `<a><b xml:space="preserve"> <c> </c><d xml:space="default"><e/></d> </b><f xml:space="preserve"/><g/></a>`
	if got, err := r.XML(); err != nil || got != want {
		t.Errorf("%s, %v, want %s", got, err, want)
	}
}

// TestManyMatches: Go's regexp gathers matches, so that their number is bounded.
func TestManyMatches(t *testing.T) {
	d := mustParse(t, "<a>"+strings.Repeat(",", maxGroups+1)+"</a>")
	groups := strings.Repeat("()", 50)
	for _, text := range []string{"replace(substring(/a, 1, 30000), '," + groups + "', '')", "tokenize(/a, ',')"} {
		e, err := CompileIn(text, &Scope{Extended: true})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := e.EvalIn(&Context{Node: d.Root(), Work: NewWork(1<<30, nil)}); err != errManyMatches {
			t.Errorf("%s: %v, want %v", text, err, errManyMatches)
		}
	}
}

func TestLangIsPriced(t *testing.T) {
	d := mustParse(t, strings.Repeat(attributed(100), 500)+strings.Repeat("<c/>", 1000)+strings.Repeat("</a>", 500))
	if _, err := mustCompile(t, "//c[lang('en')]").Eval(d); err != ErrTooMuchWork {
		t.Errorf("%v, want %v", err, ErrTooMuchWork)
	}
}
