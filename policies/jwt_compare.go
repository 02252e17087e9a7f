package policies

import (
	"slices"
	"strconv"
	"strings"

	"sluice/flow"
	"sluice/internal/ordjson"
)

// compare wants the claims of an element, or those of its variable, to be in an
// object with the same value.
func (c *jwtCommon) compare(x *flow.Exchange, object *ordjson.Node, claims *jwtClaims) error {
	expected, err := claims.object(x, false)
	if err != nil {
		return err
	}
	if expected != nil {
		for name, want := range expected.Members() {
			if have := object.Get(name); have == nil || !jwtEqual(have, want) {
				return jwtBadClaim(name)
			}
		}
	}
	for i := range claims.list {
		claim := &claims.list[i]
		want, err := claim.json(x, c.ignoreUnresolved, claims.asData)
		if err != nil {
			return err
		}
		if want == nil {
			want = ordjson.NewString("") // ignored variables are empty
		}
		if have := object.Get(claim.name); have == nil || !jwtEqual(have, want) {
			return jwtBadClaim(claim.name)
		}
	}
	return nil
}

// jwtEqual compares JSON values: numbers by value, objects and arrays without
// their order (recommended).
func jwtEqual(a, b *ordjson.Node) bool {
	return a.Len() == b.Len() && jwtCanonical(a) == jwtCanonical(b)
}

// jwtCanonical is a text that values have in common if and only if they are equal
// for jwtEqual: sorting takes less than comparing all with all.
func jwtCanonical(n *ordjson.Node) string {
	var parts []string
	switch n.Kind() {
	case ordjson.Number:
		return jwtNumber(n)
	case ordjson.Object:
		for name, value := range n.Members() {
			parts = append(parts, string(ordjson.AppendString(nil, name))+":"+jwtCanonical(value))
		}
	case ordjson.Array:
		for _, item := range n.Items() {
			parts = append(parts, jwtCanonical(item))
		}
	default:
		return string(ordjson.Append(nil, n))
	}
	slices.Sort(parts)
	if n.Kind() == ordjson.Object {
		return "{" + strings.Join(parts, ",") + "}"
	}
	return "[" + strings.Join(parts, ",") + "]"
}

// jwtNumber writes whole numbers as they are, of any size, and 1.0 and 1e0 as 1.
func jwtNumber(n *ordjson.Node) string {
	if !strings.ContainsAny(n.Text(), ".eE") {
		return n.Text()
	}
	f, _ := n.Float()
	return strconv.FormatFloat(f, 'g', -1, 64)
}
