package adminpage

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"sluice/internal/appint"
	"sluice/internal/integrations"
)

// stateOrder is how states of executions are listed.
var stateOrder = []integrations.State{
	integrations.Processing, integrations.Pending, integrations.RetryOnHold, integrations.Suspended,
	integrations.Failed, integrations.Cancelled, integrations.Succeeded,
}

type stateCount struct {
	State integrations.State
	Count int
	Query string // of /executions, for those alone
	On    bool   // whether the page shows those alone
}

// countStates lists the states that there are.
func countStates(counts map[integrations.State]int) []stateCount {
	var list []stateCount
	for _, s := range stateOrder {
		if n := counts[s]; n > 0 {
			list = append(list, stateCount{State: s, Count: n, Query: executionsQuery("", s, "")})
		}
	}
	return list
}

type executionsPage struct {
	Executions  []appint.ExecutionInfo
	Integration string
	State       integrations.State
	States      []stateCount
	Total       int    // of the integration, in all states
	All         string // query for all states
	Newest      string // query for the first page, empty on it
	Next        string // query for the next page, empty for no next one
}

func (p *pages) executions(r *http.Request) (any, error) {
	if p.Integrations == nil {
		return nil, missing(p.NoIntegrations)
	}
	after, err := readPlace(r.FormValue("after"))
	if err != nil {
		return nil, err
	}
	q := appint.ExecutionQuery{
		Integration: r.FormValue("integration"), State: integrations.State(r.FormValue("state")), After: after, Limit: pageSize,
	}
	found := p.Integrations.ExecutionInfos(q)
	page := &executionsPage{
		Executions: found.Executions, Integration: q.Integration, State: q.State, States: countStates(found.States),
		All: executionsQuery(q.Integration, "", ""),
	}
	for i := range page.States {
		s := &page.States[i]
		page.Total += s.Count
		s.On, s.Query = s.State == q.State, executionsQuery(q.Integration, s.State, "")
	}
	if after.ID != "" {
		page.Newest = executionsQuery(q.Integration, q.State, "")
	}
	if found.More {
		page.Next = executionsQuery(q.Integration, q.State, placeText(found.Executions[len(found.Executions)-1].ExecutionPlace))
	}
	return page, nil
}

// executionsQuery is the address of a list of executions.
func executionsQuery(integration string, state integrations.State, after string) string {
	q := url.Values{}
	for name, v := range map[string]string{"integration": integration, "state": string(state), "after": after} {
		if v != "" {
			q.Set(name, v)
		}
	}
	return "/executions?" + q.Encode()
}

// placeText is a place in an address: nanoseconds since 1970, and the id.
func placeText(p appint.ExecutionPlace) string {
	return fmt.Sprintf("%d-%s", p.Created.UnixNano(), p.ID)
}

func readPlace(text string) (p appint.ExecutionPlace, err error) {
	if text == "" {
		return p, nil
	}
	created, id, ok := strings.Cut(text, "-")
	n, err := strconv.ParseInt(created, 10, 64)
	if err != nil || !ok || id == "" {
		return p, refused("The page in the address is not one that a list has linked to. Begin with the newest executions.")
	}
	return appint.ExecutionPlace{Created: time.Unix(0, n), ID: id}, nil
}
