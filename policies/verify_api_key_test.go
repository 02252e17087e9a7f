package policies_test

import (
	"slices"
	"strings"
	"testing"

	"sluice/flow"
	"sluice/internal/entity"
)

func TestVerifyAPIKeyDeployment(t *testing.T) {
	for _, tt := range []struct {
		elements string
		want     []string
	}{
		{`<APIKey ref="request.header.x-apikey"/>`, nil},
		{`<APIKey>some-key</APIKey><CacheExpiryInSeconds ref="life">90</CacheExpiryInSeconds>`, nil},
		{`<APIKey/>`, []string{"error SpecifyValueOrRefApiKey"}},
		{``, []string{"error SpecifyValueOrRefApiKey"}},
		{`<APIKey ref="k"/><CacheExpiryInSeconds>soon</CacheExpiryInSeconds>`, []string{"error InvalidValue"}},
		{`<APIKey ref="k"/><OAuthConfig/>`, []string{"warning UnknownElement"}},
	} {
		_, b := permissive.compile(t, "<VerifyAPIKey>"+tt.elements+"</VerifyAPIKey>")
		if got := calloutProblems(b.Problems); !slices.Equal(got, tt.want) {
			t.Errorf("%s\n got %v\nwant %v", tt.elements, b.Problems, tt.want)
		}
	}
}

// TestVerifyAPIKeyBodyTooBig: a key that cannot be read is not an absent one.
func TestVerifyAPIKeyBodyTooBig(t *testing.T) {
	x := knownCaller(nil)
	x.Request.Limit = 4
	x.Request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	x.Request.Body.SetStream(shortStream{strings.NewReader("key=1")}, 5)
	err := permissive.run(t, x, `<VerifyAPIKey><APIKey ref="request.formparam.key"/></VerifyAPIKey>`)
	if got := calloutFault(t, err); got != "TooBigBody" {
		t.Errorf("%q, want TooBigBody", got)
	}
}

// TestVerifyAPIKeySeesChanges: what is remembered of a caller or a product ends
// with the entity.
func TestVerifyAPIKeySeesChanges(t *testing.T) {
	p, _ := permissive.compile(t, `<VerifyAPIKey><APIKey ref="key"/></VerifyAPIKey>`)
	x := knownCaller(nil)
	tier := func() string {
		if err := p.Execute(t.Context(), x); err != nil {
			t.Fatal(err)
		}
		return x.Lookup("verifyapikey.P.tier").String() + " " + x.Lookup("verifyapikey.P.apiproduct.developer.quota.limit").String()
	}
	if got := tier(); got != "gold 10" {
		t.Errorf("at first %q, want gold 10", got)
	}
	app := *x.Services.Entities.App("a-1")
	app.Attributes = []entity.Attribute{{Name: "tier", Value: "lead"}}
	x.Services.Entities.PutApp(&app)
	x.Services.Entities.PutProduct(&entity.Product{Name: "Shop", Quota: "3"})
	if got := tier(); got != "lead 3" {
		t.Errorf("after a change %q, want lead 3", got)
	}
}

// knownCaller is an exchange whose variable "key" holds a key that is good for
// it. change may change the app first.
func knownCaller(change func(*entity.App)) *flow.Exchange {
	const key = "kGJ2tmCvkFWSQAtT8z9AV4oYAbPmTMWDGBUvQ1g9GyUJfnEf"
	app := &entity.App{
		ID: "a-1", Name: "shop-app", DeveloperID: "d-1", Status: "approved", CallbackURL: "https://shop.test/back",
		Stamp:      entity.Stamp{CreatedAt: 1700000000000, CreatedBy: "admin@acme.test", LastModifiedAt: 1700000000001, LastModifiedBy: "admin@acme.test"},
		Attributes: []entity.Attribute{{Name: "DisplayName", Value: "The Shop"}, {Name: "tier", Value: "gold"}},
		Credentials: []entity.Credential{{ConsumerKey: key, ConsumerSecret: "s", Status: "approved", ExpiresAt: -1,
			Products: []entity.ProductRef{{Name: "Shop", Status: "approved"}}}},
	}
	if change != nil {
		change(app)
	}
	d := entity.NewDirectory()
	d.PutDeveloper(&entity.Developer{ID: "d-1", Email: "ada@acme.test", UserName: "ada", FirstName: "Ada", LastName: "Lovelace", Status: "active",
		Stamp: app.Stamp, Attributes: []entity.Attribute{{Name: "plan", Value: "pro"}}})
	d.PutProduct(&entity.Product{Name: "Shop", Quota: "10", QuotaInterval: "1", QuotaTimeUnit: "minute",
		Attributes: []entity.Attribute{{Name: "access", Value: "public"}},
		OperationGroup: &entity.OperationGroup{Configs: []entity.OperationConfig{{APISource: "test", Operations: []entity.Operation{
			{Resource: "/orders/*", Methods: []string{"GET"}}, {Resource: "/things/**", Methods: []string{"GET", "POST"}}}}}}})
	d.PutApp(app)
	x := client()
	x.Services = &flow.Services{Entities: d}
	x.Path.Suffix = "/things/7"
	x.Put("key", flow.Text(key))
	return x
}

// BenchmarkVerifyAPIKey's hit sets 46 variables. In a pooled exchange their room
// is there already.
func BenchmarkVerifyAPIKey(b *testing.B) {
	p, _ := permissive.compile(b, `<VerifyAPIKey><APIKey ref="key"/></VerifyAPIKey>`)
	for _, bb := range []struct{ name, key string }{{"hit", ""}, {"unknown", "kGJ2tmCvkFWSQAtT8z9AV4oYAbPmTMWDGBUvQ1g9GyUJfnEg"}} {
		b.Run(bb.name, func(b *testing.B) {
			x := knownCaller(nil)
			if bb.key != "" {
				x.Put("key", flow.Text(bb.key))
			}
			b.ReportAllocs()
			for b.Loop() {
				if err := p.Execute(b.Context(), x); (err == nil) != (bb.key == "") {
					b.Fatal(err)
				}
			}
		})
	}
}
