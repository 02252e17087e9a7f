package proxy

import (
	"context"

	"sluice/flow"
)

// h2Client sends what only HTTP/2 can carry.
type h2Client struct{}

func (c *h2Client) do(ctx context.Context, n *Network, o *outgoing) (*flow.Message, error) {
	return nil, badGateway.New()
}

func (c *h2Client) close() {}
