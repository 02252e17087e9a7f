package policies

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/beevik/etree"

	"sluice/flow"
	"sluice/internal/entity"
)

var _ = register(flow.Kind{
	Name:    "AccessEntity",
	Group:   "extension",
	Waits:   true, // for an authorization code
	Compile: compileAccessEntity,
	Doc: flow.Doc{
		Title: "puts the profile of an API product, an app, a developer or a consumer key into variables",
		Text: `EntityType says what is looked up, EntityIdentifier by what: ref names the variable, type the kind of identifier.

  apiproduct         apiproductname, consumerkey, appid, appname
  app                appid, appname, consumerkey
  developer          developerid, developeremail, appid, consumerkey
  consumerkey        consumerkey
  consumerkey_scope  consumerkey
  authorizationcode  authorizationcode
  appgroupname       appid, consumerkey; company likewise

SecondaryIdentifier narrows down: apiresource a product, developeremail, developerid or appgroupname an app. Of several
entities the first counts, of several Identifier elements the first that finds one. A developer.id as VerifyAPIKey sets
it, ORGANIZATION@@@ID, is taken too.

AccessEntity.POLICY is the profile as XML, or with OutputFormat JSON as the management API writes it. With XML each
element also has a variable: AccessEntity.ChildNodes.POLICY.App.Status is a text, ...App.Credentials the XML of the
element. An element that occurs several times has its number in the name: ...Credentials.Credential.2.ConsumerKey.
The texts are also there as AccessEntity.POLICY.App.Status.

Apigee documents the profiles of the first four types. The others tell what is known here, in elements of this runtime's
own: ConsumerKeyScope has ConsumerKey and Scopes; AuthorizationCode has ClientId, RedirectUri, Scopes, State, Status,
IssuedAt, ExpiresAt and Attributes, also when it is used up or expired; AppGroup and Company have no more than their name,
which their apps carry, so that a name finds none. The types requesttoken and verifier (OAuth 1.0a) and companydeveloper
find nothing: nothing of that kind is kept.

The policy never fails: when nothing is found, the variables are not there.`,
		Sample: `<AccessEntity name="AE-App">
  <EntityType value="app"/>
  <EntityIdentifier ref="request.header.x-apikey" type="consumerkey"/>
</AccessEntity>`,
	},
})

type accessEntity struct {
	identifiers []accessEntityIdentifier
	output      accessEntityOutput
}

// accessEntityIdentifier is one way to the entity.
type accessEntityIdentifier struct {
	find          accessEntityFinder
	value         *flow.TextOrRef
	secondary     *flow.TextOrRef // nil without
	secondaryType string
}

func compileAccessEntity(b *flow.Build, el *etree.Element) flow.Policy {
	b.NeedState(el)
	b.Known(el, "EntityType", "EntityIdentifier", "SecondaryIdentifier", "Identifiers", "OutputFormat")
	kind := b.Child(el, "EntityType")
	name := b.Attr(kind, "value")
	p := &accessEntity{output: newAccessEntityOutput(b.Owner, b.Enum(el, "OutputFormat", "XML", "JSON"))}
	finders, ok := accessEntityTypes()[name]
	switch {
	case ok:
		p.identifiers = compileAccessEntityIdentifiers(b, el, finders)
	case slices.Contains(accessEntityUnkept, name):
		b.Warn(kind, "EntityNotKept", "entities of type "+name+" are not kept here: the policy finds nothing",
			"kept are "+strings.Join(slices.Sorted(maps.Keys(accessEntityTypes())), ", "))
	case kind == nil:
		b.Refuse(el, "InvalidEntityType", "entity_type", name)
	default:
		b.Refuse(kind, "InvalidEntityType", "entity_type", name)
	}
	return p
}

// accessEntityUnkept are types of Apigee that nothing here keeps: two of OAuth 1.0a,
// and one of Edge.
var accessEntityUnkept = []string{"requesttoken", "verifier", "companydeveloper"}

// compileAccessEntityIdentifiers reads both forms: the elements themselves, or
// several pairs of them.
func compileAccessEntityIdentifiers(b *flow.Build, el *etree.Element, finders accessEntityFinders) []accessEntityIdentifier {
	holders := flow.Children(b.Child(el, "Identifiers"), "Identifier")
	if len(holders) == 0 || b.Child(el, "EntityIdentifier") != nil {
		holders = append([]*etree.Element{el}, holders...)
	}
	var list []accessEntityIdentifier
	for _, holder := range holders {
		if i, ok := compileAccessEntityIdentifier(b, holder, finders); ok {
			list = append(list, i)
		}
	}
	return list
}

func compileAccessEntityIdentifier(b *flow.Build, holder *etree.Element, finders accessEntityFinders) (i accessEntityIdentifier, ok bool) {
	first, second := b.Child(holder, "EntityIdentifier"), b.Child(holder, "SecondaryIdentifier")
	i = accessEntityIdentifier{value: b.TextOrRef(first), secondary: b.TextOrRef(second), secondaryType: b.Attr(second, "type")}
	if first == nil || i.value.Ref == nil && i.value.Text == "" {
		b.RefuseText(holder, "MissingElement", "no EntityIdentifier says which entity",
			`add <EntityIdentifier ref="request.queryparam.apikey" type="consumerkey"/>`)
		return i, false
	}
	name := b.Attr(first, "type")
	if name == "" {
		name = finders.usual
	}
	if i.find, ok = finders.by[name]; !ok {
		b.Warn(first, "UnknownIdentifier", "there is no identifier "+name+" of this type of entity: it finds nothing",
			"known here: "+strings.Join(slices.Sorted(maps.Keys(finders.by)), ", "))
	}
	return i, ok
}

// Execute finds the entity and tells of it. What an earlier run of the policy
// found for the same request goes away, so that nobody takes the profile of one
// key for that of another.
func (p *accessEntity) Execute(ctx context.Context, x *flow.Exchange) error {
	p.output.forget(x)
	for i := range p.identifiers {
		profile, ok := p.identifiers[i].profile(ctx, x)
		if err := cmp.Or(x.Err(), ctx.Err()); err != nil {
			return err
		}
		if ok {
			profile.organization = x.Proxy.Organization
			return p.output.tell(x, profile)
		}
	}
	return nil
}

func (i *accessEntityIdentifier) profile(ctx context.Context, x *flow.Exchange) (accessEntityProfile, bool) {
	v, ok := i.value.Value(x)
	if !ok {
		return accessEntityProfile{}, false
	}
	q := accessEntityQuery{Directory: x.Services.Entities, ctx: ctx, x: x, id: v.String()}
	if i.secondary != nil {
		if v, ok = i.secondary.Value(x); !ok {
			return accessEntityProfile{}, false
		}
		q.second, q.secondType = v.String(), i.secondaryType
	}
	profile := i.find(q)
	return profile, profile != accessEntityProfile{}
}

// accessEntityProfile is what was found: one of these.
type accessEntityProfile struct {
	organization string
	product      *entity.Product
	app          *entity.App
	developer    *entity.Developer
	credential   *entity.Credential

	scoped *entity.Credential // whose scopes are meant
	code   *entity.Token
	group  accessEntityGroup
}
