package appint

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"google.golang.org/api/googleapi"
	api "google.golang.org/api/integrations/v1"
	"google.golang.org/api/option"

	"sluice/internal/integrations"
)

const location = "projects/p/locations/us-central1"

// client is Google's own client of the API, talking to s.
func client(s *server) *api.ProjectsLocationsService {
	s.t.Helper()
	c, err := api.NewService(s.t.Context(), option.WithEndpoint(strings.TrimSuffix(s.url, "v1/"+location)), option.WithoutAuthentication())
	check(s.t, err)
	return c.Projects.Locations
}

func codeOf(err error) int {
	if e := new(googleapi.Error); errors.As(err, &e) {
		return e.Code
	}
	return 0
}

func versionOf(t *testing.T, export []byte) *api.GoogleCloudIntegrationsV1alphaIntegrationVersion {
	t.Helper()
	v := new(api.GoogleCloudIntegrationsV1alphaIntegrationVersion)
	check(t, json.Unmarshal(export, v))
	return v
}

func TestClientVersions(t *testing.T) {
	s, tg := newServer(t), newTarget(t)
	versions := client(s).Integrations.Versions
	const name = location + "/integrations/chain"
	v := versionOf(t, chain(1))
	v.UserLabel, v.Description, v.State = "first", "A chain", "ACTIVE" // the state is not for the caller
	first, err := versions.Create(name, v).NewIntegration(true).Do()
	check(t, err)
	if first.State != "DRAFT" || first.SnapshotNumber != 1 || first.UserLabel != "first" || len(first.TaskConfigs) != 1 || !strings.HasPrefix(first.Name, name+"/versions/") {
		t.Errorf("created %+v", first)
	}
	second, err := versions.Create(name, versionOf(t, chain(2))).Do()
	check(t, err)

	first, err = versions.Patch(first.Name, &api.GoogleCloudIntegrationsV1alphaIntegrationVersion{UserLabel: "better"}).UpdateMask("user_label").Do()
	check(t, err)
	if first.UserLabel != "better" || first.Description != "A chain" || len(first.TaskConfigs) != 1 {
		t.Errorf("patched %+v", first)
	}
	publish := &api.GoogleCloudIntegrationsV1alphaPublishIntegrationVersionRequest{}
	_, err = versions.Publish(first.Name, publish).Do()
	check(t, err)
	if _, err = versions.Publish(first.Name, publish).Do(); codeOf(err) != 400 || !strings.Contains(err.Error(), "is ACTIVE and cannot be published") {
		t.Errorf("published twice: %v", err)
	}
	if _, err = versions.Patch(first.Name, first).Do(); codeOf(err) != 400 {
		t.Errorf("patched what is published: %v", err)
	}
	if _, err = versions.Delete(first.Name).Do(); codeOf(err) != 400 {
		t.Errorf("deleted what is published: %v", err)
	}
	if _, body := s.call("POST", "/integrations/chain:execute", input(tg.URL)); strings.Contains(body, `"a2":`) {
		t.Errorf("the first version answered %s", body)
	}
	_, err = versions.Publish(second.Name, publish).Do()
	check(t, err)
	if _, body := s.call("POST", "/integrations/chain:execute", input(tg.URL)); !strings.Contains(body, `"a2":`) {
		t.Errorf("the second version answered %s", body)
	}
	first, err = versions.Get(first.Name).Do()
	check(t, err)
	if first.State != "SNAPSHOT" {
		t.Errorf("the first version is %s", first.State)
	}

	list, err := versions.List(name).Filter("state=ACTIVE AND snapshotNumber>1").Do()
	check(t, err)
	if len(list.IntegrationVersions) != 1 || list.IntegrationVersions[0].Name != second.Name || list.IntegrationVersions[0].State != "ACTIVE" {
		t.Errorf("listed %+v", list.IntegrationVersions)
	}
	page, err := versions.List(location + "/integrations/-").PageSize(1).OrderBy("snapshot_number").Do()
	check(t, err)
	if len(page.IntegrationVersions) != 1 || page.IntegrationVersions[0].Name != first.Name || page.NextPageToken == "" {
		t.Errorf("first page %+v", page)
	}
	page, err = versions.List(location + "/integrations/-").PageSize(1).OrderBy("snapshot_number").PageToken(page.NextPageToken).Do()
	check(t, err)
	if len(page.IntegrationVersions) != 1 || page.IntegrationVersions[0].Name != second.Name || page.NextPageToken != "" {
		t.Errorf("second page %+v", page)
	}

	_, err = versions.Unpublish(second.Name, &api.GoogleCloudIntegrationsV1alphaUnpublishIntegrationVersionRequest{}).Do()
	check(t, err)
	if code, _ := s.call("POST", "/integrations/chain:execute", input(tg.URL)); code != 404 {
		t.Errorf("an unpublished integration answered %d", code)
	}
	_, err = versions.Delete(second.Name).Do()
	check(t, err)
	if v, err := versions.Get(second.Name).Do(); err != nil || v.State != "ARCHIVED" {
		t.Errorf("deleted: %+v, %v", v, err)
	}
	if _, err = versions.Publish(second.Name, publish).Do(); codeOf(err) != 400 {
		t.Errorf("published what is archived: %v", err)
	}
	_, err = client(s).Integrations.Delete(name).Do()
	check(t, err)
	if _, err = versions.Get(first.Name).Do(); codeOf(err) != 404 {
		t.Errorf("of a deleted integration: %v", err)
	}
	if list, err := client(s).Integrations.List(location).Do(); err != nil || len(list.Integrations) != 0 {
		t.Errorf("%+v, %v", list, err)
	}
}

