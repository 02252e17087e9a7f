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

	"sluice/flow"
	"sluice/internal/window"
)

// spikeGate is what SpikeArrest and PromptTokenLimit have in common: Rate, Identifier
// and UseEffectiveCount, and what they let pass.
type spikeGate struct {
	kind, name string // of the policy
	rate       *flow.TextOrRef
	literal    spikeRate // Rate's text, parsed
	identifier *flow.Name
	effective  bool // UseEffectiveCount
	last       atomic.Pointer[spikeNames]
}

// spikeRate is so many messages per second or per minute.
type spikeRate struct {
	messages int64 // 0 is no rate
	unit     window.Unit
}

func compileSpikeGate(b *flow.Build, el *etree.Element) *spikeGate {
	g := &spikeGate{
		kind: b.Kind, name: b.Owner,
		identifier: b.Ref(b.Child(el, "Identifier"), "ref"),
		effective:  b.Bool(el, "UseEffectiveCount", false),
	}
	rate := b.Child(el, "Rate")
	if rate == nil {
		b.Need(el, "Rate")
		return g
	}
	g.rate = b.TextOrRef(rate)
	var ok bool
	if g.literal, ok = parseSpikeRate(g.rate.Text); !ok && (g.rate.Text != "" || g.rate.Ref == nil) {
		b.Refuse(rate, "InvalidAllowedRate", "rate", g.rate.Text)
	}
	return g
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

// resolve is the rate for a request: that of the variable when it is one. ok is false
// when there is none.
func (g *spikeGate) resolve(x *flow.Exchange) (rate spikeRate, ok bool) {
	rate = g.literal
	if g.rate.Ref != nil {
		if r, ok := parseSpikeRate(x.Get(g.rate.Ref).String()); ok {
			rate = r
		}
	}
	return rate, rate.messages != 0
}

// pass reports whether messages of this weight may pass now.
func (g *spikeGate) pass(ctx context.Context, x *flow.Exchange, rate spikeRate, weight int64) (bool, error) {
	identifier := ""
	if g.identifier != nil {
		identifier = x.Get(g.identifier).String()
	}
	names := g.names(x.Proxy)
	if !g.effective {
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
func (g *spikeGate) names(proxy *flow.ProxyInfo) *spikeNames {
	if last := g.last.Load(); last != nil && last.proxy == proxy {
		return last
	}
	n := &spikeNames{proxy: proxy, policy: flow.CounterPolicy(g.kind, proxy, g.name)}
	for _, unit := range [...]window.Unit{window.Second, window.Minute} {
		n.sets[unit] = spikeCounters(n.policy, unit)
	}
	g.last.Store(n)
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
