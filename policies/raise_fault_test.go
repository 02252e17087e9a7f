package policies_test

import (
	"errors"
	"strings"
	"testing"

	"sluice/flow"
)

const standardBody = `{"fault":{"faultstring":"Raising fault. Fault name : P","detail":{"errorcode":"steps.raisefault.RaiseFault"}}}`

func TestRaiseFault(t *testing.T) {
	for _, c := range []struct {
		name, elements string
		on             func() *flow.Exchange // client when nil
		want, reason   string
	}{
		{name: "nothing said", want: "500 Internal Server Error\nContent-Type: application/json\n\n" + standardBody},
		{name: "what editors leave behind", elements: `<FaultResponse><Set><Headers/><Payload contentType="text/plain"/><StatusCode>401</StatusCode></Set></FaultResponse>`,
			want: "401 Unauthorized\nContent-Type: application/json\n\n" + standardBody},
		{name: "everything said", elements: `<FaultResponse><Set><Headers><Header name="X-A">{request.verb}{none}</Header></Headers>
			<Payload contentType="text/plain" variablePrefix="%" variableSuffix="#">no %request.verb#</Payload><StatusCode>405</StatusCode><ReasonPhrase>Not That</ReasonPhrase></Set>
			<Add><Headers><Header name="X-A">2</Header></Headers></Add></FaultResponse>`,
			want: "405 Not That\nX-A: POST\nContent-Type: text/plain\nX-A: 2\n\nno POST"},
		{name: "Copy from the current message", elements: `<FaultResponse><Copy><Headers><Header name="X-Many"/></Headers><Payload>true</Payload></Copy></FaultResponse>`,
			want: "500 Internal Server Error\nX-Many: a\nX-Many: b\n\nin"},
		{name: "Copy a response", on: answered, elements: `<FaultResponse><Copy source="response"/><Remove><Headers><Header name="X-From"/></Headers></Remove></FaultResponse>`,
			want: "200 OK\n\nout"},
		{name: "no payload on purpose", elements: `<FaultResponse><Remove><Payload>true</Payload></Remove></FaultResponse>`, want: "500 Internal Server Error\n\n"},
		{name: "short reason", elements: `<ShortFaultReason>true</ShortFaultReason>`, reason: "P",
			want: "500 Internal Server Error\nContent-Type: application/json\n\n" + strings.Replace(standardBody, "Raising fault. Fault name : P", "P", 1)},
		{name: "error state, nothing said: the error stays", on: failing,
			want: "500 Internal Server Error\nContent-Type: application/json\n\n" + `{"fault":{"faultstring":"Unable to route the message to a Target Endpoint","detail":{"errorcode":"messaging.runtime.RouteFailed"}}}`},
		{name: "error state: headers are added, the rest is replaced", on: func() *flow.Exchange {
			x := failing()
			x.Error.Header.Add("X-A", "1")
			x.Error.Reason = "Old"
			return x
		}, elements: `<FaultResponse><Set><Headers><Header name="X-A">2</Header><Header name="Content-Type">text/html</Header></Headers><Payload>p</Payload><StatusCode>404</StatusCode></Set></FaultResponse>`,
			want: "404 Not Found\nContent-Type: text/html\nX-A: 1\nX-A: 2\n\np"},
	} {
		t.Run(c.name, func(t *testing.T) {
			x := client()
			if c.on != nil {
				x = c.on()
			}
			err := permissive.run(t, x, `<RaiseFault name="P">`+c.elements+`</RaiseFault>`)
			var raised *flow.Raised
			if !errors.As(err, &raised) {
				t.Fatalf("got %v", err)
			}
			x.Fail(err)
			if got := wire(t, x.Error); got != c.want {
				t.Errorf("message is\n%s\nwant\n%s", got, c.want)
			}
			if c.reason == "" {
				c.reason = "Raising fault. Fault name : P"
			}
			if f := raised.Fault; f.Name() != "RaiseFault" || f.Reason != c.reason || f.Status != x.Error.Status || f.Policy != "P" || f.Flow != "PreFlow" {
				t.Errorf("fault is %+v", f)
			}
		})
	}
}

func TestRaiseFaultVariables(t *testing.T) {
	x := client()
	err := permissive.run(t, x, `<RaiseFault><FaultResponse><AssignVariable><Name>a</Name><Value>1</Value></AssignVariable></FaultResponse></RaiseFault>`)
	if x.Fail(err); x.Lookup("a").String() != "1" || x.Lookup("fault.name").String() != "RaiseFault" {
		t.Errorf("a = %v, fault.name = %v", x.Lookup("a"), x.Lookup("fault.name"))
	}
}

func TestRaiseFaultUnresolved(t *testing.T) {
	const set = `<Set><Headers><Header name="a">{none}</Header></Headers></Set>`
	const ignore = `<IgnoreUnresolvedVariables>false</IgnoreUnresolvedVariables>`
	for _, elements := range []string{`<FaultResponse>` + set + `</FaultResponse>` + ignore, `<FaultResponse>` + set + ignore + `</FaultResponse>`} {
		err := permissive.run(t, client(), `<RaiseFault>`+elements+`</RaiseFault>`)
		if got := faultText(err); got != "500 entities.UnresolvedVariable: Unresolved variable : none" {
			t.Errorf("%s: got %s", elements, got)
		}
	}
	err := permissive.run(t, client(), `<RaiseFault><FaultResponse><AssignVariable><Name>messageid</Name><Value>1</Value></AssignVariable></FaultResponse></RaiseFault>`)
	if got := faultText(err); !strings.HasPrefix(got, "500 steps.assignmessage.SetVariableFailed") {
		t.Errorf("got %s", got)
	}
}
