package policies

import (
	"time"

	"sluice/flow"
	"sluice/internal/ordjson"
)

func (p *generateJWT) payload(x *flow.Exchange) (*ordjson.Node, error) {
	claims := ordjson.NewObject()
	extra, err := p.claims.object(x, p.ignoreUnresolved)
	if err != nil {
		return nil, err
	}
	if extra != nil {
		for name, value := range extra.Members() {
			claims.Set(name, value)
		}
	}
	if err := p.registered(x, claims); err != nil {
		return nil, err
	}
	return claims, p.put(x, claims, &p.claims)
}

// registered sets the registered claims. What an element says wins over what a
// variable of AdditionalClaims holds (recommended; the pages do not say).
func (p *generateJWT) registered(x *flow.Exchange, claims *ordjson.Node) error {
	now := x.Now()
	for _, c := range []struct {
		name  string
		value *flow.TextOrRef
	}{{"iss", p.issuer}, {"sub", p.subject}, {"aud", p.audience}, {"exp", p.expiresIn}, {"nbf", p.notBefore}} {
		v, ok, err := p.resolve(x, c.value)
		if err != nil {
			return err
		}
		if !ok {
			continue
		}
		n, err := jwtRegisteredClaim(c.name, v, now)
		if err != nil {
			return err
		}
		claims.Set(c.name, n)
	}
	if claims.Get("iat") == nil {
		claims.Set("iat", ordjson.NewInt(now.Unix()))
	}
	return p.setID(x, claims)
}

func jwtRegisteredClaim(name string, v flow.Value, now time.Time) (*ordjson.Node, error) {
	switch name {
	case "aud":
		return jwtAudience(v), nil
	case "exp":
		d, ok := jwtSpan(v.String())
		if !ok {
			return nil, jwtFail("GenerationFailed")
		}
		return ordjson.NewInt(now.Add(d).Unix()), nil
	case "nbf":
		t, ok := jwtNotBefore(v.String(), now)
		if !ok {
			return nil, jwtFail("GenerationFailed")
		}
		return ordjson.NewInt(t.Unix()), nil
	}
	return ordjson.NewString(v.String()), nil
}

// jwtAudience is a string for one value, an array for several (recommended; the
// page speaks of the array type).
func jwtAudience(v flow.Value) *ordjson.Node {
	list := jwtList(v)
	if len(list) == 1 {
		return ordjson.NewString(list[0])
	}
	n := ordjson.NewArray()
	for _, item := range list {
		n.Push(ordjson.NewString(item))
	}
	return n
}

func (p *generateJWT) setID(x *flow.Exchange, claims *ordjson.Node) error {
	if p.random != nil {
		id, err := p.random.Expand(x, true)
		claims.Set("jti", ordjson.NewString(id))
		return err
	}
	v, ok, err := p.resolve(x, p.id)
	if ok {
		claims.Set("jti", ordjson.NewString(v.String()))
	}
	return err
}
