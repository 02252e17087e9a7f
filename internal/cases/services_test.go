package cases_test

import (
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/beevik/etree"

	"sluice/flow"
	"sluice/internal/cases"
	"sluice/internal/cases/casetest"
	"sluice/proxy"
)

// probe is a policy that does what its text says, with the services that it was
// compiled with.
type probe struct {
	do       string
	account  string
	services *flow.Services
}

func probeOptions(t *testing.T) cases.Options {
	t.Helper()
	kind := &flow.Kind{Name: "Probe", Doc: flow.Doc{Title: "probe", Sample: "<Probe/>"}, Compile: func(b *flow.Build, el *etree.Element) flow.Policy {
		return &probe{strings.TrimSpace(el.Text()), b.Account, b.Services}
	}}
	r, err := flow.NewRegistry([]*flow.Kind{kind})
	if err != nil {
		t.Fatal(err)
	}
	return cases.Options{Registry: r, LocalIntegrations: localDouble}
}

func (p *probe) Execute(ctx context.Context, x *flow.Exchange) error {
	switch p.do {
	case "panic":
		panic("as told")
	case "error":
		return errors.New("no fault")
	case "log":
		return p.log(x)
	case "token":
		token, err := p.services.Identity.Token(ctx, flow.TokenRequest{})
		x.Put("token", flow.Text(token))
		x.Put("account", flow.Text(p.account))
		p.tell(x, err)
	default:
		call := flow.IntegrationCall{Project: "p", Name: "orders", Schedule: p.do == "schedule", Body: []byte(`{"a":[1,2],"b":"x"}`)}
		m, err := p.services.Integrations.Run(ctx, call)
		x.SetMessage("answer", m)
		p.tell(x, err)
	}
	return nil
}

func (p *probe) log(x *flow.Exchange) error {
	x.Capture(flow.Captured{Name: "dc_a", Value: flow.Text("a")})
	x.Capture(flow.Captured{Name: "dc_b", Value: flow.Text("b")})
	logs := p.services.Logs
	return errors.Join(
		logs.File(&flow.LogFile{Path: "a/f.log"}, []byte("line")),
		logs.Syslog(&flow.SyslogServer{Address: "h:514"}, []byte("two\nlines")),
		logs.Cloud(&flow.CloudLogEntry{Name: "p", Severity: "INFO", Text: "entry"}),
	)
}

func (p *probe) tell(x *flow.Exchange, err error) {
	var token *flow.TokenError
	var slow interface{ Timeout() bool }
	switch {
	case errors.As(err, &token):
		x.Put("problem", flow.Text("token: "+err.Error()))
	case errors.As(err, &slow) && slow.Timeout():
		x.Put("problem", flow.Text("slow: "+err.Error()))
	case errors.Is(err, io.ErrUnexpectedEOF):
		x.Put("problem", flow.Text("broken: "+err.Error()))
	}
}

// localDouble stands for an engine whose integrations call https://rest.example.
func localDouble(dir string, _ *flow.Services, n *proxy.Network) (flow.Integrations, func(), error) {
	if dir != "testdata/services" {
		return nil, nil, errors.New("no integrations in " + dir)
	}
	client := n.HTTPClient(false)
	return runFunc(func(ctx context.Context, _ flow.IntegrationCall) (*flow.Message, error) {
		resp, err := client.Get("https://rest.example/called-by-the-engine")
		if err != nil {
			return nil, err
		}
		m := flow.NewResponse()
		m.Status = resp.StatusCode
		return m, resp.Body.Close()
	}), client.CloseIdleConnections, nil
}

type runFunc func(context.Context, flow.IntegrationCall) (*flow.Message, error)

func (f runFunc) Run(ctx context.Context, c flow.IntegrationCall) (*flow.Message, error) {
	return f(ctx, c)
}

func TestServices(t *testing.T) {
	raised := casetest.Test(t, "testdata/services", probeOptions(t))
	if files := raised["(runtime)/sluice.InternalError"]; !slices.Equal(files, []string{"testdata/services/error.case"}) {
		t.Errorf("InternalError is raised by %v", files)
	}
}

func TestLocalIntegrationsAreNeeded(t *testing.T) {
	o := probeOptions(t)
	o.LocalIntegrations = nil
	r := run(t, "testdata/services/local.case", o)
	if r.Passed || !strings.Contains(r.String(), "local integration engine") {
		t.Errorf("without an engine: %s", r)
	}
}

func TestPanicFailsTheCase(t *testing.T) {
	o := probeOptions(t)
	o.Verbose = true
	r := run(t, "testdata/panic/panic.case", o)
	if len(r.Failures) != 1 || !strings.Contains(r.Failures[0].Got, "as told") {
		t.Errorf("got %s", r)
	}
	if log := r.String(); !strings.Contains(log, "fault sluice.PolicyPanic") || !strings.Contains(log, "step P-panic") {
		t.Errorf("log:\n%s", log)
	}
}
