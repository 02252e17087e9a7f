package policies_test

import (
	"context"
	"encoding/json"
	"math"
	"slices"
	"strings"
	"testing"

	"sluice/faults"
	"sluice/flow"
)

const apiTrigger = "<ApiTrigger>api_trigger/T_API_1</ApiTrigger>"

// setIntegrationRequest runs a SetIntegrationRequest of these elements.
func setIntegrationRequest(t *testing.T, x *flow.Exchange, elements string) error {
	t.Helper()
	p := mustCompileCallout(t, "<SetIntegrationRequest name='P'>"+elements+"</SetIntegrationRequest>", nil)
	return p.Execute(context.Background(), x)
}

func requestBody(t *testing.T, x *flow.Exchange, name string) string {
	t.Helper()
	m := x.Message(name)
	if m == nil {
		t.Fatalf("no message in %s", name)
	}
	body, err := m.Content()
	if err != nil {
		t.Fatal(err)
	}
	if !json.Valid(body) {
		t.Errorf("not JSON: %s", body)
	}
	return string(body)
}

// valuesExchange has variables of every type.
func valuesExchange() *flow.Exchange {
	x := calloutExchange(flow.NewRequest())
	for name, v := range map[string]flow.Value{
		"text": flow.Text("a \"b\" <c>\n"), "bad.utf8": flow.Text("a\xff"), "empty": flow.Text(""), "blank": flow.Text(" \n"),
		"int": flow.Int(7), "long": flow.Int64(math.MaxInt64), "half": flow.Float64(0.5), "whole": flow.Float64(1e10),
		"nan": flow.Float64(math.NaN()), "inf": flow.Float64(math.Inf(1)), "yes": flow.Bool(true), "TRUE": flow.Text(" TRUE "),
		"list": flow.List([]string{"1", "2"}), "words": flow.List([]string{"a", ""}), "none": flow.List(nil),
		"array": flow.Text(` [1, "2", 3] `), "bools": flow.Text("[true,false]"), "nested": flow.Text("[[1]]"), "nulls": flow.Text("[null]"),
		"open": flow.Text("[1"), "two": flow.Text("[1][2]"), "object": flow.Text(`{"a": [1]}`), "huge": flow.Text("9223372036854775808"),
		"private.pin": flow.Text("secret"), "message7": flow.MessageValue(flow.NewRequest()), "opaque": flow.ObjectValue(struct{}{}),
		"numbers": flow.Text("[1.5, 2]"),
	} {
		x.Put(name, v)
	}
	return x
}

