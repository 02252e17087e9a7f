package script

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/dop251/goja"
)

// maxCalls bounds the HTTP calls that one run makes. The number is ours.
const maxCalls = 50

// Request is an HTTP request that a script sends.
type Request struct {
	Method, URL string
	Header      []Field
	Body        string
}

// Field is one header line.
type Field struct{ Name, Value string }

// Call is an HTTP call that a script has begun: Apigee's exchange object. It outlives
// the run that began it: a later script can wait for it.
type Call struct {
	done   chan struct{}
	answer Message
	err    error
}

// NewCall returns a call that is under way.
func NewCall() *Call { return &Call{done: make(chan struct{})} }

// Complete ends the call with an answer, or with an error if there was none.
func (c *Call) Complete(answer Message, err error) {
	c.answer, c.err = answer, err
	close(c.done)
}

func (c *Call) complete() bool {
	select {
	case <-c.done:
		return true
	default:
		return false
	}
}

func (c *Call) wait(ctx context.Context) error {
	select {
	case <-c.done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// callback is a function of a script that waits for an answer.
type callback struct {
	call *Call
	do   goja.Callable
}

// answer calls the function with the response, or with undefined and an error.
func (r *run) answer(c callback) error {
	response, failure := goja.Undefined(), goja.Undefined()
	if c.call.err != nil {
		failure = r.vm.ToValue(c.call.err.Error())
	} else {
		response = r.messageObject(c.call.answer)
	}
	_, err := c.do(goja.Undefined(), response, failure)
	return err
}

// clientMethods are the functions of httpClient, and the method of the request that
// each makes of a mere URL. get and send are documented; the others are lenient.
var clientMethods = map[string]string{"get": "GET", "send": "", "post": "POST", "put": "PUT", "delete": "DELETE"}

// httpClient is the object of that name.
func (r *run) httpClient() goja.Value {
	return r.vm.NewDynamicObject(&host{names: []string{"get", "send"}, property: func(name string) (goja.Value, bool) {
		method, ok := clientMethods[name]
		if !ok {
			return nil, false
		}
		return r.method(func(call goja.FunctionCall) goja.Value { return r.send(method, call) }), true
	}})
}

// send begins a call: of a URL or a Request, and perhaps with a callback.
func (r *run) send(method string, call goja.FunctionCall) goja.Value {
	if r.calls++; r.calls > maxCalls {
		r.throw("Error", fmt.Sprintf("a script makes at most %d HTTP calls", maxCalls))
	}
	c, err := r.env.Send(r.ctx, r.request(method, call.Argument(0)))
	if err != nil {
		r.throw("Error", err.Error())
	}
	if do, ok := goja.AssertFunction(call.Argument(1)); ok {
		r.callbacks = append(r.callbacks, callback{c, do})
	}
	return r.exchange(c)
}

// request reads what a script wants to send.
func (r *run) request(method string, v goja.Value) Request {
	o, ok := v.(*goja.Object)
	if !ok || o.ClassName() == "String" {
		if method == "" {
			method = "GET"
		}
		return Request{Method: method, URL: textOf(v)}
	}
	get := func(name string) goja.Value { return o.Get(name) }
	req := Request{Method: strings.ToUpper(textOf(get("method"))), URL: textOf(get("url"))}
	if req.Method == "" {
		req.Method = "GET"
	}
	if method != "" && method != "GET" {
		req.Method = method
	}
	req.Header = r.headerOf(get("headers"))
	if body := get("body"); !isNothing(body) && textOf(body) != "" {
		req.Body = r.payload(body)
	} else {
		req.Body = r.payload(get("content"))
	}
	return req
}

func (r *run) headerOf(v goja.Value) []Field {
	if isNothing(v) {
		return nil
	}
	o := v.ToObject(r.vm)
	var header []Field
	for _, name := range o.Keys() {
		for _, value := range fieldValues(r.vm, o.Get(name)) {
			header = append(header, Field{name, value})
		}
	}
	return header
}

// requestConstructor is the function Request(url, method, headers, body): all of them
// may be left out, and set as properties.
func (r *run) requestConstructor() goja.Value {
	return r.vm.ToValue(func(call goja.ConstructorCall) *goja.Object {
		o := call.This
		for i, name := range []string{"url", "method", "headers", "body"} {
			v := call.Argument(i)
			if goja.IsUndefined(v) {
				v = r.requestDefault(name)
			}
			r.try(o.Set(name, v))
		}
		return nil
	})
}

func (r *run) requestDefault(name string) goja.Value {
	switch name {
	case "method":
		return r.vm.ToValue("GET")
	case "headers":
		return r.vm.NewObject()
	}
	return r.vm.ToValue("")
}

// exchangeHost is a Call as an object.
type exchangeHost struct {
	host
	call *Call
}

func (h *exchangeHost) export() any { return h.call }

func (r *run) exchange(c *Call) goja.Value {
	h := &exchangeHost{call: c}
	is := func(ok func() bool) (goja.Value, bool) {
		return r.method(func(goja.FunctionCall) goja.Value { return r.vm.ToValue(ok()) }), true
	}
	h.property = func(name string) (goja.Value, bool) {
		switch name {
		case "isComplete":
			return is(c.complete)
		case "isSuccess":
			return is(func() bool { return c.complete() && c.err == nil })
		case "isError":
			return is(func() bool { return c.complete() && c.err != nil })
		case "waitForComplete":
			return r.method(func(call goja.FunctionCall) goja.Value { return r.waitFor(c, call.Argument(0)) }), true
		case "getResponse":
			return r.method(func(goja.FunctionCall) goja.Value { return r.responseOf(c) }), true
		case "getError":
			return r.method(func(goja.FunctionCall) goja.Value { return r.errorOf(c) }), true
		}
		return nil, false
	}
	return r.vm.NewDynamicObject(h)
}

// waitFor waits until the call has ended, or for so many milliseconds; the time
// limit of the script goes on meanwhile.
func (r *run) waitFor(c *Call, millis goja.Value) goja.Value {
	left := time.Until(r.watch.deadline)
	limit := left
	if n := millis.ToInteger(); n > 0 && time.Duration(n) < left/time.Millisecond {
		limit = time.Duration(n) * time.Millisecond
	}
	ctx, cancel := context.WithTimeout(r.ctx, limit)
	defer cancel()
	err := c.wait(ctx)
	switch {
	case r.ctx.Err() != nil:
		return r.fail(r.ctx.Err())
	case errors.Is(err, context.DeadlineExceeded) && limit == left:
		r.vm.Interrupt(overTime(r.env.Limit))
	}
	return goja.Undefined()
}

func (r *run) responseOf(c *Call) goja.Value {
	if !c.complete() || c.err != nil {
		return goja.Undefined()
	}
	return r.messageObject(c.answer)
}

func (r *run) errorOf(c *Call) goja.Value {
	if !c.complete() || c.err == nil {
		return goja.Undefined()
	}
	return r.vm.ToValue(c.err.Error())
}
