package appint

import (
	"slices"
	"strconv"
	"strings"
)

// integrationResource is an Integration of the API.
type integrationResource struct {
	Name        string `json:"name"`
	Description string `json:"description,omitempty"`
	Active      bool   `json:"active,omitempty"`
	CreateTime  string `json:"createTime"`
	UpdateTime  string `json:"updateTime"`
}

type listIntegrationsResponse struct {
	Integrations  []integrationResource `json:"integrations,omitempty"`
	NextPageToken string                `json:"nextPageToken,omitempty"`
}

func (s *Service) listIntegrations(q *request) (any, error) {
	heads := s.versions.heads.list(func(head) bool { return true })
	slices.SortFunc(heads, func(a, b head) int { return strings.Compare(a.Name, b.Name) })
	part, next, err := listed(q, heads, head.field, "name", "active", "createTime", "updateTime")
	answer := listIntegrationsResponse{NextPageToken: next}
	for _, h := range part {
		answer.Integrations = append(answer.Integrations, integrationResource{
			Name: q.integration(h.Name), Description: s.versions.description(h), Active: h.Active != "",
			CreateTime: timeText(h.Created), UpdateTime: timeText(h.Updated),
		})
	}
	return answer, err
}

// field is a field by which integrations are filtered and sorted.
func (h head) field(name string) string {
	switch name {
	case "active":
		return strconv.FormatBool(h.Active != "")
	case "createTime":
		return timeText(h.Created)
	case "updateTime":
		return timeText(h.Updated)
	}
	return h.Name
}

// description is that of the published version, or of the latest one.
func (vs *versions) description(h head) string {
	if v, ok := vs.all.get(place(h.Name, h.Active)); ok {
		return v.Description
	}
	if list := vs.of(h.Name); len(list) > 0 {
		return list[0].Description
	}
	return ""
}

func (s *Service) deleteIntegration(q *request) (any, error) {
	return none{}, s.versions.remove(q.Context(), q.PathValue("integration"))
}