func TestSetIntegrationRequestValues(t *testing.T) {
	tests := []struct{ element, want string }{
		{`<Parameter name="p">plain</Parameter>`, `{"stringValue":"plain"}`},
		{`<Parameter name="p" type="STRING"> trimmed </Parameter>`, `{"stringValue":"trimmed"}`},
		{`<Parameter name="p" type="string" ref="text">other</Parameter>`, `{"stringValue":"a \"b\" <c>\n"}`},
		{`<Parameter name="p" type="string" ref="absent">other</Parameter>`, `{"stringValue":"other"}`},
		{`<Parameter name="p" type="string" ref="absent"/>`, `{}`},
		{`<Parameter name="p" type="string"/>`, `{}`},
		{`<Parameter name="p" type="string" ref="empty">other</Parameter>`, `{"stringValue":""}`},
		{`<Parameter name="p" type="string" ref="bad.utf8"/>`, "{\"stringValue\":\"a\ufffd\"}"},
		{`<Parameter name="p" type="string" ref="list"/>`, `{"stringValue":"[1, 2]"}`},
		{`<Parameter name="p" type="string" ref="message7"/>`, "InvalidParameterValue"},
		{`<Parameter name="p" type="string" ref="opaque"/>`, "InvalidParameterValue"},
		{`<Parameter name="p" type="string">{text}</Parameter>`, `{"stringValue":"{text}"}`},

		{`<Parameter name="p" type="integer"> -12 </Parameter>`, `{"intValue":"-12"}`},
		{`<Parameter name="p" type="integer" ref="int"/>`, `{"intValue":"7"}`},
		{`<Parameter name="p" type="integer" ref="long"/>`, `{"intValue":"9223372036854775807"}`},
		{`<Parameter name="p" type="integer" ref="whole"/>`, `{"intValue":"10000000000"}`},
		{`<Parameter name="p" type="integer" ref="half"/>`, "InvalidParameterValue"},
		{`<Parameter name="p" type="integer" ref="huge"/>`, "InvalidParameterValue"},
		{`<Parameter name="p" type="integer" ref="yes"/>`, "InvalidParameterValue"},
		{`<Parameter name="p" type="integer" ref="empty"/>`, "InvalidParameterValue"},
		{`<Parameter name="p" type="integer">0x10</Parameter>`, "InvalidParameterValue"},

		{`<Parameter name="p" type="double">1</Parameter>`, `{"doubleValue":1.0}`},
		{`<Parameter name="p" type="double" ref="int"/>`, `{"doubleValue":7.0}`},
		{`<Parameter name="p" type="double">-1.5e-9</Parameter>`, `{"doubleValue":-1.5E-9}`},
		{`<Parameter name="p" type="double" ref="whole"/>`, `{"doubleValue":1.0E10}`},
		{`<Parameter name="p" type="double">NaN</Parameter>`, "InvalidParameterValue"},
		{`<Parameter name="p" type="double" ref="nan"/>`, "InvalidParameterValue"},
		{`<Parameter name="p" type="double" ref="inf"/>`, "InvalidParameterValue"},
		{`<Parameter name="p" type="double">1e999</Parameter>`, "InvalidParameterValue"},
		{`<Parameter name="p" type="double" ref="yes"/>`, "InvalidParameterValue"},

		{`<Parameter name="p" type="boolean" ref="yes"/>`, `{"booleanValue":true}`},
		{`<Parameter name="p" type="boolean" ref="TRUE"/>`, `{"booleanValue":true}`},
		{`<Parameter name="p" type="boolean">false</Parameter>`, `{"booleanValue":false}`},
		{`<Parameter name="p" type="boolean">1</Parameter>`, "InvalidParameterValue"},
		{`<Parameter name="p" type="boolean" ref="int"/>`, "InvalidParameterValue"},

		{`<Parameter name="p" type="json"><![CDATA[ {"a": "<b>"} ]]></Parameter>`, `{"jsonValue":"{\"a\": \"<b>\"}"}`},
		{`<Parameter name="p" type="json" ref="int"/>`, `{"jsonValue":"7"}`},
		{`<Parameter name="p" type="json" ref="words"/>`, `{"jsonValue":"[\"a\",\"\"]"}`},
		{`<Parameter name="p" type="json" ref="blank"/>`, `{}`},
		{`<Parameter name="p" type="json" ref="open"/>`, "InvalidParameterValue"},
		{`<Parameter name="p" type="json" ref="message7"/>`, "InvalidParameterValue"},
		{`<Parameter name="p" type="json">text</Parameter>`, "InvalidParameterValue"},

		{`<ParameterArray name="p" type="string"><Value>a</Value><Value ref="text"/></ParameterArray>`, `{"stringArray":{"stringValues":["a","a \"b\" <c>\n"]}}`},
		{`<ParameterArray name="p" type="integer"><Value ref="absent">1</Value><Value>2</Value></ParameterArray>`, `{"intArray":{"intValues":["1","2"]}}`},
		{`<ParameterArray name="p" type="double"><Value>1</Value><Value>2.5</Value></ParameterArray>`, `{"doubleArray":{"doubleValues":[1.0,2.5]}}`},
		{`<ParameterArray name="p" type="boolean"><Value>true</Value></ParameterArray>`, `{"booleanArray":{"booleanValues":[true]}}`},
		{`<ParameterArray name="p" type="integer"/>`, `{}`},
		{`<ParameterArray name="p" type="integer" ref="absent"/>`, `{}`},
		{`<ParameterArray name="p" type="integer" ref="empty"/>`, `{}`},
		{`<ParameterArray name="p" type="integer" ref="absent"><Value>5</Value></ParameterArray>`, `{"intArray":{"intValues":["5"]}}`},
		{`<ParameterArray name="p" type="integer" ref="list"><Value>5</Value></ParameterArray>`, `{"intArray":{"intValues":["1","2"]}}`},
		{`<ParameterArray name="p" type="string" ref="none"/>`, `{"stringArray":{"stringValues":[]}}`},
		{`<ParameterArray name="p" type="string" ref="words"/>`, `{"stringArray":{"stringValues":["a",""]}}`},
		{`<ParameterArray name="p" type="integer" ref="array"/>`, `{"intArray":{"intValues":["1","2","3"]}}`},
		{`<ParameterArray name="p" type="string" ref="array"/>`, `{"stringArray":{"stringValues":["1","2","3"]}}`},
		{`<ParameterArray name="p" type="double" ref="numbers"/>`, `{"doubleArray":{"doubleValues":[1.5,2.0]}}`},
		{`<ParameterArray name="p" type="boolean" ref="bools"/>`, `{"booleanArray":{"booleanValues":[true,false]}}`},
		{`<ParameterArray name="p" type="integer" ref="bools"/>`, "InvalidParameterValue"},
		{`<ParameterArray name="p" type="integer" ref="words"/>`, "InvalidParameterValue"},
		{`<ParameterArray name="p" type="string" ref="nested"/>`, "InvalidParameterValue"},
		{`<ParameterArray name="p" type="string" ref="nulls"/>`, "InvalidParameterValue"},
		{`<ParameterArray name="p" type="string" ref="open"/>`, "InvalidParameterValue"},
		{`<ParameterArray name="p" type="string" ref="two"/>`, "InvalidParameterValue"},
		{`<ParameterArray name="p" type="string" ref="object"/>`, "InvalidParameterValue"},
		{`<ParameterArray name="p" type="string" ref="text"/>`, "InvalidParameterValue"},
		{`<ParameterArray name="p" type="string" ref="message7"/>`, "InvalidParameterValue"},
		{`<ParameterArray name="p" type="integer"><Value ref="text"/></ParameterArray>`, "InvalidParameterValue"},
		{`<ParameterArray name="p" type="integer"><Value ref="absent"/></ParameterArray>`, "UnresolvedVariable"},
	}
	for _, tt := range tests {
		x := valuesExchange()
		err := setIntegrationRequest(t, x, apiTrigger+"<Parameters>"+tt.element+"</Parameters>")
		got := calloutFault(t, err)
		if err == nil {
			body := requestBody(t, x, "integration.request")
			got = strings.TrimSuffix(strings.TrimPrefix(body, `{"triggerId":"api_trigger/T_API_1","inputParameters":{"p":`), "}}")
		}
		if got != tt.want {
			t.Errorf("%s\n got %s\nwant %s", tt.element, got, tt.want)
		}
	}
}

