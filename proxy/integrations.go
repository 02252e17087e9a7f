package proxy

import "sluice/flow"

// integrations are those that the bundle names, with files that a user can open.
func (k *compilation) integrations() []flow.IntegrationRef {
	refs := k.unit.Integrations
	for i := range refs {
		refs[i].NameAt.File = k.bundle.shown(refs[i].NameAt.File)
		refs[i].TriggerAt.File = k.bundle.shown(refs[i].TriggerAt.File)
	}
	return refs
}

// Integrations are those that the proxies and shared flows of the snapshot name.
func (s *Snapshot) Integrations() []flow.IntegrationRef {
	var refs []flow.IntegrationRef
	for _, d := range s.Deployments {
		refs = append(refs, d.Integrations...)
	}
	for _, name := range sortedKeys(s.SharedFlows) {
		refs = append(refs, s.SharedFlows[name].Integrations...)
	}
	return refs
}
