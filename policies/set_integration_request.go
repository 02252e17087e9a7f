package policies

import (
	"cmp"
	"context"
	"strings"

	"github.com/beevik/etree"

	"sluice/faults"
	"sluice/flow"
)

var _ = register(flow.Kind{
	Name:    "SetIntegrationRequest",
	Group:   "extension",
	Compile: compileSetIntegrationRequest,
	Doc: flow.Doc{
		Title: "prepares the run of an integration",
		Text: `Makes the request for an integration of Application Integration and names
the integration that IntegrationCallout, or an IntegrationEndpoint as target, then runs. It calls nothing.

The request is a request message in the variable that Request names (default integration.request); its content
is the JSON of the execute or schedule call. Variables set: integration.project.id, integration.name,
integration.region, integration.trigger.id.

ProjectId, IntegrationName, IntegrationRegion, ApiTrigger, ScheduleTime, Parameter and Value take a text, a ref, or
both: the variable wins when it resolves. Without ProjectId the project is the organization; without a region it is
the runtime's own. A project or a name whose variable does not resolve stays unset: IntegrationCallout tells.

An empty Parameter or ParameterArray, also one whose variable does not resolve, is null; an empty Value is an error.
The types are string (the default), integer, double, boolean and, for a Parameter, json. The ref of a ParameterArray
names a collection, or text that is a JSON array. Inside the text of parameters $#name#$ stands for a variable; the
attribute substitutionVariableChar of Parameters puts another character in place of #. {name} is not replaced.`,
		Sample: `<SetIntegrationRequest name="SIR-Order">
  <ProjectId ref="organization.name"/>
  <IntegrationName>process-order</IntegrationName>
  <IntegrationRegion ref="system.region.name">us-central1</IntegrationRegion>
  <ApiTrigger>api_trigger/process-order_API_1</ApiTrigger>
  <ScheduleTime>2022-01-15T01:30:15Z</ScheduleTime>
  <Parameters>
    <Parameter name="customer" type="string">customer-$#request.queryparam.id#$</Parameter>
    <Parameter name="amount" type="double" ref="request.queryparam.amount">1.0</Parameter>
    <Parameter name="order" type="json" ref="request.content"/>
    <ParameterArray name="quantities" type="integer">
      <Value ref="request.queryparam.first">1</Value>
      <Value>2</Value>
    </ParameterArray>
  </Parameters>
  <Request>integration.request</Request>
</SetIntegrationRequest>`,
	},
})

// setIntegrationRequest is specified by reference/runtime.md 9.1, from the
// SetIntegrationRequest page and the release notes of Application Integration.
// What the project, the name and so on are made of is nil when the element is absent.
type setIntegrationRequest struct {
	project, name, region, trigger, schedule *flow.TextOrRef

	parameters []integrationParameter
	variable   string // where the request goes

	unresolved, missingTrigger, badTime, badValue *faults.Def
}

func compileSetIntegrationRequest(b *flow.Build, el *etree.Element) flow.Policy {
	b.Known(el, "ProjectId", "IntegrationName", "IntegrationRegion", "ApiTrigger", "ScheduleTime", "Parameters", "Request")
	part := func(tag string) *flow.TextOrRef { return b.TextOrRef(b.Child(el, tag)) }
	p := &setIntegrationRequest{
		project:  part("ProjectId"),
		name:     part("IntegrationName"),
		region:   part("IntegrationRegion"),
		trigger:  part("ApiTrigger"),
		schedule: part("ScheduleTime"),

		parameters: compileIntegrationParameters(b, b.Child(el, "Parameters")),
		variable:   b.Name(cmp.Or(b.Text(el, "Request"), "integration.request")).String(),

		unresolved:     b.Fault("UnresolvedVariable"),
		missingTrigger: b.Fault("MissingTrigger"),
		badTime:        b.Fault("InvalidScheduleTime"),
		badValue:       b.Fault("InvalidParameterValue"),
	}
	if p.region == nil {
		// Apigee reports it and goes on (release notes of 2022-09-01): older bundles have none.
		b.Warn(el, "MissingRegion", "IntegrationRegion is missing: the integration is looked for in the runtime's own region",
			"add <IntegrationRegion>us-central1</IntegrationRegion>")
	}
	checkIntegrationTrigger(b, el, p.trigger)
	b.CallsIntegration(b.Child(el, "IntegrationName"), b.Child(el, "ApiTrigger"))
	p.schedule = checkScheduleTime(b, el, p.schedule)
	return p
}

