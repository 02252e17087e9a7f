package proxy

import (
	"context"
	"errors"
	"time"

	"github.com/beevik/etree"

	"sluice/faults"
	"sluice/flow"
)

// connection is how a target is reached. Its Call serves policies; send serves
// a TargetEndpoint, whose request is the client's.
type connection interface {
	flow.Connection
	// send sends the run's request and returns the answer. The error is a
	// *faults.Fault, or that of ctx.
	send(ctx context.Context, r *run) (*flow.Message, error)
	// configure applies the connection's properties to the answer.
	configure(m *flow.Message)
	// passes405 reports whether a 405 without Allow is passed on (property
	// ignore.allow.header.for.405).
	passes405() bool
}

// connection compiles the connection element of a target or of a policy.
func (k *compilation) connection(b *flow.Build, el *etree.Element) connection {
	if el.Tag == "LocalTargetConnection" {
		return newLocalConnection(b, el)
	}
	return newHTTPConnection(k, b, el)
}

// defaults is the part of a connection that has no properties.
type defaults struct{}

func (defaults) configure(*flow.Message) {}
func (defaults) Success(status int) bool { return status < 400 }
func (defaults) passes405() bool         { return true }

// integrationConnection is the target of an IntegrationEndpoint: it runs the
// request object that SetIntegrationRequest left in integration.request, and the
// answer becomes the response message (runtime.md 9.3).
type integrationConnection struct {
	defaults
	service flow.Integrations
	account string
	async   bool
}

var (
	unresolvedVariable = faults.MustRuntime("UnresolvedVariable")
	gatewayTimeout     = faults.MustRuntime("GatewayTimeout")
	badGateway         = faults.MustRuntime("BadGateway")
	tokenFailure       = faults.MustRuntime("GoogleTokenGenerationFailure")
)

// integrationLimit bounds a synchronous run, as Apigee does.
const integrationLimit = 2 * time.Minute

// integrationRequest is the variable that SetIntegrationRequest fills by default
// (recalled); an IntegrationEndpoint has no element to name another one.
const integrationRequest = "integration.request"

func (c *integrationConnection) send(ctx context.Context, r *run) (*flow.Message, error) {
	call, err := c.prepare(r.x)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, integrationLimit)
	defer cancel()
	r.x.Target.Sent.Start = r.x.Now()
	m, err := c.service.Run(ctx, call)
	r.x.Target.Received.End = r.x.Now()
	if err == nil {
		return m, nil
	}
	var token *flow.TokenError
	var slow interface{ Timeout() bool }
	switch {
	case errors.As(err, &token):
		return nil, tokenFailure.Wrap(err)
	case errors.As(err, &slow) && slow.Timeout():
		return nil, gatewayTimeout.Wrap(err)
	case errors.Is(err, context.Canceled):
		return nil, err
	}
	return nil, badGateway.Wrap(err)
}

func (c *integrationConnection) prepare(x *flow.Exchange) (flow.IntegrationCall, error) {
	m := x.Message(integrationRequest)
	if m == nil || m.Kind != flow.Request {
		return flow.IntegrationCall{}, unresolvedVariable.New("variable", integrationRequest)
	}
	call, err := x.IntegrationCall(m, c.account, c.async)
	var unresolved *flow.UnresolvedError
	if errors.As(err, &unresolved) {
		return call, unresolvedVariable.New("variable", unresolved.Name)
	}
	return call, err
}

// Call is not reachable: a policy cannot name an IntegrationEndpoint.
func (c *integrationConnection) Call(context.Context, *flow.Exchange, flow.Call) (*flow.Message, error) {
	return nil, badGateway.New()
}

// nodeConnection stands for a ScriptTarget or HostedTarget. The rest of such a
// proxy works; a request that is routed to it faults.
type nodeConnection struct {
	defaults
	element string
}

func (c nodeConnection) send(context.Context, *run) (*flow.Message, error) {
	f := targetMissing.New()
	f.Reason = c.element + " targets run on Apigee Edge only"
	return nil, f
}

// Call is not reachable: a policy cannot name such a target.
func (nodeConnection) Call(context.Context, *flow.Exchange, flow.Call) (*flow.Message, error) {
	return nil, targetMissing.New()
}
