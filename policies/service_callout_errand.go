package policies

import (
	"context"
	"encoding/json"
	"fmt"

	"sluice/flow"
)

// serviceCalloutErrand is a call that nobody waits for as it is kept: all that its
// connection needs, since the exchange is gone when it is made. A connection whose
// TLS settings name variables of the request finds them unresolved then.
type serviceCalloutErrand struct {
	Method     string      `json:"method"`
	Path       string      `json:"path,omitempty"`
	Query      string      `json:"query,omitempty"`
	Header     [][2]string `json:"header,omitempty"`
	Content    []byte      `json:"content,omitempty"`
	URL        string      `json:"url,omitempty"`
	URI        string      `json:"uri,omitempty"`
	ExpectedCN string      `json:"expectedCn,omitempty"`
}

// serveErrands has the calls that nobody waits for kept, where the runtime does that.
// Those to a proxy in this process are made in the request's snapshot, and stay there.
func (p *serviceCallout) serveErrands(b *flow.Build) {
	if p.response != "" || p.local || b.Services == nil || b.Services.Errands == nil {
		return
	}
	p.errand = "ServiceCallout/" + b.Bundle + "/" + p.name
	b.AtDeployment(func(_ context.Context, info *flow.ProxyInfo, s *flow.Services) error {
		s.Errands.Serve(p.errand, func(ctx context.Context, payload []byte) error { return p.makeErrand(ctx, info, s, payload) })
		return nil
	})
}

// keepErrand keeps a call; false when that is not possible, so that it is made from
// memory.
func (p *serviceCallout) keepErrand(ctx context.Context, x *flow.Exchange, call flow.Call) (kept bool, err error) {
	e := serviceCalloutErrand{Method: call.Request.Method, Path: call.Request.Path, Query: call.Request.Query, URL: call.URL, URI: call.URI, ExpectedCN: call.ExpectedCN}
	if e.URL == "" && p.url != nil {
		if e.URL, err = p.url.Expand(x, p.ignoreUnresolved); err != nil {
			return false, p.fault(ctx, err)
		}
	}
	for _, f := range call.Request.Header {
		e.Header = append(e.Header, [2]string{f.Name, f.Value})
	}
	if e.Content, err = call.Request.Content(); err != nil {
		return false, err
	}
	payload, err := json.Marshal(e)
	if err != nil {
		return false, err
	}
	if err := x.Services.Errands.Put(ctx, p.errand, payload); err != nil {
		x.Warn("the call is not kept, and made from memory: " + err.Error())
		return false, nil
	}
	return true, nil
}

// makeErrand makes a kept call. It is made again when there is no answer, or one that
// says to come later; any other answer ends it, as nobody looks at it.
func (p *serviceCallout) makeErrand(ctx context.Context, info *flow.ProxyInfo, s *flow.Services, payload []byte) error {
	var e serviceCalloutErrand
	if err := json.Unmarshal(payload, &e); err != nil {
		return nil // it was written by another version of this policy, and cannot be made
	}
	m := flow.NewRequest()
	m.Method, m.Path, m.Query = e.Method, e.Path, e.Query
	for _, f := range e.Header {
		m.Header.Add(f[0], f[1])
	}
	m.SetContent(e.Content)
	ctx, cancel := context.WithTimeout(ctx, p.timeout)
	defer cancel()
	call := flow.Call{Request: m, Timeout: p.timeout, IgnoreUnresolved: true, URL: e.URL, URI: e.URI, ExpectedCN: e.ExpectedCN}
	answer, err := p.connection.Call(ctx, flow.NewExchange(info, s, m), call)
	if err != nil {
		return err
	}
	drain(answer)
	if answer.Status == 429 || answer.Status >= 500 {
		return fmt.Errorf("the answer is %d", answer.Status)
	}
	return nil
}
