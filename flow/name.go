package flow

import (
	"strconv"
	"strings"
)

// Name is the name of a flow variable, parsed once at deploy: which predefined
// variable or message property it means, or that it is a variable of the
// bundle's own. Names are immutable and safe to share.
type Name struct {
	text string
	root *Variable                // a predefined variable, or nil
	part *property                // a property of a message, or nil
	msg  string                   // with part: the variable that holds the message, "request" or "myMessage"
	from func(*Exchange) *Message // with part: gets an ambient message; nil for "myMessage"
	key  string                   // what stands for NAME in the pattern: a header, a parameter, POLICY
	n    int                      // the index of header.NAME.N, else 0
	dots []string                 // its proper prefixes, longest last, for a variable of the bundle's own
}

// String returns the name as it was written.
func (n *Name) String() string { return n.text }

// Private reports whether the variable must not show in a trace or a log.
func (n *Name) Private() bool { return strings.HasPrefix(n.text, "private.") }

// Predefined reports whether the runtime defines the variable, so that it is
// never a variable of the bundle's own.
func (n *Name) Predefined() bool {
	return n.root != nil || n.from != nil
}

// Message returns the variable that holds the message which n names a part of
// ("request" for request.header.x), or "".
func (n *Name) Message() string {
	if n.part == nil {
		return ""
	}
	return n.msg
}

// ReadsBody reports whether reading the variable needs the payload of its message.
func (n *Name) ReadsBody() bool { return n.part != nil && n.part.body }

// ParseName parses the name of a flow variable. Every text is a name: what the
// runtime does not define is a variable of the bundle's own.
func ParseName(text string) *Name {
	n := &Name{text: text}
	if n.root = predefined[text]; n.root != nil {
		return n
	}
	for i := range families {
		if key, ok := families[i].match(text); ok {
			n.root, n.key = families[i].variable, key
			return n
		}
	}
	for i := 0; i < len(text); i++ {
		if text[i] != '.' {
			continue
		}
		if n.part == nil && n.parsePart(text[i+1:]) {
			n.msg = text[:i]
			n.from = ambient[n.msg]
		}
		n.dots = append(n.dots, text[:i])
	}
	return n
}

// parsePart reads rest as a property of a message.
func (n *Name) parsePart(rest string) bool {
	if p, ok := plainProperties[rest]; ok {
		n.part = p
		return true
	}
	for i := range keyedProperties {
		k := &keyedProperties[i]
		key, ok := strings.CutPrefix(rest, k.prefix)
		if !ok || key == "" {
			continue
		}
		n.part, n.key, n.n = k.split(key)
		return true
	}
	return false
}

// split divides "NAME.values.count" and the like into the property that the
// ending means and NAME.
func (k *keyedProperty) split(key string) (*property, string, int) {
	for _, ending := range [...]struct {
		text string
		part *property
	}{{".values.count", k.count}, {".values.string", k.text}, {".values", k.values}} {
		if name, ok := strings.CutSuffix(key, ending.text); ok && name != "" && ending.part != nil {
			return ending.part, name, 0
		}
	}
	if dot := strings.LastIndexByte(key, '.'); dot > 0 {
		if n, err := strconv.Atoi(key[dot+1:]); err == nil && n > 0 {
			return k.item, key[:dot], n
		}
	}
	return k.one, key, 0
}

// ambient are the messages that always belong to the runtime.
var ambient = map[string]func(*Exchange) *Message{
	"request":  func(x *Exchange) *Message { return x.Request },
	"response": func(x *Exchange) *Message { return x.Response },
	"message":  (*Exchange).Ambient,
	"error":    func(x *Exchange) *Message { return x.Error },
}

// match reports whether text is of the family PREFIX KEY SUFFIX.
func (f *family) match(text string) (key string, ok bool) {
	key, ok = strings.CutPrefix(text, f.prefix)
	if !ok {
		return "", false
	}
	key, ok = strings.CutSuffix(key, f.suffix)
	return key, ok && key != ""
}
