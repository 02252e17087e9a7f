package policies

import (
	"math"
	"strconv"
	"strings"

	"github.com/beevik/etree"

	"sluice/flow"
	"sluice/internal/window"
)

// quotaLimits say how much is allowed in which time: the policy's own Allow,
// Interval and TimeUnit, or those of the caller's API product.
type quotaLimits struct {
	use     *quotaUse
	own     *quotaConfig // nil when only the product's count
	product *quotaProduct
}

// quotaConfig is Allow, Interval and TimeUnit, of the policy or of DefaultConfig.
type quotaConfig struct {
	allow              quotaAllow
	class              *flow.Name
	classes            map[string]quotaAllow
	interval, unit     *flow.Name // variables that replace the literals, nil for none
	literal            quotaTime
	hasLength, hasUnit bool // which of the literals there is
	shared             bool // Distributed: seconds are too short
}

// quotaTime is Interval and TimeUnit.
type quotaTime struct {
	length int
	unit   window.Unit
}

// quotaAllow is a count that a variable may replace.
type quotaAllow struct {
	count int64
	ref   *flow.Name
}

// quotaLimit is what holds for one request.
type quotaLimit struct {
	allowed int64
	scope   quotaScope
}

// quotaScope is whose limit it is, and in which time: each has counters of its own.
type quotaScope struct {
	time              quotaTime
	class             string // "" for none
	product, resource string // when the limit is not the policy's
	model             string // when the product limits each model by itself
}

// owner tells whose limit it is; "" for the policy's own.
func (s *quotaScope) owner() string {
	if s.class == "" && s.product == "" && s.model == "" {
		return ""
	}
	owner := s.class + "\x00" + s.product + "\x00" + s.resource
	if s.model != "" {
		owner += "\x00" + s.model
	}
	return owner
}

// quotaDefaultCount is what Allow is when it says nothing.
const quotaDefaultCount = 2000

func compileQuotaLimits(b *flow.Build, el *etree.Element, use *quotaUse, distributed bool) *quotaLimits {
	l := &quotaLimits{use: use}
	product := b.Child(el, "UseQuotaConfigInAPIProduct")
	if product == nil {
		l.own = compileQuotaConfig(b, el, distributed)
		return l
	}
	for _, tag := range [...]string{"Allow", "Interval", "TimeUnit"} {
		if child := b.Child(el, tag); child != nil {
			b.Warn(child, "IgnoredElement", tag+" has no effect beside UseQuotaConfigInAPIProduct", "move it into DefaultConfig")
		}
	}
	l.product = compileQuotaProduct(b, product, use.product)
	if config := b.Child(product, "DefaultConfig"); config != nil {
		b.Known(config, "Allow", "Interval", "TimeUnit")
		l.own = compileQuotaConfig(b, config, distributed)
	}
	return l
}

func compileQuotaConfig(b *flow.Build, el *etree.Element, distributed bool) *quotaConfig {
	c := &quotaConfig{allow: quotaAllow{count: quotaDefaultCount}, classes: map[string]quotaAllow{}, shared: distributed}
	for _, allow := range flow.Children(el, "Allow") {
		c.addAllow(b, allow)
	}
	c.addInterval(b, b.Child(el, "Interval"))
	c.addUnit(b, b.Child(el, "TimeUnit"))
	return c
}

// addAllow reads an Allow: the count of all requests, those of classes, or both in
// one element. Bundles also write the classes in a second Allow.
func (c *quotaConfig) addAllow(b *flow.Build, el *etree.Element) {
	b.Known(el, "Class")
	if b.Attr(el, "count") != "" || b.Attr(el, "countRef") != "" || flow.TextOf(el) != "" {
		c.allow = compileQuotaAllow(b, el)
	}
	class := b.Child(el, "Class")
	if class == nil {
		return
	}
	b.Known(class, "Allow")
	if c.class = b.Ref(class, "ref"); c.class == nil {
		b.RefuseText(class, "InvalidValue", "Class names no variable", `add ref="variable" to <Class>`)
	}
	for _, allow := range flow.Children(class, "Allow") {
		name := b.Attr(allow, "class")
		if name == "" {
			b.RefuseText(allow, "InvalidValue", "Allow inside Class names no class", `add class="name"`)
		}
		c.classes[name] = compileQuotaAllow(b, allow)
	}
}

