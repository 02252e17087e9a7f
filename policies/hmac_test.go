package policies_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"sluice/flow"
)

// TestHMACAlgorithms uses test case 2 of RFC 2202 and RFC 4231: the key "Jefe".
func TestHMACAlgorithms(t *testing.T) {
	for algorithm, want := range map[string]string{
		"MD5":     "750c783e6ab0b503eaa86e310a5db738",
		"md-5":    "750c783e6ab0b503eaa86e310a5db738",
		"SHA-1":   "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79",
		"SHA-224": "a30e01098bc6dbbf45690f3a7e9e6d0f8bbea2a39e6148008fd05e44",
		"sha256":  "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
		"SHA384":  "af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e8e2240ca5e69e2c78b3239ecfab21649",
		" SHA-512 ": "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554" +
			"9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737",
	} {
		x := client()
		x.Put("private.key", flow.Text("Jefe"))
		err := permissive.run(t, x, `<HMAC name="P"><Algorithm>`+algorithm+`</Algorithm><SecretKey ref="private.key"/>
			<Message>what do ya want for nothing?</Message><Output encoding="hex">signature</Output></HMAC>`)
		if got := x.Lookup("signature").String(); err != nil || got != want {
			t.Errorf("%s is %s, want %s (%v)", algorithm, got, want, err)
		}
	}
}

func TestHMACMessage(t *testing.T) {
	tests := []struct{ message, want string }{
		{`<Message>{request.content}</Message>`, `{private.other:x} "{"`},
		{`<Message ref="request.content"/>`, `x "{"`},
		{`<Message variablePrefix="$" variableSuffix="#">$request.verb#{request.verb}</Message>`, "POST{request.verb}"},
		{`<Message ref="braces" variablePrefix="$" variableSuffix="#">no</Message>`, "POST{request.verb}"},
		{`<Message ref="request"/>`, `x "{"`},
		{`<Message ref="quoted"/>`, `"a text of JSON"`},
		{"<Message> \n </Message>", " \n "},
	}
	for _, tt := range tests {
		x := client()
		x.Request.SetContent([]byte(`{private.other:x} "{"`))
		x.Put("private.key", flow.Text("k"))
		x.Put("braces", flow.Text("$request.verb#{request.verb}"))
		x.Put("quoted", flow.Text(`"a text of JSON"`))
		err := permissive.run(t, x, `<HMAC><Algorithm>SHA-256</Algorithm><SecretKey ref="private.key"/>`+tt.message+`</HMAC>`)
		if got := x.Lookup("hmac.P.message").String(); err != nil || got != tt.want {
			t.Errorf("%s is %q, want %q (%v)", tt.message, got, tt.want, err)
		}
	}
}

// TestHMACFailures are those that a case cannot provoke, or not exactly. None may
// tell the key.
func TestHMACFailures(t *testing.T) {
	const calculation = "401 steps.hmac.HmacCalculationFailed"
	tests := []struct{ name, elements, content, want string }{
		{"function", `<Message ref="request.content"/>`, "{noFunction(a)}", calculation},
		{"references", `<Message ref="request.content"/>`, strings.Repeat("{a}", 10_001), calculation},
		{"read-only output", `<Message>a</Message><Output>messageid</Output>`, "", calculation},
		{"too big", `<Message>{request.content}</Message>`, strings.Repeat("a", 2000), "413 protocol.http.TooBigBody"},
		{"too big to expand", `<Message ref="request.content"/>`, strings.Repeat("a", 2000), "413 protocol.http.TooBigBody"},
		{"too big to compare", `<Message>a</Message><VerificationValue ref="request.content"/>`, strings.Repeat("a", 2000), "413 protocol.http.TooBigBody"},
	}
	for _, tt := range tests {
		x := client()
		x.Request.SetContent([]byte(tt.content))
		if strings.HasPrefix(tt.name, "too big") {
			x.Request.Limit = 1000
			x.Request.Body.SetStream(shortStream{strings.NewReader(tt.content)}, int64(len(tt.content)))
		}
		x.Put("private.key", flow.Text("Secret123"))
		err := permissive.run(t, x, `<HMAC><Algorithm>SHA-256</Algorithm><SecretKey ref="private.key"/>`+tt.elements+`</HMAC>`)
		if got := faultText(err); !strings.HasPrefix(got, tt.want) || strings.Contains(err.Error(), "Secret123") {
			t.Errorf("%s: got %v, want %s", tt.name, err, tt.want)
		}
	}
}

func TestHMACDeployment(t *testing.T) {
	const algorithm, key, message = `<Algorithm>SHA-1</Algorithm>`, `<SecretKey ref="private.k"/>`, `<Message>a</Message>`
	tests := []struct {
		elements string
		want     []string
	}{
		{algorithm + key + message, nil},
		{key + message, []string{"error MissingConfigurationElement"}},
		{algorithm + message, []string{"error MissingConfigurationElement"}},
		{algorithm + key, []string{"error MissingConfigurationElement"}},
		{`<Algorithm>SHA-3</Algorithm>` + key + message, []string{"error InvalidValueForElement"}},
		{algorithm + `<SecretKey>TopSecret</SecretKey>` + message, []string{"error InvalidSecretInConfig"}},
		{algorithm + `<SecretKey ref="k"/>` + message, []string{"error InvalidVariableName"}},
		{algorithm + `<SecretKey encoding="UTF-8" ref="private.k"/>` + message, nil},
		{algorithm + `<SecretKey encoding="rot13" ref="private.k"/>` + message, []string{"error InvalidValueForElement"}},
		{algorithm + key + message + `<Output encoding="utf8"/>`, []string{"error InvalidValueForElement"}},
		{algorithm + key + `<Message ref="request.content"/>`, []string{"warning ExpandedMessage"}},
		{algorithm + key + `<Message ref="made.by.a.policy"/>`, nil},
		{algorithm + key + message + `<Key/>`, []string{"warning UnknownElement"}},
	}
	for _, tt := range tests {
		_, b := permissive.compile(t, "<HMAC>"+tt.elements+"</HMAC>")
		if got := calloutProblems(b.Problems); !slices.Equal(got, tt.want) || strings.Contains(fmt.Sprint(b.Problems), "TopSecret") {
			t.Errorf("%s\n got %v\nwant %v", tt.elements, b.Problems, tt.want)
		}
	}
}

func BenchmarkHMAC(b *testing.B) {
	p, _ := permissive.compile(b, `<HMAC><Algorithm>SHA-256</Algorithm><SecretKey ref="private.key"/><Message>{request.content}</Message></HMAC>`)
	x := client()
	x.Request.SetContent([]byte(strings.Repeat("a", 1000)))
	x.Put("private.key", flow.Text("Secret123"))
	b.ReportAllocs()
	for b.Loop() {
		if err := p.Execute(b.Context(), x); err != nil {
			b.Fatal(err)
		}
	}
}