func TestSetIntegrationRequestSubstitution(t *testing.T) {
	tests := []struct{ parameters, want string }{
		{`<Parameters><Parameter name="p">$#int#$ of $#long#$</Parameter></Parameters>`, `{"stringValue":"7 of 9223372036854775807"}`},
		{`<Parameters><Parameter name="p" type="integer">1$#int#$</Parameter></Parameters>`, `{"intValue":"17"}`},
		{`<Parameters><Parameter name="p" type="json">{"n": $#int#$}</Parameter></Parameters>`, `{"jsonValue":"{\"n\": 7}"}`},
		{`<Parameters><Parameter name="p">costs $5 #1</Parameter></Parameters>`, `{"stringValue":"costs $5 #1"}`},
		{`<Parameters><Parameter name="p">$#absent#$</Parameter></Parameters>`, "UnresolvedVariable"},
		{`<Parameters substitutionVariableChar="%"><Parameter name="p">$%int%$ $#int#$</Parameter></Parameters>`, `{"stringValue":"7 $#int#$"}`},
		{`<Parameters><ParameterArray name="p" type="string"><Value>$#int#$</Value></ParameterArray></Parameters>`, `{"stringArray":{"stringValues":["7"]}}`},
	}
	for _, tt := range tests {
		x := valuesExchange()
		err := setIntegrationRequest(t, x, apiTrigger+tt.parameters)
		got := calloutFault(t, err)
		if err == nil {
			got = requestBody(t, x, "integration.request")
		}
		if !strings.Contains(got, tt.want) {
			t.Errorf("%s\n got %s\nwant %s", tt.parameters, got, tt.want)
		}
	}
}

