package integrations

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

// taskPlan is a plan of one task, with a text and a JSON variable to work with.
func taskPlan(kind string, params ...string) string {
	return "start: 1\nvar s STRING_VALUE IN_OUT:\nvar j JSON_VALUE IN_OUT:\nvar l STRING_ARRAY IN_OUT:\n" +
		"1 task: \"" + kind + "\"\n1 parameters: {" + strings.Join(params, ",") + "}"
}

func TestEmail(t *testing.T) {
	for _, c := range []struct {
		name, params, inputs string
		status               int
		want                 string // of the answer, if it fails
		mail                 string
	}{
		{"text", param("To", "A <a@x>, b@x") + "," + param("Cc", "$s$") + "," + param("Bcc", "d@x") + "," + param("Subject", "Grüße $n$\r\nX-Evil: 1") + "," + param("TextBody", "Hi $n$\n.\nend"),
			`{"n":{"intValue":5},"s":{"stringValue":"c@x"}}`, 200, "", "a@x,b@x,c@x,d@x|=?utf-8?q?Gr=C3=BC=C3=9Fe_5_X-Evil:_1?=|Hi 5\r\n.\r\nend"},
		{"a list", `"To":{"value":{"stringArray":{"stringValues":["$l$","","z@x"]}}},` + param("Subject", "s") + "," + param("BodyFormat", "html") + "," + param("TextBody", "<b>é</b>"),
			`{"l":{"stringArray":{"stringValues":["a@x","b@x"]}}}`, 200, "", "a@x,b@x,z@x|s|<b>=C3=A9</b>"},
		{"nobody", param("Subject", "s"), `{}`, 200, "", ""},
		{"nobody, and that is an error", param("Subject", "s") + `,"ThrowNoRequiredInputException":{"value":{"booleanValue":true}}`, `{}`, 500, "there is nobody to send to", ""},
		{"no address", param("To", "nobody"), `{}`, 500, `\"nobody\" is not an address`, ""},
		{"too many", param("To", strings.Repeat("a@x,", 30)+"a@x"), `{}`, 500, "31 recipients", ""},
	} {
		w, o := newWorld(t, nil)
		e := planEngine(t, o, taskPlan("EmailTask", c.params))
		status, body := execute(t, e, "plan", `{"triggerId":"api_trigger/t","inputParameters":`+c.inputs+`}`)
		if got := strings.Join(w.mails, "\n"); status != c.status || !strings.Contains(body, c.want) || got != c.mail {
			t.Errorf("%s: %d %s\n%q\nwant %q", c.name, status, body, got, c.mail)
		}
	}
	e := planEngine(t, Options{Outside: Outside{Mail: "127.0.0.1:1", MailTimeout: time.Minute}}, taskPlan("EmailTask", param("To", "a@x")))
	if status, body := execute(t, e, "plan", runPlan); status != 500 || !strings.Contains(body, "connect") {
		t.Errorf("no server: %d %s", status, body)
	}
	if bad := e.Load("x", planExport(t, taskPlan("EmailTask", `"AttachmentPath":{"value":{"stringArray":{"stringValues":["gs://x"]}}}`))); len(bad) != 1 {
		t.Errorf("an attachment: %v", bad)
	}
}

