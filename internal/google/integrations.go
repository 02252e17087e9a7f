package google

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"sluice/flow"
)

// answerLimit is how many bytes an answer of Application Integration may have.
const answerLimit = 50 << 20

// ErrAnswerTooBig is the error of an answer above the limit.
var ErrAnswerTooBig = errors.New("the integration's answer is larger than 50 MB")

// Run calls an integration, projects.locations.integrations.execute or .schedule, as the service
// account of the call, and returns the answer with its body held. The body goes out as it is.
//
// A project, region or name that could not be one is answered as Google does, 400 INVALID_ARGUMENT,
// and nothing is sent: a bundle may take them from a request, and the region is part of the host
// name.
func (g *Google) Run(ctx context.Context, call flow.IntegrationCall) (*flow.Message, error) {
	call.Region = cmp.Or(call.Region, g.region)
	if wrong := checkNames(&call); wrong != "" {
		return invalidArgument(wrong)
	}
	m, err := g.run(ctx, &call)
	if err != nil && ctx.Err() != nil {
		return nil, ctx.Err()
	}
	return m, err
}

func (g *Google) run(ctx context.Context, call *flow.IntegrationCall) (*flow.Message, error) {
	bearer, err := g.Token(ctx, flow.TokenRequest{Account: call.Account, Scopes: []string{cloudPlatform}})
	if err != nil {
		return nil, err
	}
	response, err := g.post(ctx, g.address(call), bearer, call.Body)
	if err != nil {
		return nil, fmt.Errorf("calling Application Integration: %w", err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, g.answerLimit+1))
	if err != nil {
		return nil, fmt.Errorf("reading the answer of Application Integration: %w", err)
	}
	if int64(len(body)) > g.answerLimit {
		return nil, ErrAnswerTooBig
	}
	return answer(response, body), nil
}

// address is where the call goes. The names were checked.
func (g *Google) address(call *flow.IntegrationCall) string {
	verb := ":execute"
	if call.Schedule {
		verb = ":schedule"
	}
	return strings.ReplaceAll(g.integrations, "%s", call.Region) +
		"/v1/projects/" + call.Project + "/locations/" + call.Region + "/integrations/" + call.Name + verb
}

func answer(response *http.Response, body []byte) *flow.Message {
	m := flow.NewResponse()
	m.Status = response.StatusCode
	for _, name := range slices.Sorted(maps.Keys(response.Header)) {
		for _, value := range response.Header[name] {
			m.Header.Add(name, value)
		}
	}
	m.Body.Set(body) // still in its Content-Encoding, if the client left it there
	return m
}

// Names as Google has them, a project with its domain and colon too. They begin and end so that
// none is "..". The lengths are those of the documentation, or above it.
var (
	projectName     = regexp.MustCompile(`^[a-z0-9]([a-z0-9:.-]{0,98}[a-z0-9])?$`)
	regionName      = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$`)
	integrationName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,128}$`) // "-" is any with that trigger
)

// checkNames says which name is wrong, "" for none. It does not repeat the name.
func checkNames(call *flow.IntegrationCall) string {
	switch {
	case !projectName.MatchString(call.Project):
		return "Invalid project: an ID consists of lower-case letters, digits, hyphens, colons and dots."
	case call.Region == "":
		return "No region: set it in SetIntegrationRequest, or give the runtime a default."
	case !regionName.MatchString(call.Region):
		return "Invalid region: a name consists of lower-case letters, digits and hyphens."
	case !integrationName.MatchString(call.Name):
		return "Invalid integration: a name consists of letters, digits, hyphens and underscores."
	}
	return ""
}

// invalidArgument is the answer of Google's REST APIs to a wrong request.
func invalidArgument(message string) (*flow.Message, error) {
	type status struct {
		Code    int    `json:"code"`
		Message string `json:"message"`
		Status  string `json:"status"`
	}
	body, err := json.MarshalIndent(map[string]status{"error": {http.StatusBadRequest, message, "INVALID_ARGUMENT"}}, "", "  ")
	if err != nil {
		return nil, err
	}
	m := flow.NewResponse()
	m.Status = http.StatusBadRequest
	m.Header.Set("Content-Type", "application/json; charset=UTF-8")
	m.Body.Set(append(body, '\n'))
	return m, nil
}
