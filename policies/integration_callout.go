package policies

import (
	"cmp"
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/beevik/etree"

	"sluice/faults"
	"sluice/flow"
)

var _ = register(flow.Kind{
	Name:    "IntegrationCallout",
	Group:   "extension",
	Waits:   true,
	Compile: compileIntegrationCallout,
	Doc: flow.Doc{
		Title: "runs an integration",
		Text: `Sends the request that SetIntegrationRequest made to Application Integration: Google's, or the local
engine. Request names the variable that holds it; project, name and region come from integration.project.id,
integration.name and integration.region.

By default the policy waits for the integration, two minutes at most, and the answer carries the execution's id and
its output parameters. With AsyncExecution the integration is scheduled, for the ScheduleTime of the request or for
now, and the answer carries ids only.

The answer is a response message in the variable that Response names (default integration.response): read its
content, status.code, header.NAME. It is there also when it is an error, which fails the policy with ExecutionFailed:
with continueOnError="true" a later step can look at it.

clearPayload (default true) drops the payload of the request once it was answered.`,
		Sample: `<IntegrationCallout name="IC-Order">
  <AsyncExecution>false</AsyncExecution>
  <Request clearPayload="true">integration.request</Request>
  <Response>integration.response</Response>
</IntegrationCallout>`,
	},
})

// integrationLimit is how long a synchronous execution may take (the
// IntegrationCallout page). An asynchronous call answers at once; there it only
// bounds a service that hangs.
const integrationLimit = 2 * time.Minute

// integrationCallout is specified by the IntegrationCallout page and
// reference/runtime.md 9.2.
type integrationCallout struct {
	service  flow.Integrations
	account  string
	async    bool
	clear    bool
	request  *flow.Name
	response string // variable for the answer

	unresolved, failed, noToken          *faults.Def
	nullRequest, notMessage, notARequest *faults.Def
}

func compileIntegrationCallout(b *flow.Build, el *etree.Element) flow.Policy {
	b.Known(el, "AsyncExecution", "Request", "Response")
	request := b.Child(el, "Request")
	if flow.TextOf(request) == "" {
		b.Refuse(cmp.Or(request, el), "MissingRequest")
	}
	return &integrationCallout{
		service: b.NeedIntegrations(el),
		account: b.Account,
		async:   b.Bool(el, "AsyncExecution", false),
		// The copies of the page that were read lack the default; its samples say true.
		clear:    b.BoolAttr(request, "clearPayload", true),
		request:  b.Name(flow.TextOf(request)),
		response: b.Name(cmp.Or(b.Text(el, "Response"), "integration.response")).String(),

		unresolved:  b.Fault("UnresolvedVariable"),
		failed:      b.Fault("ExecutionFailed"),
		noToken:     b.Fault("GoogleTokenGenerationFailure"),
		nullRequest: b.Fault("NullRequestVariable"),
		notMessage:  b.Fault("RequestVariableNotMessageType"),
		notARequest: b.Fault("RequestVariableNotRequestMessageType"),
	}
}

func (p *integrationCallout) Execute(ctx context.Context, x *flow.Exchange) error {
	request, err := p.requestMessage(x)
	if err != nil {
		return err
	}
	call, err := p.call(x, request)
	if err != nil {
		return err
	}
	limited, cancel := context.WithTimeout(ctx, integrationLimit)
	defer cancel()
	answer, err := p.service.Run(limited, call)
	if ctx.Err() != nil {
		return ctx.Err() // the client is gone, or its time is up: whatever came, nobody reads it
	}
	if err != nil {
		return p.failure(err)
	}
	if p.clear {
		request.SetContent(nil)
	}
	x.SetMessage(p.response, answer)
	if answer.Status >= 400 {
		return p.failed.New("reason", "ResponseCode "+strconv.Itoa(answer.Status)+" is treated as error")
	}
	return nil
}

func (p *integrationCallout) requestMessage(x *flow.Exchange) (*flow.Message, error) {
	v := x.Get(p.request)
	m := v.Message()
	switch {
	case v.IsNull():
		return nil, p.nullRequest.New("variable", p.request.String())
	case m == nil:
		return nil, p.notMessage.New("variable", p.request.String())
	case m.Kind != flow.Request:
		return nil, p.notARequest.New("variable", p.request.String())
	}
	return m, nil
}

func (p *integrationCallout) call(x *flow.Exchange, request *flow.Message) (flow.IntegrationCall, error) {
	call, err := x.IntegrationCall(request, p.account, p.async)
	var unresolved *flow.UnresolvedError
	if errors.As(err, &unresolved) {
		return call, p.unresolved.New("variable", unresolved.Name)
	}
	return call, err
}

// failure is the fault of a call without an answer. The reason is for the client
// and names no address; the cause keeps the error.
func (p *integrationCallout) failure(err error) error {
	var token *flow.TokenError
	if errors.As(err, &token) {
		return p.noToken.Wrap(err)
	}
	var timed interface{ Timeout() bool }
	if errors.Is(err, context.DeadlineExceeded) || errors.As(err, &timed) && timed.Timeout() {
		return p.failed.Wrap(err, "reason", "timeout occurred")
	}
	return p.failed.Wrap(err, "reason", "no answer from the integration service")
}
