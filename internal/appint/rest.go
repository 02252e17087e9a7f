package appint

import (
	"cmp"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"path"
	"regexp"
	"strings"

	"sluice/internal/integrations"
	"sluice/internal/ordjson"
)

// bodyLimit is how large a request may be: inputs are up to 8 MB, which JSON in JSON can double.
const bodyLimit = 20 << 20

// request is one call of the API.
type request struct {
	*http.Request
	project, location string
}

// method answers a call: with something that json.Marshal takes, an *ordjson.Node, or a reply.
type method func(*request) (any, error)

// reply is an answer that is ready.
type reply struct {
	status int
	body   []byte
}

// none is the answer {}.
type none struct{}

// routes is the table of the API below projects/P/locations/L/ (reference integrations.md 2). A
// custom verb is a path segment of its own here; see canonical.
func (s *Service) routes() http.Handler {
	const integration, version = "integrations/{integration}", "integrations/{integration}/versions/{version}"
	const execution = integration + "/executions/{execution}"
	mux := http.NewServeMux()
	for pattern, do := range map[string]method{
		"GET integrations":                       s.listIntegrations,
		"GET integrations/:search":               s.listIntegrations,
		"DELETE " + integration:                  s.deleteIntegration,
		"POST " + integration + "/:execute":      s.restExecute,
		"POST " + integration + "/:schedule":     s.restSchedule,
		"POST " + integration + "/:test":         s.restTest,
		"POST " + integration + "/versions":      s.createVersion,
		"GET " + integration + "/versions":       s.listVersions,
		"GET " + version:                         s.getVersion,
		"PATCH " + version:                       s.patchVersion,
		"DELETE " + version:                      s.deleteVersion,
		"GET " + version + "/:download":          s.downloadVersion,
		"POST " + version + "/:publish":          s.publishVersion,
		"POST " + version + "/:unpublish":        s.unpublishVersion,
		"POST " + version + "/:deactivate":       s.unpublishVersion,
		"POST " + version + "/:archive":          s.archiveVersion,
		"POST " + version + "/:validate":         s.validateVersion,
		"GET " + execution:                       s.getExecution,
		"GET " + execution + "/:download":        s.downloadExecution,
		"POST " + execution + "/:cancel":         s.cancelExecution,
		"POST " + execution + "/:replay":         s.replayExecution,
		"GET " + integration + "/executions":     s.listExecutions,
		"GET " + execution + "/suspensions":      s.listSuspensions,
		"GET authConfigs":                        s.listProfiles,
		"POST authConfigs":                       s.createProfile,
		"GET authConfigs/{profile}":              s.getProfile,
		"PATCH authConfigs/{profile}":            s.patchProfile,
		"DELETE authConfigs/{profile}":           s.deleteProfile,
		"POST clients/:provision":                answerNone, // there is nothing to provision
		"POST " + version:                        answerNone, // takeoverEditLock, as integrationcli sends it
		"POST " + version + "/:takeoverEditLock": answerNone,
		// What a local engine has nothing of is an empty list for those who look.
		"GET certificates":                                         answerNone,
		"GET sfdcInstances":                                        answerNone,
		"GET templates":                                            answerNone,
		"GET " + version + "/testCases":                            answerNone,
		"POST " + integration + "/versions/:upload":                s.uploadVersion,
		"POST " + execution + "/suspensions/{suspension}/:lift":    s.liftSuspension,
		"POST " + execution + "/suspensions/{suspension}/:resolve": s.resolveSuspension,
	} {
		verb, rest, _ := strings.Cut(pattern, " ")
		mux.Handle(verb+" /projects/{project}/locations/{location}/"+rest, handle(do))
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		writeError(w, unimplemented("There is no method %s %s here. Supported are execute, schedule and test of integrations, and their versions, executions, suspensions and authConfigs.", r.Method, r.URL.Path))
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		to, ok := canonical(r.URL.Path)
		if !ok {
			writeError(w, notFound("%s is not a path of this API. Paths begin with /v1/projects/PROJECT/locations/LOCATION/.", r.URL.Path))
			return
		}
		r2 := r.Clone(r.Context())
		r2.URL = &url.URL{Path: to, RawQuery: r.URL.RawQuery}
		mux.ServeHTTP(w, r2)
	})
}

func answerNone(*request) (any, error) { return none{}, nil }

// versionPrefix are the versions of the API, and apigee the place of the same methods in Apigee's
// tree.
var (
	versionPrefix = regexp.MustCompile(`^/(v1|v1alpha|v1alpha1|v2)/(projects/[^/]+/locations/[^/]+)(/products/apigee)?(/.*|:.*)$`)
	customVerb    = regexp.MustCompile(`/?(:[A-Za-z]+)$`)
)

// canonical is a path of the API in the form of the table: without versions, and with a custom
// verb as a segment of its own. integrationcli writes a slash before some verbs anyway.
func canonical(of string) (string, bool) {
	parts := versionPrefix.FindStringSubmatch(of)
	if parts == nil {
		return "", false
	}
	to := customVerb.ReplaceAllString(parts[4], "/$1")
	return "/" + parts[2] + path.Clean("/"+to), true
}

// handle is a method as an http.Handler.
func handle(do method) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, bodyLimit)
		q := &request{r, r.PathValue("project"), r.PathValue("location")}
		answer, err := do(q)
		if err != nil {
			writeError(w, err)
			return
		}
		write(w, answer)
	})
}

func write(w http.ResponseWriter, answer any) {
	out, ready := answer.(reply)
	if !ready {
		body, err := marshal(answer)
		if err != nil {
			writeError(w, err)
			return
		}
		out = reply{http.StatusOK, body}
	}
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	w.WriteHeader(out.status)
	_, _ = w.Write(out.body) // the client has left
}

func marshal(answer any) ([]byte, error) {
	if n, ok := answer.(*ordjson.Node); ok {
		return ordjson.Append(nil, n), nil
	}
	return json.Marshal(answer)
}

func writeError(w http.ResponseWriter, err error) {
	body := bodyOf(err)
	text, err := json.Marshal(body)
	if err != nil {
		text = []byte(`{"error":{"code":500,"status":"INTERNAL"}}`)
	}
	write(w, reply{body.Error.Code, text})
}

// body reads the body.
func (q *request) body() ([]byte, error) {
	data, err := io.ReadAll(q.Body)
	if large := new(http.MaxBytesError); errors.As(err, &large) {
		return nil, invalid("The request exceeds %d bytes.", large.Limit)
	}
	if err != nil {
		return nil, invalid("The request could not be read: %v.", err)
	}
	return data, nil
}

// message reads the body into a message.
func (q *request) message(to any) error {
	data, err := q.body()
	if err != nil {
		return err
	}
	return readMessage(data, to)
}

// document reads the body, which is a resource.
func (q *request) document() (*ordjson.Node, error) {
	data, err := q.body()
	if err != nil {
		return nil, err
	}
	return readDocument(data)
}

// parameter is a query parameter, in either spelling.
func (q *request) parameter(name string) string {
	for given, values := range q.URL.Query() {
		if integrations.CamelCase(given) == name && len(values) > 0 {
			return values[0]
		}
	}
	return ""
}

// parent is the name of the location: projects/P/locations/L.
func (q *request) parent() string { return "projects/" + q.project + "/locations/" + q.location }

// integration is the name of an integration as a resource; the one of the path without a name.
func (q *request) integration(name string) string {
	return q.parent() + "/integrations/" + cmp.Or(name, q.PathValue("integration"))
}
