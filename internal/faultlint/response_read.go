package faultlint

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"sluice/flow"
)

var _ = register(Rule{
	Name: "response-read",
	Doc: Doc{
		Title: "response.* is read where no response can be",
		Text: `The fault rules of a ProxyEndpoint handle what fails in its own flows. As long as
no step is attached to its response, that is before any response exists, so that
response.* is null: a Condition that needs it never holds, and what a policy takes
from it is empty. What the client will get is error.* (or message.*).

With steps on the response there can be one, but its status counts as a success:
a target's 4xx or 5xx goes to the rules of the TargetEndpoint, where response.* can
be read, and never to those of the ProxyEndpoint.

Policies that are attached to other flows too are not reported, nor is anything
when the bundle makes a message called response, or calls an IntegrationEndpoint,
whose faults the ProxyEndpoint handles.`,
		Sample: `<FaultRule name="not-found"> <!-- of a ProxyEndpoint -->
  <Condition>response.status.code = 404</Condition>
  <Step><Name>AM-NotFound</Name></Step>
</FaultRule>`,
		Fix: "read error.status.code, error.content and so on; handle a target's status in the TargetEndpoint's FaultRules.",
	},
	run: func(p *pass) {
		if !p.makesResponse() {
			p.eachSetting(p.responseReads)
		}
	},
})

func (p *pass) responseReads(s *setting) {
	if s.endpoint.kind != proxyEndpoint || s.endpoint.callsIntegration() {
		return // an IntegrationEndpoint has no rules: those of the proxy see its answers
	}
	for _, r := range s.endpoint.handlers() {
		p.responseCondition(s, r.condition)
		for _, st := range r.steps {
			p.responseCondition(s, st.condition)
			if st.policy != nil && !p.answers(s.endpoint) && !p.inFlows(st.policy) {
				p.responsePolicy(st)
			}
		}
	}
}

// answers reports whether a fault can arise in the ProxyEndpoint after there is
// a response.
func (p *pass) answers(e *endpoint) bool {
	return len(e.response) > 0 || p.options.Hooks["PostProxyFlowHook"].SharedFlow != ""
}

func (p *pass) responseCondition(s *setting, c *condition) {
	if c == nil || c.broken {
		return
	}
	for _, a := range c.atoms {
		if len(a.names) != 1 || !ofResponse(a.names[0]) || a.withResponse(nil) {
			continue
		}
		switch {
		case !p.answers(s.endpoint):
			p.report(c.document, c.el.place(a.offset),
				fmt.Sprintf("%s never holds: there is no response when a fault of %s is handled, so %s is null", a.text, s.endpoint, a.names[0]),
				"read error.* in place of response.*; a target's answer is handled by the TargetEndpoint's FaultRules")
		case a.names[0] == "response.status.code" && !p.setsSuccess() && !a.withSuccess():
			p.report(c.document, c.el.place(a.offset),
				a.text+" never holds: a target's error status is handled by the TargetEndpoint's rules, so a response that a ProxyEndpoint's rules see was a success",
				"move the rule to the TargetEndpoint, or read error.status.code")
		}
	}
}

func ofResponse(name string) bool { return name == "response" || strings.HasPrefix(name, "response.") }

// withResponse evaluates the comparison when response is m.
func (a *atom) withResponse(m *flow.Message) bool {
	x := newExchange()
	x.Response = m
	ok, err := a.test.Eval(x)
	return ok && err == nil
}

// withSuccess reports whether the comparison holds for a status that is no error.
func (a *atom) withSuccess() bool {
	for status := 100; status < 400; status++ {
		m := flow.NewResponse()
		m.Status = status
		if a.withResponse(m) {
			return true
		}
	}
	return false
}

// setsSuccess reports whether a target has success.codes of its own.
func (b *bundle) setsSuccess() bool {
	return slices.ContainsFunc(b.endpoints, func(e *endpoint) bool {
		return slices.ContainsFunc(e.root.below("Properties", "Property"), func(el *element) bool { return el.attr("name") == "success.codes" })
	})
}

// makesResponse reports whether a policy makes a message called response.
func (b *bundle) makesResponse() bool {
	for _, p := range b.policies {
		if p.root.child("AssignTo").value() == "response" || p.root.child("Response").value() == "response" {
			return true
		}
	}
	return false
}

// inFlows reports whether a policy is attached outside of fault rules.
func (b *bundle) inFlows(p *policy) bool {
	return slices.ContainsFunc(b.endpoints, func(e *endpoint) bool {
		return slices.ContainsFunc(slices.Concat(e.request, e.response), func(st *step) bool { return st.policy == p })
	})
}

func (p *pass) responsePolicy(st *step) {
	done := false
	st.policy.root.walk(func(el *element) {
		if name := el.responseRead(); name != "" && !done {
			done = true
			p.report(st.policy.document, el.at,
				fmt.Sprintf("%s runs in fault rules only, where there is no response yet: %s is null", st.policy.name, name),
				"read error."+strings.TrimPrefix(strings.TrimPrefix(name, "response"), ".")+", or what the request flow kept in a variable")
		}
	})
}

var responseTemplate = regexp.MustCompile(`\{(response\.[^{}]+)\}`)

// responseRead returns the variable of the response that an element of a policy
// reads, or "".
func (e *element) responseRead() string {
	if m := responseTemplate.FindStringSubmatch(e.text); m != nil {
		return m[1]
	}
	if (e.tag == "Source" || e.tag == "Ref") && ofResponse(e.value()) {
		return e.value()
	}
	for _, a := range e.attrs {
		name := a.Name.Local
		if (name == "ref" || name == "source" || name == "variableRef") && ofResponse(a.Value) {
			return a.Value
		}
	}
	return ""
}
