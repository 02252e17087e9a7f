package faultlint

import (
	"testing"

	"sluice/flow"
	"sluice/proxy"
)

// FuzzCondition checks that a condition which flow accepts is cut into pieces
// that mean the same: with every comparison true, and with every one false, the
// shape says what the whole does when it is built of constants.
func FuzzCondition(f *testing.F) {
	for _, text := range []string{
		`a = "b"`, `(a = "b") or (not c) and !d`, `a not Matches "*and*" || b`, `!(a) && 'odd name' = 1`, `((a ~~ "x(y)")`,
		`a !~ "b" or not a != null`, `a =| "(" and b`, `not not a`,
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		c := newCondition(&document{}, &element{text: text}, false)
		if c.broken {
			return
		}
		for _, a := range c.atoms {
			if a.test == nil || a.offset < 0 || a.offset >= len(text) {
				t.Errorf("%q: comparison %q at %d", text, a.text, a.offset)
			}
			c.el.place(a.offset)
		}
		whole, _, err := flow.CompileCondition(c.text, flow.ConditionOptions{})
		if err != nil {
			t.Fatal(err)
		}
		x := newExchange()
		values := make([]bool, len(c.atoms))
		for i, a := range c.atoms {
			values[i], err = a.test.Eval(x)
			if err != nil {
				return // a regular expression that takes too long
			}
		}
		want, err := whole.Eval(x)
		if err == nil && holds(c.shape, values) != want {
			t.Errorf("%q is %t, of its comparisons %v it is not", text, want, values)
		}
	})
}

// FuzzCheck checks that no file of a bundle can do harm.
func FuzzCheck(f *testing.F) {
	f.Add([]byte(`<ProxyEndpoint name="p"><FaultRules><FaultRule name="r"><Condition>fault.name = "x" or a</Condition><Step><Name>P</Name><Condition>P.failed</Condition></Step></FaultRule></FaultRules><DefaultFaultRule><AlwaysEnforce>true</AlwaysEnforce></DefaultFaultRule></ProxyEndpoint>`),
		[]byte(`<FlowCallout name="P"><SharedFlowBundle>P</SharedFlowBundle></FlowCallout>`))
	f.Fuzz(func(t *testing.T, endpoint, policy []byte) {
		b := &proxy.Bundle{Name: "P", Files: map[string][]byte{
			"proxies/p.xml": endpoint, "targets/t.xml": endpoint, "sharedflows/s.xml": endpoint, "policies/P.xml": policy, "APIProxy.xml": policy,
		}}
		for _, problem := range Check([]*proxy.Bundle{b}, Rules(), Options{}) {
			if problem.Line == 0 || problem.Message == "" || problem.Hint == "" {
				t.Errorf("incomplete finding %+v", problem)
			}
		}
	})
}
