package integrations

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"testing/synctest"
)

// TestReports gives each task a canary as the value of $s$: reports must tell what failed
// without it.
func TestReports(t *testing.T) {
	const canary = "4111-canary"
	mapping := func(f string) string {
		return `"FieldMappingConfigTaskParameterKey":{"value":{"jsonValue":` + quoteJSON(f) + `}}`
	}
	for name, c := range map[string]struct {
		task   string
		client *http.Client
		want   string
	}{
		"status":  {taskPlan("GenericRestV2Task", param("url", "http://user:$s$@host/path?key=$s$"), param("httpMethod", "GET"), `"throwError":{"value":{"booleanValue":true}}`), clientOf(statusOnly(409)), "GET http://host/path answered 409 Conflict"},
		"unsent":  {taskPlan("GenericRestV2Task", param("url", "http://host/path?key=$s$"), param("httpMethod", "GET")), clientOf(nil), "Get http://host/path: no network"},
		"address": {taskPlan("GenericRestV2Task", param("url", "http://$s$:x y/"), param("httpMethod", "GET")), nil, ""},
		"return":  {taskPlan("ReturnTask", `"httpErrorCode":{"value":{"intValue":"409"}}`, param("errorMessage", "no $s$ here")), nil, "a Return task ended it"},
		"throw":   {taskPlan("JavaScriptTask", param("script", `function executeScript(event) { throw new Error(event.getParameter("s")) }`)), nil, "Error: the script threw an error (script:1)"},
		"script":  {taskPlan("JavaScriptTask", param("script", `function executeScript(event) { nothing() }`)), nil, `ReferenceError: "nothing" is not defined (script:1)`},
		"type":    {taskPlan("JavaScriptTask", param("script", `function executeScript(event) { event.setParameter("n", event.getParameter("s")) }`)), nil, ""},
		"null":    {taskPlan("FieldMappingTask", mapping(`{"mappedFields":[{"inputField":{"fieldType":"STRING_VALUE","transformExpression":{"initialValue":{"referenceValue":"$nothing$"}}},"outputField":{"referenceKey":"$s$","fieldType":"STRING_VALUE"}}]}`)), nil, "row 1 ($s$): the input is null and has no default value"},
		"integer": {taskPlan("FieldMappingTask", mapping(`{"mappedFields":[{"inputField":{"fieldType":"STRING_VALUE","transformExpression":{"initialValue":{"referenceValue":"$s$"}}},"outputField":{"referenceKey":"$n$","fieldType":"INT_VALUE"}}]}`)), nil, "the value is not an integer"},
	} {
		var reports []Report
		e := planEngine(t, Options{Client: c.client, Failed: func(r Report) { reports = append(reports, r) }}, c.task)
		status, _ := execute(t, e, "plan", `{"triggerId":"api_trigger/t","inputParameters":{"s":{"stringValue":"`+canary+`"}}}`)
		if len(reports) != 1 || status < 400 {
			t.Errorf("%s: %d, %+v", name, status, reports)
			continue
		}
		r := reports[0]
		if r.Integration != "plan" || r.Execution == "" || r.Task != "task 1" && name != "return" || !strings.Contains(r.Reason, c.want) || strings.Contains(r.Reason, canary) {
			t.Errorf("%s: %+v, want %s", name, r, c.want)
		}
	}
}

func statusOnly(status int) func(*http.Request) (*http.Response, error) {
	return func(r *http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: status, Body: http.NoBody, Request: r, Header: http.Header{}}, nil
	}
}

func quoteJSON(s string) string { return string(appendJSON(nil, s)) }

// TestReportOfTheTimeLimit: running out of time is a failure, a caller that leaves is none.
func TestReportOfTheTimeLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var reports []Report
		slow := clientOf(func(r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			return nil, r.Context().Err()
		})
		e := planEngine(t, Options{Client: slow, SyncLimit: time.Minute, Failed: func(r Report) { reports = append(reports, r) }},
			taskPlan("GenericRestV2Task", param("url", "http://host/"), param("httpMethod", "GET")))
		if status, _ := execute(t, e, "plan", runPlan); status != 504 || len(reports) != 1 || reports[0].Status != "DEADLINE_EXCEEDED" || !strings.Contains(reports[0].Reason, "the time limit has passed") {
			t.Errorf("%d %+v", status, reports)
		}
	})
}

func TestReasonOfWhatIsNotKnown(t *testing.T) {
	if got := ReasonOf(errors.New("4111")); got != withheld {
		t.Error(got)
	}
}
