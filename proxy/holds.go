package proxy

import (
	"sluice/flow"
)

// holds says which bodies must be held because something reads them after they
// would have streamed away (architecture.md section 7).
type holds struct {
	request  bool // request content is read after the target call, or by fault rules
	response bool // response content is read in PostClientFlow
}

// holds looks at what runs late: the response flows, the fault rules and
// PostClientFlow of an endpoint and of all targets of its bundle. Shared flows
// are added when the snapshot is linked. Holding too much costs memory, holding
// too little loses data, so whatever is unclear is held.
func (k *compilation) holds(b *flow.Build, m *endpointModel, d *Deployment) holds {
	var h holds
	late := k.lateSteps(m)
	for _, t := range k.model.targets {
		late = append(late, k.lateSteps(t)...)
	}
	for _, name := range late {
		if p := k.policies[name]; p != nil && readsBody(p.names, "request") {
			h.request = true
		}
	}
	if readsBody(b.Own, "request") {
		h.request = true
	}
	for i := range m.postClient {
		for _, s := range append(m.postClient[i].response, m.postClient[i].request...) {
			p := k.policies[s.name]
			if p == nil {
				continue
			}
			h.request = h.request || readsBody(p.names, "request")
			h.response = h.response || readsBody(p.names, "response") || readsBody(p.names, "message") || readsBody(p.names, "error")
		}
	}
	return h
}

// lateSteps names the policies that run once the request may be gone.
func (k *compilation) lateSteps(m *endpointModel) []string {
	var names []string
	add := func(list []stepModel) {
		for i := range list {
			names = append(names, list[i].name)
		}
	}
	add(m.pre.response)
	add(m.post.response)
	for i := range m.flows {
		add(m.flows[i].response)
	}
	for i := range m.rules {
		add(m.rules[i].steps)
	}
	if m.defaults != nil {
		add(m.defaults.steps)
	}
	return names
}

// readsBody reports whether one of the names needs the payload of a message.
func readsBody(names map[string]*flow.Name, message string) bool {
	for _, n := range names {
		if n.ReadsBody() && n.Message() == message {
			return true
		}
		if n.String() == message {
			return true
		}
	}
	return false
}
