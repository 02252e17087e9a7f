package policies

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/beevik/etree"

	"sluice/faults"
	"sluice/flow"
)

var _ = register(flow.Kind{
	Name:    "ResetQuota",
	Group:   "traffic",
	Waits:   true,
	Compile: compileResetQuota,
	Doc: flow.Doc{
		Title: "gives back what a Quota policy has counted",
		Text: `Quota names a Quota policy of the same proxy. For each Identifier, "_default" being that of requests
without one, Allow says by how much the present counter is decreased: so many requests more are let through. It
does not fall below 0. A Class inside Allow means the counter of that class.

Attach it before the Quota policy. An Allow whose variable does not resolve is told to the trace, and decreases
nothing.`,
		Sample: `<ResetQuota name="RQ-PerApp">
  <Quota name="Q-PerApp">
    <Identifier ref="request.queryparam.app">
      <Allow ref="request.queryparam.more">100</Allow>
    </Identifier>
  </Quota>
</ResetQuota>`,
	},
})

// resetQuota is specified by policies-2.md 16. Apigee's playbook has Allow
// decrease the counter, SAP's page has it be the new limit; a public bundle relies
// on the first.
type resetQuota struct {
	name     string // of the policy
	quota    *flow.TextOrRef
	counters map[string]*quotaCounter // of the Quota policies that may be meant
	others   map[string]*faults.Def   // why another policy cannot be meant
	resets   []resetQuotaIdentifier

	noPolicy, notQuota, notAttached, unresolved, noAllow *faults.Def
}

// resetQuotaIdentifier is an Identifier with what it gets back.
type resetQuotaIdentifier struct {
	identifier, class, allow *flow.TextOrRef
}

func compileResetQuota(b *flow.Build, el *etree.Element) flow.Policy {
	b.Known(el, "Quota")
	b.NeedState(el)
	p := &resetQuota{
		name: b.Owner, counters: map[string]*quotaCounter{}, others: map[string]*faults.Def{},
		noPolicy: b.Fault("InvalidRLPolicy"), notQuota: b.Fault("InvalidRLPolicyDefinition"), notAttached: b.Fault("NoRLPolicy"),
		unresolved: b.Fault("FailedToResolveRLPolicy"), noAllow: b.Fault("FailedToResolveAllowCountRef"),
	}
	quota := b.Child(el, "Quota")
	if quota == nil {
		b.Need(el, "Quota")
		return p
	}
	p.quota = resetQuotaNameOrRef(b, quota)
	p.find(b, quota)
	for _, identifier := range flow.Children(quota, "Identifier") {
		p.addIdentifier(b, identifier)
	}
	return p
}

// resetQuotaNameOrRef reads an element of the form <E name="text" ref="variable"/>.
func resetQuotaNameOrRef(b *flow.Build, el *etree.Element) *flow.TextOrRef {
	return &flow.TextOrRef{Ref: b.Ref(el, "ref"), Text: b.Attr(el, "name")}
}

// find compiles the counters of the Quota policies that may be meant: that of the
// name, and all when a variable decides.
func (p *resetQuota) find(b *flow.Build, el *etree.Element) {
	b.Known(el, "Identifier")
	if b.Policy == nil || len(b.PolicyNames()) == 0 {
		return // the policy is read on its own
	}
	p.add(b, el, p.quota.Text, true)
	if p.quota.Ref == nil {
		return
	}
	for _, name := range b.PolicyNames() {
		p.add(b, el, name, false)
	}
}

// add remembers what the policy of that name is; named says that it should be a
// Quota.
func (p *resetQuota) add(b *flow.Build, el *etree.Element, name string, named bool) {
	other := b.Policy(name)
	problem := ""
	switch {
	case name == "":
		return
	case other == nil:
		problem = "there is no policy " + name + " in this bundle"
	case other.Tag != "Quota":
		problem = "policy " + name + " is a " + other.Tag + ", and no Quota"
		p.others[name] = p.notQuota
	case resetQuotaLoose(b, name):
		problem = "Quota policy " + name + " is attached nowhere"
		p.others[name] = p.notAttached
	default:
		p.counters[name] = resetQuotaOf(b, name, other)
	}
	if problem != "" && named {
		b.Warn(el, "InvalidQuota", problem, "name a Quota policy of the same proxy that is attached to a flow")
	}
}

// resetQuotaLoose reports whether the Quota is attached nowhere. What a shared flow
// attaches is not known here: there this policy is attached nowhere, either.
func resetQuotaLoose(b *flow.Build, name string) bool {
	return b.Attached != nil && len(b.Attached(b.Owner)) > 0 && len(b.Attached(name)) == 0
}

