package main

import (
	"sluice/internal/google"
)

// joinIntegrations chooses who runs integrations and makes Google tokens.
func (r *runtime) joinIntegrations() error {
	g := google.New(google.Options{Client: r.network.HTTPClient(false), Region: r.settings.Region})
	r.services.Identity = g
	if r.settings.Integrations == "google" {
		r.services.Integrations = g
		return nil
	}
	r.engine = newLocalEngine(r.network)
	r.services.Integrations = r.engine.engine.Service(r.settings.Region)
	return nil
}
