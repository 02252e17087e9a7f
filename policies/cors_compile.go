package policies

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/beevik/etree"

	"sluice/flow"
)

// What an absent element of CORS stands for.
const (
	corsMethods = "GET, POST, HEAD, OPTIONS"
	corsHeaders = "Origin, Accept, X-Requested-With, Content-Type, Access-Control-Request-Method, Access-Control-Request-Headers"
	corsMaxAge  = 1800
)

// maxCORSHeaders is the longest text of AllowHeaders and of ExposeHeaders, in
// bytes. Apigee documents that there is a limit, not which; this is what common
// servers and browsers take of one header line.
const maxCORSHeaders = 8 << 10

func compileCORS(b *flow.Build, el *etree.Element) flow.Policy {
	b.Known(el, "AllowOrigins", "AllowMethods", "AllowHeaders", "ExposeHeaders", "MaxAge", "AllowCredentials", "GeneratePreflightResponse", "IgnoreUnresolvedVariables")
	p := &cors{
		name:       b.Owner,
		origins:    compileCORSOrigins(b, el),
		methods:    compileCORSMethods(b, el),
		headers:    compileCORSHeaders(b, el, "AllowHeaders", corsHeaders),
		expose:     compileCORSHeaders(b, el, "ExposeHeaders", ""),
		maxAge:     compileCORSMaxAge(b, el),
		generate:   b.Bool(el, "GeneratePreflightResponse", true),
		ignore:     b.Bool(el, "IgnoreUnresolvedVariables", true),
		unresolved: b.Fault("UnresolvedVariable"),
	}
	if b.Text(el, "AllowCredentials") != "" {
		p.credentials = flow.Bool(b.Bool(el, "AllowCredentials", false))
	}
	return p
}

func compileCORSOrigins(b *flow.Build, el *etree.Element) *flow.Template {
	origins := b.Child(el, "AllowOrigins")
	text := flow.TextOf(origins)
	if text == "" {
		b.Refuse(cmp.Or(origins, el), "MissingAllowOrigins")
		return flow.Literal("")
	}
	b.Known(origins)
	t := b.Template(origins, text)
	if list, fixed := t.Static(); fixed {
		checkCORSOrigins(b, origins, list)
	}
	return t
}

// checkCORSOrigins warns of entries that no browser sends.
func checkCORSOrigins(b *flow.Build, el *etree.Element, list string) {
	for entry := range strings.SplitSeq(list, ",") {
		entry = strings.TrimSpace(entry)
		scheme, host, _ := strings.Cut(entry, "://")
		if entry == "*" || entry == "null" || scheme != "" && host != "" && !strings.ContainsAny(host, "/*") {
			continue
		}
		b.Warn(el, "OriginForm", strconv.Quote(entry)+" never equals an Origin header", "write SCHEME://HOST or SCHEME://HOST:PORT, without a slash at the end and without patterns")
	}
}

// corsVerbs are the methods that HTTP has; Apigee documents the error, not its list.
var corsVerbs = []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"}

func compileCORSMethods(b *flow.Build, el *etree.Element) *flow.Template {
	methods := b.Child(el, "AllowMethods")
	t := b.Template(methods, cmp.Or(flow.TextOf(methods), corsMethods))
	list, fixed := t.Static()
	if !fixed || list == "*" {
		return t
	}
	for verb := range strings.SplitSeq(list, ",") {
		verb = strings.TrimSpace(verb)
		if !slices.Contains(corsVerbs, strings.ToUpper(verb)) {
			b.RefuseText(methods, "InvalidHTTPMethods", strconv.Quote(verb)+" is no HTTP method", "write *, or some of "+strings.Join(corsVerbs, ", "))
		}
	}
	return t
}

func compileCORSHeaders(b *flow.Build, el *etree.Element, tag, otherwise string) *flow.Template {
	child := b.Child(el, tag)
	text := cmp.Or(flow.TextOf(child), otherwise)
	if len(text) > maxCORSHeaders {
		b.RefuseText(child, tag+"SizeTooLarge", tag+" is longer than "+strconv.Itoa(maxCORSHeaders)+" bytes", "write *, or fewer headers")
	}
	return b.Template(child, text)
}

func compileCORSMaxAge(b *flow.Build, el *etree.Element) int {
	text := b.Text(el, "MaxAge")
	if text == "" {
		return corsMaxAge
	}
	seconds, err := strconv.Atoi(text)
	if err != nil {
		b.RefuseText(b.Child(el, "MaxAge"), "InvalidMaxAge", strconv.Quote(text)+" is no number of seconds", "write a whole number; -1 keeps browsers from remembering")
	}
	return seconds
}
