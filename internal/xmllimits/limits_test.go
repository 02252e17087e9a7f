package xmllimits

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"unicode/utf16"
)

func with(l Limit, most int) *Limits {
	limits := NoLimits()
	limits.Max[l] = most
	return &limits
}

func TestLimits(t *testing.T) {
	deep := func(n int) string { return strings.Repeat("<a>", n) + strings.Repeat("</a>", n) }
	tests := []struct {
		limit Limit
		most  int
		in    string
		want  string // "" for none, else line, char
	}{
		{ElementName, 3, "<abc/>", ""},
		{ElementName, 3, "<longprefix:abc/>", ""},
		{ElementName, 3, "<abc>\n  <x:abcd/></abc>", "2, 3"},
		{ElementName, 3, "<äöü/>", ""},
		{ElementName, 3, "<a😀/>", ""},
		{ElementName, 3, "<ab😀/>", "1, 1"}, // a pair in Java
		{AttributeName, 3, "<a abc='' p:abc='' xmlns:long=''/>", ""},
		{AttributeName, 3, "<a\nabcd=''/>", "2, 0"},
		{NamespacePrefix, 3, "<a xmlns:abc='' abc:d=''><abc:d/></a>", ""},
		{NamespacePrefix, 3, "<a xmlns:abcd=''/>", "1, 3"},
		{NamespacePrefix, 3, "<abcd:a/>", "1, 1"},
		{NamespacePrefix, 3, "<a abcd:a=''/>", "1, 3"},
		{ProcessingInstructionTarget, 3, "<?xml version='1.0'?><a><?abc defg?></a>", ""},
		{ProcessingInstructionTarget, 3, "<a/><?abcd?>", "1, 4"},
		{NodeDepth, 2, "<a><b/><b></b></a>", ""},
		{NodeDepth, 2, "<a><b><!-- -->\n<c/></b></a>", "2, 0"},
		{NodeDepth, 0, "<a/>", "1, 0"},
		{NodeDepth, -1, deep(MaxDepth), ""},
		{AttributeCount, 1, "<a xmlns='u' xmlns:p='u' b=''/>", ""},
		{AttributeCount, 1, "<a b='' p:c=''/>", "1, 8"},
		{AttributeCount, 1, "<a xmlnsx='' b=''/>", "1, 13"},
		{NamespaceCount, 1, "<a xmlns='u' b='' c=''/>", ""},
		{NamespaceCount, 1, "<a xmlns='u'><b xmlns:p='u'/></a>", ""},
		{NamespaceCount, 1, "<a xmlns='u' xmlns:p='u'/>", "1, 13"},
		{ChildCount, 2, "<a>\n <b/>\n <b><c/><c/></b>\n</a>", ""}, // white space is layout
		{ChildCount, 2, "<a>text<b/>text</a>", "1, 11"},
		{ChildCount, 2, "<a>te<![CDATA[x]]>xt&lt;<b/></a>", ""}, // one text
		{ChildCount, 2, "<a>&#32;<b/><![CDATA[]]></a>", "1, 12"},
		{ChildCount, 2, "<a><b/><!-- --><?p?></a>", "1, 15"},
		{ChildCount, 2, "<!-- --><!-- --><!-- --><a/>", ""},
		{Text, 3, "<a>abc<b>abc</b>abc</a>", ""},
		{Text, 3, "<a>          \n        <b/></a>", ""},
		{Text, 3, "<a>ab<![CDATA[cd]]></a>", "1, 3"},
		{Text, 3, "<a>&lt;&#x41;&amp;</a>", ""},
		{Text, 3, "<a>&lt;&#x41;&#128512;</a>", "1, 3"}, // a pair in Java
		{Text, 3, "<a>äö😀</a>", "1, 3"},
		{Text, 3, "<a>a\r\nb</a>", ""},
		{Text, 3, "<a>a\r\rb</a>", "1, 3"},
		{Text, 3, "<a>a]]b</a>", "1, 3"},
		{AttributeValue, 3, "<a b='a&amp;c' c=\"a'c\" d='\"' xmlns='long'/>", ""},
		{AttributeValue, 3, "<a b='abcd'/>", "1, 3"},
		{NamespaceURI, 3, "<a xmlns='abc' b='long'/>", ""},
		{NamespaceURI, 3, "<a><b xmlns:p='abcd'/></a>", "1, 6"},
		{Comment, 3, "<!--abc--><a><!----></a>", ""},
		{Comment, 3, "<a><!--a-cd--></a>", "1, 3"},
		{ProcessingInstructionData, 3, "<a><?abcd a?b?></a>", ""},
		{ProcessingInstructionData, 3, "<a/>\n<?abcd  a?bc?>", "2, 0"},
	}
	for _, tt := range tests {
		got := ""
		err := Check([]byte(tt.in), with(tt.limit, tt.most))
		var exceeded *ExceededError
		switch {
		case errors.As(err, &exceeded) && exceeded.Limit == tt.limit && exceeded.Max == tt.most:
			got = fmt.Sprintf("%d, %d", exceeded.Line, exceeded.Char)
		case err != nil:
			got = err.Error()
		}
		if got != tt.want {
			t.Errorf("Check(%.60q) with %s of %d: %q, want %q", tt.in, tt.limit, tt.most, got, tt.want)
		}
	}
}

