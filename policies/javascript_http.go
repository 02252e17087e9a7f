package policies

import (
	"context"
	"errors"
	"net/url"
	"strconv"
	"time"

	"github.com/beevik/etree"

	"sluice/faults"
	"sluice/flow"
	"sluice/internal/script"
)

const (
	// javascriptCallLimit bounds one call of httpClient. Apigee documents none; it is
	// the default of ServiceCallout.
	javascriptCallLimit = 55 * time.Second
	// javascriptMaxCalls is how many calls of one policy are under way at once, of all
	// requests together. Nobody need wait for one, so that a slow callee must not
	// fill the memory. The number is ours.
	javascriptMaxCalls = 256
)

// javascriptClient makes the calls of httpClient. They go through a connection like
// that of a target, so they reach what a target could, and nothing else.
type javascriptClient struct {
	connection flow.Connection
	running    chan struct{}
}

// newJavascriptClient compiles a connection with the SSLInfo of the policy. Its URL
// comes with each call.
func newJavascriptClient(b *flow.Build, el *etree.Element) *javascriptClient {
	connection := etree.NewElement("HTTPTargetConnection")
	connection.CreateElement("URL").SetText("https://httpclient.invalid/")
	if tls := b.Child(el, "SSLInfo"); tls != nil {
		connection.AddChild(tls.Copy())
	}
	return &javascriptClient{b.Connection(connection), make(chan struct{}, javascriptMaxCalls)}
}

// send begins a call, which may outlive the request: it works on a detached exchange.
func (c *javascriptClient) send(ctx context.Context, x *flow.Exchange, r script.Request) (*script.Call, error) {
	if c == nil {
		return nil, errors.New("httpClient is there for scripts that name it, not for code put together at run time")
	}
	if u, err := url.Parse(r.URL); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, errors.New("httpClient needs an absolute http or https URL")
	}
	select {
	case c.running <- struct{}{}:
	default:
		return nil, errors.New("more than " + strconv.Itoa(javascriptMaxCalls) + " HTTP calls of this policy are under way")
	}
	call, own, m := script.NewCall(), x.Detach(), javascriptRequest(r)
	limited, cancel := context.WithTimeout(context.WithoutCancel(ctx), javascriptCallLimit)
	go func() {
		var answer *flow.Message
		err := errors.New("the call failed")
		defer func() {
			_ = recover() // a defect in a connection must not end the process; the script hears of a failed call
			cancel()
			<-c.running
			javascriptComplete(call, own, answer, err)
		}()
		answer, err = c.connection.Call(limited, own, flow.Call{Request: m, URL: r.URL, Timeout: javascriptCallLimit})
		if err == nil {
			answer, err = javascriptHeld(answer)
		}
	}()
	return call, nil
}

// javascriptComplete hands over the answer.
func javascriptComplete(call *script.Call, x *flow.Exchange, answer *flow.Message, err error) {
	if err != nil {
		call.Complete(nil, errors.New(javascriptReason(err)))
		return
	}
	call.Complete(&javascriptMessage{x: x, m: answer}, nil)
}

// javascriptReason is what getError says.
func javascriptReason(err error) string {
	if f := (*faults.Fault)(nil); errors.As(err, &f) {
		return f.Reason
	}
	return err.Error()
}

// javascriptHeld reads the answer, so that its connection is free.
func javascriptHeld(answer *flow.Message) (*flow.Message, error) {
	m, err := answer.Clone()
	if err != nil {
		answer.Body.Close()
	}
	return m, err
}

func javascriptRequest(r script.Request) *flow.Message {
	m := flow.NewRequest()
	m.Method = r.Method
	for _, f := range r.Header {
		m.Header.Add(f.Name, f.Value)
	}
	if r.Body != "" {
		m.SetContent([]byte(r.Body))
	}
	return m
}
