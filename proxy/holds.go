package proxy

import (
	"slices"

	"sluice/flow"
)

// holds says which bodies must be held because something reads them after they
// would have streamed away (architecture.md section 7).
type holds struct {
	request  bool // request content is read after the target call, or by fault rules
	response bool // response content is read in PostClientFlow
}

// holds looks at what runs late: the response flows, the event flow, the fault
// rules and PostClientFlow of an endpoint and of all targets of its bundle, with
// all conditions in their files. Shared flows are added when the snapshot is
// linked. Holding too much costs memory, holding too little loses data, so
// whatever is unclear is held.
func (k *compilation) holds(b *flow.Build, m *endpointModel) holds {
	late := []map[string]*flow.Name{b.Own}
	late = append(late, k.namesOf(lateSteps(m))...)
	for _, name := range k.model.targetNames {
		late = append(late, k.conditions[name])
		late = append(late, k.namesOf(lateSteps(k.model.targets[name]))...)
	}
	var last []map[string]*flow.Name // what PostClientFlow reads
	for i := range m.postClient {
		last = append(last, k.namesOf(append(m.postClient[i].response, m.postClient[i].request...))...)
	}
	if len(m.postClient) > 0 {
		last = append(last, b.Own)
	}
	var h holds
	for _, names := range append(late, last...) {
		h.request = h.request || readsBody(names, "request")
	}
	for _, names := range last {
		h.response = h.response || readsAnswer(names)
	}
	return h
}

// lateSteps are the steps that run once the request may be gone.
func lateSteps(m *endpointModel) []stepModel {
	list := append(slices.Clone(m.pre.response), m.post.response...)
	for i := range m.flows {
		list = append(list, m.flows[i].response...)
	}
	if m.events != nil {
		list = append(list, m.events.response...)
	}
	for i := range m.rules {
		list = append(list, m.rules[i].steps...)
	}
	if m.defaults != nil {
		list = append(list, m.defaults.steps...)
	}
	return list
}

// namesOf gives the variables that the policies of some steps name.
func (k *compilation) namesOf(list []stepModel) []map[string]*flow.Name {
	var names []map[string]*flow.Name
	for i := range list {
		if p := k.policies[list[i].name]; p != nil {
			names = append(names, p.names)
		}
	}
	return names
}

// readsAnswer reports whether one of the names needs the payload of what the
// client gets.
func readsAnswer(names map[string]*flow.Name) bool {
	return readsBody(names, "response") || readsBody(names, "message") || readsBody(names, "error")
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
