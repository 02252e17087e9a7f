package policies_test

import (
	"context"
	"errors"
	"maps"
	"slices"
	"testing"

	"sluice/flow"
)

// sharedFlowSpy is a step that remembers the variables it sees, spoils
// them and fails when it is told to.
type sharedFlowSpy struct {
	names []string
	seen  map[string]string
	err   error
}

func (s *sharedFlowSpy) Execute(_ context.Context, x *flow.Exchange) error {
	s.seen = map[string]string{"shared flow": x.Lookup("apigee.edge.sharedflow.name").String()}
	for _, name := range s.names {
		if v := x.Lookup(name); !v.IsNull() {
			s.seen[name] = v.Type().String() + " " + v.String()
		}
		x.Put(name, flow.Text("spoilt"))
	}
	x.Put("left", flow.Text("behind"))
	return s.err
}

func callWith(t *testing.T, elements string, s *sharedFlowSpy) (*flow.Exchange, error) {
	t.Helper()
	p := mustCompileCallout(t, "<FlowCallout name='P'><SharedFlowBundle>sf</SharedFlowBundle>"+elements+"</FlowCallout>", nil)
	x := calloutExchange(flow.NewRequest())
	x.SharedFlows = map[string]*flow.SharedFlow{"sf": {Name: "sf", Steps: []flow.Step{{Name: "spy", Policy: s}}}}
	x.Put("a", flow.Text("old a"))
	x.Put("n", flow.Int(7))
	return x, p.Execute(context.Background(), x)
}

func TestFlowCalloutParameters(t *testing.T) {
	tests := []struct {
		parameters string
		want       map[string]string
	}{
		{``, map[string]string{"a": "String old a"}},
		{`<Parameters/>`, map[string]string{"a": "String old a"}},
		{`<Parameters><Parameter name="a">new {n}</Parameter><Parameter name="b" ref="a"/></Parameters>`,
			map[string]string{"a": "String new 7", "b": "String old a"}},
		{`<Parameters><Parameter name="b" ref="n"/><Parameter name="c" value="{n}"/></Parameters>`,
			map[string]string{"a": "String old a", "b": "Integer 7", "c": "String {n}"}},
		{`<Parameters><Parameter name="b" ref="absent">text</Parameter><Parameter name="c" ref="absent" value="v"/></Parameters>`,
			map[string]string{"a": "String old a", "b": "String text", "c": "String v"}},
		{`<Parameters><Parameter name="a" ref="absent"/><Parameter name="b">[{absent}]</Parameter></Parameters>`,
			map[string]string{"b": "String []"}},
		{`<Parameters ignoreUnresolvedVariables="true"><Parameter name="a" ref="absent"/></Parameters>`, map[string]string{}},
		{`<Parameters ignoreUnresolvedVariables="false"><Parameter name="a"/></Parameters>`, map[string]string{}},
		{`<Parameters><Parameter name="a">1</Parameter><Parameter name="a">2</Parameter></Parameters>`, map[string]string{"a": "String 2"}},
	}
	for _, tt := range tests {
		s := &sharedFlowSpy{names: []string{"a", "b", "c"}}
		x, err := callWith(t, tt.parameters, s)
		if err != nil {
			t.Errorf("%s: %v", tt.parameters, err)
			continue
		}
		tt.want["shared flow"] = "sf"
		if !maps.Equal(s.seen, tt.want) {
			t.Errorf("%s\nthe shared flow saw %v\n                want %v", tt.parameters, s.seen, tt.want)
		}
		if got := x.Lookup("left").String(); got != "behind" {
			t.Errorf("a variable of the shared flow is lost: %q", got)
		}
	}
}

