package integrations

import (
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestLoadNamesEveryProblem loads a file with one of everything that is refused.
func TestLoadNamesEveryProblem(t *testing.T) {
	text, err := os.ReadFile("testdata/refused.json")
	if err != nil {
		t.Fatal(err)
	}
	e := newEngine(t, Options{})
	var got []string
	for _, err := range e.Load("refused", text) {
		p := err.(*Problem)
		got = append(got, string(p.Reason)+": "+p.Error())
	}
	want := []string{
		`malformed: variable n: default value: intValue: "many" is not an integer`,
		`task type: task 3 "Send Email": type EmailTask is not available yet`,
		`malformed: task 1 "One": row 1 ($x$): there is no function SHOUT in stringFunction`,
		`malformed: task 2 "Call": parameter httpMethod: "BREW" is not one of GET, POST, PUT, PATCH, DELETE, HEAD`,
		`auth profile: task 2 "Call": authentication profile "profile": profiles are not available yet`,
		`malformed: task 4 "Return": parameter httpErrorCode: 200 is not an HTTP error`,
		`retry strategy: task 6 "Also": retry strategy RESTART_INTEGRATION_WITH_BACKOFF is not available yet`,
		`malformed: task 1 "One": edge to task 3: condition "$x$ =", byte 5: a value is missing`,
		`malformed: task 2 "Call": leads to task 9, which does not exist`,
		`fork or join: trigger api_trigger/refused_API_1: a fork into parallel paths (task 1 "One", task 2 "Call") is not available yet`,
		`fork or join: task 5 "Round": a join that waits for all of 2 paths is not available yet`,
		`malformed: task 4 "Return": the tasks after it form a cycle`,
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if names := e.Names(); len(names) != 0 {
		t.Errorf("a refused integration is loaded: %v", names)
	}
}

func TestLoadReplacesAndKeeps(t *testing.T) {
	e := newEngine(t, Options{}, "greeting", "branch")
	if bad := e.Load("greeting", []byte("{")); len(bad) == 0 {
		t.Error("half a file loads")
	}
	if got := e.Names(); !slices.Equal(got, []string{"branch", "greeting"}) {
		t.Errorf("names %v: a failed load must leave the earlier one", got)
	}
	if bad := e.Load("greeting", []byte(`{"triggerConfigs":[{"triggerType":"API","triggerId":"api_trigger/other"}]}`)); bad != nil {
		t.Fatal(bad)
	}
	if status, _ := execute(t, e, "greeting", `{"triggerId":"api_trigger/greeting_API_1"}`); status != 404 {
		t.Errorf("the earlier trigger answers %d after the integration was replaced", status)
	}
	e.Remove("greeting")
	if status, _ := execute(t, e, "greeting", `{"triggerId":"api_trigger/other"}`); status != 404 {
		t.Errorf("a removed integration answers %d", status)
	}
}

func TestCertificateChecksNeedAClient(t *testing.T) {
	text, err := os.ReadFile("testdata/rest-lenient.json")
	if err != nil {
		t.Fatal(err)
	}
	e := newEngine(t, Options{Client: clientOf(nil)})
	bad := e.Load("rest", text)
	if len(bad) != 1 || bad[0].(*Problem).Reason != Certificate {
		t.Errorf("got %v, want one problem with the certificate checks", bad)
	}
}

func FuzzLoad(f *testing.F) {
	for _, name := range []string{"greeting", "rest", "branch", "failing", "refused", "retry"} {
		text, err := os.ReadFile("testdata/" + name + ".json")
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	e := New(Options{Client: clientOf(nil), SyncLimit: 20 * time.Millisecond}) // retries wait
	f.Cleanup(e.Close)
	f.Fuzz(func(t *testing.T, text []byte) {
		if e.Load("x", text) != nil {
			return
		}
		for id := range e.loaded["x"].triggers {
			o := newObject().with("triggerId", id)
			if a, err := e.Execute(t.Context(), Call{Name: "x", Body: appendJSON(nil, o)}); err != nil || a.Status == 0 {
				t.Fatalf("%v %v", a, err)
			}
		}
	})
}
