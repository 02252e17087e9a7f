package flow

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// templateCase is a block of testdata/templates/*.txt; syntax.txt says how it is
// written.
type templateCase struct {
	line     int
	template string
	options  TemplateOptions
	strict   bool
	exchange *Exchange
	kind     string // "=", "~", "fails", "refused"
	want     string
}

func TestTemplates(t *testing.T) {
	files, err := filepath.Glob("testdata/templates/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, file := range files {
		for _, c := range readTemplateCases(t, file) {
			t.Run(filepath.Base(file)+":"+strconv.Itoa(c.line), func(t *testing.T) { c.check(t) })
		}
	}
}

func (c *templateCase) check(t *testing.T) {
	tmpl, err := CompileTemplate(c.template, c.options)
	if c.kind == "refused" {
		c.checkRefused(t, err)
		return
	}
	if err != nil {
		t.Fatalf("%s: %v", c.template, err)
	}
	if tmpl.String() != c.template {
		t.Errorf("String is %q, not %q", tmpl.String(), c.template)
	}
	got, err := tmpl.Expand(c.exchange, !c.strict)
	appended, appendErr := tmpl.Append([]byte("before "), c.exchange, !c.strict)
	if (err == nil) != (appendErr == nil) || c.kind == "=" && string(appended) != "before "+got {
		t.Errorf("%s: Append gives %q, %v; Expand %q, %v", c.template, appended, appendErr, got, err)
	}
	c.checkResult(t, got, err)
}

func (c *templateCase) checkResult(t *testing.T, got string, err error) {
	if c.kind == "fails" {
		if err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %s", c.template, err, c.want)
		}
		return
	}
	if err != nil {
		t.Fatalf("%s: %v", c.template, err)
	}
	if c.kind == "=" && got != c.want {
		t.Errorf("%s\n got %q\nwant %q", c.template, got, c.want)
	}
	if c.kind == "~" && !regexp.MustCompile("^(?:"+c.want+")$").MatchString(got) {
		t.Errorf("%s: %q does not match %s", c.template, got, c.want)
	}
}

func (c *templateCase) checkRefused(t *testing.T, err error) {
	var te *TemplateError
	if !errors.As(err, &te) {
		t.Fatalf("%s: error %v, want a TemplateError", c.template, err)
	}
	if got := te.Code + " " + strconv.Itoa(te.Offset); got != c.want {
		t.Errorf("%s: %s (%v), want %s", c.template, got, err, c.want)
	}
}

func readTemplateCases(t *testing.T, file string) []*templateCase {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var cases []*templateCase
	var c *templateCase
	lines := strings.Split(string(data), "\n")
	for i := 0; i < len(lines); i++ {
		if lines[i] == "" || lines[i][0] == '#' {
			continue
		}
		at := i + 1
		key, rest, _ := strings.Cut(lines[i], " ")
		for first := true; i+1 < len(lines) && strings.HasPrefix(lines[i+1], "|"); i++ {
			if !first || rest != "" || key == "set" {
				rest += "\n"
			}
			rest, first = rest+lines[i+1][1:], false
		}
		if key == "template" {
			c = &templateCase{line: at, template: rest, exchange: emptyTemplateExchange()}
			cases = append(cases, c)
			continue
		}
		if !c.set(key, rest) {
			t.Fatalf("%s:%d: %s is no word of a case", file, at, key)
		}
	}
	return cases
}

// set takes one line of a case; false tells that there is no such line.
func (c *templateCase) set(key, rest string) bool {
	name, text, _ := strings.Cut(rest, " ")
	if lines := strings.SplitN(name, "\n", 2); len(lines) == 2 {
		name, text = lines[0], "\n"+lines[1]
	}
	put := func(v Value) { c.exchange.Put(name, v) }
	switch key {
	case "=", "~", "fails", "refused":
		c.kind, c.want = key, rest
	case "delimiters":
		c.options.Prefix, c.options.Suffix = name, text
	case "strict":
		c.strict = true
	case "set":
		put(Text(text))
	case "list":
		put(List(strings.Split(text, ",")))
	case "bool":
		put(Bool(text == "true"))
	case "int", "double":
		n, err := strconv.ParseFloat(text, 64)
		if key == "double" {
			put(Float64(n))
		} else {
			put(Int64(int64(n)))
		}
		return err == nil
	case "message":
		m := NewResponse()
		m.SetContent([]byte(text))
		put(MessageValue(m))
	default:
		return false
	}
	return true
}

