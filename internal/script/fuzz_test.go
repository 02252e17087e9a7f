package script_test

import (
	"errors"
	"strconv"
	"testing"
	"time"

	"sluice/internal/script"
)

// FuzzScript runs texts as scripts: whatever they are, they end, and without a panic.
func FuzzScript(f *testing.F) {
	for _, seed := range []string{
		`context.setVariable("a", JSON.parse(request.content).a)`, `for each (var x in [1]) print(x)`, `request.headers["a"] = ["b"]`,
		`response.content.asXML.a.@b[0]`, `var e = httpClient.get("u", function(r) { r.headers.a })`, `crypto.getSHA1().update("x")`,
		`context.session.a = {b: [context, request, httpClient]}`, `throw {toString: 1}`, `new Request().headers.a`, `while (1);`,
		`[].concat(context.getVariable("names")).sort().join()`, `Object.defineProperty(context, "a", {get: function() { return 1 }})`,
		`Object.freeze(request.headers); request.headers.a = 1`, `new Proxy(request, {}).headers`, `class A extends Array {}; new A(3)`,
		`delete context.flow; context.__proto__ = null; context.flow`, `JSON.stringify(this)`, `Object.setPrototypeOf(String.prototype, null); request.content + ""`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 1000 {
			t.Skip()
		}
		stuck := time.AfterFunc(time.Minute, func() { panic("does not end: " + strconv.Quote(text)) })
		defer stuck.Stop()
		p, err := script.Compile(script.Source{Name: "f.js", Text: text})
		if err != nil {
			if ce := (*script.CompileError)(nil); !errors.As(err, &ce) {
				t.Fatalf("%T %v", err, err)
			}
			return
		}
		w := newWorld().withMessages()
		w.vars["names"] = []string{"a", "b"}
		w.send = answering(0)
		env := w.env()
		env.Limit = 50 * time.Millisecond
		if err := p.Run(t.Context(), env); err != nil {
			if failure := (*script.Failure)(nil); !errors.As(err, &failure) {
				t.Fatalf("%T %v", err, err)
			}
		}
	})
}
