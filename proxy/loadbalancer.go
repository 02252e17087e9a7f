package proxy

import (
	"context"

	"github.com/beevik/etree"

	"sluice/flow"
)

// balancer is a compiled LoadBalancer with the state of its servers.
type balancer struct{}

func newBalancer(k *compilation, b *flow.Build, lb, health *etree.Element, c *httpConnection) *balancer {
	return &balancer{}
}

// send sends the client's request to a server, and to others while that fails.
func (l *balancer) send(ctx context.Context, r *run) (*flow.Message, error) {
	return nil, noActiveTargets.New()
}

// each calls try with servers until one answers.
func (l *balancer) each(x *flow.Exchange, try func(*destination, *tlsSettings) error) error {
	return noActiveTargets.New()
}
