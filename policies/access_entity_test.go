package policies_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"sluice/internal/entity"
)

func TestAccessEntityDeployment(t *testing.T) {
	const key = `<EntityIdentifier ref="k" type="consumerkey"/>`
	for _, tt := range []struct {
		elements string
		want     []string
	}{
		{`<EntityType value="app"/>` + key, nil},
		{`<EntityType value="apiproduct"/><EntityIdentifier ref="p"/><OutputFormat>json</OutputFormat>`, nil},
		{`<EntityType value="app"/><Identifiers><Identifier>` + key + `</Identifier></Identifiers>`, nil},
		{`<EntityType value="person"/>` + key, []string{"error InvalidEntityType"}},
		{`<EntityType/>` + key, []string{"error InvalidEntityType"}},
		{key, []string{"error InvalidEntityType"}},
		{`<EntityType value="app"/>`, []string{"error MissingElement"}},
		{`<EntityType value="app"/><EntityIdentifier type="appid"/>`, []string{"error MissingElement"}},
		{`<EntityType value="app"/><EntityIdentifier ref="k" type="verifier"/>`, []string{"warning UnknownIdentifier"}},
		{`<EntityType value="requesttoken"/><EntityIdentifier ref="k" type="requesttoken"/>`, []string{"warning EntityNotKept"}},
		{`<EntityType value="app"/><OutputFormat>YAML</OutputFormat>` + key, []string{"error InvalidValue"}},
		{`<EntityType value="app"/><Cache/>` + key, []string{"warning UnknownElement"}},
	} {
		_, b := permissive.compile(t, "<AccessEntity>"+tt.elements+"</AccessEntity>")
		if got := calloutProblems(b.Problems); !slices.Equal(got, tt.want) {
			t.Errorf("%s\n got %v\nwant %v", tt.elements, b.Problems, tt.want)
		}
	}
}

// TestAccessEntityIsBounded: an app with very many keys does not fill an exchange
// with variables; the XML has them all.
func TestAccessEntityIsBounded(t *testing.T) {
	x := knownCaller(func(a *entity.App) {
		for i := range 1000 {
			a.Credentials = append(a.Credentials, entity.Credential{ConsumerKey: fmt.Sprint("more-", i), ConsumerSecret: "s"})
		}
	})
	err := permissive.run(t, x, `<AccessEntity><EntityType value="app"/><EntityIdentifier ref="key" type="consumerkey"/></AccessEntity>`)
	if err != nil {
		t.Fatal(err)
	}
	name := func(i int) string {
		return fmt.Sprintf("AccessEntity.ChildNodes.P.App.Credentials.Credential.%d.ConsumerKey", i)
	}
	if first, last := x.Lookup(name(2)).String(), x.Lookup(name(1001)); first != "more-0" || !last.IsNull() {
		t.Errorf("the second key is %q, the last %q, which should be in the XML alone", first, last.String())
	}
	if !strings.Contains(x.Lookup("AccessEntity.P").String(), "<ConsumerKey>more-999</ConsumerKey>") {
		t.Error("the XML does not have the last key")
	}
}

// TestAccessEntityUnfitText: an entity may hold what XML cannot.
func TestAccessEntityUnfitText(t *testing.T) {
	x := knownCaller(func(a *entity.App) { a.Attributes[0].Value = "a\x01]]>&\xff" })
	err := permissive.run(t, x, `<AccessEntity><EntityType value="app"/><EntityIdentifier ref="key" type="consumerkey"/></AccessEntity>`)
	if err != nil {
		t.Fatal(err)
	}
	err = permissive.run(t, x, `<ExtractVariables><Source>AccessEntity.P</Source><XMLPayload>
		<Variable name="found" type="string"><XPath>/App/Attributes/Attribute[1]/Value</XPath></Variable></XMLPayload></ExtractVariables>`)
	if got := x.Lookup("found").String(); err != nil || got != "a\uFFFD]]>&\uFFFD" {
		t.Errorf("read back %q, %v", got, err)
	}
}

func BenchmarkAccessEntity(b *testing.B) {
	p, _ := permissive.compile(b, `<AccessEntity><EntityType value="app"/><EntityIdentifier ref="key" type="consumerkey"/></AccessEntity>`)
	x := knownCaller(nil)
	b.ReportAllocs()
	for b.Loop() {
		x.Remove("AccessEntity.P") // as in a new request
		if err := p.Execute(b.Context(), x); err != nil {
			b.Fatal(err)
		}
	}
}