// compileQuotaAllow reads a count; DefaultConfig has it as text.
func compileQuotaAllow(b *flow.Build, el *etree.Element) quotaAllow {
	a := quotaAllow{count: quotaDefaultCount, ref: b.Ref(el, "countRef")}
	text := b.Attr(el, "count")
	if text == "" {
		text = flow.TextOf(el)
	}
	if text == "" {
		return a
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 {
		b.RefuseText(el, "InvalidValue", strconv.Quote(text)+" is not a number of requests", "write a whole number of at least 0")
	}
	a.count = n
	return a
}

func (c *quotaConfig) addInterval(b *flow.Build, el *etree.Element) {
	c.interval = b.Ref(el, "ref")
	text := flow.TextOf(el)
	if text == "" {
		return
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		b.Refuse(el, "InvalidQuotaInterval", "interval", text)
	}
	c.literal.length, c.hasLength = n, true
}

func (c *quotaConfig) addUnit(b *flow.Build, el *etree.Element) {
	c.unit = b.Ref(el, "ref")
	text := flow.TextOf(el)
	if text == "" {
		return
	}
	unit, ok := quotaUnit(text)
	switch {
	case !ok:
		b.Refuse(el, "InvalidQuotaTimeUnit", "time_unit", text)
	case unit == window.Second && c.shared:
		b.Refuse(el, "InvalidTimeUnitForDistributedQuota")
	}
	c.literal.unit, c.hasUnit = unit, true
}

func quotaUnit(text string) (window.Unit, bool) {
	return window.ParseUnit(strings.ToLower(strings.TrimSpace(text)))
}

// resolve finds the limit of a request; ok is false when there is none.
func (l *quotaLimits) resolve(x *flow.Exchange) (limit quotaLimit, ok bool, err error) {
	if l.product != nil {
		limit, ok = l.product.resolve(x)
		if ok {
			return limit, true, nil
		}
	}
	if l.own == nil {
		x.Warn("the API product has no quota and the policy no DefaultConfig: the request is not counted")
		return limit, false, nil
	}
	c := l.own
	limit.scope.class, limit.allowed = c.allowed(x)
	if limit.scope.time.length, ok = c.length(x); !ok {
		return limit, false, l.use.noInterval.New("reference", quotaReference(c.interval))
	}
	if limit.scope.time.unit, ok = c.timeUnit(x); !ok {
		return limit, false, l.use.noUnit.New("reference", quotaReference(c.unit))
	}
	return limit, true, nil
}

// allowed is the count of the class that a variable names, or that of all. A class
// without an Allow counts as none (inferred).
func (c *quotaConfig) allowed(x *flow.Exchange) (class string, count int64) {
	if c.class != nil {
		name := x.Get(c.class).String()
		if allow, ok := c.classes[name]; ok {
			return name, allow.value(x)
		}
	}
	return "", c.allow.value(x)
}

// value is that of the variable when it is a number.
func (a quotaAllow) value(x *flow.Exchange) int64 {
	if a.ref != nil {
		if n, ok := quotaInteger(x.Get(a.ref)); ok {
			return max(n, 0)
		}
	}
	return a.count
}

func (c *quotaConfig) length(x *flow.Exchange) (int, bool) {
	if c.interval != nil {
		if n, ok := quotaInteger(x.Get(c.interval)); ok && n > 0 {
			return int(n), true
		}
	}
	return c.literal.length, c.hasLength
}

func (c *quotaConfig) timeUnit(x *flow.Exchange) (window.Unit, bool) {
	if c.unit != nil {
		if u, ok := quotaUnit(x.Get(c.unit).String()); ok && !(u == window.Second && c.shared) {
			return u, true
		}
	}
	return c.literal.unit, c.hasUnit
}

// quotaReference is how the faults print a variable, also one that is not there.
func quotaReference(n *flow.Name) string {
	if n == nil {
		return "null"
	}
	return n.String()
}

// quotaInteger reads a whole number, of a number type or as text.
func quotaInteger(v flow.Value) (int64, bool) {
	switch v.Type() {
	case flow.Integer, flow.Long:
		return v.Int(), true
	case flow.Float, flow.Double:
		f, _ := v.Number()
		return int64(f), f == math.Trunc(f) && math.Abs(f) < 1<<53
	case flow.String:
		n, err := strconv.ParseInt(strings.TrimSpace(v.String()), 10, 64)
		return n, err == nil
	}
	return 0, false
}
