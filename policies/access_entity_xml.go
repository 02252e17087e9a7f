package policies

import (
	"cmp"
	"strconv"

	"github.com/beevik/etree"

	"sluice/internal/entity"
)

// accessEntityXML is the profile as the AccessEntity page prints it. Fields
// without a value are left out, lists without items are empty elements; so is the
// output that public bundles quote.
func accessEntityXML(p accessEntityProfile) *etree.Element {
	switch {
	case p.product != nil:
		return accessEntityProduct(p.product)
	case p.app != nil:
		return accessEntityApp(p.app)
	case p.developer != nil:
		return accessEntityDeveloper(p.developer, p.organization)
	case p.scoped != nil:
		return accessEntityScopes{p.scoped.ConsumerKey, p.scoped.Scopes}.xml()
	case p.code != nil:
		return newAccessEntityCode(p.code).xml()
	case p.group.name != "":
		return p.group.xml()
	}
	root := accessEntityElement{etree.NewElement("Credential")}
	root.credential(p.credential)
	return root.Element
}

func accessEntityApp(a *entity.App) *etree.Element {
	e := accessEntityElement{etree.NewElement("App")}
	e.CreateAttr("name", a.Name)
	e.text("AccessType", a.AccessType)
	e.list("ApiProducts", "ApiProduct", a.Products)
	credentials := e.child("Credentials")
	for i := range a.Credentials {
		credentials.child("Credential").credential(&a.Credentials[i])
	}
	e.text("AppFamily", a.AppFamily)
	e.text("AppId", a.ID)
	e.attributes(a.Attributes)
	e.text("CallbackUrl", a.CallbackURL)
	e.created(a.Stamp)
	e.text("DeveloperId", a.DeveloperID)
	e.modified(a.Stamp)
	e.list("Scopes", "Scope", a.Scopes)
	e.text("Status", cmp.Or(a.Status, "approved"))
	return e.Element
}

func accessEntityDeveloper(d *entity.Developer, organization string) *etree.Element {
	e := accessEntityElement{etree.NewElement("Developer")}
	e.list("Apps", "App", d.Apps)
	e.text("Email", d.Email)
	e.text("DeveloperId", d.ID)
	e.text("FirstName", d.FirstName)
	e.text("LastName", d.LastName)
	e.text("UserName", d.UserName)
	e.text("OrganizationName", cmp.Or(d.OrganizationName, organization))
	e.text("Status", cmp.Or(d.Status, "active"))
	e.attributes(d.Attributes)
	e.created(d.Stamp)
	e.modified(d.Stamp)
	return e.Element
}

func accessEntityProduct(p *entity.Product) *etree.Element {
	e := accessEntityElement{etree.NewElement("ApiProduct")}
	e.CreateAttr("name", p.Name)
	e.list("ApiResources", "ApiResource", p.APIResources)
	e.text("ApprovalType", p.ApprovalType)
	e.attributes(p.Attributes)
	e.created(p.Stamp)
	e.text("Description", p.Description)
	e.text("DisplayName", p.DisplayName)
	e.list("Environments", "Environment", p.Environments)
	e.modified(p.Stamp)
	e.operations("OperationGroup", p.OperationGroup)
	e.operations("GraphqlOperationGroup", p.GraphQLGroup)
	e.operations("LlmOperationGroup", p.LLMGroup)
	e.operations("PayloadOperationGroup", p.PayloadGroup)
	e.list("Proxies", "Proxy", p.Proxies)
	e.text("Quota", string(p.Quota))
	e.text("QuotaInterval", string(p.QuotaInterval))
	e.text("QuotaTimeUnit", p.QuotaTimeUnit)
	e.list("Scopes", "Scope", p.Scopes)
	return e.Element
}

// accessEntityElement writes children.
type accessEntityElement struct{ *etree.Element }

func (e accessEntityElement) child(tag string) accessEntityElement {
	return accessEntityElement{e.CreateElement(tag)}
}

func (e accessEntityElement) text(tag, text string) {
	if text != "" {
		e.CreateElement(tag).SetText(text)
	}
}

func (e accessEntityElement) list(tag, item string, items []string) {
	list := e.child(tag)
	for _, text := range items {
		list.text(item, text)
	}
}

func (e accessEntityElement) attributes(list []entity.Attribute) {
	attributes := e.child("Attributes")
	for _, a := range list {
		attributes.child("Attribute").attribute(a)
	}
}

func (e accessEntityElement) attribute(a entity.Attribute) {
	e.text("Name", a.Name)
	e.text("Value", a.Value)
}

func (e accessEntityElement) credential(c *entity.Credential) {
	e.attributes(c.Attributes)
	e.text("ConsumerKey", c.ConsumerKey)
	e.text("ConsumerSecret", c.ConsumerSecret)
	e.text("ExpiresAt", strconv.FormatInt(cmp.Or(int64(c.ExpiresAt), -1), 10)) // -1: never
	e.time("IssuedAt", c.IssuedAt)
	products := e.child("ApiProducts")
	for _, ref := range c.Products {
		product := products.child("ApiProduct")
		product.text("Name", ref.Name)
		product.text("Status", cmp.Or(ref.Status, "approved"))
	}
	e.list("Scopes", "Scope", c.Scopes)
	e.text("Status", cmp.Or(c.Status, "approved"))
}

func (e accessEntityElement) time(tag string, t entity.Millis) {
	if t.Set() {
		e.text(tag, strconv.FormatInt(int64(t), 10))
	}
}

func (e accessEntityElement) created(s entity.Stamp) {
	e.time("CreatedAt", s.CreatedAt)
	e.text("CreatedBy", s.CreatedBy)
}

func (e accessEntityElement) modified(s entity.Stamp) {
	e.time("LastModifiedAt", s.LastModifiedAt)
	e.text("LastModifiedBy", s.LastModifiedBy)
}

// operations has the lower-case names, and repeated elements without a list
// around them, that public bundles read: /ApiProduct/OperationGroup/
// operationConfigs/attributes/Name. The names of what no bundle reads are
// inferred from those.
func (e accessEntityElement) operations(tag string, g *entity.OperationGroup) {
	if g == nil {
		return
	}
	group := e.child(tag)
	for _, c := range g.Configs {
		config := group.child("operationConfigs")
		config.text("apiSource", c.APISource)
		for _, a := range c.Attributes {
			config.child("attributes").attribute(a)
		}
		for _, o := range c.Operations {
			config.operation("operations", o)
		}
		for _, o := range c.LLMOperations {
			config.operation("llmOperations", o)
		}
		config.quota("quota", c.Quota)
		config.quota("llmTokenQuota", c.LLMQuota)
	}
	group.text("operationConfigType", g.ConfigType)
}

func (e accessEntityElement) operation(tag string, o entity.Operation) {
	operation := e.child(tag)
	for _, m := range o.Methods {
		operation.text("methods", m)
	}
	operation.text("model", o.Model)
	operation.text("operation", o.Name)
	operation.text("resource", o.Resource)
}

func (e accessEntityElement) quota(tag string, q *entity.QuotaLimit) {
	if q == nil {
		return
	}
	quota := e.child(tag)
	quota.text("interval", string(q.Interval))
	quota.text("limit", string(q.Limit))
	quota.text("timeUnit", q.TimeUnit)
}
