package flow

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/beevik/etree"
)

func parseElement(t testing.TB, text string) *etree.Element {
	t.Helper()
	doc := etree.NewDocument()
	if err := doc.ReadFromString(text); err != nil {
		t.Fatal(err)
	}
	return doc.Root()
}

func newBuild() *Build {
	return &Build{Unit: &Unit{Bundle: "items", Services: &Services{}}, File: "policies/P.xml", Owner: "P", Kind: "AssignMessage",
		Place: func(*etree.Element) Position { return Position{3, 5} }}
}

// told is what b heard, one line per problem.
func told(b *Build) string {
	lines := make([]string, len(b.Problems))
	for i, p := range b.Problems {
		lines[i] = fmt.Sprintf("%s %s %s", p.Severity, p.Code, p.Element)
	}
	return strings.Join(lines, "; ")
}

const readable = `<P name="x"><B> TRUE </B><Off>false</Off><N> 12 </N><Bad>many</Bad><E>response</E><Blank> </Blank><T> a b </T></P>`

func TestBuildReaders(t *testing.T) {
	el := parseElement(t, readable)
	for _, c := range []struct {
		name string
		read func(b *Build) any
		want any
		told string
	}{
		{"Bool", func(b *Build) any { return b.Bool(el, "B", false) }, true, ""},
		{"Bool false", func(b *Build) any { return b.Bool(el, "Off", true) }, false, ""},
		{"Bool absent", func(b *Build) any { return b.Bool(el, "None", true) }, true, ""},
		{"Bool blank", func(b *Build) any { return b.Bool(el, "Blank", true) }, true, ""},
		{"Bool wrong", func(b *Build) any { return b.Bool(el, "Bad", true) }, true, "error InvalidValue /P/Bad"},
		{"BoolAttr wrong", func(b *Build) any { return b.BoolAttr(el, "name", true) }, true, "error InvalidValue /P"},
		{"Int", func(b *Build) any { return b.Int(el, "N", 1, 0) }, 12, ""},
		{"Int absent", func(b *Build) any { return b.Int(el, "None", 1, 0) }, 1, ""},
		{"Int too low", func(b *Build) any { return b.Int(el, "N", 1, 13) }, 1, "error InvalidValue /P/N"},
		{"Int wrong", func(b *Build) any { return b.Int(el, "Bad", 1, 0) }, 1, "error InvalidValue /P/Bad"},
		{"Millis", func(b *Build) any { return b.Millis(el, "N", time.Second, 1) }, 12 * time.Millisecond, ""},
		{"Millis absent", func(b *Build) any { return b.Millis(el, "None", time.Second, 1) }, time.Second, ""},
		{"Enum", func(b *Build) any { return b.Enum(el, "E", "Request", "Response") }, "Response", ""},
		{"Enum absent", func(b *Build) any { return b.Enum(el, "None", "Request", "Response") }, "Request", ""},
		{"Enum wrong", func(b *Build) any { return b.Enum(el, "T", "Request", "Response") }, "Request", "error InvalidValue /P/T"},
		{"Text", func(b *Build) any { return b.Text(el, "T") }, "a b", ""},
		{"Text absent", func(b *Build) any { return b.Text(el, "None") }, "", ""},
		{"Need", func(b *Build) any { return b.Need(el, "T") }, "a b", ""},
		{"Need blank", func(b *Build) any { return b.Need(el, "Blank") }, "", "error MissingElement /P/Blank"},
		{"Need absent", func(b *Build) any { return b.Need(el, "None") }, "", "error MissingElement /P"},
		{"Attr of nothing", func(b *Build) any { return b.Attr(nil, "name") }, "", ""},
		{"Ref absent", func(b *Build) any { return b.Ref(el, "ref") == nil }, true, ""},
	} {
		b := newBuild()
		if got := c.read(b); got != c.want || told(b) != c.told {
			t.Errorf("%s: %v, told %q; want %v, %q", c.name, got, told(b), c.want, c.told)
		}
	}
}

func TestMillisDoesNotOverflow(t *testing.T) {
	b := newBuild()
	got := b.Millis(parseElement(t, `<P><T>9223372036854775807</T></P>`), "T", time.Second, 1)
	if got < 200*365*24*time.Hour {
		t.Errorf("the longest timeout is %v", got)
	}
}