func TestClientUploadAndDownload(t *testing.T) {
	s := newServer(t)
	versions := client(s).Integrations.Versions
	const name = location + "/integrations/chain"
	up, err := versions.Upload(name, &api.GoogleCloudIntegrationsV1alphaUploadIntegrationVersionRequest{Content: string(chain(1)), FileFormat: "JSON"}).Do()
	check(t, err)
	for _, format := range []string{"JSON", "YAML"} {
		down, err := versions.Download(up.IntegrationVersion.Name).FileFormat(format).Do()
		check(t, err)
		again, err := versions.Upload(name, &api.GoogleCloudIntegrationsV1alphaUploadIntegrationVersionRequest{Content: down.Content, FileFormat: format}).Do()
		check(t, err)
		got, err := json.Marshal(again.IntegrationVersion.TaskConfigs)
		check(t, err)
		want, err := json.Marshal(up.IntegrationVersion.TaskConfigs)
		check(t, err)
		if string(got) != string(want) {
			t.Errorf("%s: got %s, want %s", format, got, want)
		}
	}
	for _, bad := range []string{"[]", "{", ""} {
		if _, err := versions.Upload(name, &api.GoogleCloudIntegrationsV1alphaUploadIntegrationVersionRequest{Content: bad}).Do(); codeOf(err) != 400 {
			t.Errorf("%q: %v", bad, err)
		}
	}
	if _, err := versions.Create(location+"/integrations/a%20b", versionOf(t, chain(1))).Do(); codeOf(err) != 400 {
		t.Errorf("a name with a space: %v", err)
	}
}

// Everything that is wrong with a version is told when it is published.
func TestPublishTellsAllProblems(t *testing.T) {
	s := newServer(t)
	var v struct{ Name string }
	s.get(&v, "POST", "/integrations/bad/versions", `{"task_configs":[{"task":"NoSuchTask","task_id":"1"},{"task":"AnotherTask","task_id":"2"}]}`)
	id := v.Name[strings.LastIndexByte(v.Name, '/'):]
	code, body := s.call("POST", "/integrations/bad/versions"+id+":publish", "")
	if code != 400 || !strings.Contains(body, "NoSuchTask") || !strings.Contains(body, "AnotherTask") || !strings.Contains(body, `"fieldViolations":[{`) {
		t.Errorf("%d %s", code, body)
	}
	if code, body := s.call("POST", "/integrations/bad/versions"+id+":validate", ""); code != 400 {
		t.Errorf("%d %s", code, body)
	}
	var list struct{ IntegrationVersions []struct{ State string } }
	if s.get(&list, "GET", "/integrations/bad/versions", ""); list.IntegrationVersions[0].State != "DRAFT" {
		t.Error(list)
	}
}

