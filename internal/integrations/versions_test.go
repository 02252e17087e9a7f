package integrations

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestVersions(t *testing.T) {
	e := newEngine(t, Options{})
	export := func(answer string) []byte {
		return planExport(t, "start: 1 if $n$ = 0\nvar v STRING_VALUE OUT: {\"stringValue\":\""+answer+"\"}")
	}
	call := func(version string) string {
		a, err := e.Execute(t.Context(), Call{Name: "plan", Version: version, Body: []byte(runPlan)})
		if err != nil {
			t.Fatal(err)
		}
		return fmt.Sprintf("%d %s", a.Status, a.Body)
	}
	if bad := slices.Concat(e.Draft("plan", "a", export("one"), nil), e.Check("plan", export("x"))); bad != nil {
		t.Fatal(bad)
	}
	if got := call(""); !strings.HasPrefix(got, "404") || len(e.Names()) != 0 || len(e.Having("api_trigger/t")) != 0 {
		t.Errorf("a draft takes calls: %s", got)
	}
	if got := call("a"); !strings.Contains(got, `"v":"one"`) {
		t.Errorf("a draft that is named: %s", got)
	}
	e.Publish("plan", "b", export("two"), nil)
	if got := call(""); !strings.Contains(got, `"v":"two"`) || !slices.Equal(e.Having("api_trigger/t"), []string{"plan"}) || len(e.Having("other")) != 0 {
		t.Errorf("published: %s", got)
	}
	if got := call("a"); !strings.Contains(got, `"v":"one"`) {
		t.Errorf("the draft beside it: %s", got)
	}
	e.Unpublish("plan")
	if got := call(""); !strings.HasPrefix(got, "404") {
		t.Errorf("unpublished: %s", got)
	}
	if got := call("b"); !strings.Contains(got, `"v":"two"`) {
		t.Errorf("unpublished, and named: %s", got)
	}
	e.Forget("plan", "b")
	if got := call("b"); !strings.HasPrefix(got, "404") {
		t.Errorf("forgotten: %s", got)
	}
}

func TestConfigParameters(t *testing.T) {
	e := newEngine(t, Options{})
	export := strings.Replace(string(planExport(t, "start: 1")), "{", "{\"integrationConfigParameters\":[{\"parameter\":{\"key\":\"`CONFIG_x`\",\"dataType\":\"INT_VALUE\",\"inputOutputType\":\"OUT\",\"defaultValue\":{\"intValue\":1}}}],", 1)
	export = strings.Replace(export, `"startTasks":[{"condition":"","taskId":"1"}]`, `"startTasks":[]`, 1)
	for given, want := range map[string]string{
		``: "1", `{"CONFIG_x":5}`: "5", "{\"`CONFIG_x`\":{\"intValue\":\"6\"}}": "6", `{"other":7}`: "1",
	} {
		var config map[string]json.RawMessage
		if given != "" {
			if err := json.Unmarshal([]byte(given), &config); err != nil {
				t.Fatal(err)
			}
		}
		if bad := e.Publish("plan", "", []byte(export), config); bad != nil {
			t.Fatal(bad)
		}
		if _, body := execute(t, e, "plan", runPlan); !strings.Contains(body, "{\"`CONFIG_x`\":"+want+"}") {
			t.Errorf("%s: %s, want %s", given, body, want)
		}
	}
	if bad := e.Publish("plan", "", []byte(export), map[string]json.RawMessage{"CONFIG_x": json.RawMessage(`"many"`)}); len(bad) != 1 {
		t.Errorf("%v", bad)
	}
}
