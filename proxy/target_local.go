package proxy

import (
	"context"
	"strings"

	"github.com/beevik/etree"

	"sluice/flow"
)

// localConnection calls another proxy of the same environment without a network
// hop (runtime.md 2.5): by name and ProxyEndpoint, or by path.
type localConnection struct {
	defaults
	proxy, endpoint, path *flow.Template // path is nil when proxy is named
}

func newLocalConnection(b *flow.Build, el *etree.Element) *localConnection {
	b.Known(el, "APIProxy", "ProxyEndpoint", "Path", "Properties", "VirtualHost")
	proxy, endpoint, path := flow.Child(el, "APIProxy"), flow.Child(el, "ProxyEndpoint"), flow.Child(el, "Path")
	c := &localConnection{}
	switch {
	case flow.TextOf(proxy) != "":
		c.proxy = b.Template(proxy, flow.TextOf(proxy))
		c.endpoint = b.Template(endpoint, flow.TextOf(endpoint))
	case flow.TextOf(path) != "":
		c.path = b.Template(path, flow.TextOf(path))
	default:
		b.Warn(el, "MissingElement", "LocalTargetConnection names neither an APIProxy nor a Path: calling it ends in a fault", "add <APIProxy> and <ProxyEndpoint>, or <Path>")
		c.path = flow.Literal("")
	}
	return c
}

func (c *localConnection) send(ctx context.Context, r *run) (*flow.Message, error) {
	request := *r.x.Request
	request.Header = r.x.Request.Header.Clone()
	body, size := r.x.Request.Body.Take()
	request.Body = flow.Body{}
	if data, held := r.x.Request.Body.Held(); held {
		request.Body.Set(data)
	} else {
		request.Body.SetStream(body, size)
	}
	suffix := r.x.Path.Suffix
	if !copies(r.x.Target.CopySuffix) {
		suffix = ""
	}
	if !copies(r.x.Target.CopyQuery) {
		request.Query = ""
	}
	return c.invoke(ctx, r.x, &request, suffix, r.client, r.report)
}

// Call serves ServiceCallout.
func (c *localConnection) Call(ctx context.Context, x *flow.Exchange, call flow.Call) (*flow.Message, error) {
	return c.invoke(ctx, x, call.Request, call.Request.Path, silent{}, silent{})
}

// copies reports whether a copy flag is set: it is unless it says false.
func copies(flag flow.Value) bool {
	return flag.IsNull() || !strings.EqualFold(flag.String(), "false")
}

// silent is the client of a call that a policy makes, and hears no reports: a
// panic in the callee reaches the caller as its fault.
type silent struct{}

func (silent) Watch()                               {}
func (silent) Inform(int, flow.Header)              {}
func (silent) Panicked(*flow.Exchange, any, []byte) {}
func (silent) Failed(*flow.Exchange, error)         {}

// invoke runs the callee's whole pipeline on an exchange of its own. Its
// PostClientFlow runs before the caller has the answer.
func (c *localConnection) invoke(ctx context.Context, parent *flow.Exchange, m *flow.Message, suffix string, who client, report Reporter) (*flow.Message, error) {
	snapshot, ok := parent.Snapshot.(*Snapshot)
	if !ok {
		snapshot = &Snapshot{} // the request came from no table: nothing is served beside it
	}
	e, path, suffix, err := c.resolve(parent, snapshot, suffix)
	if err != nil {
		return nil, err
	}
	if err := parent.Deeper(); err != nil {
		return nil, err
	}
	m.Kind, m.Path = flow.Request, path
	x := flow.NewExchange(e.info, parent.Services, m)
	x.Inherit(parent)
	x.SharedFlows, x.Snapshot, x.Deadline, x.Serial = parent.SharedFlows, parent.Snapshot, parent.Deadline, parent.Serial
	x.Client, x.Path.Suffix = parent.Client, suffix
	x.Client.IP, x.Client.Port, x.Client.TLS, x.Client.Received = "127.0.0.1", 0, nil, flow.Span{Start: parent.Now(), End: parent.Now()}
	callee := &run{snapshot: snapshot, endpoint: e, x: x, client: who, report: report}
	answer := callee.process(ctx)
	if callee.gone {
		x.End()
		return nil, ctx.Err()
	}
	callee.afterwards(ctx)
	upgraded := callee.upgraded != nil && answer == callee.answered
	if answer == callee.answered {
		callee.answered = nil // its body goes on to the caller
	}
	callee.close()
	x.End()
	if upgraded {
		return nil, badGateway.New() // a protocol change cannot cross a local hop
	}
	return answer, nil
}

// resolve finds the callee and the path that it sees.
func (c *localConnection) resolve(x *flow.Exchange, s *Snapshot, suffix string) (*Endpoint, string, string, error) {
	if c.path != nil {
		path, err := c.path.Expand(x, true)
		if err != nil {
			return nil, "", "", err
		}
		path += suffix
		e, rest := s.Match(path)
		if e == nil {
			return nil, "", "", applicationNotFound.New("virtualhost", x.VirtualHost(), "path", path)
		}
		return e, path, rest, nil
	}
	name, err := c.proxy.Expand(x, true)
	if err != nil {
		return nil, "", "", err
	}
	endpoint, err := c.endpoint.Expand(x, true)
	if err != nil {
		return nil, "", "", err
	}
	e := s.named(name, endpoint)
	if e == nil {
		return nil, "", "", applicationNotFound.New("virtualhost", x.VirtualHost(), "path", name+"/"+endpoint)
	}
	return e, cleanBasePath(e.BasePath) + suffix, suffix, nil
}

// named finds a ProxyEndpoint by name; without one it is "default" or the only
// one.
func (s *Snapshot) named(proxy, endpoint string) *Endpoint {
	for _, e := range s.endpoints {
		if d := e.deployment; d.Name == proxy && (e.Name == endpoint || endpoint == "" && (e.Name == "default" || len(d.Endpoints) == 1)) {
			return e
		}
	}
	return nil
}
