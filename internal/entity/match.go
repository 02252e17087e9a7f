package entity

import (
	"slices"
	"strings"
)

// Call is what a caller wants to use.
type Call struct {
	Environment string
	Proxy       string
	BasePath    string // of the ProxyEndpoint
	Suffix      string // path after the base path, begins with "/" or is empty
	Method      string
	Operation   string // of the payload, as ParsePayload finds it; "" for none
}

// Match is the part of a product that lets a call through.
type Match struct {
	Product   *Product
	Config    *OperationConfig // nil when the product has apiResources instead
	Operation *Operation       // nil as well
	Resource  string           // the pattern that matched, or the payload's operation; "" when the product names none
}

// Quota returns the quota that holds for the match: that of its operations when
// they have one, otherwise the product's.
func (m Match) Quota() QuotaLimit {
	if m.Config != nil && m.Config.Quota != nil && m.Config.Quota.Limit != "" {
		return *m.Config.Quota
	}
	return QuotaLimit{m.Product.Quota, m.Product.QuotaInterval, m.Product.QuotaTimeUnit}
}

// Match reports whether the product lets the call through.
//
// A product with an operation group is matched by its operations alone; one
// without, by its proxies and apiResources (Apigee: "API product configuration").
// A product that names no environment or no proxy is good for all of them.
func (p *Product) Match(c Call) (Match, bool) {
	if len(p.Environments) > 0 && !slices.Contains(p.Environments, c.Environment) {
		return Match{}, false
	}
	if p.hasOperations() {
		if c.Operation != "" && p.limitsPayload(c.Proxy) {
			return p.matchPayload(c)
		}
		return p.matchOperations(c)
	}
	if len(p.Proxies) > 0 && !slices.Contains(p.Proxies, c.Proxy) {
		return Match{}, false
	}
	if len(p.APIResources) == 0 {
		return Match{Product: p}, true
	}
	whole := c.BasePath + c.Suffix
	for _, pattern := range p.APIResources {
		if pattern == "" || matchResource(pattern, c.Suffix) || matchResource(pattern, whole) {
			return Match{Product: p, Resource: pattern}, true
		}
	}
	return Match{}, false
}

// HasResource reports whether one of the product's apiResources or operations,
// of any proxy and method, covers the path or is written just like it.
func (p *Product) HasResource(path string) bool {
	covers := func(pattern string) bool { return pattern == path || matchResource(pattern, path) }
	if !p.hasOperations() {
		return len(p.APIResources) == 0 || slices.ContainsFunc(p.APIResources, covers)
	}
	for _, group := range []*OperationGroup{p.OperationGroup, p.LLMGroup} {
		if group != nil && slices.ContainsFunc(group.Configs, func(c OperationConfig) bool { return c.has(covers) }) {
			return true
		}
	}
	return false
}

func (c *OperationConfig) has(covers func(resource string) bool) bool {
	has := func(o Operation) bool { return covers(o.Resource) }
	return slices.ContainsFunc(c.Operations, has) || slices.ContainsFunc(c.LLMOperations, has)
}

func (p *Product) hasOperations() bool {
	return p.OperationGroup != nil && len(p.OperationGroup.Configs) > 0 ||
		p.GraphQLGroup != nil && len(p.GraphQLGroup.Configs) > 0 ||
		p.LLMGroup != nil && len(p.LLMGroup.Configs) > 0 ||
		p.PayloadGroup != nil && len(p.PayloadGroup.Configs) > 0
}

// matchOperations looks at all operations and takes the most specific one, the
// longest pattern, because operations of one product overlap: / and /orders/**
// with different quotas.
func (p *Product) matchOperations(c Call) (best Match, found bool) {
	for _, group := range []*OperationGroup{p.OperationGroup, p.LLMGroup} {
		if group == nil {
			continue
		}
		for i := range group.Configs {
			config := &group.Configs[i]
			if config.APISource != c.Proxy {
				continue
			}
			if o := config.closest(c); o != nil && (!found || len(o.Resource) > len(best.Resource)) {
				best, found = Match{p, config, o, o.Resource}, true
			}
		}
	}
	return best, found
}

// limitsPayload reports whether the product names operations of the proxy's payloads.
// Then what it does not name is not let through because a path is.
func (p *Product) limitsPayload(proxy string) bool {
	return p.PayloadGroup != nil && slices.ContainsFunc(p.PayloadGroup.Configs, func(c OperationConfig) bool { return c.APISource == proxy })
}

// matchPayload looks for the operation of the payload. Google's examples name each
// operation in full; whether Apigee knows wildcards there is not known.
func (p *Product) matchPayload(c Call) (Match, bool) {
	for i := range p.PayloadGroup.Configs {
		config := &p.PayloadGroup.Configs[i]
		at := slices.IndexFunc(config.Operations, func(o Operation) bool { return o.Name == c.Operation })
		if at >= 0 && config.APISource == c.Proxy {
			return Match{p, config, &config.Operations[at], c.Operation}, true
		}
	}
	return Match{}, false
}

// closest is the most specific operation that allows the call, nil for none.
func (c *OperationConfig) closest(call Call) (best *Operation) {
	for _, list := range [...][]Operation{c.Operations, c.LLMOperations} {
		for i := range list {
			if o := &list[i]; (best == nil || len(o.Resource) > len(best.Resource)) && o.allows(call) {
				best = o
			}
		}
	}
	return best
}

func (o *Operation) allows(c Call) bool {
	if len(o.Methods) > 0 && !slices.ContainsFunc(o.Methods, func(m string) bool { return strings.EqualFold(m, c.Method) }) {
		return false
	}
	return matchResource(o.Resource, c.Suffix)
}

// matchResource matches a path suffix against a resource pattern: "/" and "/**"
// match everything, * one segment, ** any number of segments, also none (recalled:
// the documentation's examples do not show /a/** with /a); a pattern without a
// wildcard matches the path itself (Apigee: "Configuring resource paths"). A
// trailing slash of the path does not count.
func matchResource(pattern, path string) bool {
	if pattern == "/" || pattern == "/**" {
		return true
	}
	return matchSegments(segmentsOf(pattern), segmentsOf(path))
}

// matchSegments steps back to the last ** alone, as file name patterns do: the
// time is at most the product of both lengths, whatever path a client sends.
func matchSegments(pattern, path segments) bool {
	var rest, tried segments // of the pattern after the last **, and of the path where it was tried
	starred := false
	for path.more {
		segment, next := path.cut()
		want, after := pattern.cut()
		switch {
		case pattern.more && want == "**":
			starred, rest, tried = true, after, path
			pattern = rest
		case pattern.more && matchSegment(want, segment):
			pattern, path = after, next
		case starred:
			_, tried = tried.cut()
			pattern, path = rest, tried
		default:
			return false
		}
	}
	return pattern.starsOnly()
}

// segments are what is left of a path.
type segments struct {
	text string
	more bool // there is a segment, which may be empty
}

func segmentsOf(path string) segments { return segments{text: strings.Trim(path, "/"), more: true} }

// cut takes the first segment off.
func (s segments) cut() (first string, rest segments) {
	first, s.text, s.more = strings.Cut(s.text, "/")
	return first, s
}

func (s segments) starsOnly() bool {
	for s.more {
		var first string
		if first, s = s.cut(); first != "**" {
			return false
		}
	}
	return true
}

func matchSegment(pattern, segment string) bool {
	switch {
	case pattern == "*":
		return segment != ""
	case strings.HasPrefix(pattern, "{") && strings.HasSuffix(pattern, "}"):
		return segment != ""
	}
	return pattern == segment
}
