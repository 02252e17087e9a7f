package policies

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"

	"github.com/beevik/etree"

	"sluice/faults"
	"sluice/flow"
	"sluice/internal/jose"
)

// The six policies GenerateJWT, VerifyJWT, DecodeJWT, GenerateJWS, VerifyJWS and
// DecodeJWS share the files jwt*.go:
//
//	jwt.go            what any of them is: names of variables, faults
//	jwt_token.go      finding a token and cutting it; its header and its payload
//	jwt_seen.go       tokens that were confirmed before
//	jwt_variables.go  the variables that they set
//	jwt_algorithm.go  Algorithm and Algorithms, and which key element they need
//	jwt_key.go        key elements with a Value; jwt_keyset.go: with a JWKS
//	jwt_maker.go      the key that signs or encrypts; jwt_verifier.go: its opposite
//	jwt_claim.go      Claim elements; jwt_compare.go: how they are compared
//	jwt_critical.go   crit, KnownHeaders; jwt_time.go: times and spans

// jwtCommon is what the six policies have in common.
type jwtCommon struct {
	name             string // of the policy
	prefix           string // of its variables: "jwt.NAME." or "jws.NAME."
	jws              bool
	generates        bool
	ignoreUnresolved bool
	faults           map[string]*faults.Def
	header           atomic.Pointer[jwtHeader] // the last one: tokens of one issuer have the same
}

func (c *jwtCommon) init(b *flow.Build, el *etree.Element) {
	c.name, c.jws = b.Owner, strings.HasSuffix(b.Kind, "JWS")
	c.prefix = "jwt." + c.name + "."
	if c.jws {
		c.prefix = "jws." + c.name + "."
	}
	c.generates = strings.HasPrefix(b.Kind, "Generate")
	c.ignoreUnresolved = b.Bool(el, "IgnoreUnresolvedVariables", false)
	c.faults = jwtFaults(b.Kind)
}

// resolve returns the value of an element; ok is false when there is nothing to
// say.
func (c *jwtCommon) resolve(x *flow.Exchange, t *flow.TextOrRef) (v flow.Value, ok bool, err error) {
	if t == nil {
		return v, false, nil
	}
	if v, ok = t.Value(x); !ok && t.Ref != nil && !c.ignoreUnresolved {
		return v, false, jwtUnresolved(t.Ref.String())
	}
	return v, ok, nil
}

// jwtFaultNames are the faults that the shared code raises, under the names that
// the JWT policies have for them.
var jwtFaultNames = []string{
	"AlgorithmInTokenNotPresentInConfiguration", "AlgorithmMismatch", "ContentIsNotDetached", "EncryptionFailed", "FailedToDecode",
	"FailedToResolveVariable", "GenerationFailed", "InsufficientKeyLength", "InvalidClaim", "InvalidConfiguration", "InvalidCurve",
	"InvalidJsonFormat", "InvalidPasswordKey", "InvalidPayload", "InvalidPrivateKey", "InvalidPublicKey", "InvalidSecretKey",
	"InvalidSignature", "InvalidToken", "JwtAudienceMismatch", "JwtIssuerMismatch", "JwtSubjectMismatch", "KeyIdMissing",
	"KeyParsingFailed", "MissingPayload", "NoAlgorithmFoundInHeader", "NoMatchingPublicKey", "SigningFailed", "TokenExpired",
	"TokenNotYetValid", "UnhandledCriticalHeader", "UnknownException", "WrongKeyType",
}

// jwsNames are the faults that the JWS policies have another name for.
var jwsNames = map[string]string{
	"InvalidToken": "InvalidJws", "InvalidPrivateKey": "KeyParsingFailed", "InvalidPublicKey": "KeyParsingFailed", "InvalidSecretKey": "KeyParsingFailed",
}

