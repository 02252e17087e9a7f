package xmljson

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"

	"sluice/internal/ordjson"
)

// TestEncodings: what the bytes are tell a byte order mark, the Content-Type and the declaration, in this order.
func TestEncodings(t *testing.T) {
	tests := []struct{ src, charset, want string }{
		{`<a>ä</a>`, "", `{"a":"ä"}`},
		{"\uFEFF<a>ä</a>", "iso-8859-1", `{"a":"ä"}`},
		{`<?xml version="1.0" encoding="ISO-8859-1"?><a>` + "\xe4</a>", "", `{"a":"ä"}`},
		{`<?xml version="1.0" encoding="ISO-8859-1"?><a>ä</a>`, "utf-8", `{"a":"ä"}`},
		{`<?xml version="1.0" encoding="ISO-8859-1"?><a>ä</a>`, `"UTF-8"`, `{"a":"ä"}`},
		{`<?xml version="1.0" encoding="ISO-8859-1"?><a>` + "\xe4</a>", "no-such-thing", `{"a":"ä"}`},
		{`<?xml version="1.0" encoding="UTF-8"?><a>` + "\xe4</a>", "latin1", `{"a":"ä"}`},
		{`<?xml version="1.0" encoding="klingon"?><a/>`, "utf-8", `{"a":{}}`},
		{`<?xml version="1.0" encoding="UTF-16"?><a>ä</a>`, "", `{"a":"ä"}`},
		{"\xff\xfe<\x00a\x00>\x00\xe4\x00<\x00/\x00a\x00>\x00", "", `{"a":"ä"}`},
		{"\xfe\xff\x00<\x00a\x00>\x00\xe4\x00<\x00/\x00a\x00>", "utf-8", `{"a":"ä"}`},
		{"<a>\xe4</a>", "", "line 1:5: invalid UTF-8"},
	}
	for _, tt := range tests {
		got, err := NewToJSON(JSONOptions{}).Convert([]byte(tt.src), tt.charset)
		if err != nil {
			got = []byte(err.Error())
		}
		if string(got) != tt.want {
			t.Errorf("%q as %q gives %s, want %s", tt.src, tt.charset, got, tt.want)
		}
	}
	for _, src := range []string{"[\"\xe4\"]", "\xfe\xff\x00[\x00\"\x00\xe4\x00\"\x00]"} {
		got, err := NewToXML(XMLOptions{OmitXMLDeclaration: true}).Convert([]byte(src), "iso-8859-1")
		if want := "<Array><Item>ä</Item></Array>"; string(got) != want {
			t.Errorf("%q gives %s, want %s (%v)", src, got, want, err)
		}
	}
}

// TestBounds: documents that are made to cost more than they should.
func TestBounds(t *testing.T) {
	declaration := `<?xml version="1.0" encoding="latin1"?>`
	tests := []struct{ name, src, want string }{
		{"deepest", strings.Repeat("<a>", MaxDepth) + strings.Repeat("</a>", MaxDepth), ""},
		{"too deep", strings.Repeat("<a>", MaxDepth+1), errTooDeep.Error()},
		{"never closed", strings.Repeat("<a>", MaxDepth), errPremature.Error()},
		{"too many", "<a>" + strings.Repeat("<b/>", MaxNodes) + "</a>", errTooMany.Error()},
		{"declarations", strings.Repeat(declaration, 1000) + "<a/>", errDeclaration.Error()},
	}
	for _, tt := range tests {
		_, err := NewToJSON(JSONOptions{StripLevels: 1 << 60}).Convert([]byte(tt.src), "")
		var syntax *SyntaxError
		switch {
		case tt.want == "" && err != nil, tt.want != "" && (!errors.As(err, &syntax) || syntax.Reason != tt.want):
			t.Errorf("%s: %v, want %s", tt.name, err, tt.want)
		}
	}
}

