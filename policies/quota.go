package policies

import (
	"context"
	"fmt"
	"math"

	"github.com/beevik/etree"

	"sluice/faults"
	"sluice/flow"
)

var _ = register(flow.Kind{
	Name:    "Quota",
	Group:   "traffic",
	Waits:   true,
	Compile: compileQuota,
	Doc: flow.Doc{
		Title: "lets so many requests through in a time",
		Text: `Allow says how many in Interval times TimeUnit; each of the three may come from a variable. Identifier
gives each caller a counter of its own. A request above the limit ends in QuotaViolation and is not counted.

The type says which time: "calendar" counts windows from StartTime, a month being 28 days; "flexi" begins with the
first request; "rollingwindow" is the time until now; without a type windows are those of the clock in UTC: the
minute, the hour, the day, the week from Sunday, the month.

Counters are those of one process, unless Distributed is true: then all processes count together. With
Synchronous they do so for every request, exactly; otherwise each counts for itself, and they come together every
SyncIntervalInSeconds, or sooner when SyncMessageCount requests have come.

A counter belongs to the proxy, the policy and the window: one whose Interval changes begins anew. Quota policies
of a proxy with the same SharedName share their counters: EnforceOnly looks whether something is left, CountOnly
counts and never refuses.

UseQuotaConfigInAPIProduct takes the limits of the API product that an earlier VerifyAPIKey or OAuthV2 policy
found; DefaultConfig is for products without. Without both the request passes.`,
		Sample: `<Quota name="Q-PerApp" type="calendar">
  <Identifier ref="verifyapikey.VA-Key.client_id"/>
  <Allow count="1000" countRef="verifyapikey.VA-Key.apiproduct.developer.quota.limit"/>
  <Interval ref="verifyapikey.VA-Key.apiproduct.developer.quota.interval">1</Interval>
  <TimeUnit ref="verifyapikey.VA-Key.apiproduct.developer.quota.timeunit">hour</TimeUnit>
  <StartTime>2026-01-01 00:00:00</StartTime>
  <MessageWeight ref="request.header.weight"/>
  <Distributed>true</Distributed>
  <Synchronous>true</Synchronous>
</Quota>`,
	},
})

// quota is specified by policies-2.md 15.
type quota struct {
	counter   *quotaCounter
	weight    *flow.Name
	mode      flow.CountMode
	failsOpen bool   // DataStoreFailureModeOpen
	prefix    string // of the variables

	violation, badWeight *faults.Def
}

var quotaElements = []string{
	"Allow", "Interval", "TimeUnit", "StartTime", "Identifier", "MessageWeight", "Distributed", "Synchronous",
	"AsynchronousConfiguration", "PreciseAtSecondsLevel", "UseQuotaConfigInAPIProduct", "SharedName", "EnforceOnly",
	"CountOnly", "DataStoreFailureModeOpen", "Alert",
}

func compileQuota(b *flow.Build, el *etree.Element) flow.Policy {
	b.Known(el, quotaElements...)
	b.NeedState(el)
	p := &quota{
		counter:   compileQuotaCounter(b, el, quotaUseOf(b)),
		weight:    b.Ref(b.Child(el, "MessageWeight"), "ref"),
		mode:      quotaMode(b, el),
		failsOpen: b.Bool(el, "DataStoreFailureModeOpen", false),
		prefix:    "ratelimit." + b.Owner + ".",
		violation: b.Fault("QuotaViolation"),
		badWeight: b.Fault("InvalidMessageWeight"),
	}
	return p
}

func (p *quota) Execute(ctx context.Context, x *flow.Exchange) error {
	weight, ok := quotaWeight(x, p.weight)
	if !ok {
		return p.badWeight.New("value", x.Get(p.weight).String())
	}
	limit, ok, err := p.counter.limits.resolve(x)
	if err != nil || !ok {
		return err
	}
	identifier := p.counter.identify(x)
	counted, err := x.Services.Counters.Count(ctx, flow.Count{
		Of: p.counter.counters(x.Proxy, &limit), Identifier: identifier,
		Now: x.Now(), Weight: weight, Allowed: limit.allowed, Mode: p.mode,
	})
	if err != nil {
		return p.failed(ctx, x, err)
	}
	if p.mode == flow.CountOnly {
		limit.allowed = math.MaxInt64
	}
	x.PutResults(p.prefix, &quotaResults{
		identifier: identifier, class: limit.scope.class,
		allowed: limit.allowed, used: counted.Used, exceeded: counted.Exceeded, expires: counted.Expires.UnixMilli(),
		violated: counted.Violated,
	})
	if counted.Violated {
		return p.violation.New("identifier", identifier)
	}
	return nil
}

// failed handles a counter that does not answer. Apigee Edge's
// DataStoreFailureModeOpen is taken for what its name says; nothing documents it.
func (p *quota) failed(ctx context.Context, x *flow.Exchange, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if p.failsOpen {
		x.Warn("the quota was not counted: " + err.Error())
		return nil
	}
	return fmt.Errorf("the quota could not be counted: %w", err)
}

// quotaHeaviest is the largest weight; above it a few messages would leave 63 bits.
const quotaHeaviest = 1 << 40

// quotaWeight is the weight of the message: 1 unless a variable says otherwise. A
// negative one would let clients give themselves more, as weights often come from
// a header; only ResetQuota does that.
func quotaWeight(x *flow.Exchange, name *flow.Name) (weight int64, ok bool) {
	if name == nil {
		return 1, true
	}
	v := x.Get(name)
	if v.IsNull() {
		return 1, true
	}
	n, ok := quotaInteger(v)
	return n, ok && n >= 0 && n <= quotaHeaviest
}
