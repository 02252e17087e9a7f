package policies

import (
	"slices"
	"time"

	"sluice/flow"
	"sluice/internal/ordjson"
)

// checkTimes checks exp, nbf and iat, each with the allowance, and the lifespan.
func (p *verifyJWT) checkTimes(claims *ordjson.Node, now time.Time) error {
	exp, hasExp, err := jwtTime(claims, "exp")
	if err != nil {
		return err
	}
	nbf, hasNbf, err := jwtTime(claims, "nbf")
	if err != nil {
		return err
	}
	iat, hasIat, err := jwtTime(claims, "iat")
	if err != nil {
		return err
	}
	switch {
	case hasExp && !now.Before(exp.Add(p.allowance)):
		return jwtFail("TokenExpired")
	case hasNbf && now.Add(p.allowance).Before(nbf):
		return jwtFail("TokenNotYetValid")
	case hasIat && !p.ignoreIssuedAt && now.Add(p.allowance).Before(iat):
		// The page tells that it is an error, and not which.
		return jwtBadClaim("iat")
	}
	start, begin, has := nbf, "nbf", hasNbf
	if p.sinceIssued {
		start, begin, has = iat, "iat", hasIat
	}
	return p.checkLifespan(start, exp, begin, has, hasExp)
}

// checkLifespan wants no more than MaxLifespan between the claim begin and exp. A
// token without them has no lifespan, and so is too old to trust (recommended).
func (p *verifyJWT) checkLifespan(start, exp time.Time, begin string, hasBegin, hasExp bool) error {
	switch {
	case p.maxLifespan == 0:
		return nil
	case !hasBegin:
		return jwtBadClaim(begin)
	case !hasExp || exp.Sub(start) > p.maxLifespan:
		return jwtBadClaim("exp")
	}
	return nil
}

// jwtTime reads a claim that is a time; one that is something else is InvalidClaim.
func jwtTime(claims *ordjson.Node, name string) (t time.Time, ok bool, err error) {
	n := claims.Get(name)
	if n == nil {
		return t, false, nil
	}
	if t, ok = jwtNumericDate(n); !ok {
		return t, false, jwtBadClaim(name)
	}
	return t, true, nil
}

func (p *verifyJWT) checkClaims(x *flow.Exchange, claims *ordjson.Node) error {
	if err := p.checkRequired(x, claims); err != nil {
		return err
	}
	for _, c := range [...]struct {
		name  string
		value *flow.TextOrRef
		fault string
	}{
		{"sub", p.subject, "JwtSubjectMismatch"}, {"iss", p.issuer, "JwtIssuerMismatch"},
		{"aud", p.audience, "JwtAudienceMismatch"}, {"jti", p.id, "InvalidClaim"},
	} {
		ok, err := p.matches(x, claims.Get(c.name), c.value)
		if err != nil {
			return err
		}
		if !ok {
			return jwtFail(c.fault, "claim", c.name)
		}
	}
	if p.anyID && jwtText(claims.Get("jti")) == "" {
		return jwtBadClaim("jti")
	}
	return p.compare(x, claims, &p.claims)
}

func (p *verifyJWT) checkRequired(x *flow.Exchange, claims *ordjson.Node) error {
	names, ok, err := p.resolve(x, p.required)
	if !ok {
		return err
	}
	for _, name := range jwtList(names) {
		if claims.Get(name) == nil {
			return jwtBadClaim(name)
		}
	}
	return nil
}

// matches compares a string, or of aud the strings, with what the element says. Of
// several audiences on either side one in common is enough (recommended).
func (p *verifyJWT) matches(x *flow.Exchange, claim *ordjson.Node, value *flow.TextOrRef) (bool, error) {
	if value == nil {
		return true, nil
	}
	v, _, err := p.resolve(x, value)
	switch {
	case err != nil || claim == nil:
		return false, err
	case value != p.audience:
		return claim.Kind() == ordjson.String && claim.Text() == v.String(), nil
	case claim.Kind() == ordjson.Array:
		return slices.ContainsFunc(claim.Items(), func(item *ordjson.Node) bool { return jwtOneOf(item, v) }), nil
	}
	return jwtOneOf(claim, v), nil
}

func jwtOneOf(n *ordjson.Node, v flow.Value) bool {
	return n.Kind() == ordjson.String && slices.Contains(jwtList(v), n.Text())
}
