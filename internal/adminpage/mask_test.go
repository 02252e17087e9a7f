package adminpage

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestSecretsAreHidden(t *testing.T) {
	jwt := "eyJhbGciOiJub25lIn0.eyJjYW5hcnkiOjF9.canarysignature"
	for _, value := range []string{
		`{"password": "canary"}`, `{"DB_PASSWD": "canary"}`, `{"client-secret": "canary"}`, `{"private.key": {"a": "canary"}}`, `{"access_token": ["canary"]}`,
		`{"x-api-key": 1234567}`, `{"apiKey": "canary"}`, `{"Set-Cookie": "canary"}`, `{"headers": {"Proxy-Authorization": "canary"}}`,
		`[{"key": "Authorization", "value": "canary"}]`, `{"name": "password", "value": {"stringValue": "canary"}}`,
		`{"body": "{\"refresh_token\": \"canary\"}"}`, `{"body": "[{\"a\": \"{\\\"secret\\\": \\\"canary\\\"}\"}]"}`,
		`{"log": "GET / Authorization: Bearer canary.canary"}`, `{"log": "authorization: canary"}`, `{"a": "Basic Y2FuYXJ5OmNhbmFyeQ=="}`,
		`{"a": "` + jwt + `"}`, `{"url": "https://canary:canary@shop.example/"}`, `{"url": "https://shop.example/?a=b&api_key=canary&c=d"}`,
		`{"form": "grant_type=password&client_secret=canary"}`, `{"form": "client_secret=canary&grant_type=x"}`,
		`{"cut": "{\"access_token\": \"canary"}`, `"Bearer canarycanary"`, `not JSON: {\\\"password\\\": \\\"canary\\\"}`, `not JSON: "token": "canary", token=canary`,
	} {
		got := shownJSON(json.RawMessage(value))
		for _, secret := range []string{"canary", "Y2Fu", "1234567"} {
			if strings.Contains(got, secret) {
				t.Errorf("%s is shown as %s", value, got)
			}
		}
		if !strings.Contains(got, hidden) {
			t.Errorf("%s is shown as %s, which does not say that something is hidden", value, got)
		}
	}
}

func TestOthersAreShown(t *testing.T) {
	for value, want := range map[string]string{
		`{"b": 1.10, "a": ["x", null, true]}`:  "{\n  \"b\": 1.10,\n  \"a\": [\n    \"x\",\n    null,\n    true\n  ]\n}",
		`{"password": null, "token": ""}`:      "{\n  \"password\": null,\n  \"token\": \"\"\n}",
		`{"name": "Ada", "value": 3}`:          "{\n  \"name\": \"Ada\",\n  \"value\": 3\n}",
		`"https://shop.example/?q=tea&page=2"`: `"https://shop.example/?q=tea&page=2"`,
		`"basic usage: see a=b"`:               `"basic usage: see a=b"`,
		`{}`:                                   "", `null`: "", ``: "",
	} {
		if got := shownJSON(json.RawMessage(value)); got != want {
			t.Errorf("%s is shown as %s, want %s", value, got, want)
		}
	}
}

func TestValuesAreBounded(t *testing.T) {
	if got := shownJSON(json.RawMessage(`"` + strings.Repeat("é", maxShown) + `"`)); len(got) > maxShown+100 || !utf8.ValidString(got) || !strings.Contains(got, "bytes more") {
		t.Errorf("%d bytes: ...%s", len(got), got[len(got)-40:])
	}
	if got := shownJSON(json.RawMessage(`"` + strings.Repeat("x", maxRead) + `"`)); got != "(1,048,578 bytes, too large to be shown)" {
		t.Error(got)
	}
	deep := json.RawMessage(strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000))
	if got := shownJSON(deep); len(got) > maxShown+100 {
		t.Errorf("%d bytes", len(got))
	}
	nested := `"canary"`
	for range 8 {
		text, err := json.Marshal(map[string]string{"a": nested})
		check(t, err)
		nested = string(text)
	}
	if shownJSON(json.RawMessage(nested)) == "" {
		t.Error("nothing is shown of texts within texts")
	}
}

// FuzzShownJSON never lets a secret through that has the name of one, whatever is around it.
func FuzzShownJSON(f *testing.F) {
	f.Add(`{"a": [1, %s]}`, "x")
	f.Add(`{"a": "{\"b\": 1}", "c": %s}`, `a"b`)
	f.Add(`[%s, "Bearer abc"]`, "\xff")
	f.Fuzz(func(t *testing.T, around, value string) {
		const secret = "canary-2718281828"
		text, err := json.Marshal(map[string]string{"password": secret, "other": value})
		if err != nil || strings.Contains(around, secret) || strings.Contains(value, secret) {
			t.Skip()
		}
		raw := strings.Replace(around, "%s", string(text), 1)
		got := shownJSON(json.RawMessage(raw))
		if json.Valid([]byte(raw)) && strings.Contains(got, secret) {
			t.Errorf("%q is shown as %q", raw, got)
		}
		if !utf8.ValidString(got) || len(got) > maxShown+100 {
			t.Errorf("%d bytes: %q", len(got), got)
		}
	})
}

func BenchmarkShownJSON(b *testing.B) {
	var list []string
	for i := range 500 {
		list = append(list, fmt.Sprintf(`{"id": %d, "name": "tea", "note": "{\"token\": \"x\"}", "url": "https://shop.example/?a=b"}`, i))
	}
	raw := json.RawMessage("[" + strings.Join(list, ",") + "]")
	b.SetBytes(int64(len(raw)))
	b.ReportAllocs()
	for b.Loop() {
		shownJSON(raw)
	}
}