func TestSetIntegrationRequestMessage(t *testing.T) {
	x := calloutExchange(flow.NewRequest())
	x.Put("when", flow.Text("2022-01-15T02:30:15+01:00"))
	err := setIntegrationRequest(t, x, apiTrigger+`<ProjectId ref="absent">p1</ProjectId><IntegrationName>orders</IntegrationName>
		<IntegrationRegion>europe-west1</IntegrationRegion><ScheduleTime ref="when"/><Request>mine</Request>
		<Parameters><Parameter name="z">1</Parameter><Parameter name="a">2</Parameter></Parameters>`)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"triggerId":"api_trigger/T_API_1","scheduleTime":"2022-01-15T01:30:15Z","inputParameters":{"z":{"stringValue":"1"},"a":{"stringValue":"2"}}}`
	if got := requestBody(t, x, "mine"); got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
	m := x.Message("mine")
	if m.Kind != flow.Request || m.Method != "POST" || m.MediaType() != "application/json" {
		t.Errorf("message is %v %s %s", m.Kind, m.Method, m.MediaType())
	}
	for name, want := range map[string]string{
		"integration.project.id": "p1", "integration.name": "orders",
		"integration.region": "europe-west1", "integration.trigger.id": "api_trigger/T_API_1",
	} {
		if got := x.Lookup(name).String(); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
}

// TestSetIntegrationRequestDefaults: what is absent, and what does not resolve.
func TestSetIntegrationRequestDefaults(t *testing.T) {
	x := calloutExchange(flow.NewRequest())
	x.Put("integration.name", flow.Text("earlier"))
	if err := setIntegrationRequest(t, x, apiTrigger); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"integration.project.id": "acme", "integration.name": "earlier", "integration.region": "us-central1",
	} {
		if got := x.Lookup(name).String(); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	err := setIntegrationRequest(t, x, apiTrigger+`<ProjectId ref="absent"/><IntegrationName ref="absent"/><IntegrationRegion ref="absent"/>`)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"integration.project.id", "integration.name"} {
		if v := x.Lookup(name); !v.IsNull() {
			t.Errorf("%s is %q, want it unset", name, v)
		}
	}
	if got := x.Lookup("integration.region").String(); got != "us-central1" {
		t.Errorf("integration.region is %q", got)
	}
}

func TestSetIntegrationRequestFaults(t *testing.T) {
	tests := []struct{ elements, name, reason string }{
		{`<ApiTrigger ref="absent"/>`, "UnresolvedVariable", "Unresolved variable : absent"},
		{`<ApiTrigger ref="blank"/>`, "MissingTrigger", "SetIntegrationRequest[P]: the API trigger is empty"},
		{apiTrigger + `<ScheduleTime ref="absent"/>`, "UnresolvedVariable", "Unresolved variable : absent"},
		{apiTrigger + `<ScheduleTime ref="text"/>`, "InvalidScheduleTime", "SetIntegrationRequest[P]: schedule time a \"b\" <c>\n is not an RFC 3339 time"},
		{apiTrigger + `<Parameters><Parameter name="p" type="integer" ref="private.pin"/></Parameters>`, "InvalidParameterValue", "SetIntegrationRequest[P]: parameter p: value ***** is not of type integer"},
		{apiTrigger + `<Parameters><Parameter name="p" type="integer" ref="long.text"/></Parameters>`, "InvalidParameterValue",
			"SetIntegrationRequest[P]: parameter p: value " + strings.Repeat("é", 32) + "... is not of type integer"},
		{apiTrigger + `<Parameters><ParameterArray name="p" type="double" ref="words"/></Parameters>`, "InvalidParameterValue", "SetIntegrationRequest[P]: parameter p: value [a, ] is not of type double array"},
	}
	for _, tt := range tests {
		x := valuesExchange()
		x.Put("long.text", flow.Text(strings.Repeat("é", 1000)))
		err := setIntegrationRequest(t, x, tt.elements)
		if name := calloutFault(t, err); name != tt.name {
			t.Errorf("%s: %q, want %q", tt.elements, name, tt.name)
			continue
		}
		if f := flow.FaultOf(err).At("P", "", ""); f.Reason != tt.reason || f.Status != 500 {
			t.Errorf("%s: %d %q, want %q", tt.elements, f.Status, f.Reason, tt.reason)
		}
		if x.Message("integration.request") != nil {
			t.Errorf("%s: there is a request all the same", tt.elements)
		}
	}
}

// TestSetIntegrationRequestBodyTooBig: a payload above the limit is its own fault
// and not an unresolved variable.
func TestSetIntegrationRequestBodyTooBig(t *testing.T) {
	m := flow.NewRequest()
	m.Limit = 4
	m.Body.SetStream(shortStream{strings.NewReader("12345")}, 5)
	err := setIntegrationRequest(t, calloutExchange(m), apiTrigger+`<Parameters><Parameter name="p" ref="request.content"/></Parameters>`)
	if got := calloutFault(t, err); got != "TooBigBody" {
		t.Errorf("%q, want TooBigBody", got)
	}
}

type shortStream struct{ *strings.Reader }

func (shortStream) Close() error { return nil }

func TestSetIntegrationRequestDeployment(t *testing.T) {
	const region = "<IntegrationRegion>us-central1</IntegrationRegion>"
	parameters := func(s string) string { return apiTrigger + region + "<Parameters>" + s + "</Parameters>" }
	tests := []struct {
		elements string
		want     []string
	}{
		{apiTrigger + region, nil},
		{apiTrigger, []string{"warning MissingRegion"}},
		{region, []string{"error MissingTrigger"}},
		{region + "<ApiTrigger/>", []string{"error MissingTrigger"}},
		{region + "<ApiTrigger>T_API_1</ApiTrigger>", []string{"warning TriggerForm"}},
		{region + apiTrigger + "<ScheduleTime>tomorrow</ScheduleTime>", []string{"error InvalidScheduleTime"}},
		{region + apiTrigger + "<ScheduleTime/>", nil},
		{region + apiTrigger + "<Colour/>", []string{"warning UnknownElement"}},
		{parameters(`<Parameter type="string">x</Parameter>`), []string{"error InvalidParameterName"}},
		{parameters(`<Parameter name="a"/><ParameterArray name="a"/>`), []string{"error InvalidParameterName"}},
		{parameters(`<Parameter name="a" type="float"/>`), []string{"error InvalidParameterType"}},
		{parameters(`<ParameterArray name="a" type="json"/>`), []string{"error InvalidParameterType"}},
		{parameters(`<ParameterArray name="a" type="integer"><Value/></ParameterArray>`), []string{"error EmptyValue"}},
		{parameters(`<Parameter name="a" type="string">{flow.x}</Parameter>`), []string{"warning BracesNotReplaced"}},
		{parameters(`<Parameter name="a" type="json">{"a": {}}</Parameter>`), nil},
		{parameters(`<Parameter name="a" type="integer">abc</Parameter>`), []string{"warning InvalidParameterValue"}},
		{parameters(`<Parameter name="a" type="integer">$#abc#$</Parameter>`), nil},
		{parameters(`<Colour/>`), []string{"warning UnknownElement"}},
		{apiTrigger + region + `<Parameters substitutionVariableChar="##"/>`, []string{"error InvalidValue"}},
	}
	for _, tt := range tests {
		_, b := compileCallout(t, "<SetIntegrationRequest name='P'>"+tt.elements+"</SetIntegrationRequest>", nil)
		if got := calloutProblems(b.Problems); !slices.Equal(got, tt.want) {
			t.Errorf("%s\n got %v\nwant %v", tt.elements, b.Problems, tt.want)
		}
		for _, p := range b.Problems {
			if strings.ContainsAny(p.Message, "{}") && p.Code != "BracesNotReplaced" {
				t.Errorf("%s: a placeholder is left: %s", p.Code, p.Message)
			}
		}
	}
}

