package adminpage

import (
	"net/http"

	"sluice/internal/appint"
)

// pageSize is how many items of a list a page has.
const pageSize = 50

type integrationsPage struct {
	Integrations []appint.IntegrationInfo
	Total        int
	First        bool   // whether it is the first page
	Next         string // where the next page begins, empty for no next one
}

func (p *pages) integrations(r *http.Request) (any, error) {
	if p.Integrations == nil {
		return nil, missing(p.NoIntegrations)
	}
	after := r.FormValue("after")
	list, more := p.Integrations.IntegrationInfos(after, pageSize)
	page := &integrationsPage{Integrations: list, Total: p.Integrations.CountIntegrations(), First: after == ""}
	if more {
		page.Next = list[len(list)-1].Name
	}
	return page, nil
}