func checkIntegrationTrigger(b *flow.Build, el *etree.Element, trigger *flow.TextOrRef) {
	at := cmp.Or(b.Child(el, "ApiTrigger"), el)
	switch {
	case trigger == nil || trigger.Ref == nil && trigger.Text == "":
		b.Refuse(at, "MissingTrigger")
	case trigger.Text != "" && !strings.HasPrefix(trigger.Text, "api_trigger/"):
		b.Warn(at, "TriggerForm", "trigger "+trigger.Text+" is not of the form api_trigger/NAME", "write api_trigger/"+trigger.Text[strings.LastIndexByte(trigger.Text, '/')+1:])
	}
}

// checkScheduleTime checks the literal time and returns nil for an empty element,
// which stands for none. That ScheduleTime takes a ref is not established.
func checkScheduleTime(b *flow.Build, el *etree.Element, t *flow.TextOrRef) *flow.TextOrRef {
	if t == nil || t.Ref == nil && t.Text == "" {
		return nil
	}
	if _, ok := readScheduleTime(t.Text); t.Text != "" && !ok {
		b.Refuse(b.Child(el, "ScheduleTime"), "InvalidScheduleTime", "value", t.Text)
	}
	return t
}

func (p *setIntegrationRequest) Execute(_ context.Context, x *flow.Exchange) error {
	trigger, body, err := p.compose(x)
	if broken := x.Err(); broken != nil {
		return broken // a body that cannot be read looks like an unresolved variable
	}
	if err != nil {
		return err
	}
	m := flow.NewRequest()
	m.Method = "POST"
	m.Header.Set("Content-Type", "application/json")
	m.SetContent(body)
	x.SetMessage(p.variable, m)
	p.tell(x, trigger)
	return nil
}

// compose makes the body of the execute or schedule call (integrations.md 2).
func (p *setIntegrationRequest) compose(x *flow.Exchange) (trigger string, body []byte, err error) {
	if trigger, err = p.triggerID(x); err != nil {
		return "", nil, err
	}
	when, err := p.scheduleTime(x)
	if err != nil {
		return "", nil, err
	}
	body = appendJSONText([]byte(`{"triggerId":`), trigger)
	if when != "" {
		body = appendJSONText(append(body, `,"scheduleTime":`...), when)
	}
	if body, err = p.appendParameters(body, x); err != nil {
		return "", nil, err
	}
	return trigger, append(body, '}'), nil
}

func (p *setIntegrationRequest) triggerID(x *flow.Exchange) (string, error) {
	v, ok := p.trigger.Value(x)
	if !ok {
		return "", p.unresolved.New("variable", p.trigger.Ref.String())
	}
	if text := strings.TrimSpace(v.String()); text != "" {
		return text, nil
	}
	return "", p.missingTrigger.New()
}

// scheduleTime is "" when the policy has none. A variable that does not resolve is
// a fault: to run at once what was meant for later would be worse.
func (p *setIntegrationRequest) scheduleTime(x *flow.Exchange) (string, error) {
	if p.schedule == nil {
		return "", nil
	}
	v, ok := p.schedule.Value(x)
	if !ok {
		return "", p.unresolved.New("variable", p.schedule.Ref.String())
	}
	when, ok := readScheduleTime(v.String())
	if !ok {
		return "", p.badTime.New("value", shownValue(p.schedule.Ref, v))
	}
	return when, nil
}

// tell sets the variables that say which integration to run. Without an
// IntegrationName element, which the page lists as optional, integration.name
// stays as an earlier policy set it.
func (p *setIntegrationRequest) tell(x *flow.Exchange, trigger string) {
	project := x.Proxy.Organization
	if p.project != nil {
		project = integrationText(x, p.project)
	}
	putOrRemove(x, "integration.project.id", project)
	putOrRemove(x, "integration.region", cmp.Or(integrationText(x, p.region), x.Proxy.Region))
	putOrRemove(x, "integration.trigger.id", trigger)
	if p.name != nil {
		putOrRemove(x, "integration.name", integrationText(x, p.name))
	}
}

func integrationText(x *flow.Exchange, t *flow.TextOrRef) string {
	v, _ := t.Value(x)
	return strings.TrimSpace(v.String())
}

func putOrRemove(x *flow.Exchange, name, text string) {
	if text == "" {
		x.Remove(name)
		return
	}
	x.Put(name, flow.Text(text))
}
