package proxy

import (
	"strings"

	"sluice/faults"
	"sluice/flow"
)

var (
	lengthRequired   = faults.MustRuntime("LengthRequired")
	duplicateHeader  = faults.MustRuntime("DuplicateHeader")
	methodNotAllowed = faults.MustRuntime("MethodNotAllowed")
)

// admit does what Apigee's ingress does to a request: headers that belong to the
// runtime or to the client's connection are dropped, the X-Forwarded ones are
// added.
func (r *run) admit(c *flow.ClientInfo) {
	m := r.x.Request
	for i := 0; i < len(m.Header); i++ {
		if name := m.Header[i].Name; len(name) > 9 && strings.EqualFold(name[:9], "X-Apigee-") {
			m.Header.Del(name)
			i--
		}
	}
	dropConnectionOwn(m)
	m.Limit, m.Streamed = r.endpoint.props.requestLimit, r.endpoint.props.streamRequest
	if r.endpoint.props.keepPlus(m) {
		m.KeepPlus(true)
	}
	forwarded := c.IP
	if before, ok := m.Header.Joined("X-Forwarded-For"); ok {
		forwarded = before + ", " + c.IP
	}
	if r.endpoint.props.forwardedFor {
		forwarded += ", " + c.LocalIP
	}
	m.Header.Set("X-Forwarded-For", forwarded)
	if !m.Header.Has("X-Forwarded-Proto") {
		m.Header.Add("X-Forwarded-Proto", c.Scheme)
	}
}

// single are the headers that a request may carry once. Apigee documents the
// fault, not the list: these are the ones that RFC 9110 defines as a single
// value (recalled; HTTPHeader.allowDuplicates lifts it for one).
var single = [...]string{"Authorization", "Content-Type", "Date", "From", "If-Modified-Since", "If-Unmodified-Since",
	"Max-Forwards", "Proxy-Authorization", "Referer"}

// rareMethods need allow.http.method.VERB=true (runtime.md 8).
var rareMethods = map[string]bool{"LINK": true, "UNLINK": true, "PURGE": true}

// check refuses requests that Apigee's listener refuses before any flow runs, so
// no fault rule sees these faults.
func (p *proxyProperties) check(m *flow.Message) error {
	if p.refusedMethods[m.Method] || rareMethods[m.Method] && !p.allowedMethods[m.Method] {
		return methodNotAllowed.New("method", m.Method)
	}
	if m.Version != "2.0" && m.Body.Size() == 0 && p.needsLength(m) {
		return lengthRequired.New()
	}
	for _, name := range single {
		if m.Header.Count(name) > 1 && !p.mayRepeat(name) {
			return duplicateHeader.New("name", name)
		}
	}
	return nil
}

func (p *proxyProperties) needsLength(m *flow.Message) bool {
	switch m.Method {
	case "POST":
		return !p.postWithoutLength && !m.Header.Has("Content-Length")
	case "PUT":
		return !p.putWithoutLength && !m.Header.Has("Content-Length")
	}
	return false
}

func (p *proxyProperties) mayRepeat(name string) bool {
	for _, n := range p.allowDuplicates {
		if strings.EqualFold(n, name) {
			return true
		}
	}
	return false
}

// keepPlus decides what "+" in the query stands for (runtime.md 8): it is kept
// literally unless the Content-Type says charset=utf-8 and the property does not
// overrule that.
func (p *proxyProperties) keepPlus(m *flow.Message) bool {
	if !strings.Contains(m.Query, "+") {
		return false
	}
	return p.keepPlusAlways || !strings.Contains(strings.ToLower(m.Header.Value("Content-Type")), "charset=utf-8")
}
