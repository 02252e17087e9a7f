package main

import (
	"net"
	"net/http"
	"strings"
	"sync"

	"sluice/internal/adminpage"
)

// adminPage is the operator's page. It is made when it is first asked for, because
// only then all that it shows has been started.
func (r *runtime) adminPage() http.Handler {
	page := sync.OnceValue(func() http.Handler { return adminpage.New(r.adminSources()) })
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if !r.ready.Load() {
			writeText(w, http.StatusServiceUnavailable, "sluice is starting, or draining. Its page is there while /readyz says ready.\n")
			return
		}
		page().ServeHTTP(w, req)
	})
}

// adminSources are what the page shows.
func (r *runtime) adminSources() adminpage.Sources {
	s := r.settings
	return adminpage.Sources{
		Version: version(), Started: r.metrics.started, State: s.kept(), Facts: r.adminFacts(),
		Snapshot: r.table.Snapshot, Load: r.metrics.load.Load,
		Integrations: r.backends.integrations,
		NoIntegrations: "Integrations run on Google: --integrations google. Their executions are on Google's console. " +
			"Start sluice with --integrations local to run them here.",
		Queues: r.backends.tasks, Reach: s.reachQueues(),
		Hosts: adminHosts(s.Admin),
	}
}

// reachQueues tells how clients reach the queues.
func (s *settings) reachQueues() string {
	if s.TasksListen == "" {
		return "No client reaches the queues: start sluice with --tasks-listen ADDRESS."
	}
	return "Clients of Cloud Tasks reach the queues at http://" + visible(s.TasksListen) + "."
}

// adminFacts are the environment and the addresses.
func (r *runtime) adminFacts() []adminpage.Fact {
	s := r.settings
	environment := r.table.Snapshot().Environment
	facts := []adminpage.Fact{
		{Name: "Environment", Value: environment.Name + " of " + environment.Organization},
		{Name: "Paths", Value: strings.Join(s.Paths, ", ")},
	}
	for _, l := range [...]struct{ name, scheme, address string }{
		{"Proxies", "http", s.Listen}, {"Proxies, TLS", "https", s.TLSListen}, {"Application Integration", "http", s.IntegrationsListen},
		{"Cloud Tasks", "http", s.TasksListen}, {"Proxy for Google's names", "http", s.GoogleProxy},
	} {
		if l.address != "" {
			facts = append(facts, adminpage.Fact{Name: l.name, Value: l.scheme + "://" + visible(l.address)})
		}
	}
	return facts
}

// adminHosts are the names that --admin lets a browser ask for.
func adminHosts(address string) []string {
	host, _, err := net.SplitHostPort(address)
	if err != nil || host == "" {
		return nil
	}
	return []string{host}
}
