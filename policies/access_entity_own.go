package policies

import (
	"cmp"

	"github.com/beevik/etree"

	"sluice/internal/entity"
)

// The profiles that Apigee's page does not print. Their elements are ours, spelled
// like those of the page; their JSON is spelled as in the management API. Should
// somebody find out what Apigee says, this is the place to change.

// accessEntityScopes are the scopes of a consumer key.
type accessEntityScopes struct {
	ConsumerKey string   `json:"consumerKey"`
	Scopes      []string `json:"scopes"`
}

func (s accessEntityScopes) xml() *etree.Element {
	e := accessEntityElement{etree.NewElement("ConsumerKeyScope")}
	e.text("ConsumerKey", s.ConsumerKey)
	e.list("Scopes", "Scope", s.Scopes)
	return e.Element
}

// accessEntityGroup is an app group or a company.
type accessEntityGroup struct {
	root string // AppGroup or Company
	name string
}

func (g accessEntityGroup) xml() *etree.Element {
	e := accessEntityElement{etree.NewElement(g.root)}
	e.CreateAttr("name", g.name)
	e.text(g.root+"Name", g.name)
	return e.Element
}

// accessEntityCode is what is known of an authorization code.
type accessEntityCode struct {
	ClientID    string             `json:"clientId"`
	RedirectURI string             `json:"redirectUri,omitempty"`
	Scopes      []string           `json:"scopes,omitempty"`
	State       string             `json:"state,omitempty"`
	Status      string             `json:"status"`
	IssuedAt    entity.Millis      `json:"issuedAt"`
	ExpiresAt   entity.Millis      `json:"expiresAt,omitempty"`
	Attributes  []entity.Attribute `json:"attributes,omitempty"`
}

func newAccessEntityCode(t *entity.Token) accessEntityCode {
	c := accessEntityCode{
		ClientID: t.ClientID, RedirectURI: t.RedirectURI, Scopes: t.Scopes, State: t.State,
		Status: cmp.Or(t.Status, "approved"), IssuedAt: t.IssuedAt, ExpiresAt: t.ExpiresAt,
	}
	for _, a := range t.Attributes {
		c.Attributes = append(c.Attributes, entity.Attribute{Name: a.Name, Value: a.Value})
	}
	return c
}

func (c accessEntityCode) xml() *etree.Element {
	e := accessEntityElement{etree.NewElement("AuthorizationCode")}
	e.attributes(c.Attributes)
	e.text("ClientId", c.ClientID)
	e.time("ExpiresAt", c.ExpiresAt)
	e.time("IssuedAt", c.IssuedAt)
	e.text("RedirectUri", c.RedirectURI)
	e.list("Scopes", "Scope", c.Scopes)
	e.text("State", c.State)
	e.text("Status", c.Status)
	return e.Element
}
