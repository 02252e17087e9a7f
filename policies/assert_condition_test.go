package policies_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"sluice/flow"
)

func TestAssertCondition(t *testing.T) {
	tests := []struct {
		condition string
		want      flow.Value
	}{
		{`request.verb = "GET"`, flow.Bool(true)},
		{`request.verb = "POST"`, flow.Bool(false)},
		{`absent = null`, flow.Bool(true)},
		{`(request.header.n GreaterThan 5) and (request.header.n LesserThan 10)`, flow.Bool(true)},
		{`request.header.n &gt; 7`, flow.Bool(false)},
	}
	for _, tt := range tests {
		x := calloutExchange(flow.NewRequest())
		x.Request.Header.Set("n", "7")
		p := mustCompileCallout(t, "<AssertCondition name='AC-Is'><Condition>"+tt.condition+"</Condition></AssertCondition>", nil)
		if err := p.Execute(context.Background(), x); err != nil {
			t.Fatal(err)
		}
		if got := x.Lookup("assertcondition.AC-Is.truthValue"); got != tt.want {
			t.Errorf("%s is %v %v, want %v", tt.condition, got.Type(), got, tt.want)
		}
	}
}

// runaway is a pattern that backtracks without end on the text below.
const runaway = `(a+)+(?=b)`

func TestAssertConditionFaults(t *testing.T) {
	p := mustCompileCallout(t, "<AssertCondition name='P'><Condition>request.header.text JavaRegex \""+runaway+"\"</Condition></AssertCondition>", nil)
	x := calloutExchange(flow.NewRequest())
	x.Request.Header.Set("text", strings.Repeat("a", 60)+"!")
	err := p.Execute(context.Background(), x)
	if got := calloutFault(t, err); got != "ConditionEvaluationFailed" {
		t.Errorf("%q, want ConditionEvaluationFailed", got)
	}
	if v := x.Lookup("assertcondition.P.truthValue"); !v.IsNull() {
		t.Errorf("truthValue is %v", v)
	}
}

func TestAssertConditionBodyTooBig(t *testing.T) {
	m := flow.NewRequest()
	m.Limit = 4
	m.Body.SetStream(shortStream{strings.NewReader("12345")}, 5)
	p := mustCompileCallout(t, `<AssertCondition name='P'><Condition>request.content = "12345"</Condition></AssertCondition>`, nil)
	if got := calloutFault(t, p.Execute(context.Background(), calloutExchange(m))); got != "TooBigBody" {
		t.Errorf("%q, want TooBigBody", got)
	}
}

func TestAssertConditionDeployment(t *testing.T) {
	tests := []struct {
		elements string
		want     []string
	}{
		{`<Condition>a = "b"</Condition>`, nil},
		{"", []string{"error InvalidCondition"}},
		{"<Condition> </Condition>", []string{"error InvalidCondition"}},
		{"<Condition>a = </Condition>", []string{"error InvalidCondition"}},
		{`<Condition>a = "b"</Condition><Then/>`, []string{"warning UnknownElement"}},
	}
	for _, tt := range tests {
		_, b := compileCallout(t, "<AssertCondition name='P'>"+tt.elements+"</AssertCondition>", nil)
		if got := calloutProblems(b.Problems); !slices.Equal(got, tt.want) {
			t.Errorf("%s\n got %v\nwant %v", tt.elements, b.Problems, tt.want)
		}
	}
}
