package policies

import (
	"github.com/beevik/etree"

	"sluice/flow"
)

// quotaProduct reads the quota of the API product that a policy found.
type quotaProduct struct {
	sources [2]quotaSource
}

// quotaSource is where VerifyAPIKey, or OAuthV2, tells of the product.
type quotaSource struct{ limit, interval, unit, product, resource *flow.Name }

func compileQuotaProduct(b *flow.Build, el *etree.Element, quota string) *quotaProduct {
	b.Known(el, "DefaultConfig")
	step := b.Attr(el, "stepName")
	if step == "" {
		b.RefuseText(el, "InvalidValue", "UseQuotaConfigInAPIProduct names no policy", `add stepName="name of a VerifyAPIKey or OAuthV2 policy"`)
	}
	if b.Policy != nil {
		if other := b.Policy(step); other == nil || other.Tag != "VerifyAPIKey" && other.Tag != "OAuthV2" {
			b.Warn(el, "InvalidStepName", "stepName "+step+" is no VerifyAPIKey or OAuthV2 policy of this bundle", "name the policy that finds the API product and runs before this one")
		}
	}
	p := &quotaProduct{}
	for i, prefix := range [...]string{"verifyapikey.", "oauthv2accesstoken."} {
		prefix += step + ".apiproduct."
		limits := prefix + "developer." + quota
		p.sources[i] = quotaSource{
			limit: b.Name(limits + ".limit"), interval: b.Name(limits + ".interval"), unit: b.Name(limits + ".timeunit"),
			product: b.Name(prefix + "name"), resource: b.Name(prefix + "operation.resource"),
		}
	}
	return p
}

// resolve finds the product's limit; ok is false when it has none, or none that is
// whole. Each product has counters of its own, and each of its operations, unless
// its quotaCounterScope is PROXY (recalled from the management API's reference).
func (p *quotaProduct) resolve(x *flow.Exchange) (limit quotaLimit, ok bool) {
	for _, s := range p.sources {
		allowed, hasLimit := quotaInteger(x.Get(s.limit))
		interval, hasInterval := quotaInteger(x.Get(s.interval))
		unit, hasUnit := quotaUnit(x.Get(s.unit).String())
		if !hasLimit || !hasInterval || !hasUnit || interval < 1 {
			continue
		}
		limit = quotaLimit{max(allowed, 0), quotaScope{time: quotaTime{int(interval), unit}, product: x.Get(s.product).String()}}
		if product := x.Services.Entities.Product(limit.scope.product); product == nil || product.QuotaScope != "PROXY" {
			limit.scope.resource = x.Get(s.resource).String()
		}
		return limit, true
	}
	return limit, false
}

// replace makes the limit that of a part of the product, and reports whether the part
// has a whole one.
func (l *quotaLimit) replace(product, allowed, interval, unit string) bool {
	n, hasLimit := quotaInteger(flow.Text(allowed))
	length, hasLength := quotaInteger(flow.Text(interval))
	u, hasUnit := quotaUnit(unit)
	if !hasLimit || !hasLength || !hasUnit || length < 1 {
		return false
	}
	l.allowed, l.scope.time, l.scope.product = max(n, 0), quotaTime{int(length), u}, product
	return true
}
