package script_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"sluice/internal/script"
)

// TestFailures compares how scripts fail: kind, text and place. The first are the
// playbook's own examples.
func TestFailures(t *testing.T) {
	const engine, thrown, memory, security = script.Engine, script.Thrown, script.OutOfMemory, script.Security
	for _, tt := range []struct {
		text string
		kind script.Kind
		want string
	}{
		{"var d = new Date('nonsense');\nd.toISOString()", engine, `RangeError: Date is invalid (main.js:2)`},
		{"var n = 12.3456;\nn.toPrecision(400)", engine, `RangeError: Precision out of range (main.js:2)`},
		{"\n\nvar t = parseInt('1') * parseInt(price);", engine, `ReferenceError: "price" is not defined (main.js:3)`},
		{"var i = '<city>';\nJSON.parse(i)", engine, `SyntaxError: Unexpected token: < (main.js:2)`},
		{"var n = 100;\nn.toUpperCase();", engine, `TypeError: Cannot find function toUpperCase in object (main.js:2)`},
		{"var o = 'x';\n\no.cars.length", engine, `TypeError: Cannot read property "length" from undefined (main.js:3)`},
		{"var s = '75%-Completed';\ndecodeURIComponent(s)", engine, `URIError: Malformed URI sequence (main.js:2)`},

		{"JSON.parse('')", engine, `SyntaxError: Unexpected end of input (main.js:1)`},
		{"JSON.parse('{} x')", engine, `SyntaxError: Unexpected token after the end (main.js:1)`},
		{"new Array(-1)", engine, `RangeError: Inappropriate array length (main.js:1)`},
		{"var f = 1; f()", engine, `TypeError: 1 is not a function (main.js:1)`},
		{"throw 'x'", thrown, `x (main.js:1)`},
		{"throw {a: 1}", thrown, `[object Object] (main.js:1)`},
		{"throw null", thrown, `null (main.js:1)`},
		{"throw new Error('boom')", thrown, `Error: boom (main.js:1)`},
		{"function E() {}; E.prototype.toString = function() { return 'own' }; throw new E()", thrown, `own (main.js:1)`},
		{"throw {toString: function() { throw 1 }}", thrown, `an object without a text (main.js:1)`},
		{"var e = new Error('m'); e.name = 'Mine'; throw e", thrown, `Mine: m (main.js:1)`},
		{"request.none.x", engine, `TypeError: Cannot read property "x" from undefined (main.js:1)`},
		{"crypto.getHash('CRC')", thrown, `Error: no hash is called CRC (main.js:1)`},
		{"crypto.wsSecRsaSign('', {})", thrown, `Error: crypto.wsSecRsaSign is not available (main.js:1)`},
		{"crypto.dateFormat('bad')", thrown, `Error: bad pattern (main.js:1)`},
		{"request.content.asXML", thrown, `TypeError: The content is no XML: there is no XML element (main.js:1)`},
		{"context.setVariable('a', (function() { var o = {}; o.o = o; return o })())", thrown, `TypeError: Converting circular structure to JSON`},
		{"eval('((')", thrown, `SyntaxError: `},

		{"\nvar s = new java.lang.String('x')", security, `ReferenceError: java is not available: a script reaches no Java class (main.js:2)`},
		{"importPackage(1)", security, `ReferenceError: importPackage is not available: a script reaches no Java class (main.js:1)`},
		{"typeof java == 'undefined' || java; throw 'typeof works'", thrown, `typeof works (main.js:1)`},

		{"function f() { f() }\nf()", memory, `RangeError: functions call each other deeper than 2000 (main.js:1)`},
		{"var o = {toString: function() { return '' + this }};\n'' + o", memory, `RangeError: functions call each other deeper than 2000 (main.js:1)`},
		{"throw '" + strings.Repeat("x", 5000) + "'", thrown, strings.Repeat("x", 2048) + "... (main.js:1)"},
	} {
		err := newWorld().withMessages().run(t, tt.text)
		var f *script.Failure
		if !errors.As(err, &f) {
			t.Errorf("%s: %v is no failure", tt.text, err)
			continue
		}
		if f.Kind != tt.kind || !strings.HasPrefix(f.Error(), tt.want) {
			t.Errorf("%s\nfails with %d %s\nwant       %d %s", tt.text, f.Kind, f, tt.kind, tt.want)
		}
	}
}

