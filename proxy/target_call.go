package proxy

import (
	"context"
	"strings"
	"time"

	"sluice/flow"
)

// Call serves policies such as ServiceCallout: the request is call.Request, not
// the client's, and nothing of the client's path is appended. The answer's body
// is held, because its connection must be free when the policy is done.
func (c *httpConnection) Call(ctx context.Context, x *flow.Exchange, call flow.Call) (*flow.Message, error) {
	limit := call.Timeout
	if limit <= 0 {
		limit = c.props.ioTimeout
	}
	ctx, cancel := context.WithTimeout(ctx, x.Remaining(limit))
	defer cancel()
	m, err := c.eachServer(ctx, x, call, func(d *destination, settings *tlsClient) (*flow.Message, error) {
		return c.callOne(ctx, x, call, d, settings)
	})
	if err != nil {
		return nil, err
	}
	c.configure(m)
	if _, err := m.Content(); err != nil {
		return nil, err
	}
	return m, nil
}

// eachServer finds where a call goes: a URL given by a variable, the
// connection's own, or servers of the load balancer in turn.
func (c *httpConnection) eachServer(ctx context.Context, x *flow.Exchange, call flow.Call, try attempt) (*flow.Message, error) {
	if call.URL == "" && c.balancer != nil {
		return c.balancer.each(ctx, x, call.Request, try)
	}
	d, err := c.callDestination(x, call)
	if err != nil {
		return nil, err
	}
	return try(&d, c.tls.at(x))
}

func (c *httpConnection) callDestination(x *flow.Exchange, call flow.Call) (destination, error) {
	text := call.URL
	switch {
	case text != "":
	case c.fixed != nil:
		return *c.fixed, nil
	case c.url == nil:
		return destination{}, badPath.New("path", "")
	default:
		var err error
		if text, err = c.url.Expand(x, call.IgnoreUnresolved); err != nil {
			return destination{}, err
		}
	}
	d, ok := parseURL(text)
	if !ok {
		return d, badPath.New("path", text)
	}
	return d, nil
}

func (c *httpConnection) callOne(ctx context.Context, x *flow.Exchange, call flow.Call, d *destination, settings *tlsClient) (*flow.Message, error) {
	m := call.Request
	o := outgoing{connection: c, to: d, tls: settings, method: m.Method, expectedCN: call.ExpectedCN, timeout: timeLeft(ctx)}
	o.path, o.query = d.path+m.Path, joinQuery(d.query, m.Query)
	if call.URI != "" {
		o.path, o.query, _ = strings.Cut(call.URI, "?")
	}
	if err := checkPath(o.path); err != nil {
		return nil, err
	}
	o.callHeader(m)
	if err := c.auth.apply(ctx, x, &o); err != nil {
		return nil, err
	}
	if err := o.take(m, c.props.compression); err != nil {
		return nil, err
	}
	answer, err := o.do(ctx, c.net)
	if err != nil {
		return nil, o.fault(ctx, x, err)
	}
	if o.upgraded != nil {
		_ = o.upgraded.Close() // a policy cannot speak another protocol
		return nil, badGateway.New()
	}
	return answer, nil
}

// callHeader takes the message's lines as they are; Host is the destination's
// unless the message has one.
func (o *outgoing) callHeader(m *flow.Message) {
	o.lines = make(flow.Header, 0, len(m.Header)+4)
	if !m.Header.Has("Host") {
		o.lines.Add("Host", o.to.hostHeader())
	}
	for _, f := range m.Header {
		if !hopByHop(f.Name) {
			o.lines = append(o.lines, f)
		}
	}
	o.grpc = strings.HasPrefix(m.MediaType(), "application/grpc")
}

func timeLeft(ctx context.Context) time.Duration {
	end, ok := ctx.Deadline()
	if !ok {
		return 0
	}
	return max(time.Until(end), time.Millisecond)
}
