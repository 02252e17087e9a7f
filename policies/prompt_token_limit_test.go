package policies_test

import (
	"strings"
	"testing"
	"time"

	"sluice/flow"
)

const promptOfHeader = "<PromptTokenLimit><UserPromptSource>{prompt}</UserPromptSource><Rate>1000000000ps</Rate><UseEffectiveCount>true</UseEffectiveCount></PromptTokenLimit>"

// TestPromptTokens: the estimate, as the policy's documentation describes it.
func TestPromptTokens(t *testing.T) {
	services := quotaServices(t, time.Now)
	for prompt, want := range map[string]int64{
		"a": 1, "four": 1, "fives": 2, "two words": 3, "end.": 2, "1234": 2, "x1": 2, "...": 3,
		"größer": 2, "Ελλάδα": 2, "日本語": 3, "e\u0301te": 1, "🙂🙂": 2, "a\n\n b": 2,
	} {
		x := client()
		x.Services = services
		x.Put("prompt", flow.Text(prompt))
		if err := permissive.run(t, x, promptOfHeader); err != nil {
			t.Fatal(err)
		}
		if got := x.Lookup("ratelimit.P.userPromptTokenCount"); got.Int() != want {
			t.Errorf("%q: %s tokens, want %d", prompt, got, want)
		}
	}
}

// FuzzPromptTokens: whatever a client sends, the estimate is at most one for each byte.
func FuzzPromptTokens(f *testing.F) {
	for _, prompt := range []string{"Hello, world", "\xff", "日本\u0301語", "{x}", "1 2 3"} {
		f.Add(prompt)
	}
	services := quotaServices(f, time.Now)
	p, _ := compileTraffic(f, &flow.Unit{Services: services}, promptOfHeader)
	f.Fuzz(func(t *testing.T, prompt string) {
		x := client()
		x.Services = services
		x.Put("prompt", flow.Text(prompt))
		err := p.Execute(t.Context(), x)
		if got := x.Lookup("ratelimit.P.userPromptTokenCount").Int(); err == nil && (got < 0 || got > int64(len(prompt))) {
			t.Errorf("%q: %d tokens", prompt, got)
		}
	})
}

func TestPromptTokenLimitDeployment(t *testing.T) {
	for text, want := range map[string]string{
		"<PromptTokenLimit><Rate>10ps</Rate></PromptTokenLimit>": "",
		"<PromptTokenLimit/>": "error MissingElement",
		"<PromptTokenLimit><Rate>10</Rate></PromptTokenLimit>":                  "error InvalidAllowedRate",
		"<PromptTokenLimit><Rate>1ps</Rate><MessageWeight/></PromptTokenLimit>": "warning UnknownElement",
	} {
		_, b := permissive.compile(t, text)
		if got := strings.Join(calloutProblems(b.Problems), ", "); got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
}

func BenchmarkPromptTokenLimit(b *testing.B) {
	benchmarkPolicy(b, strings.Replace(promptOfHeader, "{prompt}", "{client_id}", 1))
}
