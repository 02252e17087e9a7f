package policies

import (
	"errors"

	"github.com/beevik/etree"

	"sluice/flow"
	"sluice/internal/ordjson"
)

// putCritical sets crit to the names of CriticalHeaders; it does not add the
// headers themselves.
func (c *jwtCommon) putCritical(x *flow.Exchange, header *ordjson.Node, critical *flow.TextOrRef) error {
	v, ok, err := c.resolve(x, critical)
	if !ok {
		return err
	}
	names := ordjson.NewArray()
	for _, name := range jwtList(v) {
		names.Push(ordjson.NewString(name))
	}
	if names.Len() > 0 {
		header.Set("crit", names)
	}
	return nil
}

// jwtCritical are KnownHeaders and IgnoreCriticalHeaders.
type jwtCritical struct {
	ignore bool
	known  *flow.TextOrRef
}

func jwtCompileCritical(b *flow.Build, el *etree.Element) jwtCritical {
	return jwtCritical{b.Bool(el, "IgnoreCriticalHeaders", false), b.TextOrRef(b.Child(el, "KnownHeaders"))}
}

var errJWTCritical = errors.New("crit is no list of names")

// check wants each header that crit lists to be known. The policy itself knows
// none: what they mean is up to the proxy.
func (c *jwtCritical) check(x *flow.Exchange, policy *jwtCommon, header *ordjson.Node) error {
	crit := header.Get("crit")
	if crit == nil || c.ignore {
		return nil
	}
	if crit.Kind() != ordjson.Array || crit.Len() == 0 {
		return jwtFailCause("UnhandledCriticalHeader", errJWTCritical)
	}
	v, _, err := policy.resolve(x, c.known)
	if err != nil {
		return err
	}
	known := map[string]bool{}
	for _, name := range jwtList(v) {
		known[name] = true
	}
	for _, name := range crit.Items() {
		if name.Kind() != ordjson.String || !known[name.Text()] {
			return jwtFail("UnhandledCriticalHeader", "header", name.Text())
		}
	}
	return nil
}
