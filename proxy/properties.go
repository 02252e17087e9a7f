package proxy

import (
	"strconv"
	"strings"
	"time"

	"github.com/beevik/etree"

	"sluice/flow"
)

// proxyProperties are the properties of an HTTPProxyConnection (runtime.md 8).
// Unknown names are ignored: real bundles carry misspelt ones.
type proxyProperties struct {
	streamRequest, streamResponse bool
	requestLimit, responseLimit   int64
	compression                   string
	apiTimeout                    time.Duration
	cutsOff                       bool // api.timeout is given: it also ends what the target still sends
	forwardedFor                  bool
	allowDuplicates               []string // header names that may repeat
	keepPlusAlways                bool     // request.queryparams.ignore.content.type.charset
	refusedMethods                map[string]bool
	allowedMethods                map[string]bool
	postWithoutLength             bool
	putWithoutLength              bool
}

// defaultAPITimeout is the ingress timeout of Apigee X.
const defaultAPITimeout = 300 * time.Second

// propertyMap reads Properties/Property of a connection, names in lower case.
func propertyMap(el *etree.Element) map[string]*etree.Element {
	m := map[string]*etree.Element{}
	for _, p := range flow.Children(flow.Child(el, "Properties"), "Property") {
		m[strings.ToLower(strings.TrimSpace(p.SelectAttrValue("name", "")))] = p
	}
	return m
}

// propertyReader reads properties and reports values that make no sense.
type propertyReader struct {
	b *flow.Build
	m map[string]*etree.Element
}

func (r propertyReader) text(name string) string { return flow.TextOf(r.m[name]) }

func (r propertyReader) flag(name string, def bool) bool {
	text := r.text(name)
	switch strings.ToLower(text) {
	case "":
		return def
	case "true":
		return true
	case "false":
		return false
	}
	r.bad(name, text, "true or false")
	return def
}

func (r propertyReader) millis(name string, def time.Duration) time.Duration {
	text := r.text(name)
	if text == "" {
		return def
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		r.bad(name, text, "a number of milliseconds")
		return def
	}
	return time.Duration(n) * time.Millisecond
}

// size reads a payload limit such as 15M: 10M to 30M on Apigee, any here.
func (r propertyReader) size(name string) int64 {
	text := strings.ToLower(r.text(name))
	if text == "" {
		return 0
	}
	unit := int64(1)
	switch text[len(text)-1] {
	case 'm':
		unit, text = 1<<20, text[:len(text)-1]
	case 'k':
		unit, text = 1<<10, text[:len(text)-1]
	}
	n, err := strconv.ParseInt(text, 10, 32)
	if err != nil || n <= 0 {
		r.bad(name, r.text(name), "a size such as 15M")
		return 0
	}
	return n * unit
}

func (r propertyReader) list(name string) []string {
	var items []string
	for part := range strings.SplitSeq(r.text(name), ",") {
		if part = strings.TrimSpace(part); part != "" {
			items = append(items, part)
		}
	}
	return items
}

func (r propertyReader) compression() string {
	text := strings.ToLower(r.text("compression.algorithm"))
	switch text {
	case "", "gzip", "deflate", "none":
		return text
	}
	r.bad("compression.algorithm", text, "gzip, deflate or none")
	return ""
}

func (r propertyReader) bad(name, text, want string) {
	r.b.RefuseText(r.m[name], "InvalidProperty", "property "+name+": "+quoted(text)+" is not "+want, "write "+want)
}

func readProxyProperties(b *flow.Build, el *etree.Element) proxyProperties {
	r := propertyReader{b, propertyMap(el)}
	p := proxyProperties{
		streamRequest: r.flag("request.streaming.enabled", false), streamResponse: r.flag("response.streaming.enabled", false),
		requestLimit: r.size("request.payload.parse.limit"), responseLimit: r.size("response.payload.parse.limit"),
		compression: r.compression(), apiTimeout: r.millis("api.timeout", defaultAPITimeout), cutsOff: r.text("api.timeout") != "",
		forwardedFor:      r.flag("x-forwarded-for", false),
		allowDuplicates:   append(r.list("httpheader.allowduplicates"), r.list("httpheader.multivalued")...),
		keepPlusAlways:    r.flag("request.queryparams.ignore.content.type.charset", false),
		postWithoutLength: r.flag("allow.post.without.content.length", false),
		putWithoutLength:  r.flag("allow.put.without.content.length", false),
	}
	for _, name := range [...]string{"allow.http10", "allow.http11"} {
		if !r.flag(name, true) {
			b.Warn(r.m[name], "UnusedElement", "property "+name+" has no effect: HTTP/1.0 and HTTP/1.1 are always served", "remove the property")
		}
	}
	for name := range r.m {
		method, ok := strings.CutPrefix(name, "allow.http.method.")
		if !ok {
			continue
		}
		if r.flag(name, true) {
			p.allowedMethods = with(p.allowedMethods, strings.ToUpper(method))
		} else {
			p.refusedMethods = with(p.refusedMethods, strings.ToUpper(method))
		}
	}
	return p
}

func with(set map[string]bool, key string) map[string]bool {
	if set == nil {
		set = map[string]bool{}
	}
	set[key] = true
	return set
}