func TestTemplateStatic(t *testing.T) {
	for text, want := range map[string]string{"": "", "abc": "abc", `"abc"`: "abc", "{ a }": "{ a }"} {
		tmpl := mustTemplate(t, text)
		if got, ok := tmpl.Static(); !ok || got != want {
			t.Errorf("Static of %q is %q, %v", text, got, ok)
		}
	}
	for _, text := range []string{"{a}", "x{a}", "{createUuid()}"} {
		if _, ok := mustTemplate(t, text).Static(); ok {
			t.Errorf("%q is static", text)
		}
	}
	if got, ok := Literal(`"{a}"`).Static(); !ok || got != `"{a}"` {
		t.Errorf("Literal gives %q, %v", got, ok)
	}
}

func TestTemplateNames(t *testing.T) {
	asked := 0
	name := func(s string) *Name { asked++; return ParseName(s) }
	text := `{a} {b:x} {replaceAll(c,'d',e:f)} {substring(request.content,1,-1)} {jsonPath($.x,g)} { h } {f(i, j)} {k`
	tmpl, err := CompileTemplate(text, TemplateOptions{Name: name})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, n := range tmpl.Names() {
		got = append(got, n.String())
	}
	if want := "a b c e request.content g"; strings.Join(got, " ") != want || asked != len(got) {
		t.Errorf("names are %q after %d questions, want %s", got, asked, want)
	}
}

func TestTemplateErrorExcerpt(t *testing.T) {
	_, err := CompileTemplate("first\n\té {nope(a)} end\nlast", TemplateOptions{})
	var te *TemplateError
	if !errors.As(err, &te) {
		t.Fatal(err)
	}
	if want := " é {nope(a)} end\n    ^"; te.excerpt() != want {
		t.Errorf("excerpt\n%s\nwant\n%s", te.excerpt(), want)
	}
	_, err = CompileTemplate(strings.Repeat("x", 200)+"{sha1(a)}"+strings.Repeat("y", 200), TemplateOptions{})
	if !errors.As(err, &te) {
		t.Fatal(err)
	}
	line, caret, _ := strings.Cut(te.excerpt(), "\n")
	if len(line) > 160 || !strings.HasPrefix(line[len(caret)-1:], "sha1(") {
		t.Errorf("excerpt\n%s", te.excerpt())
	}
	if want := "functions: sha1Base64, sha1Hex, sha256Base64, sha256Hex, sha384Base64, sha384Hex, sha512Base64, sha512Hex"; te.Hint != want {
		t.Errorf("hint %q", te.Hint)
	}
}

func TestTemplateEscapeXML11Controls(t *testing.T) {
	x := emptyTemplateExchange()
	x.Put("v", Text("a\x00b\x01\x0B\t\n\x7F\u0085\u0086\uFFFE\U00010000"))
	got, err := mustTemplate(t, "{escapeXML11(v)}").Expand(x, false)
	if want := "ab&#1;&#11;\t\n&#127;\u0085&#134;\U00010000"; err != nil || got != want {
		t.Errorf("got %q, %v, want %q", got, err, want)
	}
}

func TestTemplateUUID(t *testing.T) {
	want := regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)
	tmpl, seen := mustTemplate(t, "{createUuid()}"), map[string]bool{}
	for range 100 {
		got, err := tmpl.Expand(nil, false)
		if err != nil || !want.MatchString(got) || seen[got] {
			t.Fatalf("%q, %v", got, err)
		}
		seen[got] = true
	}
}

