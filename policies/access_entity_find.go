package policies

import (
	"context"
	"strings"

	"sluice/flow"
	"sluice/internal/entity"
)

// accessEntityQuery is a question to the directory, asked while ctx lasts.
type accessEntityQuery struct {
	*entity.Directory
	ctx context.Context
	x   *flow.Exchange

	id, second, secondType string // secondType is "" without a second identifier
}

// accessEntityFinder answers; the zero profile says that there is no such entity.
type accessEntityFinder func(accessEntityQuery) accessEntityProfile

// accessEntityFinders are the identifiers of one type of entity.
type accessEntityFinders struct {
	usual string // without a type attribute, as public bundles write it for products; for others recommended
	by    map[string]accessEntityFinder
}

func accessEntityTypes() map[string]accessEntityFinders {
	return map[string]accessEntityFinders{
		"apiproduct": {"apiproductname", map[string]accessEntityFinder{
			"apiproductname": accessEntityQuery.productNamed,
			"appid":          accessEntityQuery.productOfAppID,
			"appname":        accessEntityQuery.productOfAppName,
			"consumerkey":    accessEntityQuery.productOfKey,
		}},
		"app": {"appid", map[string]accessEntityFinder{
			"appid":       accessEntityQuery.appOfID,
			"appname":     accessEntityQuery.appOfName,
			"consumerkey": accessEntityQuery.appOfKey,
		}},
		"developer": {"developeremail", map[string]accessEntityFinder{
			"appid":          accessEntityQuery.developerOfApp,
			"consumerkey":    accessEntityQuery.developerOfKey,
			"developeremail": accessEntityQuery.developer,
			"developerid":    accessEntityQuery.developer,
		}},
		"consumerkey": {"consumerkey", map[string]accessEntityFinder{
			"consumerkey": accessEntityQuery.credential,
		}},
		"consumerkey_scope": {"consumerkey", map[string]accessEntityFinder{
			"consumerkey": accessEntityQuery.scopes,
		}},
		"authorizationcode": {"authorizationcode", map[string]accessEntityFinder{
			"authorizationcode": accessEntityQuery.authorizationCode,
		}},
		"appgroupname": accessEntityGroups("AppGroup"),
		"company":      accessEntityGroups("Company"),
	}
}

// accessEntityGroups find the owner of an app. Edge calls an app group a company;
// data of both come in as the same.
func accessEntityGroups(root string) accessEntityFinders {
	return accessEntityFinders{"appid", map[string]accessEntityFinder{
		"appid":       func(q accessEntityQuery) accessEntityProfile { return accessEntityGroupOf(q.App(q.id), root) },
		"consumerkey": func(q accessEntityQuery) accessEntityProfile { return accessEntityGroupOf(q.holder().App, root) },
	}}
}

func (q accessEntityQuery) productNamed() accessEntityProfile {
	return accessEntityProfile{product: q.Product(q.id)}
}

func (q accessEntityQuery) productOfAppID() accessEntityProfile {
	return accessEntityProfile{product: q.productOf(q.App(q.id))}
}

func (q accessEntityQuery) productOfAppName() accessEntityProfile {
	return accessEntityProfile{product: q.productOf(q.appNamed())}
}

func (q accessEntityQuery) productOfKey() accessEntityProfile {
	return accessEntityProfile{product: q.firstProduct(q.holder())}
}

func (q accessEntityQuery) appOfID() accessEntityProfile {
	return accessEntityProfile{app: q.App(q.id)}
}

func (q accessEntityQuery) appOfName() accessEntityProfile {
	return accessEntityProfile{app: q.appNamed()}
}

func (q accessEntityQuery) appOfKey() accessEntityProfile {
	return accessEntityProfile{app: q.holder().App}
}

func (q accessEntityQuery) developerOfApp() accessEntityProfile {
	if app := q.App(q.id); app != nil {
		return accessEntityProfile{developer: q.Developer(app.DeveloperID)}
	}
	return accessEntityProfile{}
}

func (q accessEntityQuery) developerOfKey() accessEntityProfile {
	return accessEntityProfile{developer: q.holder().Developer}
}

func (q accessEntityQuery) developer() accessEntityProfile {
	return accessEntityProfile{developer: q.developerCalled(q.id)}
}

func (q accessEntityQuery) credential() accessEntityProfile {
	return accessEntityProfile{credential: q.holder().Credential}
}

func (q accessEntityQuery) scopes() accessEntityProfile {
	return accessEntityProfile{scoped: q.holder().Credential}
}

// authorizationCode finds a code, also one that is good for nothing any more. When
// the store does not answer it is as if there were none: the policy has no faults.
func (q accessEntityQuery) authorizationCode() accessEntityProfile {
	t, err := q.x.Services.Tokens.Find(q.ctx, entity.AuthorizationCode, q.id)
	if err != nil {
		q.x.Warn("no code was looked for: " + err.Error())
	}
	if err != nil || t == nil || t.Status == "deleted" {
		return accessEntityProfile{}
	}
	return accessEntityProfile{code: t}
}

func accessEntityGroupOf(app *entity.App, root string) accessEntityProfile {
	if app == nil || app.AppGroup == "" {
		return accessEntityProfile{}
	}
	return accessEntityProfile{group: accessEntityGroup{root, app.AppGroup}}
}

// holder is the zero Holder for an unknown key.
func (q accessEntityQuery) holder() entity.Holder {
	h, _ := q.Holder(q.id)
	return h
}

// developerCalled takes an ID, an address, or what developer.id holds.
func (q accessEntityQuery) developerCalled(id string) *entity.Developer {
	if _, bare, ok := strings.Cut(id, "@@@"); ok {
		id = bare
	}
	return q.Developer(id)
}

// appNamed is the first app of that name that the second identifier does not rule
// out.
func (q accessEntityQuery) appNamed() *entity.App {
	for _, app := range q.AppsNamed(q.id) {
		if q.owns(app) {
			return app
		}
	}
	return nil
}

func (q accessEntityQuery) owns(app *entity.App) bool {
	switch q.secondType {
	case "developeremail", "developerid":
		d := q.developerCalled(q.second)
		return d != nil && d.ID == app.DeveloperID
	case "appgroupname":
		return app.AppGroup == q.second
	}
	return true
}

// productOf is the first product that one of the app's keys is approved for.
func (q accessEntityQuery) productOf(app *entity.App) *entity.Product {
	if app == nil {
		return nil
	}
	for i := range app.Credentials {
		h, _ := q.Holder(app.Credentials[i].ConsumerKey)
		if p := q.firstProduct(h); p != nil {
			return p
		}
	}
	return nil
}

func (q accessEntityQuery) firstProduct(h entity.Holder) *entity.Product {
	if h.Credential == nil {
		return nil
	}
	for _, p := range h.Products() {
		if q.secondType != "apiresource" || p.HasResource(q.second) {
			return p
		}
	}
	return nil
}
