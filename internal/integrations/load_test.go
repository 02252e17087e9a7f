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
		`task type: task 3 "Send Email": tasks of type CarrierPigeonTask do not run here`,
		`malformed: task 1 "One": row 1 ($x$): there is no function SHOUT in stringFunction`,
		`malformed: task 2 "Call": parameter httpMethod: "BREW" is not one of GET, POST, PUT, PATCH, DELETE, HEAD`,
		`auth profile: task 2 "Call": authentication profile "profile": it does not exist; create it under authConfigs`,
		`malformed: task 4 "Return": parameter httpErrorCode: 200 is not an HTTP error`,
		`malformed: task 1 "One": edge to task 3: condition "$x$ =", byte 5: a value is missing`,
		`malformed: task 2 "Call": leads to task 9, which does not exist`,
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
	for _, lines := range []string{
		approval,
		"start: 1\n1: 2, 3\n2: 4\n3: 4\n4 join: WHEN_ANY_SUCCEED\n1 catcher: EC\ncatcher EC: 8\n1 policy: {\"retryStrategy\":\"RESTART_INTEGRATION_WITH_BACKOFF\",\"maxRetries\":1,\"intervalTime\":\"3s\"}",
		"start: 1\n" + callsSub("1", "SubWorkflowForEachLoopV2Task", param("listToIterate", "$l$"), `"aggregatorParameterMapping":`+pairs("a>b")),
		"start: 1\n" + callsSub("1", "SubWorkflowScatterGatherTask", param("listToScatter", "[1,2]")),
		"start: 1\n" + callsSub("1", "SubWorkflowWhileLoopV2Task", param("whileCondition", "$n$ = 1")),
		taskPlan("JsonnetMapperTask", param("template", "local f = import 'functions'; {n: f.sum([1, 2])}")),
		taskPlan("JavaScriptTask", param("script", "function executeScript(event) { event.setParameter('n', 1) }")),
		taskPlan("EmailTask", param("To", "a@x")), taskPlan("GenericConnectorTask", param("operation", "GET_ENTITY")), taskPlan("CloudFunctionTask", param("TriggerUrl", "http://x")),
	} {
		f.Add(planExport(f, lines))
	}
	e := New(Options{Client: clientOf(nil), SyncLimit: 20 * time.Millisecond, // retries wait
		Outside: Outside{Mail: "127.0.0.1:1", Connectors: "http://connectors", AuthProfile: profile("AUTH_TOKEN", "")}})
	f.Cleanup(e.Close)
	f.Fuzz(func(t *testing.T, text []byte) {
		if e.Load("x", text) != nil {
			return
		}
		for id := range e.loaded["x"].published.triggers {
			o := newObject().with("triggerId", id)
			if a, err := e.Execute(t.Context(), Call{Name: "x", Body: appendJSON(nil, o)}); err != nil || a.Status == 0 {
				t.Fatalf("%v %v", a, err)
			}
		}
	})
}

// TestEmptyNamesAreNone loads what integrationcli makes of a trigger without names.
func TestEmptyNamesAreNone(t *testing.T) {
	export := strings.Replace(string(planExport(t, "start: 1 if $n$ = 0")), `"triggerId"`, `"inputVariables":{},"outputVariables":{},"triggerId"`, 1)
	e := newEngine(t, Options{})
	if bad := e.Load("plan", []byte(export)); bad != nil {
		t.Fatal(bad)
	}
	if status, body := execute(t, e, "plan", `{"triggerId":"api_trigger/t","inputParameters":{"n":{"intValue":1}}}`); status != 200 || !strings.Contains(body, `{"n":1}`) {
		t.Errorf("%d %s", status, body)
	}
}