func TestElementTexts(t *testing.T) {
	el := parseElement(t, `<P><Empty/><Text> a<!-- c -->b </Text><CDATA><![CDATA[<x>]]></CDATA><XML> <a k="&lt;">1<b/></a> <c/> </XML></P>`)
	if got := RawText(Child(el, "Text")); got != " ab " {
		t.Errorf("RawText: %q", got)
	}
	if got := TextOf(Child(el, "CDATA")); got != "<x>" {
		t.Errorf("CDATA: %q", got)
	}
	if got := TextOf(nil) + RawText(nil); got != "" || Child(nil, "a") != nil || Children(nil, "a") != nil {
		t.Errorf("of nothing: %q", got)
	}
	for tag, want := range map[string]string{"Empty": "", "Text": " ab ", "XML": `<a k="&lt;">1<b/></a> <c/>`} {
		if got, err := innerXML(Child(el, tag)); got != want || err != nil {
			t.Errorf("innerXML of %s: %q, %v; want %q", tag, got, err, want)
		}
	}
	list := parseElement(t, `<P xmlns:x="urn:x"><x:A>1</x:A><B/><A>2</A></P>`)
	if got := Children(list, "A"); len(got) != 2 || TextOf(got[0]) != "1" {
		t.Errorf("Children: %v", got)
	}
}

func TestKnown(t *testing.T) {
	b := newBuild()
	el := parseElement(t, `<AssignMessage name="P"><DisplayName/><Description/><Properties/><FaultRules/><Set><Description/><Payload/></Set><Wrong/></AssignMessage>`)
	b.Known(el, "Set")
	b.Known(Child(el, "Set"), "Payload")
	b.Known(nil)
	const want = "warning UnknownElement /AssignMessage/Wrong; warning UnknownElement /AssignMessage/Set/Description"
	if got := told(b); got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if b.Problems.Refused() {
		t.Error("a warning refuses the bundle")
	}
}

// TestRefuse: the sentence comes from the catalogue of the policy, then from
// that of bundles.
func TestRefuse(t *testing.T) {
	b := newBuild()
	el := parseElement(t, `<AssignMessage name="P"><Copy><Header name="a.0"/></Copy></AssignMessage>`)
	b.Refuse(Child(Child(el, "Copy"), "Header"), "InvalidIndex", "index", "0")
	b.Refuse(el, "NoSuchCode")
	p := b.Problems[0]
	if p.Code != "InvalidIndex" || p.Message == "InvalidIndex" || strings.Contains(p.Message, "{policy}") || p.Place() != "policies/P.xml:3:5" ||
		p.Element != "/AssignMessage/Copy/Header[@name='a.0']" {
		t.Errorf("%s", p)
	}
	if p := b.Problems[1]; p.Message != "NoSuchCode" {
		t.Errorf("%s", p)
	}
}

func TestBuildRemembersNames(t *testing.T) {
	b := newBuild()
	n := b.Name(" request.header.a ")
	other := &Build{Unit: b.Unit, Kind: "Quota"}
	if other.Name("request.header.a") != n || b.Name("request.header.a") != n {
		t.Error("the same name is parsed twice")
	}
	other.ReadsContent("")
	other.ReadsContent("response")
	if other.Own["message.content"] == nil || other.Own["response.content"] == nil || len(b.Own) != 1 || len(b.Names) != 3 {
		t.Errorf("own %v, all %v", other.Own, b.Names)
	}
	el := parseElement(t, `<P><C>a = "1" and b = 2</C><T ref="c">{d}</T><Blank/></P>`)
	if b.Condition(Child(el, "C")) == nil || b.Condition(Child(el, "Blank")) != nil || b.Condition(nil) != nil {
		t.Error("conditions")
	}
	b.Template(el, "{d}")
	b.TextOrRef(Child(el, "T"))
	for _, name := range []string{"a", "b", "c", "d"} {
		if b.Names[name] == nil {
			t.Errorf("%s is not remembered", name)
		}
	}
	if told(b) != "" {
		t.Error(told(b))
	}
}

func TestBuildRefusesWhatDoesNotParse(t *testing.T) {
	b := newBuild()
	el := parseElement(t, `<P><C>a = </C></P>`)
	if b.Condition(Child(el, "C")) != nil || told(b) != "error InvalidCondition /P/C" || b.Problems[0].Excerpt == "" {
		t.Errorf("%s", b.Problems.Error())
	}
}

