package policies

import (
	"context"
	"fmt"
	"math"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/beevik/etree"

	"sluice/faults"
	"sluice/flow"
	"sluice/internal/window"
)

var _ = register(flow.Kind{
	Name:    "SpikeArrest",
	Group:   "traffic",
	Compile: compileSpikeArrest,
	Doc: flow.Doc{
		Title: "keeps requests from coming faster than a rate",
		Text: `Rate is a number of requests per second (10ps) or per minute (100pm). They are spaced out: with 10ps
one may pass every tenth of a second, in each process. A request that comes sooner ends in SpikeArrestViolation, and
does not delay the next.

With UseEffectiveCount the rate is that of the last second or the last minute, and requests may come in bursts within
it; all processes count together, which takes them a tenth of a second, or a second.

Identifier gives each caller a rate of its own. MessageWeight names a variable that says for how many requests this
one counts.`,
		Sample: `<SpikeArrest name="SA-PerApp">
  <Identifier ref="request.header.x-app"/>
  <MessageWeight ref="request.header.x-weight"/>
  <Rate ref="verifyapikey.VA-Key.apiproduct.rate">30ps</Rate>
  <UseEffectiveCount>false</UseEffectiveCount>
</SpikeArrest>`,
	},
})

// spikeArrest is specified by policies-2.md 21.
type spikeArrest struct {
	name       string // of the policy
	rate       *flow.TextOrRef
	literal    spikeRate // Rate's text, parsed
	identifier *flow.Name
	weight     *flow.Name
	effective  bool // UseEffectiveCount
	last       atomic.Pointer[spikeNames]

	violation, noRate, badWeight *faults.Def
}

// spikeRate is so many messages per second or per minute.
type spikeRate struct {
	messages int64 // 0 is no rate
	unit     window.Unit
}

func compileSpikeArrest(b *flow.Build, el *etree.Element) flow.Policy {
	b.Known(el, "Rate", "Identifier", "MessageWeight", "UseEffectiveCount")
	b.NeedState(el)
	p := &spikeArrest{
		name:       b.Owner,
		identifier: b.Ref(b.Child(el, "Identifier"), "ref"),
		weight:     b.Ref(b.Child(el, "MessageWeight"), "ref"),
		effective:  b.Bool(el, "UseEffectiveCount", false),
		violation:  b.Fault("SpikeArrestViolation"), noRate: b.Fault("FailedToResolveSpikeArrestRate"), badWeight: b.Fault("InvalidMessageWeight"),
	}
	rate := b.Child(el, "Rate")
	if rate == nil {
		b.Need(el, "Rate")
		return p
	}
	p.rate = b.TextOrRef(rate)
	var ok bool
	if p.literal, ok = parseSpikeRate(p.rate.Text); !ok && (p.rate.Text != "" || p.rate.Ref == nil) {
		b.Refuse(rate, "InvalidAllowedRate", "rate", p.rate.Text)
	}
	return p
}

// parseSpikeRate reads 30ps or 100pm.
func parseSpikeRate(text string) (spikeRate, bool) {
	text = strings.ToLower(strings.TrimSpace(text))
	number, perSecond := strings.CutSuffix(text, "ps")
	r := spikeRate{unit: window.Second}
	if !perSecond {
		var perMinute bool
		if number, perMinute = strings.CutSuffix(text, "pm"); !perMinute {
			return spikeRate{}, false
		}
		r.unit = window.Minute
	}
	n, err := strconv.ParseUint(strings.TrimSpace(number), 10, 31)
	r.messages = int64(n)
	return r, err == nil && n > 0
}

func (p *spikeArrest) Execute(ctx context.Context, x *flow.Exchange) error {
	rate := p.literal
	if p.rate.Ref != nil {
		if r, ok := parseSpikeRate(x.Get(p.rate.Ref).String()); ok {
			rate = r
		}
	}
	if rate.messages == 0 {
		return p.noRate.New("reference", p.rate.Ref.String())
	}
	weight, ok := spikeWeight(x, p.weight)
	if !ok {
		return p.badWeight.New("value", x.Get(p.weight).String())
	}
	pass, err := p.pass(ctx, x, rate, weight)
	if err != nil || pass {
		return err
	}
	messages, period := rate.reduced()
	return p.violation.New("messages", messages, "micros", period, "burst", "1.0")
}

