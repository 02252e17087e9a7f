package policies_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"sluice/flow"
	"sluice/internal/state"
)

const llmTokenLimits = "<Allow count='1000000000000'/><Interval>1</Interval><TimeUnit>hour</TimeUnit>"

func TestLLMTokenQuotaDeployment(t *testing.T) {
	const usage = "<LLMTokenUsageSource>{n}</LLMTokenUsageSource>"
	for _, tt := range []struct{ elements, want string }{
		{llmTokenLimits + usage, ""},
		{llmTokenLimits, "warning MissingElement"},
		{llmTokenLimits + "<EnforceOnly>true</EnforceOnly><SharedName>s</SharedName>", ""},
		{usage + "<Interval>often</Interval>", "error InvalidQuotaInterval"},
		{usage + "<TimeUnit>fortnight</TimeUnit>", "error InvalidQuotaTimeUnit"},
		{usage + llmTokenLimits + "<MessageWeight ref='n'/>", "warning UnknownElement"},
		{usage + llmTokenLimits + "<LLMModelSource>{noSuchFunction('a')}</LLMModelSource>", "error UnknownStringFunction"},
	} {
		_, b := permissive.compile(t, "<LLMTokenQuota>"+tt.elements+"</LLMTokenQuota>")
		if got := strings.Join(calloutProblems(b.Problems), ", "); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.elements, got, tt.want)
		}
		if tt.want == "error InvalidQuotaInterval" && !strings.Contains(b.Problems.Error(), "Invalid quota interval often") {
			t.Errorf("the text is missing: %v", b.Problems)
		}
	}
}

// TestLLMTokenQuotaCounts: only whole numbers of at least 0 are counts of tokens.
func TestLLMTokenQuotaCounts(t *testing.T) {
	services := quotaServices(t, time.Now)
	for text, ok := range map[string]bool{
		"0": true, " 12 ": true, "1099511627776": true,
		"": false, "-1": false, "1.5": false, "[12]": false, "many": false, "1099511627777": false, "99999999999999999999": false,
	} {
		x := client()
		x.Services = services
		x.Put("n", flow.Text(text))
		err := permissive.run(t, x, "<LLMTokenQuota><Allow count='9000000000000'/><Interval>1</Interval><TimeUnit>hour</TimeUnit><LLMTokenUsageSource>{n}</LLMTokenUsageSource></LLMTokenQuota>")
		if ok != (err == nil) || !ok && !strings.Contains(faultText(err), "FailedToResolveTokenUsageCount") {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// TestLLMTokenQuotaWithoutCounters: a counter that does not answer fails the policy.
func TestLLMTokenQuotaWithoutCounters(t *testing.T) {
	x := client()
	x.Services.Counters = brokenCounters{}
	if err := permissive.run(t, x, "<LLMTokenQuota>"+llmTokenLimits+"<LLMTokenUsageSource>1</LLMTokenUsageSource></LLMTokenQuota>"); !errors.Is(err, state.ErrUnavailable) {
		t.Error(err)
	}
}

func BenchmarkLLMTokenQuota(b *testing.B) {
	benchmarkPolicy(b, "<LLMTokenQuota><Identifier ref='client_id'/>"+llmTokenLimits+"<LLMTokenUsageSource>10</LLMTokenUsageSource><LLMModelSource>{client_id}</LLMModelSource></LLMTokenQuota>")
}
