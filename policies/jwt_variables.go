package policies

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"strings"
	"sync/atomic"
	"time"

	"sluice/flow"
	"sluice/internal/ordjson"
)

// jwtVariable is a variable to set.
type jwtVariable struct {
	name  string
	value flow.Value
}

// jwtClaimNames are the variables of registered claims (policies-1.md 10).
var jwtClaimNames = map[string]string{
	"iss": "issuer", "sub": "subject", "aud": "audience", "exp": "expiry", "nbf": "notbefore", "iat": "issuedat",
}

var jwtHeaderNames = map[string]string{"alg": "algorithm", "kid": "kid", "typ": "type"}

// headerVariables are header-json, and for each header header.NAME and
// decoded.header.NAME.
func (c *jwtCommon) headerVariables(header *ordjson.Node, content []byte) []jwtVariable {
	list := append(make([]jwtVariable, 0, 2+3*header.Len()), jwtVariable{c.prefix + "header-json", flow.Text(string(content))})
	for name, value := range header.Members() {
		v := jwtValue(value)
		if other := jwtHeaderNames[name]; other != "" && other != name {
			list = append(list, jwtVariable{c.prefix + "header." + other, v})
		}
		list = append(list,
			jwtVariable{c.prefix + "header." + name, v},
			jwtVariable{c.prefix + "decoded.header." + name, flow.Text(value.Text())})
	}
	return list
}

func jwtPut(x *flow.Exchange, list []jwtVariable) {
	for _, v := range list {
		x.Put(v.name, v.value)
	}
}

// jwtNames are the names of the variables that a payload sets, made once.
type jwtNames struct {
	payload, claims, expired, expiry, seconds, remaining string

	known atomic.Pointer[map[string]jwtClaimName] // by the name of the claim
}

// jwtClaimName are the names of the variables of one claim.
type jwtClaimName struct{ claim, decoded string }

// jwtMaxNames bounds the claims whose names are kept, and jwtMaxName their length:
// DecodeJWT reads what anybody sends.
const jwtMaxNames, jwtMaxName = 64, 64

func (n *jwtNames) init(prefix string) {
	n.payload, n.claims, n.expired = prefix+"payload-json", prefix+"payload-claim-names", prefix+"is_expired"
	n.expiry, n.seconds, n.remaining = prefix+"expiry_formatted", prefix+"seconds_remaining", prefix+"time_remaining_formatted"
	n.known.Store(&map[string]jwtClaimName{})
}

// of returns the names for a claim. A lost race only makes them once more.
func (n *jwtNames) of(prefix, claim string) jwtClaimName {
	known := n.known.Load()
	if names, ok := (*known)[claim]; ok {
		return names
	}
	names := jwtClaimName{prefix + "claim." + cmp.Or(jwtClaimNames[claim], claim), prefix + "decoded.claim." + claim}
	if len(*known) < jwtMaxNames && len(claim) <= jwtMaxName {
		more := maps.Clone(*known)
		more[strings.Clone(claim)] = names
		n.known.CompareAndSwap(known, &more)
	}
	return names
}

// putPayload sets payload-json, payload-claim-names, and for each claim claim.NAME
// and decoded.claim.NAME. Registered claims have long names, and times there are
// in milliseconds; claim.jti and claims of one's own keep their name.
func (c *jwtCommon) putPayload(x *flow.Exchange, claims *ordjson.Node, content []byte) {
	x.Put(c.names.payload, flow.Text(string(content)))
	names := make([]string, 0, claims.Len())
	for name, value := range claims.Members() {
		names = append(names, name)
		variable := c.names.of(c.prefix, name)
		x.Put(variable.decoded, flow.Text(value.Text()))
		x.Put(variable.claim, jwtClaimValue(name, value))
	}
	x.Put(c.names.claims, flow.List(names))
	c.putExpiry(x, claims)
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

// putExpiry sets what follows from the claim exp and the time now. Without exp a
// token does not expire, and has no remaining time.
func (c *jwtCommon) putExpiry(x *flow.Exchange, claims *ordjson.Node) {
	end, ok := jwtNumericDate(claims.Get("exp"))
	if !ok {
		x.Put(c.names.expired, flow.Bool(false))
		return
	}
	left := end.Sub(x.Now())
	x.Put(c.names.expired, flow.Bool(left <= 0))
	x.Put(c.names.expiry, flow.Text(end.UTC().Format("2006-01-02T15:04:05.000-0700")))
	x.Put(c.names.seconds, flow.Int64(int64(math.Floor(left.Seconds()))))
	x.Put(c.names.remaining, flow.Text(jwtFormatSpan(left)))
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
