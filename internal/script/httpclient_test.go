package script_test

import (
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"sluice/internal/script"
)

// answering answers each call after a while: the URL "fail" with an error, others
// with what was sent.
func answering(after time.Duration) func(script.Request) (*script.Call, error) {
	return func(r script.Request) (*script.Call, error) {
		if r.URL == "refused" {
			return nil, errors.New("no such URL")
		}
		c := script.NewCall()
		time.AfterFunc(after, func() {
			if r.URL == "fail" {
				c.Complete(nil, errors.New("connection refused"))
				return
			}
			c.Complete(&message{parts: map[script.Part]any{
				script.Status: int64(200), script.Reason: "OK", script.Content: fmt.Sprintf("%s %s %v %s", r.Method, r.URL, r.Header, r.Body)}}, nil)
		})
		return c, nil
	}
}

func TestHTTPClient(t *testing.T) {
	for _, tt := range []struct{ text, want string }{
		{`var e = httpClient.get("u"); e.waitForComplete(); out(e.isSuccess(), e.isError(), e.isComplete(), e.getResponse().content, e.getError())`, "true false true GET u []  undefined"},
		{`var e = httpClient.get("fail"); e.waitForComplete(); out(e.isSuccess(), e.isError(), e.getError(), e.getResponse())`, "false true connection refused undefined"},
		{`var e = httpClient.get("u"); out(e.isComplete(), e.isSuccess(), e.getResponse())`, "false false undefined"},
		{`var e = httpClient.get("u"); e.waitForComplete(50); out(e.isSuccess())`, "false"},
		{`var e = httpClient.send(new Request("u", "post", {A: "1", B: ["2", 3]}, "body")); e.waitForComplete(); out(e.getResponse().content)`, "POST u [{A 1} {B 2} {B 3}] body"},
		{`var r = new Request(); r.url = "u"; r.method = "PUT"; r.headers["A"] = 1; r.body = {a: 1}; var e = httpClient.send(r); e.waitForComplete(); out(e.getResponse().content)`, `PUT u [{A 1}] {"a":1}`},
		{`var e = httpClient.send({url: "u"}); e.waitForComplete(); out(e.getResponse().status == 200, e.getResponse().content)`, "true GET u [] "},
		{`var e = httpClient.delete("u"); e.waitForComplete(); out(e.getResponse().content)`, "DELETE u [] "},
		{`httpClient.get("u", function(r, e) { out(r.status, r.content, e) }); out("before")`, "before|200 GET u []  undefined"},
		{`httpClient.get("fail", function(r, e) { out(r, e) })`, "undefined connection refused"},
		{`httpClient.get("u", function(r) { out(1); httpClient.get("v", function(r) { out(r.content) }) })`, "1|GET v [] "},
		{`try { httpClient.get("refused") } catch (e) { out(e) }`, "Error: no such URL"},
		{`try { for (;;) httpClient.get("u") } catch (e) { out(e) }`, "Error: a script makes at most 50 HTTP calls"},
		{`var e = httpClient.get("u"); context.setVariable("e", e); context.session.e = e; e = context.getVariable("e"); e.waitForComplete(); out(context.session.e.isSuccess())`, "true"},
	} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld()
			w.send = answering(100 * time.Millisecond)
			err := w.run(t, `var said = []; function out() { said.push(Array.prototype.slice.call(arguments).map(String).join(" ")); context.setVariable("out", said.join("|")) }`+"\n"+tt.text)
			if err != nil || w.vars["out"] != tt.want {
				t.Errorf("%s\ngives %v, %v\nwant  %s", tt.text, w.vars["out"], err, tt.want)
			}
			time.Sleep(time.Second) // calls that nobody waits for
		})
	}
}

// TestWaitingIsBounded: the time limit holds while a script waits, for its calls and
// in callbacks; a callback has a time of its own.
func TestWaitingIsBounded(t *testing.T) {
	for text, limited := range map[string]bool{
		`httpClient.get("u").waitForComplete(); context.setVariable("after", 1)`:                                                true,
		`httpClient.get("u").waitForComplete(1e9); context.setVariable("after", 1)`:                                             true,
		`httpClient.get("u", function() { context.setVariable("ok", 1) })`:                                                      false,
		`httpClient.get("u"); context.setVariable("ok", 1)`:                                                                     false,
		`var e = httpClient.get("u"); e.waitForComplete(10); httpClient.get("u", function() { context.setVariable("ok", 1); })`: false,
	} {
		synctest.Test(t, func(t *testing.T) {
			waitsInTime(t, text, limited)
			time.Sleep(time.Second) // the calls that were left
		})
	}
	waitsInTime(t, `httpClient.get("u", function() { for (;;); })`, true) // virtual time stands still in a loop
}

func waitsInTime(t *testing.T, text string, limited bool) {
	t.Helper()
	p, err := script.Compile(script.Source{Name: "main.js", Text: text})
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld()
	w.send = answering(150 * time.Millisecond)
	env := w.env()
	env.Limit = 50 * time.Millisecond
	err = p.Run(t.Context(), env)
	f := (*script.Failure)(nil)
	if errors.As(err, &f) && f.Kind == script.TimeLimit != limited || (w.vars["ok"] == int64(1)) == limited || w.vars["after"] != nil {
		t.Errorf("%s: %v, %v", text, err, w.vars)
	}
}