func TestTriggerFormHint(t *testing.T) {
	for _, written := range [...]string{"T_API_1", "api_triger/T_API_1", "/T_API_1"} {
		_, b := compileCallout(t, "<SetIntegrationRequest name='P'><IntegrationRegion>r</IntegrationRegion><ApiTrigger>"+written+"</ApiTrigger></SetIntegrationRequest>", nil)
		if len(b.Problems) != 1 || b.Problems[0].Hint != "write api_trigger/T_API_1" {
			t.Errorf("%s: %v", written, b.Problems)
		}
	}
}

func TestScheduleTimes(t *testing.T) {
	tests := []struct{ text, want string }{
		{"2022-01-15T01:30:15Z", "2022-01-15T01:30:15Z"},
		{" 2022-01-15t01:30:15.250z ", "2022-01-15T01:30:15.25Z"},
		{"2022-01-15T01:30:15-08:00", "2022-01-15T09:30:15Z"},
		{"2022-01-15T01:30:15+0130", "2022-01-15T00:00:15Z"},
		{"2022-01-15T01:30:15+01", "2022-01-15T00:30:15Z"},
		{"2022-01-15T01:30Z", "2022-01-15T01:30:00Z"},
		{"2022-01-15T01:30:15", "2022-01-15T01:30:15Z"},
		{"20220115T013015Z", "2022-01-15T01:30:15Z"},
		{"2022-01-15", "InvalidScheduleTime"},
		{"2022-02-30T00:00:00Z", "InvalidScheduleTime"},
		{"9999-12-31T23:59:59-01:00", "InvalidScheduleTime"},
		{"1642210215", "InvalidScheduleTime"},
	}
	for _, tt := range tests {
		x := calloutExchange(flow.NewRequest())
		x.Put("when", flow.Text(tt.text))
		err := setIntegrationRequest(t, x, apiTrigger+`<ScheduleTime ref="when"/>`)
		got := calloutFault(t, err)
		if err == nil {
			got = requestBody(t, x, "integration.request")
		}
		if !strings.Contains(got, tt.want) {
			t.Errorf("%q: got %s, want %s", tt.text, got, tt.want)
		}
	}
}

