package policies_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"sluice/flow"
)

func TestAccessControlDeployment(t *testing.T) {
	const rules = `<IPRules noRuleMatchAction="%s"><MatchRule action="%s"><SourceAddress mask="%s">%s</SourceAddress></MatchRule></IPRules>`
	tests := []struct {
		elements string
		want     []string
	}{
		{fmt.Sprintf(rules, "ALLOW", "DENY", "32", "198.51.100.1"), nil},
		{fmt.Sprintf(rules, "allow", "deny", "", "2001:db8::1"), nil},
		{fmt.Sprintf(rules, "ALLOW", "DENY", "{m}", "{a}"), nil},
		{fmt.Sprintf(rules, "ALLOW", "DENY", "0", "0.0.0.0"), nil},
		{fmt.Sprintf(rules, "MAYBE", "DENY", "32", "198.51.100.1"), []string{"error InvalidValue"}},
		{fmt.Sprintf(rules, "ALLOW", "MAYBE", "32", "198.51.100.1"), []string{"error InvalidValue"}},
		{fmt.Sprintf(rules, "ALLOW", "DENY", "33", "198.51.100.1"), []string{"warning InvalidRulePattern"}},
		{fmt.Sprintf(rules, "ALLOW", "DENY", "0", "198.51.100.1"), []string{"warning InvalidRulePattern"}},
		{fmt.Sprintf(rules, "ALLOW", "DENY", "129", "::1"), []string{"warning InvalidRulePattern"}},
		{fmt.Sprintf(rules, "ALLOW", "DENY", "32", "198.51.100"), []string{"warning InvalidIPv4Address"}},
		{fmt.Sprintf(rules, "ALLOW", "DENY", "32", "1:2"), []string{"warning InvalidIPv6Address"}},
		{fmt.Sprintf(rules, "ALLOW", "DENY", "32", "office"), []string{"warning InvalidIPAddress"}},
		{fmt.Sprintf(rules, "ALLOW", "DENY", "32", ""), []string{"warning MissingElement"}},
		{`<IPRules noRuleMatchAction="DENY"><MatchRule action="ALLOW"/></IPRules>`, []string{"warning MissingElement"}},
		{`<ClientIPVariable>client.ip</ClientIPVariable>`, []string{"warning MissingElement"}},
		{fmt.Sprintf(rules, "ALLOW", "DENY", "32", "198.51.100.1") + `<ValidateBasedOn>THE_SECOND_IP</ValidateBasedOn>`, []string{"error InvalidValue"}},
	}
	for _, tt := range tests {
		_, b := permissive.compile(t, "<AccessControl>"+tt.elements+"</AccessControl>")
		if got := calloutProblems(b.Problems); !slices.Equal(got, tt.want) {
			t.Errorf("%s\n got %v\nwant %v", tt.elements, b.Problems, tt.want)
		}
	}
}

// TestAccessControlKeepsSecrets: a rule made of private variables does not show
// in the fault that the client sees, whatever is wrong with it.
func TestAccessControlKeepsSecrets(t *testing.T) {
	for _, value := range []string{"office", "10.1.2", "fe80:::"} {
		x := client()
		x.Put("private.address", flow.Text(value))
		err := permissive.run(t, x, `<AccessControl><IPRules noRuleMatchAction="DENY"><MatchRule action="ALLOW"><SourceAddress mask="24">{private.address}</SourceAddress></MatchRule></IPRules></AccessControl>`)
		if got := faultText(err); strings.Contains(got, value) || !strings.Contains(got, "{private.address}") {
			t.Errorf("%s: got %s", value, got)
		}
	}
}

func TestAccessControlTemplateFails(t *testing.T) {
	tests := []struct{ source, want string }{
		{`<SourceAddress mask="24">{replaceAll(request.verb,broken,messageid)}</SourceAddress>`, "InvalidRulePattern"},
		{`<SourceAddress mask="{replaceAll(request.verb,broken,messageid)}">10.0.0.1</SourceAddress>`, "InvalidRulePattern"},
		{`<SourceAddress mask="24">{request.content}</SourceAddress>`, "TooBigBody"},
	}
	for _, tt := range tests {
		x := client()
		x.Put("broken", flow.Text("("))
		x.Request.Limit = 4
		x.Request.Body.SetStream(shortStream{strings.NewReader("12345")}, 5)
		err := permissive.run(t, x, `<AccessControl><IPRules><MatchRule>`+tt.source+`</MatchRule></IPRules></AccessControl>`)
		if got := calloutFault(t, err); got != tt.want {
			t.Errorf("%s: got %v, want %s", tt.source, err, tt.want)
		}
	}
}

// BenchmarkAccessControl asks a hundred rules that do not match.
func BenchmarkAccessControl(b *testing.B) {
	var rules strings.Builder
	for i := range 100 {
		fmt.Fprintf(&rules, `<SourceAddress mask="24">10.1.%d.0</SourceAddress>`, i)
	}
	for name, last := range map[string]string{"constant": "10.2.0.0", "template": "{office}"} {
		p, _ := permissive.compile(b, `<AccessControl><IPRules noRuleMatchAction="ALLOW"><MatchRule action="DENY">`+rules.String()+
			`<SourceAddress mask="16">`+last+`</SourceAddress></MatchRule></IPRules></AccessControl>`)
		x := client()
		x.Put("office", flow.Text("10.2.0.0"))
		x.Request.Header.Set("X-Forwarded-For", "198.51.100.1, 198.51.100.2")
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := p.Execute(b.Context(), x); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// FuzzAccessControl takes address, mask and client from variables: a rule that can
// be used matches its own address.
func FuzzAccessControl(f *testing.F) {
	for _, seed := range [][2]string{{"198.51.100.1", "24"}, {"2001:db8::1", "33"}, {"0.0.0.0", "0"}, {"::ffff:1.2.3.4", "32"}, {"fe80::1%eth0", "64"}, {"1.2.3", "-1"}, {"::", ""}} {
		f.Add(seed[0], seed[1])
	}
	p, _ := permissive.compile(f, `<AccessControl><IPRules noRuleMatchAction="DENY"><MatchRule action="ALLOW"><SourceAddress mask="{mask}">{address}</SourceAddress></MatchRule></IPRules>
		<ClientIPVariable>address</ClientIPVariable></AccessControl>`)
	f.Fuzz(func(t *testing.T, address, mask string) {
		x := client()
		x.Put("address", flow.Text(address))
		x.Put("mask", flow.Text(mask))
		err := p.Execute(t.Context(), x)
		if got := calloutFault(t, err); got == "IPDeniedAccess" && strings.TrimSpace(mask) != "" {
			t.Errorf("%q with mask %q does not match itself", address, mask)
		}
	})
}
