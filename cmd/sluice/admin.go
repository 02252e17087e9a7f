package main

import (
	"net"
	"net/http"
	"net/http/pprof"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"sluice/proxy"
)

// metrics is what the admin listener shows: /metrics, and the last load on its
// page. Labels are names from bundles and status codes, never what a client sends,
// so their number is bounded.
type metrics struct {
	started  time.Time
	load     atomic.Pointer[proxy.Load] // the last one, nil before
	registry *prometheus.Registry
	requests *prometheus.CounterVec
	faults   *prometheus.CounterVec
	duration *prometheus.HistogramVec
	target   *prometheus.HistogramVec
	proxies  prometheus.Gauge
	refused  prometheus.Gauge
}

func newMetrics() *metrics {
	buckets := []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60, 120}
	m := &metrics{
		started:  time.Now(),
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "sluice_requests_total", Help: "Requests by proxy, endpoint and status."}, []string{"proxy", "endpoint", "status"}),
		faults:   prometheus.NewCounterVec(prometheus.CounterOpts{Name: "sluice_faults_total", Help: "Requests that ended in the error state, by fault code."}, []string{"proxy", "endpoint", "code"}),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "sluice_request_duration_seconds", Help: "Time from the request's header to the response's last byte.", Buckets: buckets}, []string{"proxy"}),
		target:   prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "sluice_target_duration_seconds", Help: "Time until the target's response header.", Buckets: buckets}, []string{"proxy"}),
		proxies:  prometheus.NewGauge(prometheus.GaugeOpts{Name: "sluice_proxies", Help: "API proxies served."}),
		refused:  prometheus.NewGauge(prometheus.GaugeOpts{Name: "sluice_bundles_refused", Help: "Bundles refused at the last load."}),
	}
	m.registry.MustRegister(m.requests, m.faults, m.duration, m.target, m.proxies, m.refused,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

func (m *metrics) request(r *proxy.Record) {
	m.requests.WithLabelValues(r.Proxy, r.Endpoint, strconv.Itoa(r.Status)).Inc()
	m.duration.WithLabelValues(r.Proxy).Observe(r.Duration.Seconds())
	if r.Target > 0 {
		m.target.WithLabelValues(r.Proxy).Observe(r.Target.Seconds())
	}
	if r.Fault != "" {
		m.faults.WithLabelValues(r.Proxy, r.Endpoint, r.Fault).Inc()
	}
}

// loaded notes the last load of the bundles.
func (m *metrics) loaded(l *proxy.Load) {
	m.proxies.Set(float64(len(l.Snapshot.Deployments)))
	m.refused.Set(float64(len(l.Refused)))
	m.load.Store(l)
}

// serveAdmin opens the operator's listener, which clients must not reach.
func (r *runtime) serveAdmin(failed chan<- error) (stop func(), err error) {
	if r.settings.Admin == "" {
		return func() {}, nil
	}
	l, err := net.Listen("tcp", r.settings.Admin)
	if err != nil {
		return nil, err
	}
	server := &http.Server{Handler: r.adminHandler(), ReadHeaderTimeout: 10 * time.Second}
	go func() {
		if err := server.Serve(l); err != http.ErrServerClosed {
			failed <- err
		}
	}()
	return func() { _ = server.Close() }, nil
}

func (r *runtime) adminHandler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { writeText(w, http.StatusOK, "ok\n") })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		if !r.ready.Load() {
			writeText(w, http.StatusServiceUnavailable, "not ready\n")
			return
		}
		writeText(w, http.StatusOK, "ready\n")
	})
	mux.Handle("GET /metrics", promhttp.HandlerFor(r.metrics.registry, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /debug/pprof/", pprof.Index)
	mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
	mux.Handle("/", r.adminPage())
	return mux
}

func writeText(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(text)) // the operator's client went away
}