// TestFlowCalloutRestores: afterwards a parameter is what it was, also when the
// shared flow failed or called another with the same parameter.
func TestFlowCalloutRestores(t *testing.T) {
	const parameters = `<Parameters><Parameter name="a">1</Parameter><Parameter name="a">2</Parameter><Parameter name="b">3</Parameter></Parameters>`
	for _, fail := range []error{nil, errors.New("no")} {
		x, err := callWith(t, parameters, &sharedFlowSpy{names: []string{"a", "b"}, err: fail})
		if (err != nil) != (fail != nil) {
			t.Fatalf("error %v, want %v", err, fail)
		}
		if got := x.Lookup("a").String(); got != "old a" {
			t.Errorf("a is %q afterwards, error %v", got, fail)
		}
		if v := x.Lookup("b"); !v.IsNull() {
			t.Errorf("b is %q afterwards, error %v", v, fail)
		}
	}
}

func TestFlowCalloutFaults(t *testing.T) {
	for _, parameter := range []string{`<Parameter name="b" ref="absent"/>`, `<Parameter name="b">{absent}</Parameter>`} {
		s := &sharedFlowSpy{}
		x, err := callWith(t, `<Parameters ignoreUnresolvedVariables="false"><Parameter name="a">1</Parameter>`+parameter+`</Parameters>`, s)
		if got := calloutFault(t, err); got != "FCVariableResolutionFailed" || s.seen != nil {
			t.Errorf("%s: %q, want FCVariableResolutionFailed before the call", parameter, got)
		}
		if got := x.Lookup("a").String(); got != "old a" {
			t.Errorf("a is %q after the fault", got)
		}
	}
	p := mustCompileCallout(t, "<FlowCallout name='P'><SharedFlowBundle>absent</SharedFlowBundle></FlowCallout>", nil)
	if got := calloutFault(t, p.Execute(context.Background(), calloutExchange(flow.NewRequest()))); got != "SharedFlowNotFound" {
		t.Errorf("%q, want SharedFlowNotFound", got)
	}
}

// TestFlowCalloutLoop: a shared flow that calls itself ends, and restores.
func TestFlowCalloutLoop(t *testing.T) {
	p := mustCompileCallout(t, `<FlowCallout name='P'><SharedFlowBundle>sf</SharedFlowBundle><Parameters><Parameter name="a">{a}+</Parameter></Parameters></FlowCallout>`, nil)
	x := calloutExchange(flow.NewRequest())
	x.Put("a", flow.Text("0"))
	x.SharedFlows = map[string]*flow.SharedFlow{"sf": {Name: "sf", Steps: []flow.Step{{Name: "P", Policy: p}}}}
	if got := calloutFault(t, p.Execute(context.Background(), x)); got != "ChainTooDeep" {
		t.Errorf("%q, want ChainTooDeep", got)
	}
	if got := x.Lookup("a").String(); got != "0" {
		t.Errorf("a is %q afterwards", got)
	}
}

func TestFlowCalloutDeployment(t *testing.T) {
	tests := []struct {
		elements string
		want     []string
	}{
		{"<SharedFlowBundle>sf</SharedFlowBundle>", nil},
		{"", []string{"error MissingElement"}},
		{"<SharedFlowBundle>sf</SharedFlowBundle><Parameters><Parameter>1</Parameter></Parameters>", []string{"error MissingAttribute"}},
		{"<SharedFlowBundle>sf</SharedFlowBundle><Parameters><Parameter name='request.verb'>PUT</Parameter></Parameters>", []string{"warning PredefinedVariable"}},
		{"<SharedFlowBundle>sf</SharedFlowBundle><Parameters ignoreUnresolvedVariables='x'/>", []string{"error InvalidValue"}},
	}
	for _, tt := range tests {
		_, b := compileCallout(t, "<FlowCallout name='P'>"+tt.elements+"</FlowCallout>", nil)
		if got := calloutProblems(b.Problems); !slices.Equal(got, tt.want) {
			t.Errorf("%s\n got %v\nwant %v", tt.elements, b.Problems, tt.want)
		}
	}
	_, b := compileCallout(t, "<FlowCallout name='P'><SharedFlowBundle> sf </SharedFlowBundle></FlowCallout>", nil)
	if _, ok := b.SharedFlows["sf"]; !ok {
		t.Errorf("the build does not know that sf is called: %v", b.SharedFlows)
	}
}
