package entity

import (
	"encoding/json"
	"testing"
)

func TestMatchModel(t *testing.T) {
	const group = `{"name": "p", "llmOperationGroup": {"operationConfigs": [
		{"apiSource": "chat", "llmOperations": [{"resource": "/", "model": "small"}], "llmTokenQuota": {"limit": "10", "interval": "1", "timeUnit": "minute"}},
		{"apiSource": "chat", "llmOperations": [{"resource": "/", "model": "large"}], "llmTokenQuota": {"limit": "5", "interval": "1", "timeUnit": "minute"}},
		{"apiSource": "free", "llmOperations": [{"resource": "/"}]}]}}`
	for _, tt := range []struct {
		product, proxy, model string
		named, ok             bool
		limit                 Text
	}{
		{group, "chat", "small", true, true, "10"},
		{group, "chat", "large", true, true, "5"},
		{group, "chat", "huge", true, false, ""},
		{group, "other", "small", true, false, ""},
		{group, "free", "huge", true, true, ""},
		{`{"name": "p"}`, "chat", "small", false, false, ""},
		{`{"name": "p", "llmOperationGroup": {"operationConfigs": [{"apiSource": "chat", "llmOperations": [{"resource": "/"}]}]}}`, "chat", "small", false, false, ""},
	} {
		p := &Product{}
		if err := json.Unmarshal([]byte(tt.product), p); err != nil {
			t.Fatal(err)
		}
		config, named, ok := p.MatchModel(tt.proxy, tt.model)
		if named != tt.named || ok != tt.ok {
			t.Errorf("%s, %s: named %v, ok %v, want %v and %v", tt.proxy, tt.model, named, ok, tt.named, tt.ok)
		}
		if tt.limit != "" && (config == nil || config.LLMQuota == nil || config.LLMQuota.Limit != tt.limit) {
			t.Errorf("%s, %s: the quota is not %s", tt.proxy, tt.model, tt.limit)
		}
	}
}

// TestMatchLLMOperations: what the management API calls llmOperations lets a call
// through as operations do.
func TestMatchLLMOperations(t *testing.T) {
	p := &Product{}
	const product = `{"name": "p", "llmOperationGroup": {"operationConfigs": [{"apiSource": "chat", "llmOperations": [{"resource": "/v1/**", "methods": ["POST"], "model": "small"}]}]}}`
	if err := json.Unmarshal([]byte(product), p); err != nil {
		t.Fatal(err)
	}
	if m, ok := p.Match(Call{Proxy: "chat", Suffix: "/v1/models", Method: "POST"}); !ok || m.Operation.Model != "small" {
		t.Errorf("%+v, %v", m, ok)
	}
	if _, ok := p.Match(Call{Proxy: "chat", Suffix: "/v1/models", Method: "GET"}); ok {
		t.Error("GET is let through")
	}
	if !p.HasResource("/v1/models") {
		t.Error("the resource is not there")
	}
}

// TestMatchPayload: what a payload asks for counts where a product names it, also when
// a path of the product would let it through.
func TestMatchPayload(t *testing.T) {
	p := &Product{}
	const product = `{"name": "p",
		"operationGroup": {"operationConfigs": [{"apiSource": "mcp", "operations": [{"resource": "/"}]}]},
		"payloadOperationGroup": {"operationConfigs": [
			{"apiSource": "other", "operations": [{"operation": "tools/call/drop"}]},
			{"apiSource": "mcp", "operations": [{"operation": "tools/call/add"}], "quota": {"limit": "2", "interval": "1", "timeUnit": "minute"}},
			{"apiSource": "mcp", "operations": [{"operation": "tools/list"}]}]}}`
	if err := json.Unmarshal([]byte(product), p); err != nil {
		t.Fatal(err)
	}
	for operation, want := range map[string]string{"tools/call/add": "2", "tools/list": "", "tools/call/drop": "none", "tools/call/ad": "none", "": ""} {
		got := "none"
		if m, ok := p.Match(Call{Proxy: "mcp", Suffix: "/mcp", Method: "POST", Operation: operation}); ok {
			got = string(m.Quota().Limit)
			if operation != "" && m.Resource != operation {
				t.Errorf("%q matches %q", operation, m.Resource)
			}
		}
		if got != want {
			t.Errorf("%q: quota %s, want %s", operation, got, want)
		}
	}
}
