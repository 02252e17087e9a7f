package oas

import (
	"slices"
	"strings"
)

// checkUnknown looks for parameters that the operation does not name. The keys of
// security schemes are named by them. The sentence for headers and cookies is that
// for query parameters: theirs is not known.
func (s *Spec) checkUnknown(op *operation, r *Request, o Options) (ps Problems) {
	if o.OnlyKnownQuery {
		for _, name := range r.Query.QueryNames() {
			if !op.knowsQuery(name) && !slices.Contains(s.queryKeys, name) {
				ps.add(unexpected("Query", name, op))
			}
		}
	}
	if o.OnlyKnownHeaders {
		ps.add(s.unknownHeaders(op, r.Header)...)
	}
	if o.OnlyKnownCookies {
		for _, name := range sortedKeys(cookies(r.Header)) {
			if !find(op.parameters, "cookie", name) && !slices.Contains(s.cookieKeys, name) {
				ps.add(unexpected("Cookie", name, op))
			}
		}
	}
	return ps
}

func unexpected(kind, name string, op *operation) Problem {
	return problem("%s parameter '%s' is unexpected on path \"%s\"", kind, shorten(name), op.path)
}

func (op *operation) knowsQuery(name string) bool {
	return slices.ContainsFunc(op.parameters, func(p *parameter) bool {
		if p.in != "query" {
			return false
		}
		_, owned := p.owns(name)
		return !p.spreads() && p.name == name || p.spreads() && (owned || p.open())
	})
}

// open reports whether any query parameter may be a member of this one.
func (p *parameter) open() bool {
	return p.style == styleForm && (p.shape.others != nil || len(p.shape.members) == 0)
}

func (s *Spec) unknownHeaders(op *operation, fields []Field) (ps Problems) {
	known := func(name string) bool {
		return isTransport(name) || find(op.parameters, "header", name) ||
			slices.ContainsFunc(s.headerKeys, func(key string) bool { return strings.EqualFold(key, name) })
	}
	for i, f := range fields {
		first := slices.IndexFunc(fields, func(other Field) bool { return strings.EqualFold(other.Name, f.Name) })
		if first == i && !known(f.Name) {
			ps.add(unexpected("Header", f.Name, op))
		}
	}
	return ps
}

// transport are headers that clients and proxies send whatever they call.
// Descriptions do not name them; some must not even be named as parameters
// (Accept, Content-Type, Authorization). Which ones Apigee passes over is not
// documented: it must be these, as no request could pass otherwise.
var transport = []string{
	"accept", "accept-charset", "accept-encoding", "accept-language", "authorization", "cache-control", "connection",
	"content-encoding", "content-length", "content-type", "cookie", "date", "dnt", "expect", "forwarded", "from", "host",
	"if-match", "if-modified-since", "if-none-match", "if-range", "if-unmodified-since", "keep-alive", "max-forwards", "origin",
	"pragma", "priority", "proxy-authorization", "range", "referer", "te", "traceparent", "tracestate", "trailer",
	"transfer-encoding", "upgrade", "upgrade-insecure-requests", "user-agent", "via", "x-cloud-trace-context", "x-real-ip",
	"x-request-id",
}

func isTransport(name string) bool {
	name = strings.ToLower(name)
	for _, prefix := range [...]string{"sec-", "x-forwarded-", "x-b3-", "x-envoy-", "x-apigee-", "access-control-request-"} {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return slices.Contains(transport, name)
}
