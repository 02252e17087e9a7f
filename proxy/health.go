package proxy

import (
	"context"
	"strconv"
	"sync"
	"time"

	"github.com/beevik/etree"

	"sluice/flow"
)

// monitor is a compiled HealthMonitor (runtime.md 2.4): while the deployment is
// live it probes each server of the load balancer. A probe that fails counts as
// a failure, one that passes brings the server back.
type monitor struct {
	interval time.Duration
	probe    probe
	balancer *balancer
	now      func() time.Time

	mu     sync.Mutex // guards cancel
	cancel context.CancelFunc
	probes sync.WaitGroup
}

// probe asks one server whether it is well; nil means yes.
type probe interface {
	ask(ctx context.Context, s *server) error
}

// probeTimeout stands for a timeout of 0 or none.
const probeTimeout = 30 * time.Second

// newMonitor compiles el; nil when it is missing or not enabled.
func newMonitor(k *compilation, b *flow.Build, el *etree.Element, l *balancer) *monitor {
	if el == nil {
		return nil
	}
	b.Known(el, "IsEnabled", "IntervalInSec", "TCPMonitor", "HTTPMonitor", "Description")
	if !b.Bool(el, "IsEnabled", false) {
		return nil
	}
	m := &monitor{balancer: l, interval: time.Duration(b.Int(el, "IntervalInSec", 0, 0)) * time.Second, now: time.Now}
	if k.Services != nil && k.Services.Now != nil {
		m.now = k.Services.Now
	}
	if m.interval == 0 {
		b.RefuseText(el, "MissingElement", "the HealthMonitor has no IntervalInSec", "add <IntervalInSec>5</IntervalInSec>")
	}
	if l.rotation.maxFailures == 0 {
		b.Warn(el, "MissingElement", "the HealthMonitor has no effect: without MaxFailures no server leaves the rotation", "add <MaxFailures>5</MaxFailures> to the LoadBalancer")
	}
	if k.model.kind == SharedFlowBundle {
		b.Warn(el, "UnusedElement", "a HealthMonitor does not run in a shared flow; servers come back after five minutes", "remove it")
	}
	m.probe = newProbe(k, b, el, l.connection)
	k.monitors = append(k.monitors, m)
	return m
}

func newProbe(k *compilation, b *flow.Build, el *etree.Element, c *httpConnection) probe {
	tcp, http := flow.Child(el, "TCPMonitor"), flow.Child(el, "HTTPMonitor")
	if tcp != nil && http != nil {
		b.Warn(el, "InvalidValue", "the HealthMonitor has both a TCPMonitor and an HTTPMonitor; the HTTPMonitor counts", "keep one of them")
	}
	switch {
	case http != nil:
		return newHTTPProbe(k, b, http, c)
	case tcp != nil:
		b.Known(tcp, "ConnectTimeoutInSec", "Port")
		return &tcpProbe{connection: c, timeout: seconds(b, tcp, "ConnectTimeoutInSec"), port: b.Int(tcp, "Port", 0, 0)}
	}
	b.RefuseText(el, "MissingElement", "the HealthMonitor has neither a TCPMonitor nor an HTTPMonitor", "add one of them")
	return nil
}

func seconds(b *flow.Build, el *etree.Element, tag string) time.Duration {
	if n := b.Int(el, tag, 0, 0); n > 0 {
		return time.Duration(n) * time.Second
	}
	return probeTimeout
}

// start begins to probe; stop ends it and waits until no probe is under way.
func (m *monitor) start() {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.cancel != nil {
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	m.cancel = cancel
	m.balancer.rotation.watch(true)
	for i := range m.balancer.servers {
		m.probes.Go(func() { m.watch(ctx, i) })
	}
}

func (m *monitor) stop() {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.cancel == nil {
		return
	}
	m.cancel()
	m.cancel = nil
	m.probes.Wait()
	m.balancer.rotation.watch(false)
}

// watch probes one server until ctx ends. Each server has a goroutine of its
// own, so that one that hangs does not delay the others.
func (m *monitor) watch(ctx context.Context, i int) {
	tick := time.NewTicker(m.interval)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		err := m.probe.ask(ctx, &m.balancer.servers[i])
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			m.balancer.rotation.failed(i, m.now())
		default:
			m.balancer.rotation.passed(i)
		}
	}
}

// tcpProbe asks whether a server accepts connections.
type tcpProbe struct {
	connection *httpConnection
	timeout    time.Duration
	port       int // 0: the server's
}

func (p *tcpProbe) ask(ctx context.Context, s *server) error {
	n := p.connection.net
	d := s.probed(p.port, false)
	addr, _ := n.route(&d)
	c, err := n.connect(ctx, addr, p.timeout, 0, p.connection.props.useProxy)
	if err != nil {
		return err
	}
	return c.Close()
}

// probed is the destination of a probe.
func (s *server) probed(port int, secure bool) destination {
	d := s.destination(secure)
	if port != 0 {
		d.port = port
	}
	return d
}

// healthCheckID is the value of X-Apigee-Healthcheck-Id:
// ORGANIZATION/ENVIRONMENT/ID OF THE PROCESS/MILLISECONDS.
func healthCheckID(e *Environment, process string, now time.Time) string {
	return e.Organization + "/" + e.Name + "/" + process + "/" + strconv.FormatInt(now.UnixMilli(), 10)
}
