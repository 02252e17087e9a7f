package policies

import (
	"context"
	"crypto/hmac"
	"crypto/md5"  //nolint:gosec // an algorithm that Apigee offers
	"crypto/sha1" //nolint:gosec // likewise
	"crypto/sha256"
	"crypto/sha512"
	"errors"
	"hash"
	"strings"

	"github.com/beevik/etree"

	"sluice/faults"
	"sluice/flow"
)

var _ = register(flow.Kind{
	Name:    "HMAC",
	Group:   "security",
	Compile: compileHMAC,
	Doc: flow.Doc{
		Title: "makes or verifies a keyed hash of a message",
		Text: `Computes the HMAC of Message under the key that the private variable of SecretKey holds, and assigns it to the
variable that Output names, by default hmac.POLICY.output. With VerificationValue it must equal that value, else the
request fails with 401 and nothing is assigned.

Algorithm is SHA-1, SHA-224, SHA-256, SHA-384, SHA-512 or MD-5. SecretKey is text unless encoding says hex or base64;
VerificationValue and Output are base64 unless it says hex or base64url. Message is a message template whose white space
counts. A variable in its ref replaces the text, and its value is expanded as a template too: to sign what a client
sends, write {request.content} into the text instead.

Variables set: hmac.POLICY.message, hmac.POLICY.outputencoding, hmac.POLICY.output.`,
		Sample: `<HMAC name="HMAC-Webhook">
  <Algorithm>SHA-256</Algorithm>
  <SecretKey ref="private.webhook.key"/>
  <Message>{request.content}</Message>
  <VerificationValue encoding="hex" ref="request.header.x-signature"/>
</HMAC>`,
	},
})

// hmacPolicy is specified by policies-1.md 20.
type hmacPolicy struct {
	algorithm func() hash.Hash
	key       *flow.Name
	keyText   hmacEncoding
	message   *hmacMessage
	ignore    bool // IgnoreUnresolvedVariables, of the message alone

	expected *flow.TextOrRef // VerificationValue, or nil
	given    hmacEncoding    // of the expected value
	output   *flow.Name
	shown    hmacEncoding // of the output
	prefix   string       // of the variables: hmac.POLICY.

	unresolved, mismatch, failed, emptyKey, emptyExpected *faults.Def
}

// hmacAlgorithms are keyed by their names without dashes, in lower case.
var hmacAlgorithms = map[string]func() hash.Hash{
	"sha1": sha1.New, "sha224": sha256.New224, "sha256": sha256.New,
	"sha384": sha512.New384, "sha512": sha512.New, "md5": md5.New,
}

func compileHMAC(b *flow.Build, el *etree.Element) flow.Policy {
	b.Known(el, "Algorithm", "SecretKey", "Message", "VerificationValue", "Output", "IgnoreUnresolvedVariables")
	p := &hmacPolicy{
		algorithm: compileHMACAlgorithm(b, el),
		key:       compileHMACKey(b, el),
		keyText:   compileHMACEncoding(b, b.Child(el, "SecretKey"), "utf8", "hex", "base16", "base64"),
		message:   compileHMACMessage(b, el),
		ignore:    b.Bool(el, "IgnoreUnresolvedVariables", false),

		expected: b.TextOrRef(b.Child(el, "VerificationValue")),
		given:    compileHMACEncoding(b, b.Child(el, "VerificationValue"), "base64", "base64url", "hex", "base16"),
		shown:    compileHMACEncoding(b, b.Child(el, "Output"), "base64", "base64url", "hex", "base16"),
		prefix:   "hmac." + b.Owner + ".",

		unresolved:    b.Fault("UnresolvedVariable"),
		mismatch:      b.Fault("HmacVerificationFailed"),
		failed:        b.Fault("HmacCalculationFailed"),
		emptyKey:      b.Fault("EmptySecretKey"),
		emptyExpected: b.Fault("EmptyVerificationValue"),
	}
	output := b.Text(el, "Output")
	if output == "" {
		output = p.prefix + "output"
	}
	p.output = b.Name(output)
	return p
}

