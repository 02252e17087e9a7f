package policies

import (
	"cmp"
	"fmt"
	"iter"
	"math"
	"slices"
	"strings"
	"time"

	"sluice/flow"
	"sluice/internal/ordjson"
)

// jwtClaimNames are the variables of registered claims (policies-1.md 10).
var jwtClaimNames = map[string]string{
	"iss": "issuer", "sub": "subject", "aud": "audience", "exp": "expiry", "nbf": "notbefore", "iat": "issuedat",
}

var jwtHeaderNames = map[string]string{"alg": "algorithm", "kid": "kid", "typ": "type"}

// jwtResults are the variables that tell of a token: jwt.POLICY.NAME with the names
//
//	header-json, header.NAME, decoded.header.NAME
//	payload-json, payload-claim-names, claim.NAME, decoded.claim.NAME
//	is_expired, expiry_formatted, seconds_remaining, time_remaining_formatted
//	payload (of a JWS)
//
// Registered claims have long names in claim.NAME, and times there are in
// milliseconds; claim.jti and claims of one's own keep their name. header.NAME has
// long names beside the short ones.
type jwtResults struct {
	header  *jwtHeader
	claims  *ordjson.Node // nil for a JWS, and for an encrypted token that was not decrypted
	payload []byte
	jws     bool
	now     time.Time
}

// Result implements flow.Results.
func (r *jwtResults) Result(name string) flow.Value {
	switch {
	case name == "header-json":
		return flow.Text(r.header.content)
	case name == "payload" && r.jws:
		return flow.Text(string(r.payload))
	}
	if of, ok := strings.CutPrefix(name, "header."); ok {
		return jwtHeaderVariable(r.header.node, of)
	}
	if of, ok := strings.CutPrefix(name, "decoded.header."); ok {
		return jwtDecoded(r.header.node, of)
	}
	if r.claims == nil {
		return flow.Value{}
	}
	if of, ok := strings.CutPrefix(name, "claim."); ok {
		return jwtClaimVariable(r.claims, of)
	}
	if of, ok := strings.CutPrefix(name, "decoded.claim."); ok {
		return jwtDecoded(r.claims, of)
	}
	return r.ofPayload(name)
}

func (r *jwtResults) ofPayload(name string) flow.Value {
	switch name {
	case "payload-json":
		return flow.Text(string(r.payload))
	case "payload-claim-names":
		names := make([]string, 0, r.claims.Len())
		for name := range r.claims.Members() {
			names = append(names, name)
		}
		return flow.List(names)
	}
	return r.expiry(name)
}

// expiry is what follows from the claim exp and the time of the policy. Without exp a
// token does not expire, and has no remaining time.
func (r *jwtResults) expiry(name string) flow.Value {
	end, ok := jwtNumericDate(r.claims.Get("exp"))
	left := end.Sub(r.now)
	switch {
	case name == "is_expired":
		return flow.Bool(ok && left <= 0)
	case !ok:
	case name == "expiry_formatted":
		return flow.Text(end.UTC().Format("2006-01-02T15:04:05.000-0700"))
	case name == "seconds_remaining":
		return flow.Int64(int64(math.Floor(left.Seconds())))
	case name == "time_remaining_formatted":
		return flow.Text(jwtFormatSpan(left))
	}
	return flow.Value{}
}

// All implements flow.Results.
func (r *jwtResults) All() iter.Seq2[string, flow.Value] {
	names := []string{"header-json"}
	for name := range r.header.node.Members() {
		names = append(names, "decoded.header."+name, "header."+name, "header."+cmp.Or(jwtHeaderNames[name], name))
	}
	if r.jws {
		names = append(names, "payload")
	}
	if r.claims != nil {
		names = append(names, "payload-json", "payload-claim-names", "is_expired", "expiry_formatted", "seconds_remaining", "time_remaining_formatted")
		for name := range r.claims.Members() {
			names = append(names, "decoded.claim."+name, "claim."+cmp.Or(jwtClaimNames[name], name))
		}
	}
	return func(yield func(string, flow.Value) bool) {
		for _, name := range slices.Compact(names) {
			if v := r.Result(name); !v.IsNull() && !yield(name, v) {
				return
			}
		}
	}
}

// jwtHeaderVariable is the header that header.NAME shows, the last of several.
func jwtHeaderVariable(header *ordjson.Node, variable string) (found flow.Value) {
	for name, value := range header.Members() {
		if name == variable || jwtHeaderNames[name] == variable {
			found = jwtValue(value)
		}
	}
	return found
}

// jwtClaimVariable is the claim that claim.NAME shows, the last of several.
func jwtClaimVariable(claims *ordjson.Node, variable string) (found flow.Value) {
	for name, value := range claims.Members() {
		if cmp.Or(jwtClaimNames[name], name) == variable {
			found = jwtClaimValue(name, value)
		}
	}
	return found
}

func jwtDecoded(of *ordjson.Node, name string) flow.Value {
	if member := of.Get(name); member != nil {
		return flow.Text(member.Text())
	}
	return flow.Value{}
}

// jwtClaimValue is what claim.NAME holds.
func jwtClaimValue(name string, value *ordjson.Node) flow.Value {
	switch name {
	case "exp", "nbf", "iat":
		if t, ok := jwtNumericDate(value); ok {
			return flow.Int64(t.UnixMilli())
		}
	}
	return jwtValue(value)
}

// jwtValue is what a claim.NAME or header.NAME holds: arrays are lists, whose text
// is "[a, b]" (recommended).
func jwtValue(n *ordjson.Node) flow.Value {
	if n.Kind() != ordjson.Array {
		return flow.Text(n.Text())
	}
	items := make([]string, n.Len())
	for i := range items {
		items[i] = n.At(i).Text()
	}
	return flow.List(items)
}

// jwtNumericDate reads a time in seconds since 1970, possibly with a fraction. ok
// is false for what is no number, and for times that no calendar has.
func jwtNumericDate(n *ordjson.Node) (t time.Time, ok bool) {
	if n == nil {
		return t, false
	}
	f, ok := n.Float()
	if !ok || math.Abs(f) > 1e11 {
		return t, false
	}
	return time.UnixMilli(int64(math.Round(f * 1000))), true
}

// jwtFormatSpan writes 00:59:59.926; a span that has passed gets a sign
// (recommended).
func jwtFormatSpan(d time.Duration) string {
	sign := ""
	if d < 0 {
		sign, d = "-", -d
	}
	ms := d.Milliseconds()
	return fmt.Sprintf("%s%02d:%02d:%02d.%03d", sign, ms/3_600_000, ms/60_000%60, ms/1000%60, ms%1000)
}
