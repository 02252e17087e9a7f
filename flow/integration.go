package flow

import (
	"bytes"
	"encoding/json"
	"strings"
)

// The variables that SetIntegrationRequest leaves for whoever runs the request.
var (
	integrationProject = ParseName("integration.project.id")
	integrationName    = ParseName("integration.name")
	integrationRegion  = ParseName("integration.region")
)

// IntegrationCall makes the call that runs the request object m: what to run
// comes from the integration.* variables. It fails with an *UnresolvedError when
// the project or the integration is not known, and with the fault of a payload
// that cannot be read.
func (x *Exchange) IntegrationCall(m *Message, account string, async bool) (IntegrationCall, error) {
	c := IntegrationCall{Account: account, Schedule: async, Region: x.trimmed(integrationRegion)}
	if c.Project = x.trimmed(integrationProject); c.Project == "" {
		return c, &UnresolvedError{Name: integrationProject.String()}
	}
	if c.Name = x.trimmed(integrationName); c.Name == "" {
		return c, &UnresolvedError{Name: integrationName.String()}
	}
	body, err := m.Content()
	if err == nil && !async {
		body = withoutSchedule(body)
	}
	c.Body = body
	return c, err
}

func (x *Exchange) trimmed(n *Name) string { return strings.TrimSpace(x.Get(n).String()) }

// withoutSchedule drops scheduleTime, which only the schedule method takes:
// execute refuses a member that it does not know (recalled). A body that is no
// JSON object is left to the service, which says what is wrong with it.
func withoutSchedule(body []byte) []byte {
	if !bytes.Contains(body, []byte(`"scheduleTime"`)) {
		return body
	}
	var members map[string]json.RawMessage
	if json.Unmarshal(body, &members) != nil || members["scheduleTime"] == nil {
		return body
	}
	delete(members, "scheduleTime")
	rest, err := json.Marshal(members)
	if err != nil {
		return body
	}
	return rest
}