// TestChildren: the kinds of children can be left out one by one.
func TestChildren(t *testing.T) {
	const in = "<a><b/><!-- --><?p?>text</a>"
	for _, kind := range []Children{Elements, Comments, ProcessingInstructions, Texts} {
		l := with(ChildCount, 0)
		l.Children = kind
		if err := Check([]byte(in), l); err == nil {
			t.Errorf("kind %d is not counted", kind)
		}
		l = with(ChildCount, 3)
		l.Children &^= kind
		if err := Check([]byte(in), l); err != nil {
			t.Errorf("without kind %d: %v", kind, err)
		}
	}
}

func TestSyntax(t *testing.T) {
	const (
		malformed = "Malformed markup"
		endTag    = "The end tag is not that of the open element"
		noName    = "Not a name"
		reference = "A reference to no known character or entity"
		character = "A character that XML does not allow"
	)
	tests := []struct{ in, want string }{
		{"", premature + " at line 1, char 0"},
		{" \n", premature + " at line 2, char 0"},
		{"<a>\n<b>\n</b>\n", premature + " at line 4, char 0"},
		{"{}", prologue + " at line 1, char 0"},
		{"\n<a/>x", "Text or markup after the root element at line 2, char 4"},
		{"<a/><b/>", "Text or markup after the root element"},
		{"</a>", noName},
		{"<>", noName},
		{"< a/>", noName},
		{"<1/>", noName},
		{"<a:/>", noName},
		{"<:a/>", noName},
		{"<a:b:c/>", "No white space before an attribute"},
		{"<a", premature},
		{"<a ", premature},
		{"<a /", premature},
		{"<a / >", "Malformed tag"},
		{"<a<b/>", "No white space before an attribute"},
		{"<a></b>", endTag},
		{"<ab></a>", endTag},
		{"<a></ab>", endTag},
		{"<ab></a", premature},
		{"<a></a x>", endTag},
		{"<a></a", premature},
		{"<a b/>", "An attribute without a value"},
		{"<a b=c/>", "An attribute's value is not quoted"},
		{"<a b='c'd='e'/>", "No white space before an attribute"},
		{"<a b='<'/>", "A value holds <"},
		{"<a b='c", premature},
		{"<a b='&c;'/>", reference},
		{"<a xmlns:='c'/>", noName},
		{"<a ='c'/>", noName},
		{"<a>&nbsp;</a>", reference},
		{"<a>&</a>", reference},
		{"<a>&#;</a>", reference},
		{"<a>&#x;</a>", reference},
		{"<a>&#0;</a>", reference},
		{"<a>&#xD800;</a>", reference},
		{"<a>&#x110000;</a>", reference},
		{"<a>&#-1;</a>", reference},
		{"<a>&#" + strings.Repeat("0", 100) + "65;</a>", reference},
		{"<a>\x00</a>", character},
		{"<a>\xff</a>", character},
		{"<a b='\uFFFF'/>", character},
		{"<a>]]></a>", "Text holds ]]>"},
		{"<a><![CDATA[", premature},
		{"<a><![CDA", premature},
		{"<a><![CDA]]></a>", malformed},
		{"<![CDATA[]]><a/>", malformed},
		{"<a><!x></a>", malformed},
		{"<a><!-", premature},
		{"<a><!-- -- --></a>", "Two hyphens within a comment"},
		{"<a><!-- --", premature},
		{"<a><!-- --->", "Two hyphens within a comment"},
		{"<a><?p", premature},
		{"<a><?p!?></a>", "Malformed processing instruction"},
		{"<a><? p?></a>", noName},
		{"<a><?XML p?></a>", "An XML declaration may only be the beginning at line 1, char 3"},
		{" <?xml version='1.0'?><a/>", "An XML declaration may only be the beginning"},
		{"<!DOCTYPE a><a/>", "A document type declaration is not allowed at line 1, char 0"},
		{"<a><!DOCTYPE a></a>", "A document type declaration is not allowed"},
		{"<!DOCTYPE a [<!ENTITY e SYSTEM 'file:///etc/passwd'>]><a>&e;</a>", "A document type declaration is not allowed"},
		{strings.Repeat("<a>", MaxDepth+1), "Elements are nested too deep"},
		{"<?xml?><a/>", "An XML declaration may only be the beginning"},
		{"<?xml version='1.1'?><a/>", prologue},
		{"<?xml encoding='utf-8'?><a/>", prologue},
		{"<?xml version='1.0' standalone='x'?><a/>", prologue},
		{"<?xml version='1.0' x='x'?><a/>", prologue},
		{"<?xml version='1.0", prologue},
		{"<?xml version='1.0'" + strings.Repeat(" ", maxDeclaration) + "encoding='ISO-2022-JP'?><a/>", prologue},
		{"<?xml version='1.0' encoding='klingon'?><a/>", "The encoding of the document is not known at line 1, char 0"},
		{"<?xml version='1.0' encoding=\"UTF-8\" standalone='no' ?>\n<?p?><!----><a\n/ >", "Malformed tag"},
		{"<?xml version = '1.0' encoding=\"UTF-8\" standalone='no' ?>\n<?xml-p?><!----><a\nb = \"'\" ></a \n> <!-- -->\n<?p?>", ""},
		{"\uFEFF<a/>", ""},
		{"<a>&lt;&#10;&#x10FFFF;</a>", ""},
	}
	limits := NoLimits()
	for _, tt := range tests {
		got := ""
		if err := Check([]byte(tt.in), &limits); err != nil {
			got = err.Error()
		}
		if !strings.HasPrefix(got, tt.want) || tt.want == "" && got != "" {
			t.Errorf("Check(%.60q) = %q, want %q", tt.in, got, tt.want)
		}
	}
}