// A template cannot use up memory: its result is bounded, and so is xeger's.
func TestTemplateBounds(t *testing.T) {
	x := emptyTemplateExchange()
	x.Put("big", Text(strings.Repeat("x", 1<<20)))
	tmpl := mustTemplate(t, strings.Repeat("{big}", 70))
	if _, err := tmpl.Expand(x, true); !errors.Is(err, ErrTemplateTooBig) {
		t.Errorf("70 MB: %v", err)
	}
	long := "(" + strings.Repeat("x", 1000) + "){1000}"
	for _, pattern := range []string{long, "(((((((((x+)+)+)+)+)+)+)+)+)+", "(((((((((|x)+)+)+)+)+)+)+)+)+", strings.Repeat("x", xegerPattern+1)} {
		x.Put("p", Text(pattern))
		s, err := mustTemplate(t, "{xeger(p)}").Expand(x, true)
		if len(s) > xegerOutput || pattern[0] == 'x' && err == nil || pattern == long && !errors.Is(err, errXegerTooLong) {
			t.Errorf("xeger of %.30s made %d bytes, %v", pattern, len(s), err)
		}
	}
	if _, ok := mustTemplate(t, "{a:"+strings.Repeat("x", maxReference)+"}").Static(); !ok {
		t.Error("a reference above the bound is no literal text")
	}
	for _, piece := range []string{"{a", "{a:", "{a('", "{a(b,", "{a(("} {
		text := strings.Repeat(piece, 20_000)
		if got, ok := mustTemplate(t, text).Static(); !ok || got != text {
			t.Errorf("%s repeated is not literal", piece)
		}
	}
}

// A pattern in a variable is compiled anew only when it changes.
func TestTemplateMemo(t *testing.T) {
	x := emptyTemplateExchange()
	x.Put("v", Text("abc"))
	tmpl := mustTemplate(t, "{replaceAll(v,p,'-')}")
	for _, step := range []struct{ pattern, want string }{{"b", "a-c"}, {"b", "a-c"}, {"c", "ab-"}, {"b", "a-c"}} {
		x.Put("p", Text(step.pattern))
		if got, err := tmpl.Expand(x, false); got != step.want || err != nil {
			t.Errorf("%s: %q, %v, want %q", step.pattern, got, err, step.want)
		}
	}
	call := tmpl.parts[0].call
	before := call.memo.Load()
	if _, err := tmpl.Expand(x, false); err != nil || before == nil || call.memo.Load() != before {
		t.Errorf("compiled again: %v", err)
	}
}

// Templates are shared by all requests; run with -race.
func TestTemplateConcurrently(t *testing.T) {
	tmpl := mustTemplate(t, "{replaceAll(v,p,'-')}{xeger(p)}")
	var all sync.WaitGroup
	for _, pattern := range []string{"a", "b", "c", "d"} {
		all.Go(func() {
			x := emptyTemplateExchange()
			x.Put("v", Text("x"+pattern))
			x.Put("p", Text(pattern))
			for range 200 {
				if got, err := tmpl.Expand(x, false); got != "x-"+pattern || err != nil {
					t.Errorf("%s: %q, %v", pattern, got, err)
				}
			}
		})
	}
	all.Wait()
}

func TestTemplateBodyError(t *testing.T) {
	m := NewResponse()
	m.Header.Set("Content-Encoding", "gzip")
	m.Body.Set([]byte("no gzip"))
	x := emptyTemplateExchange()
	x.Put("m", MessageValue(m))
	for _, text := range []string{"{m}", "a{m}", "{toUpperCase(m)}"} {
		if got, err := mustTemplate(t, text).Expand(x, true); err == nil {
			t.Errorf("%s gives %q", text, got)
		}
	}
}

