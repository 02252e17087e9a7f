package script

import (
	"github.com/dop251/goja"
)

var (
	requestNames  = []string{"headers", "queryParams", "method", "body", "url"}
	responseNames = []string{"headers", "content", "status"}
	contentNames  = []string{"asJSON", "asXML", "asForm"}
)

// requestParts are the properties of a request that are a text.
var requestParts = map[string]Part{"method": Method, "url": URL, "protocol": Protocol, "host": Host, "port": Port, "path": Path}

// message is a message of the transaction, null when this flow has none: the page
// says only that it is not in scope then.
func (r *run) message(role Role) goja.Value {
	m := r.env.Message(role)
	if m == nil {
		return goja.Null()
	}
	return r.messageObject(m)
}

// messageHost is a message as an object.
type messageHost struct {
	host
	r *run
	m Message
}

func (h *messageHost) export() any { return h.m }

func (r *run) messageObject(m Message) goja.Value {
	h := &messageHost{r: r, m: m}
	h.names, h.property, h.assign = responseNames, h.of, h.to
	if m.IsRequest() {
		h.names = requestNames
	}
	return r.vm.NewDynamicObject(h)
}

// of makes a property. content and body are the same; so lenient are the scripts.
func (h *messageHost) of(name string) (goja.Value, bool) {
	switch name {
	case "headers":
		return h.r.fields(h.m, Headers), true
	case "content", "body":
		return h.r.content(h.m), false
	}
	if !h.m.IsRequest() {
		if name == "status" {
			return h.r.status(h.m), true
		}
		return nil, false
	}
	if name == "queryParams" {
		return h.r.fields(h.m, QueryParams), true
	}
	if p, ok := requestParts[name]; ok {
		return h.r.part(h.m, p), false
	}
	return nil, false
}

// part is the value of a part, undefined when there is none.
func (r *run) part(m Message, p Part) goja.Value {
	v, err := m.Part(p)
	if err != nil {
		return r.fail(err)
	}
	if v == nil {
		return goja.Undefined()
	}
	return r.vm.ToValue(v)
}

func (h *messageHost) to(name string, v goja.Value) bool {
	switch p, ok := requestParts[name]; {
	case name == "content" || name == "body":
		h.r.setPart(h.m, Content, h.r.payload(v))
	case name == "status" && !h.m.IsRequest():
		h.r.setPart(h.m, Status, textOf(v))
	case ok && h.m.IsRequest():
		h.r.setPart(h.m, p, textOf(v))
	default:
		return false
	}
	return true
}

func (r *run) setPart(m Message, p Part, text string) {
	if err := m.SetPart(p, text); err != nil {
		r.fail(err)
	}
}

// status is the status of a response: an object with code and message that counts
// and prints as its code.
func (r *run) status(m Message) goja.Value {
	h := &host{names: []string{"code", "message"}}
	h.property = func(name string) (goja.Value, bool) {
		switch name {
		case "code":
			return r.part(m, Status), false
		case "message":
			return r.part(m, Reason), false
		case "valueOf":
			return r.method(func(goja.FunctionCall) goja.Value { return r.part(m, Status) }), true
		case "toString":
			return r.method(func(goja.FunctionCall) goja.Value { return r.vm.ToValue(r.part(m, Status).String()) }), true
		}
		return nil, false
	}
	h.assign = func(name string, v goja.Value) bool {
		switch name {
		case "code":
			r.setPart(m, Status, textOf(v))
		case "message":
			r.setPart(m, Reason, textOf(v))
		default:
			return false
		}
		return true
	}
	return r.vm.NewDynamicObject(&statusHost{host: h, r: r, m: m})
}

// statusHost is a status that setVariable takes as a number.
type statusHost struct {
	*host
	r *run
	m Message
}

func (s *statusHost) export() any { return s.r.part(s.m, Status).Export() }

// content is the payload of a message, read as a text, and as what asJSON, asXML and
// asForm make of it. What asJSON gives is a copy: to change the message, it must be
// assigned.
func (r *run) content(m Message) goja.Value {
	v, err := m.Part(Content)
	if err != nil {
		return r.fail(err)
	}
	text, _ := v.(string)
	t := &textObject{r: r, text: text, names: contentNames}
	t.property = func(name string) goja.Value {
		switch name {
		case "asJSON":
			return r.parse(text)
		case "asXML":
			return r.xml(text)
		case "asForm":
			return r.fields(m, FormParams)
		}
		return nil
	}
	t.assign = func(name string, v goja.Value) bool {
		switch name {
		case "asJSON", "asXML":
			r.setPart(m, Content, r.payload(v))
			return true
		}
		return false
	}
	return r.readsAsText(t)
}
