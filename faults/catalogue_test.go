package faults

import (
	"slices"
	"strings"
	"testing"
)

// TestCatalogueCounts pins the size of the reference: a lost or doubled file shows here.
func TestCatalogueCounts(t *testing.T) {
	counts := map[Kind]int{}
	own := 0
	for _, d := range All() {
		if isOwn(d) {
			own++
			continue
		}
		counts[d.Kind]++
	}
	if counts[Runtime] != 383 || counts[Deployment] != 239 {
		t.Errorf("runtime %d, deployment %d; want 383 and 239", counts[Runtime], counts[Deployment])
	}
	if own != 62 {
		t.Errorf("sluice.json has %d entries, want 62", own)
	}
	if got := len(Elements()); got != 59+5 {
		t.Errorf("%d elements, want the 59 of the reference, GraphQL, ParsePayload, PublishMessage, SetIntegrationRequest and (bundle)", got)
	}
}

// isOwn tells the entries of sluice.json: those of no Apigee code, and the response
// sides of the runtime's faults.
func isOwn(d *Def) bool {
	return d.Evidence == Sluice || d.Element == ElementRuntime && d.Variant != ""
}

func TestEveryDefIsComplete(t *testing.T) {
	evidence := []string{"documented", "playbook", "observed", "recalled", "inferred", Sluice}
	for _, d := range All() {
		if d.Element == "" || d.Code == "" || d.Name == "" || d.Cause == "" {
			t.Errorf("%s %s: a field is empty: %+v", d.Element, d.Code, d)
		}
		if d.Kind != Runtime && d.Kind != Deployment {
			t.Errorf("%s %s: kind %q", d.Element, d.Code, d.Kind)
		}
		if !slices.Contains(evidence, d.Evidence) {
			t.Errorf("%s %s: evidence %q", d.Element, d.Code, d.Evidence)
		}
		if d.Status != 0 && (d.Status < 400 || d.Status > 599) {
			t.Errorf("%s %s: status %d", d.Element, d.Code, d.Status)
		}
		if d.Evidence == Sluice && d.Text == "" {
			t.Errorf("%s %s: a fault of ours needs a text of ours", d.Element, d.Code)
		}
	}
}

// TestEveryDefIsFound also proves that element, kind, code and variant together
// are unique: two entries cannot both be what one name finds.
func TestEveryDefIsFound(t *testing.T) {
	for i, d := range All() {
		find := Lookup
		if d.Kind == Deployment {
			find = LookupDeployment
		}
		for _, name := range []string{d.Code, d.Name} {
			got, ok := find(d.Element, name)
			if !ok || got.Code != d.Code && got.Name != d.Name {
				t.Errorf("%s %s: looked up %q, found %v", d.Element, d.Code, name, got)
			}
		}
		name := d.Code
		if d.Variant != "" {
			name = d.Name + "/" + d.Variant
		}
		if got, _ := find(d.Element, name); got != d {
			t.Errorf("entry %d: %s %s is hidden by another entry called %q", i, d.Element, d.Code, name)
		}
	}
}

func TestLookup(t *testing.T) {
	tests := []struct {
		element, name string
		code          string // empty: not found
		text          string // prefix
	}{
		{"Quota", "QuotaViolation", "policies.ratelimit.QuotaViolation", "Rate limit quota violation."},
		{"Quota", "policies.ratelimit.QuotaViolation", "policies.ratelimit.QuotaViolation", ""},
		{"Quota", "quotaviolation", "", ""},
		{"Quota", "", "", ""},
		{"NoSuchPolicy", "QuotaViolation", "", ""},
		{"Quota", "InvalidQuotaTimeUnit", "", ""}, // a deployment fault only
		{"OAuthV2", "oauth.v2.InvalidClientIdentifier", "steps.oauth.v2.InvalidClientIdentifier", ""},
		{"VerifyAPIKey", "oauth.v2.FailedToResolveAPIKey", "steps.oauth.v2.FailedToResolveAPIKey", ""},
		{"JSONThreatProtection", "ExecutionFailed/ContainerDepth", "steps.jsonthreatprotection.ExecutionFailed",
			"JSONThreatProtection[{policy}]: Execution failed. reason: JSONThreatProtection[{policy}]: Exceeded container depth"},
		{"XMLThreatProtection", "ExecutionFailed/NodeDepthExceeded", "steps.xmlthreatprotection.ExecutionFailed",
			"XMLThreatProtection stepDefinition {policy}: Execution failed. reason: XMLThreatProtection stepDefinition {policy}: Node depth"},
		{"(runtime)", "TooBigHeaders", "protocol.http.TooBigHeaders", "request headers"},
		{"(runtime)", "protocol.http.TooBigHeaders", "protocol.http.TooBigHeaders", "request headers"},
		{"(runtime)", "TooBigHeaders/response", "protocol.http.TooBigHeaders", "response headers"},
	}
	for _, tt := range tests {
		d, ok := Lookup(tt.element, tt.name)
		if ok != (tt.code != "") {
			t.Errorf("Lookup(%q, %q) found %v", tt.element, tt.name, ok)
			continue
		}
		if ok && (d.Code != tt.code || !strings.HasPrefix(d.Text, tt.text)) {
			t.Errorf("Lookup(%q, %q) = %s %q", tt.element, tt.name, d.Code, d.Text)
		}
	}
}

