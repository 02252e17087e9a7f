package policies

import (
	"strconv"
	"strings"

	"sluice/flow"
	"sluice/internal/entity"
	"sluice/internal/ordjson"
)

// fields are what the answer and the variables tell of the tokens, in the order of
// Apigee's own answers.
func (i *oauthv2Issuer) fields(x *flow.Exchange, made *oauthv2Issued) []oauthv2Field {
	t := made.token
	list := []oauthv2Field{
		{name: "issued_at", text: oauthv2Number(t.IssuedAt)},
		{name: "application_name", text: t.AppID},
		{name: "scope", text: strings.Join(t.Scopes, " ")},
		{name: "status", text: oauthv2Status(t.Status)},
		{name: "api_product_list", text: "[" + strings.Join(t.Products, ", ") + "]"},
		{name: "api_product_list_json", text: oauthv2ListText(t.Products), list: append([]string{}, t.Products...)},
		{name: "expires_in", text: oauthv2Seconds(x, t.ExpiresAt), number: i.rfc, hidden: i.rfc && t.ExpiresAt == 0},
		{name: "organization_id", text: "0"},
		{name: "token_type", text: t.TokenType},
		{name: "client_id", text: t.ClientID},
		{name: "access_token", text: made.access},
		{name: "organization_name", text: x.Proxy.Organization},
		{name: "refresh_token_expires_in", text: oauthv2Seconds(x, t.RefreshExpiresAt), number: i.rfc},
		{name: "refresh_count", text: strconv.Itoa(t.RefreshCount)},
		{name: "grant_type", text: t.GrantType, hidden: true},
	}
	if made.refresh != "" {
		list = append(list, oauthv2Field{name: "refresh_token", text: made.refresh},
			oauthv2Field{name: "refresh_token_issued_at", text: oauthv2Number(t.RefreshIssuedAt)},
			oauthv2Field{name: "refresh_token_status", text: t.RefreshStatus})
	}
	list = append(list, oauthv2AppFields(made.holder)...)
	return oauthv2WithAttributes(list, t.Attributes)
}

func oauthv2AppFields(h entity.Holder) []oauthv2Field {
	list := []oauthv2Field{
		{name: "developer.app.name", text: h.App.Name, hidden: true},
		{name: "developer.app.id", text: h.App.ID, hidden: true},
	}
	if h.Developer != nil {
		list = append(list, oauthv2Field{name: "developer.email", text: h.Developer.Email},
			oauthv2Field{name: "developer.id", text: h.Developer.ID, hidden: true})
	}
	return list
}

// oauthv2WithAttributes appends attributes; one that is called as a field stays
// out of its way.
func oauthv2WithAttributes(list []oauthv2Field, attributes []entity.TokenAttribute) []oauthv2Field {
	fixed := list
next:
	for _, a := range attributes {
		for k := range fixed {
			if fixed[k].name == a.Name && !fixed[k].hidden {
				continue next
			}
		}
		list = append(list, oauthv2Field{name: a.Name, text: a.Value, hidden: a.Hidden})
	}
	return list
}

// oauthv2Put sets the fields as variables under prefix, and the attributes also
// under prefix + "accesstoken.", where bundles look for them too.
func oauthv2Put(x *flow.Exchange, prefix string, fields []oauthv2Field, attributes []entity.TokenAttribute) {
	for _, f := range fields {
		x.Put(prefix+f.name, flow.Text(f.text))
	}
	for _, a := range attributes {
		x.Put(prefix+"accesstoken."+a.Name, flow.Text(a.Value))
	}
}

func oauthv2Number(m entity.Millis) string { return strconv.FormatInt(int64(m), 10) }

// oauthv2Seconds is how long something is still good, in whole seconds. A
// millisecond has always passed: Apigee says 1799 for 1800000 ms (observed). What
// never ends has "0", as documented for refresh tokens.
func oauthv2Seconds(x *flow.Exchange, end entity.Millis) string {
	if !end.Set() {
		return "0"
	}
	return strconv.FormatInt(max(0, (int64(end)-x.Now().UnixMilli()-1)/1000), 10)
}

func oauthv2ListText(items []string) string {
	list := ordjson.NewArray()
	for _, s := range items {
		list.Push(ordjson.NewString(s))
	}
	return string(ordjson.Append(nil, list))
}