// TestIncludes runs several files in one scope, and blames the right one.
func TestIncludes(t *testing.T) {
	p, err := script.Compile(
		script.Source{Name: "lib.js", Text: "const K = 2;\nfunction twice(n) { return n.x.y * K }"},
		script.Source{Name: "main.js", Text: "let result = twice;\ncontext.setVariable('r', K);\nresult({})"})
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld()
	for range 2 { // the second run finds nothing of the first
		err = p.Run(t.Context(), w.env())
		if f := (*script.Failure)(nil); !errors.As(err, &f) || f.File != "lib.js" || f.Line != 2 || w.vars["r"] != int64(2) {
			t.Errorf("got %v and %v, want a failure in lib.js:2", err, w.vars)
		}
	}
}

// TestIsolation looks for what one run leaves for the next.
func TestIsolation(t *testing.T) {
	p, err := script.Compile(script.Source{Name: "main.js", Text: `
		if (typeof leaked !== 'undefined' || Object.prototype.leaked || JSON.leaked || [].leaked || context.leaked) throw 'leaked';
		leaked = 1; Object.prototype.leaked = 1; JSON.leaked = 1; Array.prototype.leaked = 1; context.leaked = 1; JSON.parse = null;`})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := p.Run(t.Context(), newWorld().env()); err != nil {
			t.Fatal(err)
		}
	}
}

// TestConcurrentRuns shares a program between requests.
func TestConcurrentRuns(t *testing.T) {
	p, err := script.Compile(script.Source{Name: "main.js", Text: `
		var n = context.getVariable("n");
		for (var i = 0; i < 100; i++) n = JSON.parse(JSON.stringify({n: n + 1})).n;
		context.setVariable("n", /^1\d\d$/.test(n) ? n : "wrong");`})
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			w := newWorld()
			w.vars["n"] = int64(i)
			if err := p.Run(t.Context(), w.env()); err != nil || w.vars["n"] != int64(i+100) {
				t.Errorf("got %v, %v", w.vars["n"], err)
			}
		})
	}
	all.Wait()
}

// TestEnvErrors end the run, although the script catches everything.
func TestEnvErrors(t *testing.T) {
	broken := errors.New("the body is too big")
	for _, text := range []string{
		`try { context.getVariable("request.content") } catch (e) {} finally { context.setVariable("after", 1) }`,
		`try { context.setVariable("a", 1) } catch (e) {}; context.setVariable("after", 1)`,
	} {
		w := newWorld()
		w.err = broken
		if err := w.run(t, text); !errors.Is(err, broken) {
			t.Errorf("%s gives %v", text, err)
		}
		if w.vars["after"] != nil {
			t.Errorf("%s goes on", text)
		}
	}
	for _, text := range []string{`request.content`, `request.headers.a`, `request.content = 1`, `request.method`, `for (var k in request.headers);`, `request.headers.a = 1`, `delete request.headers.a`} {
		w := newWorld().withMessages()
		w.messages[script.RequestMessage].(*message).err = broken
		if err := w.run(t, "try { "+text+" } catch (e) {}"); !errors.Is(err, broken) {
			t.Errorf("%s gives %v", text, err)
		}
	}
}

