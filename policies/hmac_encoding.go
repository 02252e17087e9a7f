package policies

import (
	"encoding/base64"
	"encoding/hex"
	"strings"

	"github.com/beevik/etree"

	"sluice/flow"
)

// hmacEncoding is how bytes are written as text.
type hmacEncoding struct {
	name   string // as hmac.POLICY.outputencoding shows it
	encode func([]byte) string
	decode func(string) ([]byte, bool)
}

var hmacEncodings = map[string]hmacEncoding{
	"utf8":      {"utf8", func(b []byte) string { return string(b) }, func(s string) ([]byte, bool) { return []byte(s), true }},
	"hex":       {"hex", hex.EncodeToString, decodeHMACHex},
	"base16":    {"base16", hex.EncodeToString, decodeHMACHex},
	"base64":    {"base64", base64.StdEncoding.EncodeToString, decodeHMACBase64(base64.RawStdEncoding)},
	"base64url": {"base64url", base64.URLEncoding.EncodeToString, decodeHMACBase64(base64.RawURLEncoding)},
}

func decodeHMACHex(s string) ([]byte, bool) {
	b, err := hex.DecodeString(strings.TrimSpace(s))
	return b, err == nil
}

// decodeHMACBase64 takes padding or none, as java.util.Base64 does.
func decodeHMACBase64(encoding *base64.Encoding) func(string) ([]byte, bool) {
	return func(s string) ([]byte, bool) {
		b, err := encoding.DecodeString(strings.TrimRight(strings.TrimSpace(s), "="))
		return b, err == nil
	}
}

// compileHMACEncoding reads the attribute encoding, one of allowed, of which the
// first is the default.
func compileHMACEncoding(b *flow.Build, el *etree.Element, allowed ...string) hmacEncoding {
	text := b.Attr(el, "encoding")
	if text == "" {
		return hmacEncodings[allowed[0]]
	}
	for _, name := range allowed {
		if hmacPlain(text) == name {
			return hmacEncodings[name]
		}
	}
	b.RefuseText(el, "InvalidValueForElement", text+" is no encoding of "+el.Tag, "use "+strings.Join(allowed, ", "))
	return hmacEncodings[allowed[0]]
}
