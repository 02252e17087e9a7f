package integrations

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// taskTemplate stands for all tasks with a taskTemplate: Google's services, one method each. A
// new one is a row of googleMethods.
const taskTemplate = "taskTemplate"

var _ = register(taskKind{name: taskTemplate, ui: "Google services", compile: compileGoogleTask})

// A googleMethod is a method of a service. {name} in host and path is the parameter of that name;
// a parameter that ends in * keeps its slashes.
type googleMethod struct{ method, host, path string }

// googleMethods are those of the exports that could be seen, with the paths of the REST
// references of the services.
var googleMethods = map[string]googleMethod{
	"Firestore - Document Get": {http.MethodGet, "firestore.googleapis.com", "/v1/projects/{projectsId}/databases/{databasesId}/documents/{documentsId*}"},
	"Firestore - Batch Write":  {http.MethodPost, "firestore.googleapis.com", "/v1/projects/{projectsId}/databases/{databasesId}/documents:batchWrite"},
	"Vertex AI - Predict":      {http.MethodPost, "{locationsId}-aiplatform.googleapis.com", "/v1/projects/{projectsId}/locations/{locationsId}/{endpoint*}:predict"},
	"Pub/Sub - Publish":        {http.MethodPost, "pubsub.googleapis.com", "/v1/projects/{projectsId}/topics/{topicsId}:publish"},
}

// notInQuery are parameters of such tasks that are not parameters of the method.
var notInQuery = []string{"request", "response", "authConfig", "authConfigName", "taskTemplateId"}

type googleTask struct {
	outcall
	googleMethod
	base   string // instead of https://HOST, with /HOST added
	params map[string]template
	query  []string // names of params
	body   template
	answer target
}

func compileGoogleTask(b *build, p parameters) (task, []error) {
	name := b.task.TaskTemplate
	m, ok := googleMethods[name]
	if !ok {
		return nil, []error{&Problem{Reason: TaskType, Text: fmt.Sprintf("tasks of template %q do not run here", name)}}
	}
	var errs []error
	t := &googleTask{googleMethod: m, base: b.outside.Services, params: map[string]template{}, body: p.template("request", &errs), answer: p.target("response", &errs)}
	for _, param := range slices.Sorted(maps.Keys(p)) {
		if slices.Contains(notInQuery, param) {
			continue
		}
		t.params[param] = p.template(param, &errs)
		if inPath := m.host + m.path; !strings.Contains(inPath, "{"+param+"}") && !strings.Contains(inPath, "{"+param+"*}") {
			t.query = append(t.query, param)
		}
	}
	authorize, client := b.auth(p, &errs)
	if client == nil {
		client = b.clients.plain
	}
	if authorize == nil && b.outside.Token != nil {
		authorize = b.token("", "", cloudPlatform)
	}
	t.outcall = outcall{client, authorize}
	return t, errs
}

func (t *googleTask) run(ctx context.Context, a *attempt) error {
	address, err := t.address(a.scope)
	if err != nil {
		return err
	}
	var body value
	if t.method != http.MethodGet {
		v, err := t.body.value(a.scope)
		if err != nil {
			return err
		}
		body = toJSON(v)
	}
	answer, err := t.json(ctx, a, t.method, address, body)
	if err != nil {
		return err
	}
	return t.answer.set(a, answer)
}

func (t *googleTask) address(s *scope) (string, error) {
	host, err := t.fill(t.host, s)
	if err != nil {
		return "", err
	}
	path, err := t.fill(t.path, s)
	if err != nil {
		return "", err
	}
	query := url.Values{}
	for _, name := range t.query {
		v, err := t.params[name].text(s)
		if err != nil {
			return "", err
		}
		if v != "" {
			query.Set(strings.ReplaceAll(name, "_", "."), v) // mask_fieldPaths is mask.fieldPaths
		}
	}
	base := "https://" + host
	if t.base != "" {
		base = strings.TrimSuffix(t.base, "/") + "/" + host
	}
	if len(query) > 0 {
		path += "?" + query.Encode()
	}
	return base + path, nil
}

// fill replaces {name} and {name*}. A value that begins like the path before it, as
// projects/P/..., stands for all of that.
func (t *googleTask) fill(pattern string, s *scope) (string, error) {
	var b strings.Builder
	for pattern != "" {
		before, rest, found := strings.Cut(pattern, "{")
		b.WriteString(before)
		if !found {
			break
		}
		name, after, _ := strings.Cut(rest, "}")
		pattern = after
		name, whole := strings.CutSuffix(name, "*")
		v, err := t.params[name].text(s)
		if err != nil {
			return "", err
		}
		if v == "" {
			return "", fmt.Errorf("parameter %s is empty", name)
		}
		switch {
		case whole && strings.HasPrefix(v, "projects/"):
			b.Reset()
			b.WriteString("/v1/" + escapePath(v))
		case whole:
			b.WriteString(escapePath(v))
		default:
			b.WriteString(url.PathEscape(v))
		}
	}
	return b.String(), nil
}

// escapePath escapes everything but slashes.
func escapePath(s string) string {
	parts := strings.Split(s, "/")
	for i, p := range parts {
		parts[i] = url.PathEscape(p)
	}
	return strings.Join(parts, "/")
}