// jwtFaults finds the faults of a policy type. The pages differ in what they list
// (GenerateJWT's lacks FailedToResolveVariable, say) although the code and the
// status are one; what a type lacks is taken from its relatives.
func jwtFaults(kind string) map[string]*faults.Def {
	family := kind[len(kind)-3:]
	m := map[string]*faults.Def{}
	for _, name := range jwtFaultNames {
		own := name
		if other := jwsNames[name]; other != "" && family == "JWS" {
			own = other
		}
		for _, element := range []string{kind, "Decode" + family, "Verify" + family, "Generate" + family, "VerifyJWT", "VerifyJWS"} {
			if d, ok := faults.Lookup(element, own); ok {
				m[name] = d
				break
			}
		}
	}
	return m
}

// jwtFailure is why a token is not accepted or made. It becomes the fault called
// name. Neither args nor cause hold anything secret.
type jwtFailure struct {
	name  string
	args  []string
	cause error
}

func (f *jwtFailure) Error() string {
	if f.cause != nil {
		return f.name + ": " + f.cause.Error()
	}
	return f.name
}

func jwtFail(name string, args ...string) error { return &jwtFailure{name: name, args: args} }

func jwtFailCause(name string, cause error) error { return &jwtFailure{name: name, cause: cause} }

func jwtBadClaim(name string) error { return jwtFail("InvalidClaim", "claim", name) }

func jwtUnresolved(variable string) error {
	return jwtFail("FailedToResolveVariable", "variable", variable)
}

// result makes the policy's result of an error: the fault that a jwtFailure
// stands for, whose text is also PREFIX.error, which bundles print.
func (c *jwtCommon) result(x *flow.Exchange, err error) error {
	var f *jwtFailure
	if !errors.As(err, &f) {
		return err
	}
	fault := c.faults[f.name].New(append([]string{"policy", c.name}, f.args...)...)
	fault.Cause = f.cause
	x.Put(c.prefix+"error", flow.Text(fault.Reason))
	return fault
}

// jwtCauses are the failures of package jose, in order: the first that an error
// is decides.
var jwtCauses = []struct {
	err  error
	name string
}{
	{jose.ErrMalformed, "FailedToDecode"},
	{jose.ErrPayload, "FailedToDecode"},
	{jose.ErrSignature, "InvalidToken"},
	{jose.ErrDecrypt, "InvalidToken"},
	{jose.ErrTooCostly, "InvalidToken"},
	{jose.ErrAlgorithm, "AlgorithmMismatch"},
	{jose.ErrKeyType, "WrongKeyType"},
	{jose.ErrCurve, "InvalidCurve"},
	{jose.ErrSize, "InvalidSecretKey"},
	{jose.ErrPassword, "InvalidPrivateKey"},
	{jose.ErrKey, "KeyParsingFailed"},
}

// jwtJoseFailure makes a failure of an error of package jose; otherwise is the
// fault for what has none of its own.
func jwtJoseFailure(err error, otherwise string) error {
	if err == nil {
		return nil
	}
	for _, c := range jwtCauses {
		if errors.Is(err, c.err) {
			return jwtFailCause(c.name, err)
		}
	}
	return jwtFailCause(otherwise, err)
}

// jwtInvalidConfiguration makes a policy that always faults: both Algorithm and
// Algorithms load on Apigee, and fail at the first request.
func jwtInvalidConfiguration(b *flow.Build, el *etree.Element) flow.Policy {
	p := &jwtAlways{fault: "InvalidConfiguration"}
	p.init(b, el)
	return p
}

// jwtAlways is a policy that faults at once: what Apigee deploys although it can
// never work.
type jwtAlways struct {
	jwtCommon
	fault string
}

func (p *jwtAlways) Execute(_ context.Context, x *flow.Exchange) error {
	return p.result(x, jwtFail(p.fault))
}

// jwtTemplateFailure makes a failure of a template's error.
func jwtTemplateFailure(err error) error {
	var u *flow.UnresolvedError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &u):
		return jwtUnresolved(u.Name)
	}
	return jwtFailCause("GenerationFailed", err)
}