func TestConfigParameters(t *testing.T) {
	s, tg := newServer(t), newTarget(t)
	document := strings.Replace(string(chain(1)), "{", fmt.Sprintf(`{"integrationConfigParameters":[{"parameter":{"key":"%[1]sCONFIG_url%[1]s","dataType":"STRING_VALUE"}}],`, "`"), 1)
	document = strings.Replace(document, "$url$/1", "$`CONFIG_url`$/1", 1)
	var v struct{ Name string }
	s.get(&v, "POST", "/integrations/configured/versions", document)
	s.get(&v, "POST", "/integrations/configured/versions"+v.Name[strings.LastIndexByte(v.Name, '/'):]+":publish",
		fmt.Sprintf(`{"configParameters":{"%[1]sCONFIG_url%[1]s":{"stringValue":%[2]q}}}`, "`", tg.URL))
	if code, body := s.call("POST", "/integrations/configured:execute", `{"triggerId":"api_trigger/run"}`); code != 200 || !strings.Contains(body, "1 answered") {
		t.Errorf("%d %s", code, body)
	}
}

func TestClientExecutions(t *testing.T) {
	s, tg := newServer(t), newTarget(t)
	s.load("chain", chain(2))
	c := client(s).Integrations
	const name = location + "/integrations/chain"
	answer, err := c.Execute(name, &api.GoogleCloudIntegrationsV1alphaExecuteIntegrationsRequest{
		TriggerId: "api_trigger/run", RequestId: "r-1",
		InputParameters: map[string]api.GoogleCloudIntegrationsV1alphaValueType{"url": {StringValue: tg.URL}, "count": {DoubleValue: 3}},
	}).Do()
	check(t, err)
	if string(answer.OutputParameters) == "" || answer.ExecutionId == "" {
		t.Fatalf("%+v", answer)
	}
	e, err := c.Executions.Get(name + "/executions/" + answer.ExecutionId).Do()
	check(t, err)
	if e.ExecutionDetails.State != "SUCCEEDED" || e.ExecutionMethod != "POST" || e.RequestParameters["url"].StringValue != tg.URL ||
		e.ResponseParameters["a2"].StringValue != "2 answered" || e.ResponseParameters["count"].DoubleValue != 3 || len(e.ExecutionDetails.ExecutionSnapshots) != 2 {
		t.Errorf("%+v %+v", e, e.ExecutionDetails)
	}
	if d := e.ExecutionDetails.ExecutionSnapshots[1].TaskExecutionDetails[0]; d.TaskNumber != "2" || d.TaskExecutionState != "SUCCEED" {
		t.Errorf("%+v", d)
	}
	_, err = c.Execute(name, &api.GoogleCloudIntegrationsV1alphaExecuteIntegrationsRequest{
		TriggerId: "api_trigger/run", InputParameters: map[string]api.GoogleCloudIntegrationsV1alphaValueType{"url": {StringValue: "http://127.0.0.1:1"}},
	}).Do()
	if codeOf(err) != 500 {
		t.Errorf("%v", err)
	}
	scheduled, err := c.Schedule(name, &api.GoogleCloudIntegrationsV1alphaScheduleIntegrationsRequest{
		TriggerId: "api_trigger/run", InputParameters: map[string]api.GoogleCloudIntegrationsV1alphaValueType{"url": {StringValue: tg.URL}},
	}).Do()
	check(t, err)
	s.reaches(scheduled.ExecutionInfoIds[0], integrations.Succeeded)

	for filter, want := range map[string]int{
		"": 3, "state=FAILED": 1, "state=SUCCEEDED": 2, "requestId=r-1": 1, "executionMethod=POST_TO_QUEUE": 1, "workflowName=other": 0, "createTime>2100-01-01T00:00:00Z": 0,
	} {
		list, err := c.Executions.List(name).Filter(filter).Do()
		check(t, err)
		if len(list.Executions) != want || len(list.ExecutionInfos) != want {
			t.Errorf("%s: %d executions, want %d", filter, len(list.Executions), want)
		}
	}
	for param, want := range map[string]int{
		"eventStatuses=FAILED": 1, "eventStatuses=CANCELED,SUCCEEDED": 2, "executionId=" + answer.ExecutionId: 1, "parameterKey=count": 1,
		"parameterPairKey=a1&filterParams.parameterPairValue=1+answered": 2, "taskStatuses=FAILED": 1, "endTime=1000": 0, "startTime=2020-01-01T00:00:00Z": 3,
	} {
		var list listExecutionsResponse
		if s.get(&list, "GET", "/integrations/-/executions?filterParams."+param, ""); len(list.Executions) != want {
			t.Errorf("%s: %d executions, want %d", param, len(list.Executions), want)
		}
	}
	list, err := c.Executions.List(name).Filter("state=FAILED").Do()
	check(t, err)
	if errs := list.ExecutionInfos[0].Errors; len(errs) != 1 || errs[0].TaskNumber != 1 {
		t.Errorf("%+v", errs)
	}
	down, err := c.Executions.Download(list.Executions[0].Name).Do()
	check(t, err)
	var record integrations.Record
	check(t, json.Unmarshal([]byte(down.Content), &record))
	if record.Error == nil || record.Done["1"].Error == nil {
		t.Errorf("%s", down.Content)
	}
}

