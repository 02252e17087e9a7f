package script_test

import (
	"context"
	"testing"

	"sluice/internal/script"
)

// BenchmarkRun is the cost of a script that sets three variables, in a machine of
// its own.
func BenchmarkRun(b *testing.B) {
	for _, tt := range []struct{ name, text string }{
		{"empty", ``},
		{"three variables", `
			var name = context.getVariable("name") || "world";
			context.setVariable("greeting", "Hello " + name);
			context.setVariable("length", name.length);
			context.setVariable("flow.done", true);`},
		{"JSON and headers", `
			var body = JSON.parse(request.content), total = 0;
			for (var i = 0; i < 10; i++) { total += body.a * i; }
			request.headers["X-Total"] = total;
			context.setVariable("result", JSON.stringify({total: total, type: request.headers["Content-Type"] + ""}));
			print("total", total);`},
	} {
		b.Run(tt.name, func(b *testing.B) {
			b.ReportAllocs()
			p, err := script.Compile(script.Source{Name: "main.js", Text: tt.text})
			if err != nil {
				b.Fatal(err)
			}
			w := newWorld().withMessages()
			w.vars["name"] = "Ada"
			env := w.env()
			env.Print = func(string) {}
			for b.Loop() {
				if err := p.Run(context.Background(), env); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
