package policies

import (
	"context"
	"strconv"
	"time"

	"github.com/beevik/etree"

	"sluice/faults"
	"sluice/flow"
	"sluice/internal/pace"
)

var (
	_ = register(flow.Kind{
		Name:    "ConcurrentRatelimit",
		Group:   "traffic",
		Compile: compileConcurrentRatelimit,
		Doc:     concurrentRatelimitDoc("ConcurrentRatelimit"),
	})
	// Tools spell the element both ways, and bundles follow them.
	_ = register(flow.Kind{
		Name:    "ConcurrentRateLimit",
		AliasOf: "ConcurrentRatelimit",
		Group:   "traffic",
		Compile: compileConcurrentRatelimit,
		Doc:     concurrentRatelimitDoc("ConcurrentRateLimit"),
	})
)

func concurrentRatelimitDoc(element string) flow.Doc {
	return flow.Doc{
		Title: "bounds how many requests are at a target at once",
		Text: `Attach it to the request flow, the response flow and the DefaultFaultRule of a TargetEndpoint. In the
request flow it takes one of AllowConnections/@count places, or ends in a violation; in the others it gives the place
back. A place that was not given back is free again when the exchange ends, or @ttl seconds after it was taken.

At a ProxyEndpoint it is refused. Each process bounds its own requests: Distributed, Synchronous and StrictOnTtl have
no effect. Apigee X does not have the policy.`,
		Sample: `<` + element + ` name="CR-Backend">
  <AllowConnections count="200" ttl="5"/>
  <TargetIdentifier name="backend" ref="request.header.x-backend"/>
</` + element + `>`,
	}
}

// concurrentRatelimit is specified by policies-1.md 6, mostly from memory.
type concurrentRatelimit struct {
	name       string // of the policy
	limit      int
	life       time.Duration
	identifier *flow.TextOrRef
	hold       string // variable that keeps the place of this exchange

	allowed, used, available, identified string // variables

	violation *faults.Def
}

func compileConcurrentRatelimit(b *flow.Build, el *etree.Element) flow.Policy {
	b.Kind = "ConcurrentRatelimit" // whose faults the catalogue has
	b.Known(el, "AllowConnections", "Distributed", "Synchronous", "StrictOnTtl", "TargetIdentifier")
	b.NeedState(el)
	prefix := "concurrentratelimit." + b.Owner + "."
	p := &concurrentRatelimit{
		name: b.Owner, hold: "private." + prefix + "hold",
		allowed: prefix + "allowed.count", used: prefix + "used.count", available: prefix + "available.count", identified: prefix + "identifier",
		violation: b.Fault("ConcurrentRatelimtViolation"),
	}
	connections := b.Child(el, "AllowConnections")
	if connections == nil {
		b.RefuseText(el, "InvalidCountValue", "AllowConnections is missing", `add <AllowConnections count="200" ttl="5"/>`)
		return p
	}
	p.limit = concurrentNumber(b, connections, "count", "InvalidCountValue")
	p.life = time.Duration(concurrentNumber(b, connections, "ttl", "InvalidTTLForMessageTimeOut")) * time.Second
	target := b.Child(el, "TargetIdentifier")
	p.identifier = &flow.TextOrRef{Ref: b.Ref(target, "ref"), Text: b.Attr(target, "name")}
	concurrentPlaces(b, el)
	return p
}

func concurrentNumber(b *flow.Build, el *etree.Element, attr, code string) int {
	n, err := strconv.ParseInt(b.Attr(el, attr), 10, 32)
	if err != nil || n <= 0 {
		b.Refuse(el, code, attr, b.Attr(el, attr))
	}
	return int(n)
}

// concurrentPlaces refuses an attachment to a ProxyEndpoint, as Edge does (recalled).
// Of one that is missing, which Edge refuses too, it only warns (policies-1.md 6,
// recommended): here a place is given back at the end in any case.
func concurrentPlaces(b *flow.Build, el *etree.Element) {
	if b.Attached == nil {
		return
	}
	var inProxy, request, response, fault bool
	for _, a := range b.Attached(b.Owner) {
		switch {
		case a.Side == flow.ProxySide:
			inProxy = true
		case a.Fault:
			fault = true
		case a.Response:
			response = true
		default:
			request = true
		}
	}
	switch {
	case inProxy:
		b.Refuse(el, "ConcurrentRatelimitStepAttachmentNotAllowedAtProxyEndpoint")
	case request && !(response && fault), !request && (response || fault):
		b.WarnText(el, "ConcurrentRatelimitStepAttachmentMissingAtTargetEndpoint",
			"attach it to the request flow, the response flow and the DefaultFaultRule of a TargetEndpoint")
	}
}

func (p *concurrentRatelimit) Execute(_ context.Context, x *flow.Exchange) error {
	if x.Phase > flow.TargetRequest || x.InError() {
		p.leave(x)
		return nil
	}
	var identifier string
	if v, ok := p.identifier.Value(x); ok {
		identifier = v.String()
	}
	key := "ConcurrentRatelimit\x00" + x.Proxy.Organization + "\x00" + x.Proxy.Environment + "\x00" + x.Proxy.Name + "\x00" + p.name + "\x00" + identifier
	p.leave(x) // attached twice to a request, the policy takes one place all the same
	hold, held := x.Services.Gates.Enter(key, p.limit, x.Now(), p.life)
	p.tell(x, held)
	x.Put(p.identified, flow.Text(identifier))
	if hold == nil {
		return p.violation.New("limit", strconv.Itoa(p.limit))
	}
	x.Put(p.hold, flow.ObjectValue(hold))
	x.AtEnd(func() { hold.Release() })
	return nil
}

// leave gives the exchange's place back, if it has one.
func (p *concurrentRatelimit) leave(x *flow.Exchange) {
	v, ok := x.Held(p.hold)
	if !ok {
		return
	}
	if hold, ok := v.Ref().(*pace.Hold); ok {
		p.tell(x, hold.Release())
	}
	x.Remove(p.hold)
}

func (p *concurrentRatelimit) tell(x *flow.Exchange, held int) {
	x.Put(p.allowed, flow.Int(p.limit))
	x.Put(p.used, flow.Int(held))
	x.Put(p.available, flow.Int(max(p.limit-held, 0)))
}