func TestTemplateAllocations(t *testing.T) {
	x := templateExchange()
	for _, c := range []struct {
		template string
		most     float64
	}{
		{"static text without references", 0},
		{"{user}", 0},
		{`{ "user": "{user}", "app": "{app}", "count": {count} }`, 1},
		{"{user}-{nothing:default}", 1},
	} {
		tmpl := mustTemplate(t, c.template)
		if got := testing.AllocsPerRun(200, func() { _, _ = tmpl.Expand(x, true) }); got > c.most {
			t.Errorf("%s: %v allocations, want at most %v", c.template, got, c.most)
		}
	}
}

func templateExchange() *Exchange {
	x := emptyTemplateExchange()
	x.Put("user", Text("jdoe"))
	x.Put("app", Text("weather-app"))
	x.Put("count", Int(17))
	x.Put("json", Text(`{"a":{"b":["c"]}}`))
	x.Put("pattern", Text("^[a-z]"))
	return x
}

func emptyTemplateExchange() *Exchange {
	return NewExchange(&ProxyInfo{Name: "p"}, &Services{Now: time.Now}, NewRequest())
}

func mustTemplate(t testing.TB, text string) *Template {
	t.Helper()
	tmpl, err := CompileTemplate(text, TemplateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return tmpl
}

func FuzzTemplate(f *testing.F) {
	files, _ := filepath.Glob("testdata/templates/*.txt")
	for _, file := range files {
		data, _ := os.ReadFile(file)
		for line := range bytes.Lines(data) {
			if text, ok := bytes.CutPrefix(line, []byte("template ")); ok {
				f.Add(string(bytes.TrimSuffix(text, []byte("\n"))), "", "")
				f.Add(string(text), "@", "#")
			}
		}
	}
	f.Fuzz(func(t *testing.T, text, prefix, suffix string) {
		tmpl, err := CompileTemplate(text, TemplateOptions{Prefix: prefix, Suffix: suffix})
		if err != nil {
			checkTemplateError(t, text, err)
			return
		}
		x := templateExchange()
		got, err := tmpl.Expand(x, true)
		if err == nil && prefix == "" && !strings.Contains(text, "{") && !strings.Contains(text, `"`) && got != text {
			t.Errorf("%q expands to %q", text, got)
		}
		_, _ = tmpl.Expand(x, false)
		if static, ok := tmpl.Static(); ok && (static != got || err != nil) {
			t.Errorf("%q is static %q, but expands to %q, %v", text, static, got, err)
		}
	})
}

func checkTemplateError(t *testing.T, text string, err error) {
	var te *TemplateError
	if !errors.As(err, &te) || te.Code == "" || te.Message == "" || te.Offset < 0 || te.Offset >= len(text) {
		t.Errorf("%q: %#v", text, err)
		return
	}
	if !strings.HasSuffix(te.excerpt(), "^") {
		t.Errorf("%q: excerpt %q", text, te.excerpt())
	}
}

func BenchmarkTemplate(b *testing.B) {
	x := templateExchange()
	for name, text := range map[string]string{
		"static":    "application/json",
		"one":       "{user}",
		"three":     `{ "user": "{user}", "app": "{app}", "count": {count} }`,
		"escape":    "{escapeJSON(json)}",
		"sha256":    "{sha256Hex(user)}",
		"jsonPath":  "{jsonPath('$.a.b[0]',json)}",
		"regex":     "{replaceAll(user,'^[a-z]','X')}",
		"regexVar":  "{replaceAll(user,pattern,'X')}",
		"timestamp": "{timeFormatUTC('yyyy-MM-dd',count)}",
		"uuid":      "{createUuid()}",
		"xeger":     "{xeger('[a-z]{12}')}",
	} {
		b.Run(name, func(b *testing.B) {
			tmpl := mustTemplate(b, text)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := tmpl.Expand(x, true); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkCompileTemplate(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		_, _ = CompileTemplate(`{ "user": "{user}", "app": "{app:none}", "x": "{escapeJSON(request.content)}" }`, TemplateOptions{})
	}
}