func (p *spikeArrest) pass(ctx context.Context, x *flow.Exchange, rate spikeRate, weight int64) (bool, error) {
	identifier := ""
	if p.identifier != nil {
		identifier = x.Get(p.identifier).String()
	}
	names := p.names(x.Proxy)
	if !p.effective {
		return x.Services.Pacer.Pass(names.policy, identifier, x.Now(), rate.slot(weight)), nil
	}
	counted, err := x.Services.Counters.Count(ctx, flow.Count{
		Of: names.sets[rate.unit], Identifier: identifier, Now: x.Now(), Weight: weight, Allowed: rate.messages,
	})
	if err != nil {
		return false, fmt.Errorf("the rate could not be counted: %w", err)
	}
	return !counted.Violated, nil
}

// spikeNames is what a policy is known by in one proxy: one in a shared flow runs in
// many.
type spikeNames struct {
	proxy  *flow.ProxyInfo
	policy string
	sets   [2]*flow.CounterSet // by unit: window.Second and window.Minute
}

// names returns those of the last request, when the proxy is the same.
func (p *spikeArrest) names(proxy *flow.ProxyInfo) *spikeNames {
	if last := p.last.Load(); last != nil && last.proxy == proxy {
		return last
	}
	n := &spikeNames{proxy: proxy, policy: flow.CounterPolicy("SpikeArrest", proxy, p.name)}
	for _, unit := range [...]window.Unit{window.Second, window.Minute} {
		n.sets[unit] = spikeCounters(n.policy, unit)
	}
	p.last.Store(n)
	return n
}

// spikeCounters are those of the last second or minute. Processes come together ten
// times in a second's window and sixty times in a minute's, no oftener than its parts
// change.
func spikeCounters(policy string, unit window.Unit) *flow.CounterSet {
	w := window.Window{Kind: window.Rolling, Unit: unit, Length: 1}
	return &flow.CounterSet{Policy: policy, Window: w, Sharing: flow.Sharing{Distributed: true, Interval: w.Grain()}}
}

// slot is the time that a message of this weight takes.
func (r spikeRate) slot(weight int64) time.Duration {
	one := r.period() / time.Duration(r.messages)
	if one > 0 && weight > math.MaxInt64/2/int64(one) {
		return math.MaxInt64 / 2
	}
	return one * time.Duration(weight)
}

func (r spikeRate) period() time.Duration {
	if r.unit == window.Second {
		return time.Second
	}
	return time.Minute
}

// reduced is the rate as the fault prints it: 100 messages per minute are 5 in
// 3,000,000 microseconds, as observed.
func (r spikeRate) reduced() (messages, micros string) {
	seconds := int64(r.period() / time.Second)
	n, d := r.messages, seconds
	for d != 0 {
		n, d = d, n%d
	}
	return strconv.FormatInt(r.messages/n, 10), strconv.FormatInt(seconds/n*1_000_000, 10)
}

// spikeHeaviest is the largest weight; above it a few messages would leave 63 bits.
const spikeHeaviest = 1 << 40

// spikeWeight is the weight of the message: 1 unless a variable says otherwise.
func spikeWeight(x *flow.Exchange, name *flow.Name) (weight int64, ok bool) {
	if name == nil {
		return 1, true
	}
	v := x.Get(name)
	switch v.Type() {
	case flow.Null:
		return 1, true
	case flow.Integer, flow.Long:
		weight, ok = v.Int(), true
	default:
		n, err := strconv.ParseInt(strings.TrimSpace(v.String()), 10, 64)
		weight, ok = n, err == nil
	}
	return weight, ok && weight >= 0 && weight <= spikeHeaviest
}
