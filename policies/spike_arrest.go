package policies

import (
	"context"
	"strconv"
	"strings"

	"github.com/beevik/etree"

	"sluice/faults"
	"sluice/flow"
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
	gate   *spikeGate
	weight *flow.Name

	violation, noRate, badWeight *faults.Def
}

func compileSpikeArrest(b *flow.Build, el *etree.Element) flow.Policy {
	b.Known(el, "Rate", "Identifier", "MessageWeight", "UseEffectiveCount")
	b.NeedState(el)
	return &spikeArrest{
		gate:      compileSpikeGate(b, el),
		weight:    b.Ref(b.Child(el, "MessageWeight"), "ref"),
		violation: b.Fault("SpikeArrestViolation"), noRate: b.Fault("FailedToResolveSpikeArrestRate"), badWeight: b.Fault("InvalidMessageWeight"),
	}
}

func (p *spikeArrest) Execute(ctx context.Context, x *flow.Exchange) error {
	rate, ok := p.gate.resolve(x)
	if !ok {
		return p.noRate.New("reference", p.gate.rate.Ref.String())
	}
	weight, ok := spikeWeight(x, p.weight)
	if !ok {
		return p.badWeight.New("value", x.Get(p.weight).String())
	}
	pass, err := p.gate.pass(ctx, x, rate, weight)
	if err != nil || pass {
		return err
	}
	messages, period := rate.reduced()
	return p.violation.New("messages", messages, "micros", period, "burst", "1.0")
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