func TestJavaScript(t *testing.T) {
	for _, c := range []struct{ script, want string }{
		{`function executeScript(event) { event.setParameter("n", event.getParameter("n") * 2); }`, `"n":10`},
		{`function executeScript(event) { const o = event.getParameter("j"); o.list.push({k: [1, 2.5, null]}); event.setParameter("j", o); }`, `"j":{"list":["a",{"k":[1,2.5,null]}]}`},
		{"function executeScript(event) { event.setParameter('l', ['x', `y${event.getParameter('n')}`]); }", `"l":["x","y5"]`},
		{`function executeScript(event) { event.setParameter("s", typeof event.getParameter("nothing") + [event.getIntegrationName(), event.getGoogleCloudProjectId(), event.getRegion(), event.getEventExecutionInfoId()]); }`,
			`"s":"objectplan,p,europe-west1,id-1"`},
		{`function executeScript(event) { event.log("seen"); throw new Error("mine"); }`, `mine`},
		{`function executeScript(event) { event.setParameter("n", "many"); }`, `event.setParameter(\"n\"): \"many\" is not an integer`},
		{`function executeScript(event) { event.setParameter("s", typeof context + typeof print); }`, `"s":"undefinedundefined"`},
		{`var x = 1; const executeScript = (event) => event.setParameter("n", x);`, `"n":1`},
	} {
		_, o := newWorld(t, nil)
		e := planEngine(t, o, taskPlan("JavaScriptTask", param("script", c.script)))
		_, body := execute(t, e, "plan", `{"triggerId":"api_trigger/t","inputParameters":{"n":{"intValue":5},"j":{"jsonValue":"{\"list\":[\"a\"]}"}}}`)
		if !strings.Contains(body, c.want) {
			t.Errorf("%s\n%s\nwant %s", c.script, body, c.want)
		}
		if log := e.Executions("")[0].Done["1"].Log; strings.Contains(c.script, "seen") && log != "seen\n" {
			t.Errorf("log %q", log)
		}
	}
	e := newEngine(t, Options{})
	for source, want := range map[string]string{"function other() {}": "no function executeScript", "function executeScript( {": "parameter script"} {
		if bad := e.Load("x", planExport(t, taskPlan("JavaScriptTask", param("script", source)))); len(bad) != 1 || !strings.Contains(bad[0].Error(), want) {
			t.Errorf("%s: %v", source, bad)
		}
	}
}

func TestJavaScriptEnds(t *testing.T) {
	e := planEngine(t, Options{SyncLimit: 50 * time.Millisecond}, taskPlan("JavaScriptTask", param("script", "function executeScript(event) { for (;;) {} }")))
	if status, body := execute(t, e, "plan", runPlan); status != 504 {
		t.Errorf("%d %s", status, body)
	}
}

func TestConnectors(t *testing.T) {
	const entities = "connectors.example/v2/projects/p/locations/l/connections/c/entityTypes/my%20type/entities"
	connection := param("connectionName", "projects/p/locations/l/connections/c") + "," + param("entityType", "my type") + "," + param("entityId", "a/b") + "," +
		param("connectorInputPayload", "$j$") + "," + param("connectorOutputPayload", "$j$")
	for _, c := range []struct{ params, answer, request, want string }{
		{param("operation", "LIST_ENTITIES") + "," + param("filterClause", "x = 'y'") + `,"listEntitiesPageSize":{"value":{"intValue":"5"}},` + param("listEntitiesNextPageToken", "$s$"), `{"entities":[{"fields":{"a":1}}],"nextPageToken":"n"}`,
			"GET " + entities + "?conditions=x+%3D+%27y%27&pageSize=5", `{"s":"n","j":[{"a":1}]}`},
		{param("operation", "GET_ENTITY"), `{"name":"x","fields":{"a":1}}`, "GET " + entities + "/a%2Fb", `{"j":{"a":1}}`},
		{param("operation", "CREATE_ENTITY"), `{"fields":{"id":9}}`, `POST ` + entities + ` {"fields":{"in":1}}`, `{"j":{"id":9}}`},
		{param("operation", "UPDATE_ENTITY"), `{"fields":{"id":9}}`, `PATCH ` + entities + `/a%2Fb {"fields":{"in":1}}`, `{"j":{"id":9}}`},
		{param("operation", "DELETE_ENTITY"), ``, `DELETE ` + entities + `/a%2Fb`, `{}`},
		{param("operation", "EXECUTE_ACTION") + "," + param("actionName", "do it"), `{"results":[{"r":1}]}`,
			`POST connectors.example/v2/projects/p/locations/l/connections/c/actions/do%20it:execute {"parameters":{"in":1}}`, `{"j":[{"r":1}]}`},
		{param("operation", "EXECUTE_QUERY") + `,"executeQueryRequestConfig":{"value":{"jsonValue":"{\"query\":{\"referenceKey\":\"$s$\"}}"}}`, `{"results":[{"r":1}]}`,
			`POST connectors.example/v2/projects/p/locations/l/connections/c:executeSqlQuery {"query":{"query":"select 1"}}`, `{"s":"select 1","j":[{"r":1}]}`},
	} {
		w, o := newWorld(t, always(200, c.answer))
		e := planEngine(t, o, taskPlan("GenericConnectorTask", connection, c.params))
		inputs := `{"j":{"jsonValue":"{\"in\":1}"}}`
		if strings.Contains(c.params, "EXECUTE_QUERY") {
			inputs = `{"j":{"jsonValue":"{\"in\":1}"},"s":{"stringValue":"select 1"}}`
		}
		status, body := execute(t, e, "plan", `{"triggerId":"api_trigger/t","inputParameters":`+inputs+`}`)
		if got := strings.Join(w.requests, "\n"); status != 200 || got != c.request || !strings.Contains(body, `"outputParameters":`+c.want) {
			t.Errorf("%d %s\n%s\nwant %s\n%s", status, body, got, c.want, c.request)
		}
	}
	_, o := newWorld(t, always(503, `{}`))
	e := planEngine(t, o, taskPlan("GenericConnectorTask", connection, param("operation", "GET_ENTITY")))
	if status, body := execute(t, e, "plan", runPlan); status != 500 || !strings.Contains(body, "answered 503") {
		t.Errorf("%d %s", status, body)
	}
	e = planEngine(t, o, taskPlan("GenericConnectorTask", connection, param("operation", "JUMP")))
	if status, body := execute(t, e, "plan", runPlan); status != 500 || !strings.Contains(body, `operation \"JUMP\" is not one`) {
		t.Errorf("%d %s", status, body)
	}
}

