package policies

import (
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/beevik/etree"

	"sluice/faults"
	"sluice/flow"
	"sluice/internal/window"
)

// quotaUse is what sets the policies apart that count with a quotaCounter.
type quotaUse struct {
	policy  string // whose counters they are: "Quota"
	product string // where UseQuotaConfigInAPIProduct finds the limits, below apiproduct.developer: "quota"

	noInterval, noUnit *faults.Def
}

// quotaUseOf is the use of Quota, and of ResetQuota, which resets it.
func quotaUseOf(b *flow.Build) quotaUse {
	return quotaUse{
		policy: "Quota", product: "quota",
		noInterval: b.Fault("FailedToResolveQuotaIntervalReference"), noUnit: b.Fault("FailedToResolveQuotaIntervalTimeUnitReference"),
	}
}

// quotaCounter is what Quota and ResetQuota have in common: which counter is
// meant, and how it is counted.
type quotaCounter struct {
	use        quotaUse
	name       string // SharedName, or that of the policy
	identifier *flow.Name
	kind       window.Kind
	start      time.Time
	precise    bool
	sharing    flow.Sharing
	limits     *quotaLimits
	last       atomic.Pointer[quotaCounters]
}

func compileQuotaCounter(b *flow.Build, el *etree.Element, use quotaUse) *quotaCounter {
	c := &quotaCounter{
		use:        use,
		name:       b.Text(el, "SharedName"),
		identifier: b.Ref(b.Child(el, "Identifier"), "ref"),
		precise:    b.Bool(el, "PreciseAtSecondsLevel", false),
		sharing:    quotaSharing(b, el),
	}
	if c.name == "" {
		c.name = b.Owner
	}
	c.kind = quotaKind(b, el)
	c.start = quotaStart(b, el, c.kind)
	c.limits = compileQuotaLimits(b, el, &c.use, c.sharing.Distributed)
	return c
}

var quotaKinds = map[string]window.Kind{
	"": window.Default, "default": window.Default, "calendar": window.Calendar, "flexi": window.Flexi, "rollingwindow": window.Rolling,
}

func quotaKind(b *flow.Build, el *etree.Element) window.Kind {
	text := b.Attr(el, "type")
	kind, ok := quotaKinds[strings.ToLower(text)]
	if !ok {
		b.Refuse(el, "InvalidQuotaType", "type", strings.ToUpper(text))
	}
	return kind
}

// quotaStart reads StartTime, in UTC. Apigee documents that other types than
// calendar refuse it. A flexi policy with one loads, as a public bundle of Google's
// shows; and without a type SAP's page has it mean calendar: both hear a warning.
func quotaStart(b *flow.Build, el *etree.Element, kind window.Kind) time.Time {
	start := b.Child(el, "StartTime")
	text := flow.TextOf(start)
	if kind != window.Calendar {
		quotaNoStart(b, start, b.Attr(el, "type"))
		return time.Time{}
	}
	t, err := time.Parse("2006-1-2 15:04:05", text)
	if err != nil {
		if start == nil {
			start = el
		}
		b.Refuse(start, "InvalidStartTime", "start_time", text)
	}
	return t
}

func quotaNoStart(b *flow.Build, start *etree.Element, kind string) {
	switch {
	case flow.TextOf(start) == "":
	case kind == "" || strings.EqualFold(kind, "flexi"):
		b.WarnText(start, "StartTimeNotSupported", `remove StartTime, or write type="calendar"`, "type", kind)
	default:
		b.Refuse(start, "StartTimeNotSupported", "type", kind)
	}
}

func quotaSharing(b *flow.Build, el *etree.Element) flow.Sharing {
	s := flow.Sharing{Distributed: b.Bool(el, "Distributed", false), Synchronous: b.Bool(el, "Synchronous", false)}
	asynchronous := b.Child(el, "AsynchronousConfiguration")
	if asynchronous == nil {
		return s
	}
	b.Known(asynchronous, "SyncIntervalInSeconds", "SyncMessageCount")
	if s.Synchronous {
		b.Refuse(asynchronous, "InvalidAsynchronizeConfigurationForSynchronousQuota")
		return s
	}
	interval := b.Child(asynchronous, "SyncIntervalInSeconds")
	if text := flow.TextOf(interval); text != "" {
		n, err := strconv.ParseInt(text, 10, 32)
		if err != nil || n <= 0 {
			b.Refuse(interval, "InvalidSynchronizeIntervalForAsyncConfiguration")
		}
		s.Interval = time.Duration(n) * time.Second
	}
	s.Messages = int64(b.Int(asynchronous, "SyncMessageCount", 0, 1))
	return s
}

// quotaMode reads EnforceOnly and CountOnly.
func quotaMode(b *flow.Build, el *etree.Element) flow.CountMode {
	enforce, count := b.Bool(el, "EnforceOnly", false), b.Bool(el, "CountOnly", false)
	if (enforce || count) && b.Text(el, "SharedName") == "" {
		b.Warn(el, "MissingSharedName", "EnforceOnly and CountOnly concern a counter that two policies share, and there is no SharedName", "add the same <SharedName>...</SharedName> to both policies")
	}
	switch {
	case enforce && count:
		b.RefuseText(el, "InvalidValue", "EnforceOnly and CountOnly exclude each other", "remove both for a policy that enforces and counts")
	case enforce:
		return flow.EnforceOnly
	case count:
		return flow.CountOnly
	}
	return flow.EnforceAndCount
}

// quotaDefault is the identifier of requests that have none.
const quotaDefault = "_default"

func (c *quotaCounter) identify(x *flow.Exchange) string {
	if c.identifier == nil {
		return quotaDefault
	}
	if text := x.Get(c.identifier).String(); text != "" {
		return text
	}
	return quotaDefault
}

// counters returns the set of counters of a limit: that of the last request, when
// proxy and limit are the same, as they mostly are.
func (c *quotaCounter) counters(p *flow.ProxyInfo, limit *quotaLimit) *flow.CounterSet {
	last := c.last.Load()
	if last == nil || last.proxy != p || last.scope != limit.scope {
		last = &quotaCounters{p, limit.scope, c.describe(p, &limit.scope)}
		c.last.Store(last)
	}
	return last.set
}

// quotaCounters are the counters of one limit, for one proxy: a policy in a shared
// flow runs in many.
type quotaCounters struct {
	proxy *flow.ProxyInfo
	scope quotaScope
	set   *flow.CounterSet
}

func (c *quotaCounter) describe(p *flow.ProxyInfo, scope *quotaScope) *flow.CounterSet {
	return &flow.CounterSet{
		Policy:  flow.CounterPolicy(c.use.policy, p, c.name),
		Limits:  scope.owner(),
		Window:  window.Window{Kind: c.kind, Unit: scope.time.unit, Length: scope.time.length, Start: c.start, Precise: c.precise},
		Sharing: c.sharing,
	}
}