func TestReplay(t *testing.T) {
	s, tg := newServer(t), newTarget(t)
	s.load("chain", chain(1))
	code, _ := s.call("POST", "/integrations/chain:execute", input("http://127.0.0.1:1"))
	if code != 500 {
		t.Fatal(code)
	}
	var list listExecutionsResponse
	s.get(&list, "GET", "/integrations/chain/executions", "")
	id := list.ExecutionInfos[0].ID
	var answer replayResponse
	// integrationcli writes a slash before the colon.
	s.get(&answer, "POST", "/integrations/chain/executions/"+id+"/:replay",
		fmt.Sprintf(`{"replayMode":"REPLAY_MODE_FROM_BEGINNING","replayReason":"again","modifiedParameters":{"url":{"stringValue":%q}}}`, tg.URL))
	if answer.ReplayedID != id || !strings.Contains(string(answer.OutputParameters), "1 answered") {
		t.Errorf("%+v", answer)
	}
	var e executionResource
	s.get(&e, "GET", "/integrations/chain/executions/"+answer.ExecutionID, "")
	if e.Replay == nil || e.Replay.Original != id || e.Replay.Reason != "again" {
		t.Errorf("%+v", e.Replay)
	}
	if code, body := s.call("POST", "/integrations/chain/executions/"+id+":replay", `{"replayMode":"SIDEWAYS"}`); code != 400 {
		t.Errorf("%d %s", code, body)
	}
	if code, body := s.call("POST", "/integrations/other/executions/"+id+":replay", `{}`); code != 404 {
		t.Errorf("%d %s", code, body)
	}
}

// TestReplayWithoutInputs: an asynchronous execution of a version that disables persistence leaves
// a record without its inputs. Run again without them it would be another execution.
func TestReplayWithoutInputs(t *testing.T) {
	s := newServer(t)
	s.load("chain", bytes.Replace(chain(1), []byte("{"), []byte(`{"databasePersistencePolicy":"DATABASE_PERSISTENCE_DISABLED",`), 1))
	id := s.scheduled("chain", input("http://127.0.0.1:1"))
	s.reaches(id, integrations.Failed)
	for _, mode := range [...]string{"REPLAY_MODE_FROM_BEGINNING", "REPLAY_MODE_POINT_OF_FAILURE"} {
		code, body := s.call("POST", "/integrations/chain/executions/"+id+":replay", `{"replayMode":"`+mode+`"}`)
		if code != 400 || !strings.Contains(body, "FAILED_PRECONDITION") || !strings.Contains(body, "its inputs were not kept") {
			t.Errorf("%s: %d %s", mode, code, body)
		}
	}
}

func TestClientSuspensions(t *testing.T) {
	s, tg := newServer(t), newTarget(t)
	s.load("approval", approval())
	c := client(s).Integrations.Executions
	id := s.scheduled("approval", input(tg.URL))
	s.reaches(id, integrations.Suspended)
	for _, parent := range []string{location + "/integrations/approval/executions/" + id, location + "/integrations/-/executions/-"} {
		list, err := c.Suspensions.List(parent).Filter("state=PENDING").Do()
		check(t, err)
		if len(list.Suspensions) != 1 || list.Suspensions[0].EventExecutionInfoId != id || list.Suspensions[0].TaskId != "1" || list.Suspensions[0].ApprovalConfig.CustomMessage != "May it?" {
			t.Fatalf("%+v", list)
		}
	}
	list, err := c.Suspensions.List(location + "/integrations/approval/executions/" + id).Do()
	check(t, err)
	suspension := list.Suspensions[0].Name
	if _, err := c.Suspensions.Resolve(suspension, &api.GoogleCloudIntegrationsV1alphaResolveSuspensionRequest{Suspension: &api.GoogleCloudIntegrationsV1alphaSuspension{State: "MAYBE"}}).Do(); codeOf(err) != 400 {
		t.Error(err)
	}
	lifted, err := c.Suspensions.Lift(suspension, &api.GoogleCloudIntegrationsV1alphaLiftSuspensionRequest{SuspensionResult: "fine"}).Do()
	check(t, err)
	if lifted.EventExecutionInfoId != id {
		t.Error(lifted)
	}
	if e := s.reaches(id, integrations.Succeeded); *e.ResponseParameters["a2"].String != "2 answered" {
		t.Errorf("%+v", e.ResponseParameters)
	}
	if _, err = c.Suspensions.Lift(suspension, &api.GoogleCloudIntegrationsV1alphaLiftSuspensionRequest{}).Do(); codeOf(err) != 404 {
		t.Errorf("lifted twice: %v", err)
	}

	rejected := s.scheduled("approval", input(tg.URL))
	s.reaches(rejected, integrations.Suspended)
	list, err = c.Suspensions.List(location + "/integrations/approval/executions/" + rejected).Do()
	check(t, err)
	_, err = c.Suspensions.Resolve(list.Suspensions[0].Name, &api.GoogleCloudIntegrationsV1alphaResolveSuspensionRequest{Suspension: &api.GoogleCloudIntegrationsV1alphaSuspension{State: "REJECTED"}}).Do()
	check(t, err)
	s.reaches(rejected, integrations.Succeeded)
	if calls := tg.called(); len(calls) != 1 {
		t.Errorf("the rejected one called too: %v", calls)
	}
}