func TestLookupDeployment(t *testing.T) {
	tests := []struct{ element, name, code string }{
		{"Quota", "InvalidQuotaTimeUnit", "policies.ratelimit.InvalidQuotaTimeUnit"},
		{"Quota", "QuotaViolation", ""},
		{ElementBundle, "MissingPolicy", "sluice.bundle.MissingPolicy"},
		{ElementBundle, "FAILED_PRECONDITION", "sluice.bundle.MissingServiceAccount"},
		{"IntegrationCallout", "MissingRequest", "steps.integrationcallout.MissingRequest"},
		// One documented name under two codes: the first wins, the code tells them apart.
		{"ResponseCache", "InvalidMessagePatternForErrorCode", "steps.cache.InvalidSkipCacheLookUpCondition"},
		{"ResponseCache", "InvalidSkipCachePopulationCondition", "steps.cache.InvalidSkipCachePopulationCondition"},
	}
	for _, tt := range tests {
		d, ok := LookupDeployment(tt.element, tt.name)
		if ok != (tt.code != "") || ok && d.Code != tt.code {
			t.Errorf("LookupDeployment(%q, %q) = %v, %v; want %q", tt.element, tt.name, d, ok, tt.code)
		}
	}
}

// TestPlainNameOfVariants: OAuthV2 lists invalid_request once in general and once
// per operation and mistake.
func TestPlainNameOfVariants(t *testing.T) {
	plain, _ := Lookup("OAuthV2", "invalid_request")
	if plain == nil || plain.ResponseBody != "" {
		t.Fatalf("the plain name found a variant: %+v", plain)
	}
	d, ok := Lookup("OAuthV2", "invalid_request/GenerateAccessToken/Required param : grant_type")
	if !ok || !slices.Equal(d.Operations, []string{"GenerateAccessToken"}) {
		t.Fatalf("variant: %+v, %v", d, ok)
	}
	if got := d.New().Reason; got != "Required param : grant_type" {
		t.Errorf("the documented Error text is the reason; got %q", got)
	}
}

func TestStatus(t *testing.T) {
	raise, _ := Lookup("RaiseFault", "RaiseFault")
	if raise.Status != 0 || raise.StatusText != "policy <StatusCode>, default 500" || raise.New().Status != 500 {
		t.Errorf("RaiseFault: %d %q", raise.Status, raise.StatusText)
	}
	quota, _ := Lookup("Quota", "QuotaViolation")
	if quota.Status != 429 || quota.StatusEdge != 500 || quota.New().Status != 429 {
		t.Errorf("QuotaViolation: %d, Edge %d", quota.Status, quota.StatusEdge)
	}
	refused, _ := LookupDeployment(ElementBundle, "TooLarge")
	if got := refused.New().Status; got != 0 {
		t.Errorf("a deployment fault has status %d", got)
	}
}

func TestMustRuntime(t *testing.T) {
	for _, d := range All() {
		if d.Element == ElementRuntime && MustRuntime(d.Name).Code != d.Code {
			t.Errorf("MustRuntime(%q) is not %s", d.Name, d.Code)
		}
	}
	defer func() {
		if recover() == nil {
			t.Error("an uncatalogued name must panic")
		}
	}()
	MustRuntime("NoSuchFault")
}

// TestCategories: every name of the category table exists, and every kind of
// element gets its category.
func TestCategories(t *testing.T) {
	for name := range runtimeCategories {
		MustRuntime(name)
	}
	tests := []struct {
		f                     *Fault
		category, subcategory string
	}{
		{MustRuntime("RouteFailed").New(), "Messaging", "Routing"},
		{MustRuntime("TooBigBody").New(), "Transport", "Request validations"},
		{MustRuntime("TooBigBody/response").New(), "Transport", "Response validations"},
		{MustRuntime("PolicyPanic").New(), "System", ""},
		{must("Quota", "QuotaViolation").New(), "Policy", ""},
	}
	for _, tt := range tests {
		if tt.f.Category != tt.category || tt.f.Subcategory != tt.subcategory {
			t.Errorf("%s: %s/%s", tt.f.Code(), tt.f.Category, tt.f.Subcategory)
		}
	}
}

// TestResponseVariants: the response sides in sluice.json stay in step with the
// entries that they split.
func TestResponseVariants(t *testing.T) {
	for _, d := range All() {
		if d.Element != ElementRuntime || d.Variant == "" {
			continue
		}
		request, ok := Lookup(ElementRuntime, d.Code)
		if !ok || request == d || d.Status != 502 || request.Status == 502 {
			t.Errorf("%s/%s has no request side of its own status", d.Code, d.Variant)
		}
	}
}

// TestPlaceholders: every brace in a text belongs to a placeholder with a usable
// name, apart from the literal ones listed here.
func TestPlaceholders(t *testing.T) {
	literal := strings.NewReplacer("{0}", "", "{1}", "", "MessageRate{messagesPerPeriod=", "", "maxBurstMessageCount={burst}}", "")
	for _, d := range All() {
		texts := []string{d.Text, d.Code}
		for _, v := range d.Variants {
			texts = append(texts, v.Text)
		}
		for _, text := range texts {
			text = expand(literal.Replace(text), func(string, int) (string, bool) { return "", true })
			if strings.ContainsAny(text, "{}") {
				t.Errorf("%s %s: stray brace: %q", d.Element, d.Code, text)
			}
		}
	}
}

func TestUnknownFieldIsRefused(t *testing.T) {
	if _, err := decode([]byte(`[{"element":"Quota","fault_string":"x"}]`)); err == nil {
		t.Error("a misspelt field was swallowed")
	}
}

func must(element, name string) *Def {
	d, ok := Lookup(element, name)
	if !ok {
		panic(element + " " + name)
	}
	return d
}

func BenchmarkLoad(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		defs, err := load()
		if err != nil {
			b.Fatal(err)
		}
		newIndex(defs)
	}
}