func TestGoogleTasks(t *testing.T) {
	template := func(name string, params ...string) string {
		return taskPlan(name, params...) + "\n1 taskTemplate: \"" + name + "\""
	}
	w, o := newWorld(t, func(r *http.Request, _ string) (int, string) {
		return 200, `{"messageIds":["` + r.Header.Get("Authorization") + `"]}`
	})
	o.Outside.Services = "https://services.example"
	publish := template("Pub/Sub - Publish", param("projectsId", "$ProjectId$"), param("topicsId", "t 1"), param("request", `{"messages":[]}`), param("response", "$j$"), param("authConfigName", "p"))
	e := planEngine(t, o, publish)
	status, body := execute(t, e, "plan", runPlan)
	if got := strings.Join(w.requests, ""); status != 200 || got != `POST services.example/pubsub.googleapis.com/v1/projects/p/topics/t%201:publish {"messages":[]}` || !strings.Contains(body, `"j":{"messageIds":["Bearer profile"]}`) {
		t.Errorf("%d %s\n%s", status, body, got)
	}
	e = planEngine(t, o, template("Firestore - Document Get", param("projectsId", "p"), param("databasesId", "$s$"), param("documentsId", "a")))
	if status, body := execute(t, e, "plan", runPlan); status != 500 || !strings.Contains(body, "parameter databasesId is empty") {
		t.Errorf("%d %s", status, body)
	}
	bad := e.Load("x", planExport(t, template("Sheets - Append", param("a", "b"))))
	if len(bad) != 1 || bad[0].(*Problem).Reason != TaskType || !strings.Contains(bad[0].Error(), `tasks of template "Sheets - Append" do not run here`) {
		t.Errorf("%v", bad)
	}
}

func TestCloudFunctionTakesVariablesBack(t *testing.T) {
	w, o := newWorld(t, always(200, `{"eventParameters":{"parameters":[{"key":"n","value":{"intValue":"7"}},{"key":"l","value":{"stringArray":{"stringValues":["x"]}}}]}}`))
	e := planEngine(t, o, taskPlan("CloudFunctionTask", param("TriggerUrl", "https://f/$n$")))
	status, body := execute(t, e, "plan", `{"triggerId":"api_trigger/t","inputParameters":{"n":{"intValue":5},"j":{"jsonValue":"{\"a\":1}"}}}`)
	want := `POST f/5 {"executionId":"id-1","integrationName":"plan","eventParameters":{"parameters":[{"key":"j","value":{"jsonValue":"{\"a\":1}"}},{"key":"n","value":{"intValue":"5"}}]}}`
	if got := strings.Join(w.requests, ""); status != 200 || got != want || !strings.Contains(body, `"l":["x"],"n":7`) {
		t.Errorf("%d %s\n%s", status, body, got)
	}
}
