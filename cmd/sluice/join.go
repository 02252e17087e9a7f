package main

import (
	"context"

	"sluice/internal/google"
)

// joinIntegrations chooses who runs integrations and makes Google tokens.
func (r *runtime) joinIntegrations(ctx context.Context) error {
	g := google.New(google.Options{Client: r.network.HTTPClient(false), Region: r.settings.Region})
	r.services.Identity, r.services.Integrations = g, g
	if r.settings.GoogleTokens == localTokens {
		r.services.Identity = localIdentity{&r.backends}
	}
	return r.openBackends(ctx)
}
