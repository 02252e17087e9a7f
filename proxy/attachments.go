package proxy

import "sluice/flow"

// attachedOnce refuses policies that are attached more often than their type
// allows: once to all request flows of the bundle, once to all response flows.
func (k *compilation) attachedOnce() {
	requests, responses := map[string]bool{}, map[string]bool{}
	for _, m := range k.endpoints() {
		b := k.build(m.doc, m.name)
		for _, f := range append([]flowModel{m.pre, m.post}, m.flows...) {
			k.countOnce(b, f.request, requests, true)
			k.countOnce(b, f.response, responses, false)
		}
	}
}

// endpoints lists the ProxyEndpoints and TargetEndpoints in their order.
func (k *compilation) endpoints() []*endpointModel {
	list := append([]*endpointModel(nil), k.model.proxies...)
	for _, name := range k.model.targetNames {
		if m := k.model.targets[name]; m != nil {
			list = append(list, m)
		}
	}
	return list
}

// attachments lists where a policy is attached, also when it is disabled.
func (k *compilation) attachments(policy string) []flow.Attachment {
	var list []flow.Attachment
	add := func(steps []stepModel, a flow.Attachment) {
		for i := range steps {
			if steps[i].name == policy {
				list = append(list, a)
			}
		}
	}
	for i, m := range k.endpoints() {
		side := flow.ProxySide
		if i >= len(k.model.proxies) {
			side = flow.TargetSide
		}
		for _, f := range append(append([]flowModel{m.pre}, m.flows...), m.post) {
			add(f.request, flow.Attachment{Side: side})
			add(f.response, flow.Attachment{Side: side, Response: true})
		}
		for _, r := range m.rules {
			add(r.steps, flow.Attachment{Side: side, Fault: true})
		}
		if m.defaults != nil {
			add(m.defaults.steps, flow.Attachment{Side: side, Fault: true})
		}
	}
	return list
}

func (k *compilation) countOnce(b *flow.Build, steps []stepModel, seen map[string]bool, request bool) {
	for i := range steps {
		s := &steps[i]
		p := k.policies[s.name]
		if p == nil || !p.enabled || p.kind == nil || p.kind.Once == nil {
			continue
		}
		if !seen[s.name] {
			seen[s.name] = true
			continue
		}
		code := p.kind.Once.Response
		if request {
			code = p.kind.Once.Request
		}
		own := k.build(p.doc, s.name) // the catalogue that is asked is the policy's
		own.File, own.Place = b.File, b.Place
		own.Refuse(s.el, code)
	}
}
