package policies

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/beevik/etree"

	"sluice/faults"
	"sluice/flow"
	"sluice/internal/script"
)

var _ = register(flow.Kind{
	Name:    "Javascript",
	Group:   "extension",
	Waits:   true, // httpClient may
	Compile: compileJavascript,
	Doc: flow.Doc{
		Title: "runs JavaScript with Apigee's object model",
		Text: `ResourceURL names the script, a file below resources/jsc; Source holds it instead.
The files that IncludeURL names run before it, in order, in the same global scope.
Each run has a scope of its own: nothing stays for another request.

Scripts see context (getVariable, setVariable, removeVariable, flow, session,
proxyRequest, targetRequest, proxyResponse, targetResponse), request, response,
message, error, properties, crypto, httpClient, Request and print. Of the four
messages of context, the two of the endpoint that runs are there, the others null.
setVariable keeps an object as data: without its functions, a date as text.
Modern ECMAScript runs; of Rhino's E4X only "for each" and reading with asXML do,
and Java classes are not there. What print writes is logged by serve --log-level
debug.

timeLimit is in milliseconds and includes waiting in waitForComplete; 0 stands for
the two minutes that are the most. The step ends when the callbacks of its HTTP
calls have run, each within the time limit; a call without a callback is not waited
for. A script that fails keeps the variables that it has set; the text of its error
is in javascript.errorMessage.`,
		Sample: `<Javascript name="JS-Sample" timeLimit="200">
  <Properties><Property name="greeting">Hello</Property></Properties>
  <Source>
    var name = context.getVariable("request.queryparam.name") || "world";
    context.setVariable("greeting", properties.greeting + " " + name);
  </Source>
</Javascript>`,
	},
})

// javascript is specified by policies-1.md 24 and by the page "JavaScript object model".
type javascript struct {
	program    *script.Program
	names      map[string]*flow.Name // that the scripts spell out
	properties map[string]string
	timeLimit  time.Duration
	client     *javascriptClient // nil: the scripts make no calls

	engine, thrown, overTime, security *faults.Def
}

const (
	javascriptTimeLimit    = 200 * time.Millisecond // documented
	javascriptMaxTimeLimit = 2 * time.Minute        // ours: the longest that public bundles ask for
)

func compileJavascript(b *flow.Build, el *etree.Element) flow.Policy {
	b.Known(el, "ResourceURL", "Source", "IncludeURL", "SSLInfo")
	p := &javascript{
		properties: javascriptProperties(b, el),
		timeLimit:  javascriptLimit(b, el),
		engine:     b.Fault("ScriptExecutionFailed"),
		thrown:     b.Fault("ScriptExecutionFailed/throw of a string or object (recalled)"),
		overTime:   b.Fault("ScriptExecutionFailed/timeLimit passed (recalled)"),
		security:   b.Fault("ScriptSecurityError"),
	}
	sources, ok := javascriptSources(b, el)
	if !ok {
		return p
	}
	p.read(b, el, sources)
	program, err := script.Compile(sources...)
	if err != nil {
		hint := ""
		if ce := (*script.CompileError)(nil); errors.As(err, &ce) {
			hint = ce.Hint
		}
		b.RefuseText(el, "ScriptCompilationFailed", "the script does not compile: "+err.Error(), hint)
	}
	p.program = program
	return p
}

// javascriptLimit reads timeLimit. That 0 means no limit is not established.
func javascriptLimit(b *flow.Build, el *etree.Element) time.Duration {
	text := b.Attr(el, "timeLimit")
	if text == "" {
		return javascriptTimeLimit
	}
	n, err := strconv.ParseInt(text, 10, 32)
	switch {
	case err != nil || n < 0:
		b.RefuseText(el, "InvalidValue", strconv.Quote(text)+" is no time limit", "write milliseconds, for example timeLimit=\"200\"")
		return javascriptTimeLimit
	case n == 0:
		return javascriptMaxTimeLimit
	}
	limit := time.Duration(n) * time.Millisecond
	if limit > javascriptMaxTimeLimit {
		b.Warn(el, "TimeLimit", "a script runs at most "+javascriptMaxTimeLimit.String(), "lower timeLimit")
	}
	return min(limit, javascriptMaxTimeLimit)
}

func javascriptProperties(b *flow.Build, el *etree.Element) map[string]string {
	properties := map[string]string{}
	for _, p := range flow.Children(b.Child(el, "Properties"), "Property") {
		properties[b.Attr(p, "name")] = flow.TextOf(p)
	}
	return properties
}

func (p *javascript) Execute(ctx context.Context, x *flow.Exchange) error {
	v := &javascriptVariables{x: x, names: p.names}
	err := p.program.Run(ctx, &script.Env{
		Variables: v,
		Message:   v.message,
		Send: func(ctx context.Context, r script.Request) (*script.Call, error) {
			return p.client.send(ctx, x, r)
		},
		Format:     javascriptFormat,
		Print:      javascriptOutput(x),
		Flow:       javascriptFlow(x),
		Properties: p.properties,
		Session:    &javascriptSession{x: x},
		Now:        x.Now,
		Limit:      p.timeLimit,
	})
	var f *script.Failure
	if !errors.As(err, &f) {
		return err
	}
	return p.fault(v, f)
}

// javascriptOutput takes what the script prints; nil: nobody looks.
func javascriptOutput(x *flow.Exchange) func(string) {
	switch {
	case x.Traced():
		return x.Warn
	case x.Services == nil || x.Services.Printed == nil:
		return nil
	}
	return func(line string) { x.Services.Printed(x.Proxy.Name, x.Flow.Step, line) }
}

// fault makes the documented fault. Faults are worded as the playbook shows them;
// which of them ScriptExecutionFailedLineNumber is, is not established, so it is
// never raised.
func (p *javascript) fault(v *javascriptVariables, f *script.Failure) error {
	line := strconv.Itoa(f.Line)
	var fault *faults.Fault
	switch f.Kind {
	case script.Engine:
		fault = p.engine.New("ErrorType", f.Type, "description", f.Description, "file", f.File, "line", line)
	case script.TimeLimit:
		fault = p.overTime.New("timeLimit", strconv.FormatInt(p.timeLimit.Milliseconds(), 10))
	case script.Security:
		fault = p.security.New("error", f.Error())
	default:
		fault = p.thrown.New("thrown value", f.Message(), "file", f.File, "line", line)
	}
	fault.Cause = f
	if !v.describes {
		v.x.Put(javascriptErrorMessage, flow.Text(f.Error()))
	}
	return fault
}

// javascriptFlow is context.flow. In the error flow it is that of the segment in
// which the error arose.
func javascriptFlow(x *flow.Exchange) string {
	switch x.Phase {
	case flow.ProxyRequest:
		return "PROXY_REQ_FLOW"
	case flow.TargetRequest:
		return "TARGET_REQ_FLOW"
	case flow.TargetResponse:
		return "TARGET_RESP_FLOW"
	}
	return "PROXY_RESP_FLOW" // also in the PostClientFlow, which the page does not mention
}