// TestEncodings: a limit counts characters, whatever bytes they are.
func TestEncodings(t *testing.T) {
	utf16le := func(s string) string {
		b := []byte{0xFF, 0xFE}
		for _, u := range utf16.Encode([]rune(s)) {
			b = append(b, byte(u), byte(u>>8))
		}
		return string(b)
	}
	for _, in := range []string{
		"<a>äöü</a>",
		"\uFEFF<a>äöü</a>",
		"<?xml version='1.0' encoding='ISO-8859-1'?><a>\xE4\xF6\xFC</a>",
		"<?xml version='1.0' encoding = \"windows-1252\"?><a>\xE4\xF6\x80</a>",
		utf16le("<?xml version='1.0' encoding='UTF-16'?><a>äöü</a>"),
	} {
		if err := Check([]byte(in), with(Text, 3)); err != nil {
			t.Errorf("%q: %v", in, err)
		}
		if err := Check([]byte(in), with(Text, 2)); err == nil {
			t.Errorf("%q: three characters are no more than two", in)
		}
	}
	limits := NoLimits()
	if err := Check([]byte("<a>\xE4</a>"), &limits); err == nil {
		t.Error("Latin 1 without a declaration is accepted")
	}
}

// TestScannerAllocates nothing while it reads.
func TestScannerAllocates(t *testing.T) {
	src, limits := sample(1<<10), NoLimits()
	var s scanner
	n := testing.AllocsPerRun(100, func() {
		if err := s.check(src, &limits); err != nil {
			t.Fatal(err)
		}
		s.forget()
	})
	if n > 0 {
		t.Errorf("%v allocations", n)
	}
}

func sample(size int) []byte {
	const item = "\n  <o:item id=\"12345\" price='19.990'>\n    <name>Überall &quot;quoted&quot;</name>\n    <!-- tags -->\n    <tag>a</tag><tag>b</tag>\n  </o:item>"
	return []byte("<?xml version='1.0' encoding='UTF-8'?>\n<o:items xmlns:o='urn:example:order'>" + strings.Repeat(item, size/len(item)+1) + "\n</o:items>")
}

func BenchmarkCheck(b *testing.B) {
	for _, size := range []int{1 << 10, 1 << 20} {
		src, limits := sample(size), NoLimits()
		limits.Max[NodeDepth], limits.Max[Text] = 10, 100
		b.Run(fmt.Sprintf("%dKB", size>>10), func(b *testing.B) {
			b.SetBytes(int64(len(src)))
			b.ReportAllocs()
			for b.Loop() {
				if err := Check(src, &limits); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
