package matrix_test

import (
	"bytes"
	"encoding/json"
	"io"
	"strings"
	"testing"

	"sluice/internal/matrix"
)

// TestFind finds a cell by every name that a user may know it by.
func TestFind(t *testing.T) {
	m := fixture(t, "shop")
	tests := []struct{ spec, row, fault string }{
		{"InvalidApiKey@Verify-Key", "request / PreFlow / Verify-Key", "InvalidApiKey"},
		{"invalid_api_key@verify key", "request / PreFlow / Verify-Key", "InvalidApiKey"},
		{"oauth.v2.InvalidApiKey@Verify-Key", "request / PreFlow / Verify-Key", "InvalidApiKey"},
		{"QuotaViolation@Quota:request", "request / PreFlow / Quota", "QuotaViolation"},
		{"QuotaViolation@Quota:backend", "backend / response / PreFlow / Quota", "QuotaViolation"},
		{"QuotaViolation@Quota:response PreFlow", "backend / response / PreFlow / Quota", "QuotaViolation"},
		{"ExecutionFailed@FC-Security > Threat", "FC-Security > Threat", "ExecutionFailed"},
		{"ExecutionFailed@Threat:shared", "rule / shared / FC-Answer > Threat", "ExecutionFailed"},
		{"SetVariableFailed@AM-Stamp:default", "default / stamp / AM-Stamp", "SetVariableFailed"},
		{"connect timeout@backend", "call / (the target)", "connect timeout"},
		{"connect-timeout@backend:call", "call / (the target)", "connect timeout"},
		{"GatewayTimeout@backend", "call / (the target)", "read timeout"},
		{"no route@backend", "RouteRule / backend", "no route"},
		{"RouteFailed@backend", "RouteRule / backend", "no route"},
		{"api.timeout@client", "(the client's request)", "api.timeout"},
		{"InvalidApiKey@shop / ProxyEndpoint default / request / PreFlow / Verify-Key", "request / PreFlow / Verify-Key", "InvalidApiKey"},
	}
	for _, tt := range tests {
		r, c, err := m.Find(tt.spec)
		if err != nil {
			t.Errorf("%s: %v", tt.spec, err)
			continue
		}
		if !strings.HasSuffix(r.ID, tt.row) || c.Fault != tt.fault {
			t.Errorf("%s is %s of %s", tt.spec, c.Fault, r.ID)
		}
	}
}

// TestFindSaysWhatElse: each error tells how to go on.
func TestFindSaysWhatElse(t *testing.T) {
	m := fixture(t, "shop")
	tests := []struct{ spec, says string }{
		{"InvalidApiKey", "FAULT@PLACE[:PHASE], as in FailedToResolveAPIKey@Verify-Key:request PreFlow"},
		{"@Quota", "FAULT@PLACE[:PHASE]"},
		{"InvalidApiKey@", "FAULT@PLACE[:PHASE]"},
		{"InvalidApiKey@Verfy-Key", "(did you mean Verify-Key?); there are: client, Verify-Key, Quota"},
		{"InvalidApiKey@Verfy-Key:request", `no step, target or RouteRule is called "Verfy-Key" (did you mean Verify-Key?)`},
		{"InvalidKey@Verify-Key", `Verify-Key cannot raise "InvalidKey" (did you mean InvalidApiKey?); its faults: `},
		{"QuotaViolation@Quota:post", `Quota is not in "post"; it is in: request PreFlow, response PreFlow`},
		{"QuotaViolation@Quota", "means 2 cells; say which:\n  'QuotaViolation@Quota:request PreFlow'\n  'QuotaViolation@Quota:response PreFlow'"},
		{"SetVariableFailed@EV-Item", "means 4 cells"},
		{"ServiceUnavailable@backend", `its faults: no route, refused, DNS`},
	}
	for _, tt := range tests {
		if _, _, err := m.Find(tt.spec); err == nil || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%q: %v\nwant %s", tt.spec, err, tt.says)
		}
	}
}

// TestEveryCellCanBeFound: what an error proposes is found.
func TestEveryCellCanBeFound(t *testing.T) {
	m := fixture(t, "shop")
	for _, r := range m.Rows {
		for _, c := range r.Cells {
			if row, found, err := m.Find(c.Fault + "@" + r.ID); err != nil || row != r || found != c {
				t.Errorf("%s of %s: %v", c.Fault, r.ID, err)
			}
		}
	}
}

// FuzzFind: whatever is asked for, the answer is one cell or one error.
func FuzzFind(f *testing.F) {
	m := fixture(f, "shop")
	for _, spec := range []string{"InvalidApiKey@Verify-Key", "QuotaViolation@Quota:response", "a@b:c:d", "@", ":", "x@:", "é@ü"} {
		f.Add(spec)
	}
	f.Fuzz(func(t *testing.T, spec string) {
		if r, c, err := m.Find(spec); (err == nil) != (r != nil && c != nil) {
			t.Errorf("%q: %v, %v, %v", spec, r, c, err)
		}
	})
}

// TestExplain keeps the text of three cells: a rule and the default rule that
// answer, rules that fail themselves, and a step of a fault rule.
func TestExplain(t *testing.T) {
	m := fixture(t, "shop")
	golden(t, "shop.explained", func(w io.Writer) error {
		for _, spec := range []string{"InvalidApiKey@Verify-Key", "FailedToResolveAPIKey@Verify-Key", "ExecutionFailed@Threat:rule", "5xx@backend", "SetVariableFailed@EV-Item:never"} {
			r, c, err := m.Find(spec)
			if err != nil {
				t.Fatal(err)
			}
			if err := matrix.Explain(r, c).WriteText(w, false); err != nil {
				return err
			}
			if _, err := io.WriteString(w, "\n"); err != nil {
				return err
			}
		}
		return nil
	})
}

func TestExplainJSON(t *testing.T) {
	r, c, err := fixture(t, "shop").Find("InvalidApiKey@Verify-Key")
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := matrix.Explain(r, c).WriteJSON(&out); err != nil {
		t.Fatal(err)
	}
	var e matrix.Explanation
	if err := json.Unmarshal(out.Bytes(), &e); err != nil {
		t.Fatal(err)
	}
	var tried []string
	for _, at := range e.Cell.Story.Rules {
		tried = append(tried, at.Rule+" "+at.Result)
	}
	if got, want := strings.Join(tried, ", "), "shared false, raises false, no-key ran, fails-itself not tried, stamp ran"; got != want {
		t.Errorf("tried %s, want %s", got, want)
	}
	if e.Cell.Story.Response.Status != 401 || e.Cell.Leaked || !strings.HasPrefix(e.Cell.Verdict, "handled: ") || e.Row.Cells != nil {
		t.Errorf("%s", out.String())
	}
}