func TestTextOrRef(t *testing.T) {
	x := newTestExchange()
	x.Put("set", Text("variable"))
	x.Put("empty", Text(""))
	b := newBuild()
	for text, want := range map[string]string{
		`<E>text</E>`:                "text",
		`<E ref="set">text</E>`:      "variable",
		`<E ref="unset">text</E>`:    "text",
		`<E ref="empty">text</E>`:    "",
		`<E ref="unset"/>`:           "nothing",
		`<E/>`:                       "nothing",
		`<E ref=" set ">text</E>`:    "variable",
		`<E ref="">  text  </E>`:     "text",
		`<E ref="unset">  text </E>`: "text",
	} {
		v, ok := b.TextOrRef(parseElement(t, text)).Value(x)
		got := v.String()
		if !ok {
			got = "nothing"
		}
		if got != want {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
	if _, ok := b.TextOrRef(nil).Value(x); ok || b.TextOrRef(nil) != nil {
		t.Error("an element that is absent has a value")
	}
}

func TestMissingServices(t *testing.T) {
	b := newBuild()
	el := parseElement(t, `<P/>`)
	if b.NeedIntegrations(el) != nil || told(b) != "error MissingService /P" {
		t.Error(told(b))
	}
	for _, p := range b.Problems {
		if p.Hint == "" {
			t.Errorf("%s tells no way out", p)
		}
	}
}

func TestCallsSharedFlow(t *testing.T) {
	b := newBuild()
	b.CallsSharedFlow(parseElement(t, `<P/>`), "log")
	b.Place = nil
	b.CallsSharedFlow(parseElement(t, `<P/>`), "auth")
	if p := b.SharedFlows["log"]; p.Line != 3 || p.Column != 5 || p.Code != "MissingSharedFlow" || len(b.SharedFlows) != 2 {
		t.Errorf("%v", b.SharedFlows)
	}
}

func TestProblems(t *testing.T) {
	warning := Problem{Bundle: "items", Severity: Warning.String(), Code: "W", Message: "careful"}
	first := Problem{File: "a.xml", Line: 2, Column: 9, Element: "/A", Severity: Error.String(), Code: "E", Message: "wrong", Excerpt: "x = \n    ^", Hint: "do y"}
	second := first
	second.Line, second.Column = 10, 0
	ps := Problems{second, first, warning}
	ps.Sort()
	if !slices.Equal(ps, Problems{warning, first, second}) {
		t.Errorf("sorted: %v", ps)
	}
	if !ps.Refused() || (Problems{warning}).Refused() || !slices.Equal(ps.Errors(), Problems{first, second}) {
		t.Error("errors and warnings are mixed up")
	}
	const want = "items: warning: careful [W]\n" +
		"a.xml:2:9: error: wrong [E] at /A\n    x = \n        ^\n    hint: do y\n" +
		"a.xml:10:1: error: wrong [E] at /A\n    x = \n        ^\n    hint: do y"
	if got := ps.Error(); got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
}

func TestRegistry(t *testing.T) {
	kind := func(name string) *Kind {
		return &Kind{Name: name, Doc: Doc{Title: "t", Sample: "<s/>"}, Compile: func(*Build, *etree.Element) Policy { return nothing }}
	}
	r, err := NewRegistry([]*Kind{kind("B"), kind("A")})
	if err != nil || r.Lookup("A") == nil || r.Lookup("C") != nil || r.Kinds()[0].Name != "A" {
		t.Errorf("%v, %v", r, err)
	}
	if _, err := NewRegistry([]*Kind{kind("A"), kind("A")}); err == nil {
		t.Error("a name is taken twice")
	}
	for name, spoil := range map[string]func(*Kind){
		"name": func(k *Kind) { k.Name = "" }, "title": func(k *Kind) { k.Doc.Title = "" },
		"sample": func(k *Kind) { k.Doc.Sample = "" }, "Compile": func(k *Kind) { k.Compile = nil },
	} {
		k := kind("A")
		spoil(k)
		if _, err := NewRegistry([]*Kind{k}); err == nil {
			t.Errorf("a kind without %s is accepted", name)
		}
	}
}