// TestAmplification: a name is written for each item, white space for each level.
func TestAmplification(t *testing.T) {
	for name, src := range map[string]string{
		"name":   `{"` + strings.Repeat("n", 100_000) + `": [` + strings.Repeat("0,", 100_000) + `0]}`,
		"indent": strings.Repeat("[", 999) + strings.Repeat("0,", 100_000) + "0" + strings.Repeat("]", 999),
	} {
		_, err := NewToXML(XMLOptions{Indent: true}).Convert([]byte(src), "")
		if syntax, ok := errors.AsType[*SyntaxError](err); !ok || syntax.Reason != errTooLong.Error() {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestManyNames: very many distinct names take no quadratic time, and the first and the last meet their like.
func TestManyNames(t *testing.T) {
	var src strings.Builder
	src.WriteString("<a>")
	name := func(i int) string { return "n" + strings.Repeat("x", i%7) + strings.Repeat("y", i/7) }
	for i := range 100 {
		src.WriteString("<" + name(i) + "/>")
	}
	src.WriteString("<" + name(99) + "/><" + name(0) + "/></a>")
	out, err := NewToJSON(JSONOptions{}).Convert([]byte(src.String()), "")
	if err != nil {
		t.Fatal(err)
	}
	tree, err := ordjson.Parse(out)
	if err != nil {
		t.Fatal(err)
	}
	members := tree.Get("a")
	if members.Len() != 100 || members.Get(name(0)).Len() != 2 || members.Get(name(99)).Len() != 2 || members.Get(name(50)).Kind() != ordjson.Object {
		t.Errorf("%s", out)
	}
}

// TestNameTable holds the tables against those of encoding/xml.
func TestNameTable(t *testing.T) {
	accepts := func(name string) bool {
		token, err := xml.NewDecoder(strings.NewReader("<" + name + "/>")).RawToken()
		tag, ok := token.(xml.StartElement)
		return err == nil && ok && tag.Name.Local == name
	}
	for r := rune(1); r < 0x11000; r++ {
		if r == ':' || 0xD800 <= r && r < 0xE000 {
			continue
		}
		if start, part := accepts(string(r)), accepts("a"+string(r)); start != isNameStart(r) || part != isNamePart(r) {
			t.Errorf("%U: start %t, part %t", r, start, part)
		}
	}
}

// FuzzToJSON: whatever is read comes out as JSON that the other policies can read.
func FuzzToJSON(f *testing.F) {
	f.Add([]byte(`<p:a xmlns="urn:d" xmlns:p="urn:p" x="1"> t <b>2</b><b p:y="z">true</b><c/><![CDATA[x]]></p:a>`), uint(0))
	f.Add([]byte(`<a><b><c>1</c></b></a>`), uint(1<<7|1<<8))
	f.Add([]byte("<a:>\r\n&#13;</a:>"), uint(0xff))
	f.Fuzz(func(t *testing.T, src []byte, choice uint) {
		out, err := NewToJSON(fuzzOptions(choice)).Convert(src, "")
		if err != nil {
			if _, ok := errors.AsType[*SyntaxError](err); !ok {
				t.Fatalf("%T", err)
			}
			return
		}
		if _, err := ordjson.Parse(out); err != nil {
			t.Fatalf("%q gives %s: %v", src, out, err)
		}
	})
}

func fuzzOptions(choice uint) JSONOptions {
	on := func(bit int) bool { return choice>>bit&1 == 1 }
	text := func(bit int, s string) string {
		if on(bit) {
			return s
		}
		return ""
	}
	o := JSONOptions{
		RecognizeNumber: on(0), RecognizeBoolean: on(1), RecognizeNull: on(2), TextAlwaysAsProperty: on(3),
		NamespaceBlockName: text(4, "b"), DefaultNamespaceNodeName: text(4, "d"), NamespaceSeparator: text(5, ":"),
		AttributeBlockName: text(6, "c"), StripLevels: int(choice >> 7 & 3),
	}
	if on(9) {
		o.TreatAsArray = []ArrayPath{{Path: "a/b", Unwrap: on(10), Name: text(11, "n")}, {Path: "a/b/c", Unwrap: true}}
	}
	return o
}

// there and back are options that lose nothing but the order of different elements.
var (
	there = JSONOptions{TextNodeName: "#text", TextAlwaysAsProperty: true, AttributePrefix: "@", NamespaceSeparator: ":",
		NamespaceBlockName: "#namespaces", DefaultNamespaceNodeName: "$default"}
	back = XMLOptions{TextNodeName: "#text", AttributePrefix: "@",
		NamespaceBlockName: "#namespaces", DefaultNamespaceNodeName: "$default"}
)

// FuzzRoundTrip: XML that came of JSON becomes the same JSON again. The first time it may change: texts join, and names that
// encoding/xml lets pass become legal.
func FuzzRoundTrip(f *testing.F) {
	f.Add([]byte(`<p:a xmlns="urn:d" xmlns:p="urn:p" x="1"><b>2</b><b p:y="z">true</b><c/>t&#13;<c> u</c></p:a>`))
	f.Add([]byte("<a:>\r\n&#13;</a:>"))
	f.Fuzz(func(t *testing.T, src []byte) {
		var texts [3]string
		for i := range texts {
			out, err := NewToJSON(there).Convert(src, "")
			if err != nil && i == 0 {
				return
			}
			if err != nil {
				t.Fatalf("%q: %v", src, err)
			}
			texts[i] = string(out)
			if src, err = NewToXML(back).Convert(out, ""); err != nil {
				t.Fatalf("%q: %v", out, err)
			}
		}
		if texts[1] != texts[2] {
			t.Errorf("%s\nbecomes %s\nthrough %s", texts[1], texts[2], src)
		}
	})
}

// FuzzToXML: whatever is read comes out as well-formed XML.
func FuzzToXML(f *testing.F) {
	f.Add([]byte(`{"soap:Envelope": {"#namespaces": {"$": "urn:x", "p q": ""}, "@x": 1, "@x?": [2], "#text": ["a", "]]>"], "b": [[1, null], {}]}}`), "_")
	f.Add([]byte(`[{"": "\u0000", "1": "<", "xmlns:a": 1, "@xmlns:a": "", "@xmlns": "x", ":": 0}]`), "-")
	f.Fuzz(func(t *testing.T, src []byte, option string) {
		o := XMLOptions{TextNodeName: "#text", AttributePrefix: "@", AttributeBlockName: "#attrs", NamespaceBlockName: "#namespaces",
			DefaultNamespaceNodeName: "$", InvalidCharsReplacement: option, ObjectRootElementName: option, ArrayItemElementName: option,
			NamespaceSeparator: option, Indent: len(option)%2 == 0}
		out, err := NewToXML(o).Convert(src, "")
		if err == nil {
			wellFormed(t, out)
		}
	})
}

func wellFormed(t *testing.T, text []byte) {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(string(text)))
	roots, depth := 0, 0
	for {
		token, err := d.Token()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		switch token := token.(type) {
		case xml.StartElement:
			if depth++; depth == 1 {
				roots++
			}
			seen := map[xml.Name]bool{}
			for _, a := range token.Attr {
				if seen[a.Name] {
					t.Fatalf("%s: two attributes %v", text, a.Name)
				}
				seen[a.Name] = true
			}
		case xml.EndElement:
			depth--
		}
	}
	if roots != 1 {
		t.Fatalf("%s: %d roots", text, roots)
	}
}

// employees are some 4 KB of ordinary XML.
var employees = `<?xml version="1.0"?><employees xmlns="urn:e">` + strings.Repeat(`<employee id="12345" active="true">
  <name><first>Ada</first><last>Lovelace &amp; Sons</last></name><salary>1234.50</salary><tags><tag>a</tag><tag>b</tag></tags>
</employee>`, 20) + `</employees>`

func BenchmarkToJSON(b *testing.B) {
	c := NewToJSON(JSONOptions{RecognizeNumber: true, TreatAsArray: []ArrayPath{{Path: "employees/employee/tags/tag", Unwrap: true}}})
	b.SetBytes(int64(len(employees)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := c.Convert([]byte(employees), ""); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkToXML(b *testing.B) {
	src, err := NewToJSON(there).Convert([]byte(employees), "")
	if err != nil {
		b.Fatal(err)
	}
	c := NewToXML(back)
	b.SetBytes(int64(len(src)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := c.Convert(src, ""); err != nil {
			b.Fatal(err)
		}
	}
}
