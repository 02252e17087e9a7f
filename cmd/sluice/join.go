package main

import (
	"context"

	"sluice/internal/google"
)

// joinIntegrations chooses who runs integrations and makes Google tokens.
func (r *runtime) joinIntegrations(ctx context.Context) error {
	g := google.New(google.Options{Client: r.network.HTTPClient(false), Region: r.settings.Region})
	r.services.Identity = g
	if r.settings.Integrations == "google" {
		r.services.Integrations = g
		return nil
	}
	s, err := r.openIntegrations(ctx)
	if err != nil {
		return err
	}
	r.backends.integrations, r.engine = s, newLastingEngine(s)
	r.services.Integrations = s
	return nil
}
