package integrations

import (
	"crypto/tls"
	"net/http"
)

// clients are the HTTP clients of Call REST Endpoint tasks, made once from Options.
type clients struct {
	plain    *http.Client
	insecure *http.Client // does not check certificates; nil if none can be had
	derived  bool         // insecure has a transport of its own
}

func newClients(o Options) clients {
	c := clients{plain: o.Client, insecure: o.InsecureClient}
	if c.plain == nil {
		c.plain = http.DefaultClient
	}
	if c.insecure == nil {
		c.insecure = withoutChecks(c.plain)
		c.derived = c.insecure != nil
	}
	return c
}

// close lets go of the connections that nobody else could.
func (c clients) close() {
	if c.derived {
		c.insecure.CloseIdleConnections()
	}
}

// withoutChecks is c without certificate checks, or nil if its transport is not http.Transport
// and so does not tell how to switch them off.
func withoutChecks(c *http.Client) *http.Client {
	t, ok := transportOf(c)
	if !ok {
		return nil
	}
	t = t.Clone()
	if t.TLSClientConfig == nil {
		t.TLSClientConfig = &tls.Config{}
	}
	t.TLSClientConfig.InsecureSkipVerify = true // asked for by disableSSLValidation
	unchecked := *c
	unchecked.Transport = t
	return &unchecked
}

func transportOf(c *http.Client) (*http.Transport, bool) {
	rt := c.Transport
	if rt == nil {
		rt = http.DefaultTransport
	}
	t, ok := rt.(*http.Transport)
	return t, ok
}

// stayingHere is c without following redirects.
func stayingHere(c *http.Client) *http.Client {
	stay := *c
	stay.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &stay
}
