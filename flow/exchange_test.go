package flow

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"sluice/faults"
)

func TestAmbient(t *testing.T) {
	x := newTestExchange()
	x.Response = NewResponse()
	for phase, want := range map[Phase]*Message{
		ProxyRequest: x.Request, TargetRequest: x.Request, TargetResponse: x.Response, ProxyResponse: x.Response, PostClient: x.Response,
	} {
		x.Phase = phase
		if x.Ambient() != want || x.Message("") != want || x.Message("message") != want {
			t.Errorf("in the %s, message is not the %s", phase, want.Kind)
		}
	}
	x.Phase = ProxyRequest
	x.Fail(faults.MustRuntime("GatewayTimeout").New())
	if x.Ambient() != x.Error || x.Message("error") != x.Error || !x.InError() {
		t.Error("in the error state, message is not the error")
	}
}

func TestSetMessage(t *testing.T) {
	for _, c := range []struct {
		phase   Phase
		failed  bool
		name    string
		becomes func(x *Exchange) *Message
	}{
		{ProxyRequest, false, "", func(x *Exchange) *Message { return x.Request }},
		{TargetRequest, false, "message", func(x *Exchange) *Message { return x.Request }},
		{TargetResponse, false, "message", func(x *Exchange) *Message { return x.Response }},
		{ProxyResponse, false, "request", func(x *Exchange) *Message { return x.Request }},
		{ProxyRequest, false, "response", func(x *Exchange) *Message { return x.Response }},
		{ProxyRequest, true, "message", func(x *Exchange) *Message { return x.Error }},
		{ProxyRequest, true, "error", func(x *Exchange) *Message { return x.Error }},
		{ProxyRequest, false, "mine", func(x *Exchange) *Message { return x.Lookup("mine").Message() }},
	} {
		x := newTestExchange()
		x.Phase = c.phase
		if c.failed {
			x.Fail(faults.MustRuntime("GatewayTimeout").New())
		}
		m := NewResponse()
		x.SetMessage(c.name, m)
		if c.becomes(x) != m {
			t.Errorf("in the %s, error state %v: %q is another message", c.phase, c.failed, c.name)
		}
	}
}

// TestNestedNames: what lies below a variable that holds a value, unless the value is
// one that has parts (policies-1.md 0). It can be set all the same.
func TestNestedNames(t *testing.T) {
	for _, c := range []struct {
		held, name string
		value      Value
		apart      bool
	}{
		{"var.color", "var.color.next", Text("red"), false},
		{"var", "var.color.next", Text("red"), false},
		{"var.color", "var.size", Text("red"), true},
		{"var.color", "var.colors", Text("red"), true},
		{"var.color.next", "var.color", Text("red"), true},
		{"var", "var", Text("red"), true},
		{"var", "var.content", Text("red"), false}, // also where the name looks like a part of a message
		{"var.a", "var.a.header.b", Text("red"), false},
		{"var.header", "var.header.b", Text("red"), false},
		{"var", "var.header.b", MessageValue(NewRequest()), true},
		{"var", "var.own", MessageValue(NewRequest()), true},
		{"var", "var.own", ObjectValue(struct{}{}), true},
		{"var", "var.own", Int(0), false},
	} {
		x := newTestExchange()
		if err := x.Set(ParseName(c.held), c.value); err != nil {
			t.Fatal(err)
		}
		if got := x.BelowLeaf(ParseName(c.name)); got == c.apart {
			t.Errorf("%s below %s, which is a %s: %v", c.name, c.held, c.value.Type(), got)
		}
		if err := x.Set(ParseName(c.name), Text("x")); err != nil {
			t.Error(err)
		}
		if got := x.Lookup(c.name).String(); got != "x" {
			t.Errorf("%s after %s is %q", c.name, c.held, got)
		}
	}
}

func TestSetNullRemoves(t *testing.T) {
	x := newTestExchange()
	n := ParseName("a.b")
	for _, v := range []Value{Text("1"), {}} {
		if err := x.Set(n, v); err != nil {
			t.Fatal(err)
		}
	}
	if _, held := x.Held("a.b"); held || !x.Get(n).IsNull() {
		t.Error("null did not remove the variable")
	}
	if err := x.Set(ParseName("a.b.c"), Text("2")); err != nil {
		t.Errorf("below a variable that was removed: %v", err)
	}
	x.Remove("a.b.c")
	if _, held := x.Held("a.b.c"); held {
		t.Error("Remove removed nothing")
	}
}

func TestSetErrorText(t *testing.T) {
	if got, want := (&SetError{"proxy.url"}).Error(), "flow variable proxy.url is read-only"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// TestBodyThatCannotBeRead: Get makes null of it, and Err the fault, once.
func TestBodyThatCannotBeRead(t *testing.T) {
	x := newTestExchange()
	x.Request = formMessage("a=1&b=2")
	x.Request.Limit = 3
	if v := x.Lookup("request.content"); !v.IsNull() {
		t.Errorf("content: %q", v)
	}
	x.Lookup("request.formparam.a")
	if err := x.Err(); err == nil || faultOf(t, err) != "TooBigBody" {
		t.Errorf("%v", err)
	}
	if err := x.Err(); err != nil {
		t.Errorf("a second time: %v", err)
	}
}

func TestResetForgets(t *testing.T) {
	x := newExchangeAtEnd()
	x.Put("mine", Text("secret"))
	x.broken = errors.New("broken")
	x.ran = append(x.ran, &Step{})
	x.Reset()
	if len(x.vars) != 0 || len(x.ran) != 0 || len(x.metrics) != 0 || x.broken != nil || x.last != nil || x.Fault != nil ||
		x.Request != nil || x.Response != nil || x.Error != nil || x.Proxy != nil || x.Flow != (FlowInfo{}) || x.Target.URL != "" {
		t.Errorf("%+v", x)
	}
	if x.ran[:1][0] != nil {
		t.Error("a step of the old deployment is kept alive")
	}
	for i := range maxKept + 1 {
		x.Put(fmt.Sprint(i), Text("x"))
	}
	x.Reset()
	if x.vars != nil {
		t.Error("the memory of an unusual request is kept")
	}
}

func TestRemaining(t *testing.T) {
	x := newExchangeAtStart()
	if got := x.Remaining(time.Minute); got != time.Minute {
		t.Errorf("without a budget: %v", got)
	}
	for left, want := range map[time.Duration]time.Duration{time.Hour: time.Minute, time.Second: time.Second, -time.Second: time.Millisecond} {
		x.Deadline = at.Add(left)
		if got := x.Remaining(time.Minute); got != want {
			t.Errorf("with %v left: %v, want %v", left, got, want)
		}
	}
}

// recorder notes events as text.
type recorder struct{ events []string }

func (r *recorder) Event(_ *Exchange, e Event) {
	parts := []string{fmt.Sprint(e.Kind), e.Name}
	for _, s := range []string{e.Text, e.Value.String()} {
		if s != "" {
			parts = append(parts, s)
		}
	}
	r.events = append(r.events, strings.Join(parts, " "))
}

func TestTracedVariables(t *testing.T) {
	x, r := newTestExchange(), &recorder{}
	x.Observe(r)
	x.Lookup("request.verb")
	if err := x.Set(ParseName("a"), Text("1")); err != nil {
		t.Fatal(err)
	}
	x.Put("b", Int(2))
	want := fmt.Sprintf("%d request.verb GET|%d a 1|%d b 2", GotVariable, SetVariable, SetVariable)
	if got := strings.Join(r.events, "|"); got != want || !x.Traced() {
		t.Errorf("%s, want %s", got, want)
	}
}