// resetQuotaOf compiles the counter of a Quota policy. Its problems were told when it
// was compiled itself.
func resetQuotaOf(b *flow.Build, name string, el *etree.Element) *quotaCounter {
	owner, kind, told := b.Owner, b.Kind, len(b.Problems)
	b.Owner, b.Kind = name, "Quota"
	c := compileQuotaCounter(b, el, quotaUseOf(b))
	b.Owner, b.Kind, b.Problems = owner, kind, b.Problems[:told]
	return c
}

func (p *resetQuota) addIdentifier(b *flow.Build, el *etree.Element) {
	b.Known(el, "Allow", "Class")
	identifier := resetQuotaNameOrRef(b, el)
	for _, allow := range flow.Children(el, "Allow") {
		b.Known(allow, "Class")
		if class := b.Child(allow, "Class"); class != nil {
			p.addClass(b, identifier, class)
			continue
		}
		p.resets = append(p.resets, resetQuotaIdentifier{identifier: identifier, allow: p.readAllow(b, allow, identifier)})
	}
	for _, class := range flow.Children(el, "Class") {
		p.addClass(b, identifier, class)
	}
}

func (p *resetQuota) addClass(b *flow.Build, identifier *flow.TextOrRef, el *etree.Element) {
	b.Known(el, "Allow")
	class := resetQuotaNameOrRef(b, el)
	for _, allow := range flow.Children(el, "Allow") {
		p.resets = append(p.resets, resetQuotaIdentifier{identifier: identifier, class: class, allow: p.readAllow(b, allow, identifier)})
	}
}

func (p *resetQuota) readAllow(b *flow.Build, el *etree.Element, identifier *flow.TextOrRef) *flow.TextOrRef {
	allow := b.TextOrRef(el)
	if allow.Text == "" {
		return allow
	}
	if _, err := strconv.ParseInt(allow.Text, 10, 64); err != nil {
		b.Refuse(el, "InvalidCount", "count", allow.Text, "identifier", identifier.Text)
	}
	return allow
}

func (p *resetQuota) Execute(ctx context.Context, x *flow.Exchange) error {
	counter, err := p.counter(x)
	if err != nil {
		return err
	}
	for i := range p.resets {
		if err := p.reset(ctx, x, counter, &p.resets[i]); err != nil {
			return err
		}
	}
	return nil
}

// counter finds the counter of the Quota policy that is named.
func (p *resetQuota) counter(x *flow.Exchange) (*quotaCounter, error) {
	v, ok := p.quota.Value(x)
	name := strings.TrimSpace(v.String())
	switch {
	case !ok || name == "":
		return nil, p.unresolved.New()
	case p.counters[name] != nil:
		return p.counters[name], nil
	case p.others[name] != nil:
		return nil, p.others[name].New("quota_policy", name)
	}
	return nil, p.noPolicy.New("quota_policy", name)
}

func (p *resetQuota) reset(ctx context.Context, x *flow.Exchange, counter *quotaCounter, r *resetQuotaIdentifier) error {
	identifier := quotaDefault
	if v, ok := r.identifier.Value(x); ok && v.String() != "" {
		identifier = v.String()
	}
	v, _ := r.allow.Value(x)
	allow, ok := quotaInteger(v)
	if !ok || allow < 0 {
		p.tell(x, r, identifier)
		return nil
	}
	limit, ok, err := counter.limits.resolve(x)
	if err != nil || !ok {
		return err
	}
	limit.scope.class = ""
	if class, ok := r.class.Value(x); ok {
		limit.scope.class = class.String()
	}
	if _, err := x.Services.Counters.Count(ctx, flow.Count{
		Of: counter.counters(x.Proxy, &limit), Identifier: identifier,
		Now: x.Now(), Weight: -allow, Allowed: limit.allowed,
	}); err != nil {
		return fmt.Errorf("the quota could not be reset: %w", err)
	}
	return nil
}

// tell notes an Allow that does not resolve. Apigee's playbook shows the text in
// the trace alone: the client sees what follows, such as QuotaViolation.
func (p *resetQuota) tell(x *flow.Exchange, r *resetQuotaIdentifier, identifier string) {
	if !x.Traced() {
		return
	}
	f := p.noAllow.New("reference", quotaReference(r.allow.Ref), "identifier", identifier, "policy", p.name, "proxy", x.Proxy.Name,
		"Revision", x.Proxy.Revision, "revision", x.Proxy.Revision, "env", x.Proxy.Environment, "org", x.Proxy.Organization)
	x.Warn(f.Code() + ": " + f.Reason)
}