// TestTimeLimit stops scripts that do not end by themselves.
func TestTimeLimit(t *testing.T) {
	for _, text := range []string{
		`while (true);`,
		`for (;;) { try { for (;;); } catch (e) {} finally { for (;;); } }`,
		`[1,2].sort(function() { for (;;); })`,
		`throw {toString: function() { for (;;); }}`,
		`context.setVariable("x", {toJSON: function() { for (;;); }})`,
	} {
		p, err := script.Compile(script.Source{Name: "main.js", Text: text})
		if err != nil {
			t.Fatal(err)
		}
		env := newWorld().env()
		env.Limit = 30 * time.Millisecond
		err = p.Run(t.Context(), env)
		if f := (*script.Failure)(nil); !errors.As(err, &f) || f.Kind != script.TimeLimit || !strings.HasPrefix(f.Error(), "Javascript runtime exceeded limit of 30ms") {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// TestRequestEnds stops a script whose client has gone.
func TestRequestEnds(t *testing.T) {
	p, err := script.Compile(script.Source{Name: "main.js", Text: `for (;;);`})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if err := p.Run(ctx, newWorld().env()); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
}

// TestRegexpLimit: a backtracking expression ends, as one that does not match.
func TestRegexpLimit(t *testing.T) {
	w := newWorld()
	start := time.Now()
	if err := w.run(t, `context.setVariable("m", /^(?=(a+)+$)b/.test("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!"))`); err != nil {
		t.Fatal(err)
	}
	if w.vars["m"] != false || time.Since(start) > time.Minute {
		t.Errorf("got %v after %v", w.vars["m"], time.Since(start))
	}
}

// TestMemory stops a script that fills the memory, before its time is over.
func TestMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("takes 500 MB")
	}
	for _, text := range []string{
		`var a = []; for (;;) a.push({a: [1, 2, 3], b: "x" + a.length});`,
		`var s = "0123456789", a = []; for (;;) a.push(s += "x");`,
	} {
		w := newWorld()
		w.limit = 5 * time.Minute // the race detector makes filling it slow
		err := w.run(t, text)
		if f := (*script.Failure)(nil); !errors.As(err, &f) || f.Kind != script.OutOfMemory {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// TestGuards gives built-in functions what a client could make them take.
func TestGuards(t *testing.T) {
	deep := strings.Repeat("[", 5<<20)
	for _, tt := range []struct{ text, want string }{
		{`JSON.parse(context.getVariable("deep"))`, "SyntaxError: JSON is nested too deep"},
		{`request.content.asJSON`, "SyntaxError: JSON is nested too deep"},
		{`request.content.asXML`, "TypeError: The content is no XML"},
		{`eval(context.getVariable("deep"))`, "SyntaxError: code of this size"},
		{`new Function(context.getVariable("deep"))`, "SyntaxError: code of this size"},
		{`Function(context.getVariable("bangs"))`, "SyntaxError: code of this size"},
		{`"0123456789".repeat(1e9)`, "RangeError: Invalid string length"},
		{`"a".padEnd(1e12)`, "RangeError: Invalid string length"},
		{`"a".padStart(Infinity)`, "RangeError: Invalid string length"},
		{`new Array(4e9).join("x")`, "RangeError: Invalid array length"},
		{`Array(1e9)`, "RangeError: Invalid array length"},
		{`Array.from({length: 1e9})`, "RangeError: Invalid array length"},
		{`var a = []; a.length = 4e9; Array.prototype.fill.call(a, 1)`, "RangeError: Invalid array length"},
		{`var a = []; a.length = 4e9; a.join("x" || Array)`, "RangeError: Invalid array length"},
		{`Array.prototype.indexOf.call({length: 1e15}, 1)`, "RangeError: Invalid array length"},
		{`[].slice.call(JSON.parse('{"length": 9e15}'))`, "RangeError: Invalid array length"},
		{`new ArrayBuffer(8e9)`, "RangeError: Invalid array length"},
		{`new Uint8Array(8e9)`, "RangeError: Invalid array length"},
		{`new Float64Array({length: 8e9})`, "RangeError: Invalid array length"},
	} {
		w := newWorld().withMessages()
		w.vars["deep"], w.vars["bangs"] = deep, strings.Repeat("!", 1<<20)
		w.messages[script.RequestMessage].(*message).parts[script.Content] = deep
		if strings.Contains(tt.text, "asXML") {
			w.messages[script.RequestMessage].(*message).parts[script.Content] = strings.Repeat("<a>", 1<<20)
		}
		err := w.run(t, tt.text)
		if err == nil || !strings.HasPrefix(err.Error(), tt.want) && !strings.Contains(err.Error(), "Inappropriate array length") {
			t.Errorf("%s: %.200v, want %s", tt.text, err, tt.want)
		}
	}
}

// TestGuardsAreInvisible uses the guarded functions as scripts do.
func TestGuardsAreInvisible(t *testing.T) {
	for _, expression := range []string{
		`new Array(3).length === 3`, `Array(1, 2).join() === "1,2"`, `[] instanceof Array`, `Array.isArray(new Array())`,
		`Array.from("abc").length === 3`, `Array.prototype.slice.call([1,2], 1)[0] === 2`, `new Array("4e9")[0] === "4e9"`,
		`Array.apply(null, Array(3)).map(function(_, i) { return i }).join() === "0,1,2"`, `new Uint8Array([1, 2])[1] === 2`,
		`new Uint8Array(new ArrayBuffer(8)).length === 8`, `new Array(5).fill(7).join("") === "77777"`,
		`"ab".repeat(2) === "abab"`, `"".repeat(1e9) === ""`, `"a".padStart(3, "-") === "--a"`, `"a".repeat() === ""`,
		`JSON.parse('{"a":[1]}').a[0] === 1`, `JSON.parse("[1]", function(k, v) { return k === "0" ? 2 : v })[0] === 2`,
		`(function() { try { JSON.parse("{") } catch (e) { return e instanceof SyntaxError } })()`,
		`(function() { try { "a".repeat(-1) } catch (e) { return e instanceof RangeError } })()`,
		`new Function("a", "return a + 1")(1) === 2`, `(function() {}) instanceof Function`, `eval("1 + 1") === 2`,
		`[].constructor === Array && (function() {}).constructor === Function`, `(function() { class A extends Array { twice() { return this.length * 2 } }; return new A(3).twice() === 6 })()`,
		`typeof Array === "function" && Array.name === "Array"`, `Object.keys("".constructor.prototype).length === 0`,
	} {
		w := newWorld()
		if err := w.run(t, `context.setVariable("ok", `+expression+`)`); err != nil || w.vars["ok"] != true {
			t.Errorf("%s: %v %v", expression, w.vars["ok"], err)
		}
	}
}

// TestCompileErrors compares place, message and hint.
func TestCompileErrors(t *testing.T) {
	for _, tt := range []struct{ text, want, hint string }{
		{"var a = 1;\nif (", "main.js:2:5: Unexpected end of input", ""},
		{"var class = 1", "main.js:1:5: Unexpected token class", ""},
		{"\nconst x;", "main.js:2:", ""},
		{"return 1", "main.js:1:1: Illegal return statement", "inside a function"},
		{"var a = <x/>;", "main.js:1:9: Unexpected token <", "E4X"},
		{"for each (var x in y\n) {}", "main.js:1:5: ", "for each"},
		{strings.Repeat("(", 1<<20), "main.js: brackets are nested deeper", ""},
		{strings.Repeat(" ", 2<<20), "main.js: the script has 2097152 bytes", "divide"},
		{"a;\n//# sourceMappingURL=/etc/passwd", "", ""},
	} {
		_, err := script.Compile(script.Source{Name: "main.js", Text: tt.text})
		if tt.want == "" {
			if err != nil {
				t.Errorf("%.40s: %v", tt.text, err)
			}
			continue
		}
		var ce *script.CompileError
		if !errors.As(err, &ce) || !strings.HasPrefix(ce.Error(), tt.want) || !strings.Contains(ce.Hint, tt.hint) {
			t.Errorf("%.40s: %v %+v, want %s", tt.text, err, ce, tt.want)
		}
	}
}

// TestRhino runs what only Rhino reads.
func TestRhino(t *testing.T) {
	w := newWorld().withMessages()
	w.messages[script.RequestMessage].(*message).parts[script.Content] = `<?xml version="1.0"?><!-- c --><o n="1"><i id="a">x</i><!-- d --><i id="b">y</i></o>`
	err := w.run(t, `
		var s = "";
		for each (var v in [1, 2, 3]) { s += v }
		for each (v in {a: "p", b: "q"}) s += v;
		for each (var item in request.content.asXML.i) { s += item.@id + item; }
		context.setVariable("s", s + request.content.asXML.@n);`)
	if err != nil || fmt.Sprint(w.vars["s"]) != "123pqaxby1" {
		t.Errorf("got %v, %v", w.vars["s"], err)
	}
}

// TestXML reads documents as E4X does.
func TestXML(t *testing.T) {
	const doc = `<?xml version="1.0" encoding="ISO-8859-1"?>
<y:rss xmlns:y="urn:y" version="2"><channel><item id="1"><t>A &amp; B</t></item><item id="2"><t>C</t></item></channel><!-- gone --><n>5</n></y:rss>
<!-- after -->`
	for _, tt := range []struct{ expression, want string }{
		{`x.n`, "5"}, {`+x.n + +x.n`, "10"}, {`x.channel.item[1].t`, "C"}, {`x.channel.item[0].t`, "A & B"},
		{`x.channel.item.length()`, "2"}, {`x.channel.item.t`, "<t>A &amp; B</t>\n<t>C</t>"}, {`x["@version"]`, "2"},
		{`x.channel.item["@id"]`, "12"}, {`x.attribute("version")`, "2"}, {`x.none`, ""}, {`x.none.deeper.length()`, "0"},
		{`x.channel.children().length()`, "2"}, {`x.localName()`, "rss"}, {`x.n.toXMLString()`, "<n>5</n>"}, {`x["*"].length()`, "2"},
		{`x.n.split("")[0]`, "5"}, {`x.channel.item[7]`, "undefined"}, {`JSON.stringify({a: x.n})`, `{"a":"5"}`},
		{`("" + x).indexOf("gone") + ("" + x).indexOf("after") + ("" + x).indexOf("<?xml")`, "-3"},
		{`new XML("<a><b>1</b></a>").b`, "1"}, {`x.n == 5`, "true"}, {`x["y:channel"].item.length()`, "2"},
	} {
		w := newWorld().withMessages()
		w.messages[script.RequestMessage].(*message).parts[script.Content] = doc
		err := w.run(t, `var x = request.content.asXML; context.setVariable("r", String(`+tt.expression+`))`)
		if got := fmt.Sprint(w.vars["r"]); err != nil || got != tt.want && !(tt.want == "" && got == "") {
			t.Errorf("%s is %q, want %q: %v", tt.expression, got, tt.want, err)
		}
	}
}

// TestCompileOfLongChains: what makes the parser or the compiler recurse without
// brackets must not exhaust the stack within the size of a script; nothing could
// catch that.
func TestCompileOfLongChains(t *testing.T) {
	const size = 64 << 10 // four times what eval takes
	// Others ("1+", "-~", "a||") take the compiler a time that grows with the square
	// of their number, and are left out.
	for _, part := range []string{"!", "a,", "a.", "if(1)", "x?x:", "x?", "a=", "new ", "typeof ", "do ", "a**", "for(;;)", "await "} {
		text := strings.Repeat(part, size/len(part)-1) + "1"
		p, err := script.Compile(script.Source{Name: "main.js", Text: text})
		t.Logf("%q: %.80v", part, err)
		if err == nil {
			env := newWorld().env()
			env.Limit = time.Second
			_ = p.Run(t.Context(), env) // any failure is fine
		}
	}
}