// FuzzSetIntegrationRequest: whatever a client sends as a parameter's value, the
// request is valid JSON or the policy fails with its documented fault.
func FuzzSetIntegrationRequest(f *testing.F) {
	for _, seed := range []string{"", "1", "1e3", "true", `[1,"2",true]`, `{"a":1}`, "[", "\xff", `"\ud800"`, "[1e400]"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, value string) {
		for _, typ := range []string{"string", "integer", "double", "boolean", "json"} {
			elements := `<Parameter name="p" ref="v" type="` + typ + `"/>`
			if typ != "json" {
				elements = `<ParameterArray name="p" ref="v" type="` + typ + `"/>` + strings.Replace(elements, `"p"`, `"q"`, 1)
			}
			x := calloutExchange(flow.NewRequest())
			x.Put("v", flow.Text(value))
			err := setIntegrationRequest(t, x, apiTrigger+"<Parameters>"+elements+"</Parameters>")
			if err == nil {
				requestBody(t, x, "integration.request")
			} else if flow.FaultOf(err).Def.Evidence != faults.Sluice || calloutFault(t, err) != "InvalidParameterValue" {
				t.Errorf("%q as %s: %v", value, typ, err)
			}
		}
	})
}

func BenchmarkSetIntegrationRequest(b *testing.B) {
	p := mustCompileCallout(b, `<SetIntegrationRequest name='P'>`+apiTrigger+`<IntegrationName>orders</IntegrationName><Parameters>
		<Parameter name="customer" ref="text"/><Parameter name="amount" type="double">1.5</Parameter>
		<ParameterArray name="n" type="integer"><Value>1</Value><Value ref="int"/></ParameterArray></Parameters></SetIntegrationRequest>`, nil)
	x := valuesExchange()
	b.ReportAllocs()
	for b.Loop() {
		if err := p.Execute(context.Background(), x); err != nil {
			b.Fatal(err)
		}
	}
}