func TestClientCancel(t *testing.T) {
	s, tg := newServer(t), newTarget(t)
	s.load("approval", approval())
	suspended := s.scheduled("approval", input(tg.URL))
	s.reaches(suspended, integrations.Suspended)
	later := s.scheduled("approval", strings.Replace(input(tg.URL), "{", `{"scheduleTime":"2100-01-01T00:00:00Z",`, 1))
	for _, id := range []string{suspended, later} {
		var answer cancelResponse
		if s.get(&answer, "POST", "/integrations/approval/executions/"+id+"/:cancel", `{"cancelReason":"no need"}`); !answer.IsCanceled {
			t.Errorf("%s is not cancelled", id)
		}
		s.reaches(id, integrations.Cancelled)
		if code, body := s.call("POST", "/integrations/approval/executions/"+id+":cancel", ""); code != 400 || !strings.Contains(body, "FAILED_PRECONDITION") {
			t.Errorf("cancelled twice: %d %s", code, body)
		}
	}
	if code, _ := s.call("POST", "/integrations/approval/executions/nobody:cancel", ""); code != 404 {
		t.Error(code)
	}
}

func TestClientAuthConfigs(t *testing.T) {
	s := newServer(t)
	c := client(s).AuthConfigs
	given := &api.GoogleCloudIntegrationsV1alphaAuthConfig{
		DisplayName: "mine", CredentialType: "AUTH_TOKEN", Visibility: "CLIENT_VISIBLE",
		DecryptedCredential: &api.GoogleCloudIntegrationsV1alphaCredential{CredentialType: "AUTH_TOKEN", AuthToken: &api.GoogleCloudIntegrationsV1alphaAuthToken{Type: "Bearer", Token: "s3cret"}},
	}
	made, err := c.Create(location, given).Do()
	check(t, err)
	if made.DisplayName != "mine" || made.State != "VALID" || made.DecryptedCredential != nil {
		t.Errorf("%+v", made)
	}
	if document, ok := s.profiles.find("mine"); !ok || !strings.Contains(string(document), "s3cret") {
		t.Error("the engine does not find the profile by its name")
	}
	if _, err := c.Create(location, given).Do(); codeOf(err) != 409 {
		t.Error(err)
	}
	_, err = c.Patch(made.Name, &api.GoogleCloudIntegrationsV1alphaAuthConfig{Description: "of mine", DisplayName: "ignored"}).UpdateMask("description").Do()
	check(t, err)
	list, err := c.List(location).Filter(`displayName="mine"`).Do()
	check(t, err)
	if len(list.AuthConfigs) != 1 || list.AuthConfigs[0].Description != "of mine" {
		t.Errorf("%+v", list.AuthConfigs)
	}
	if _, body := s.call("GET", strings.TrimPrefix(made.Name, location), ""); strings.Contains(body, "s3cret") {
		t.Errorf("the secret is shown: %s", body)
	}
	_, err = c.Delete(made.Name).Do()
	check(t, err)
	if _, err := c.Get(made.Name).Do(); codeOf(err) != 404 {
		t.Error(err)
	}
}