func compileHMACAlgorithm(b *flow.Build, el *etree.Element) func() hash.Hash {
	text := b.Text(el, "Algorithm")
	if text == "" {
		hmacMissing(b, el, "Algorithm", "<Algorithm>SHA-256</Algorithm>")
		return nil
	}
	algorithm := hmacAlgorithms[hmacPlain(text)]
	if algorithm == nil {
		b.RefuseText(b.Child(el, "Algorithm"), "InvalidValueForElement", "algorithm "+text+" is not supported", "use SHA-1, SHA-224, SHA-256, SHA-384, SHA-512 or MD-5")
	}
	return algorithm
}

// compileHMACKey reads the variable of SecretKey; messages never quote what
// stands there in its place.
func compileHMACKey(b *flow.Build, el *etree.Element) *flow.Name {
	const want = `<SecretKey ref="private.KEY"/>`
	key := b.Child(el, "SecretKey")
	name := b.Ref(key, "ref")
	switch {
	case flow.TextOf(key) != "":
		b.RefuseText(key, "InvalidSecretInConfig", "SecretKey holds a text: a secret does not belong into a bundle", "write "+want)
	case name == nil:
		hmacMissing(b, el, "SecretKey", want)
	case !name.Private():
		b.RefuseText(key, "InvalidVariableName", "variable "+name.String()+" of SecretKey is not private", "write "+want)
	}
	return name
}

func hmacMissing(b *flow.Build, el *etree.Element, tag, want string) {
	b.RefuseText(el, "MissingConfigurationElement", "element "+tag+" is missing or empty", "add "+want)
}

// hmacPlain is a name as Apigee compares it: without case and dashes.
func hmacPlain(name string) string {
	return strings.ToLower(strings.ReplaceAll(strings.TrimSpace(name), "-", ""))
}

func (p *hmacPolicy) Execute(_ context.Context, x *flow.Exchange) error {
	key, err := p.secret(x)
	if err != nil {
		return err
	}
	message, err := p.text(x)
	if err != nil {
		return err
	}
	x.Put(p.prefix+"message", flow.Text(message))
	mac := hmac.New(p.algorithm, key)
	mac.Write([]byte(message))
	sum := mac.Sum(nil)
	if err := p.verify(x, sum); err != nil {
		return err
	}
	x.Put(p.prefix+"outputencoding", flow.Text(p.shown.name))
	if err := x.Set(p.output, flow.Text(p.shown.encode(sum))); err != nil {
		return p.failed.Wrap(err)
	}
	return nil
}

// secret returns the key. No error tells anything of its value.
func (p *hmacPolicy) secret(x *flow.Exchange) ([]byte, error) {
	v := x.Get(p.key)
	switch {
	case v.IsNull():
		return nil, p.unresolved.New("variable", p.key.String())
	case v.String() == "":
		return nil, p.emptyKey.New("variable", p.key.String())
	}
	key, ok := p.keyText.decode(v.String())
	if !ok {
		return nil, p.failed.Wrap(errors.New("the secret key is not in the encoding " + p.keyText.name))
	}
	return key, nil
}

func (p *hmacPolicy) text(x *flow.Exchange) (string, error) {
	text, err := p.message.expand(x, p.ignore)
	if broken := x.Err(); broken != nil {
		return "", broken // a body that cannot be read looks like an unresolved variable
	}
	if err == nil {
		return text, nil
	}
	if missing, ok := errors.AsType[*flow.UnresolvedError](err); ok {
		return "", p.unresolved.New("variable", missing.Name)
	}
	if own, ok := errors.AsType[*faults.Fault](err); ok {
		return "", own // a payload above the limit
	}
	return "", p.failed.Wrap(err)
}

// verify compares the hash with the value that the policy expects, if it does. A
// value that does not decode is a wrong one. The right one stays with us: a
// variable would show it to whoever forged the request.
func (p *hmacPolicy) verify(x *flow.Exchange, sum []byte) error {
	if p.expected == nil {
		return nil
	}
	v, ok := p.expected.Value(x)
	if broken := x.Err(); broken != nil {
		return broken
	}
	switch {
	case !ok && p.expected.Ref != nil:
		return p.unresolved.New("variable", p.expected.Ref.String())
	case v.String() == "":
		return p.emptyExpected.New()
	}
	want, ok := p.given.decode(v.String())
	if !ok || !hmac.Equal(want, sum) {
		return p.mismatch.New()
	}
	return nil
}
