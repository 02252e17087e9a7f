// Package clients runs Google's own Go clients without a single option that tells them about
// sluice: the variables that `sluice env` prints lead them there. integrations.sh runs it.
package clients

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"
	"time"

	cloudtasks "cloud.google.com/go/cloudtasks/apiv2"
	pb "cloud.google.com/go/cloudtasks/apiv2/cloudtaskspb"
	"golang.org/x/oauth2"
	"google.golang.org/api/integrations/v1"
	"google.golang.org/api/option"
)

// token is what a program that runs as a service account has; sluice takes any.
var token = option.WithTokenSource(oauth2.StaticTokenSource(&oauth2.Token{AccessToken: "any"}))

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func deadline(t *testing.T) context.Context {
	if os.Getenv("HTTPS_PROXY") == "" {
		t.Skip("HTTPS_PROXY is not set: run .ci/clients/integrations.sh")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	t.Cleanup(cancel)
	return ctx
}

func TestIntegrations(t *testing.T) {
	ctx := deadline(t)
	service, err := integrations.NewService(ctx, token)
	check(t, err)
	const location = "projects/local/locations/us-central1"
	const name = location + "/integrations/from-go"
	all := service.Projects.Locations.Integrations

	listed, err := all.List(location).Do()
	check(t, err)
	if len(listed.Integrations) < 2 {
		t.Errorf("listed %+v, want those beside the bundle", listed.Integrations)
	}
	export, err := os.ReadFile("examples/integration-sync/integrations/price-order.json")
	check(t, err)
	version := new(integrations.GoogleCloudIntegrationsV1alphaIntegrationVersion)
	check(t, json.Unmarshal(export, version))
	version.DatabasePersistencePolicy = "" // kept executions can be listed
	created, err := all.Versions.Create(name, version).NewIntegration(true).Do()
	check(t, err)
	_, err = all.Versions.Publish(created.Name, &integrations.GoogleCloudIntegrationsV1alphaPublishIntegrationVersionRequest{}).Do()
	check(t, err)

	answer, err := all.Execute(name, &integrations.GoogleCloudIntegrationsV1alphaExecuteIntegrationsRequest{
		TriggerId: "api_trigger/price-order_API_1",
		InputParameters: map[string]integrations.GoogleCloudIntegrationsV1alphaValueType{
			"order": {JsonValue: `{"customer": "Ada", "items": [{"price": 4.5, "quantity": 2}]}`},
		},
	}).Do()
	check(t, err)
	var got struct{ Total float64 }
	check(t, json.Unmarshal(answer.OutputParameters, &got))
	if got.Total != 13.9 {
		t.Errorf("the integration answered %s", answer.OutputParameters)
	}
	executions, err := all.Executions.List(name).Do()
	check(t, err)
	if len(executions.Executions) != 1 || executions.Executions[0].ExecutionDetails.State != "SUCCEEDED" {
		t.Errorf("executions: %+v", executions.Executions)
	}
	_, err = all.Versions.Unpublish(created.Name, &integrations.GoogleCloudIntegrationsV1alphaUnpublishIntegrationVersionRequest{}).Do()
	check(t, err)
	_, err = all.Delete(name).Do()
	check(t, err)
}

func TestTasks(t *testing.T) {
	for name, open := range map[string]func(context.Context, ...option.ClientOption) (*cloudtasks.Client, error){
		"grpc": cloudtasks.NewClient, "rest": cloudtasks.NewRESTClient,
	} {
		t.Run(name, func(t *testing.T) {
			ctx := deadline(t)
			c, err := open(ctx, token)
			check(t, err)
			defer c.Close()
			runTask(ctx, t, c, "projects/local/locations/us-central1/queues/"+name)
		})
	}
}

// runTask has a task sent to a server.
func runTask(ctx context.Context, t *testing.T, c *cloudtasks.Client, queue string) {
	came := make(chan string, 1)
	target := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		came <- r.Header.Get("X-CloudTasks-TaskName") + " " + string(body)
	}))
	defer target.Close()
	_, err := c.CreateQueue(ctx, &pb.CreateQueueRequest{Parent: "projects/local/locations/us-central1", Queue: &pb.Queue{Name: queue}})
	check(t, err)
	_, err = c.CreateTask(ctx, &pb.CreateTaskRequest{Parent: queue, Task: &pb.Task{
		Name:        queue + "/tasks/one",
		MessageType: &pb.Task_HttpRequest{HttpRequest: &pb.HttpRequest{Url: target.URL, Body: []byte("from Go")}},
	}})
	check(t, err)
	select {
	case got := <-came:
		if got != "one from Go" {
			t.Errorf("the target got %q", got)
		}
	case <-ctx.Done():
		t.Error("the task did not come")
	}
}
