package policies

import (
	"context"
	"net/netip"
	"strconv"
	"strings"

	"github.com/beevik/etree"

	"sluice/faults"
	"sluice/flow"
)

var _ = register(flow.Kind{
	Name:    "AccessControl",
	Group:   "security",
	Compile: compileAccessControl,
	Doc: flow.Doc{
		Title: "allows or denies requests by the client's address",
		Text: `The MatchRules are tried in the order of the file; the first with a SourceAddress that holds the client's
address decides, and noRuleMatchAction (default ALLOW) when none does. A denied request fails with 403.

SourceAddress is an IPv4 or IPv6 address; mask says how many of its bits count (default: all). Both are message
templates. One that is empty, or whose variable does not resolve, matches nothing and leaves a warning in the trace; one
that is no address or no mask fails every request.

The client's address is what ClientIPVariable names. Without it, the addresses come from X-Forwarded-For, to which the
runtime has added the peer: all of them (ValidateBasedOn X_FORWARDED_FOR_ALL_IP, the default; then each must be
allowed), the first, or the last. Anybody can send a first one. What is no address there is matched by no rule.
True-Client-IP is never looked at, whatever IgnoreTrueClientIPHeader says.`,
		Sample: `<AccessControl name="AC-Office">
  <IPRules noRuleMatchAction="DENY">
    <MatchRule action="DENY"><SourceAddress mask="32">198.51.100.7</SourceAddress></MatchRule>
    <MatchRule action="ALLOW">
      <SourceAddress mask="24">198.51.100.0</SourceAddress>
      <SourceAddress mask="{office.mask}">{office.address}</SourceAddress>
    </MatchRule>
  </IPRules>
  <ClientIPVariable>client.ip</ClientIPVariable>
</AccessControl>`,
	},
})

// accessControl is specified by policies-1.md 1.
type accessControl struct {
	rules     []accessRule
	templates bool       // some rules are made at request time
	otherwise bool       // noRuleMatchAction is ALLOW
	client    *flow.Name // ClientIPVariable, or nil
	which     string     // ValidateBasedOn

	denied, notInVariable, noClient *faults.Def
}

// accessRule is one SourceAddress with the action of its MatchRule.
type accessRule struct {
	allow bool
	// prefix holds the addresses that match; the zero prefix none.
	prefix  netip.Prefix
	pattern *accessPattern // what prefix is made of, nil for a constant
}

// accessPattern makes the prefix of a rule. The faults of a rule that cannot be
// used are listed by SAP for the Edge lineage without a word on when they arise:
// what they stand for is taken from their names.
type accessPattern struct {
	address, mask                            *flow.Template
	notAddress, notIPv4, notIPv6, notPattern *faults.Def
}

// The values of ValidateBasedOn.
const (
	accessAll   = "X_FORWARDED_FOR_ALL_IP"
	accessFirst = "X_FORWARDED_FOR_FIRST_IP"
	accessLast  = "X_FORWARDED_FOR_LAST_IP"
)

func compileAccessControl(b *flow.Build, el *etree.Element) flow.Policy {
	b.Known(el, "IPRules", "ClientIPVariable", "IgnoreTrueClientIPHeader", "ValidateBasedOn")
	b.Bool(el, "IgnoreTrueClientIPHeader", true)
	p := &accessControl{
		otherwise:     true,
		which:         b.Enum(el, "ValidateBasedOn", accessAll, accessFirst, accessLast),
		denied:        b.Fault("IPDeniedAccess"),
		notInVariable: b.Fault("InvalidIPAddressInVariable"),
		noClient:      b.Fault("ClientIpExtractionFailed"),
	}
	if name := b.Text(el, "ClientIPVariable"); name != "" {
		p.client = b.Name(name)
	}
	list := b.Child(el, "IPRules")
	if list == nil {
		b.Warn(el, "MissingElement", "IPRules is missing: every request is allowed", "add <IPRules noRuleMatchAction=\"DENY\">...</IPRules>")
		return p
	}
	b.Known(list, "MatchRule")
	p.otherwise = accessAllows(b, list, "noRuleMatchAction")
	for _, rule := range flow.Children(list, "MatchRule") {
		p.rules = append(p.rules, compileAccessRule(b, rule)...)
	}
	for i := range p.rules {
		p.templates = p.templates || p.rules[i].pattern != nil
	}
	return p
}

// accessAllows reads an attribute that is ALLOW, the default, or DENY.
func accessAllows(b *flow.Build, el *etree.Element, attr string) bool {
	text := b.Attr(el, attr)
	switch strings.ToUpper(text) {
	case "", "ALLOW":
		return true
	case "DENY":
		return false
	}
	b.RefuseText(el, "InvalidValue", strconv.Quote(text)+" is no "+attr, "write ALLOW or DENY")
	return false
}

func compileAccessRule(b *flow.Build, el *etree.Element) []accessRule {
	b.Known(el, "SourceAddress")
	allow := accessAllows(b, el, "action")
	var rules []accessRule
	for _, source := range flow.Children(el, "SourceAddress") {
		prefix, pattern := compileAccessSource(b, source)
		rules = append(rules, accessRule{allow, prefix, pattern})
	}
	if len(rules) == 0 {
		b.Warn(el, "MissingElement", "MatchRule without a SourceAddress matches nothing", `add <SourceAddress mask="32">ADDRESS</SourceAddress>`)
	}
	return rules
}

// compileAccessSource makes the prefix of a constant SourceAddress. No deployment
// error is documented for one that cannot be used, so it keeps its pattern and
// fails at request time.
func compileAccessSource(b *flow.Build, el *etree.Element) (netip.Prefix, *accessPattern) {
	s := &accessPattern{
		address:    b.Template(el, flow.TextOf(el)),
		mask:       b.Template(el, b.Attr(el, "mask")),
		notAddress: b.Fault("InvalidIPAddress"),
		notIPv4:    b.Fault("InvalidIPv4Address"),
		notIPv6:    b.Fault("InvalidIPv6Address"),
		notPattern: b.Fault("InvalidRulePattern"),
	}
	address, fixed := s.address.Static()
	mask, fixedMask := s.mask.Static()
	if !fixed || !fixedMask {
		return netip.Prefix{}, s
	}
	prefix, fault := s.prefix(address, mask)
	switch {
	case fault != nil:
		b.Warn(el, fault.Name(), "every request will fail: "+fault.Reason, "write an IPv4 address with a mask of 1 to 32, or an IPv6 address with one of 1 to 128")
		return netip.Prefix{}, s
	case !prefix.IsValid():
		b.Warn(el, "MissingElement", "SourceAddress is empty and matches nothing", "write an IP address")
	}
	return prefix, nil
}

func (p *accessControl) Execute(_ context.Context, x *flow.Exchange) error {
	rules, err := p.resolve(x)
	if err != nil {
		return err
	}
	clients, err := p.clients(x)
	if err != nil {
		return err
	}
	for _, client := range clients {
		if !p.allows(rules, client) {
			return p.denied.New("ip", client)
		}
	}
	return nil
}

// resolve returns the rules with the prefixes that they have for this request.
// It makes all of them before any is tried: what a request costs is then the
// templates once, however many addresses the client claims to come from.
func (p *accessControl) resolve(x *flow.Exchange) ([]accessRule, error) {
	if !p.templates {
		return p.rules, nil
	}
	rules := append([]accessRule(nil), p.rules...)
	for i := range rules {
		if rules[i].pattern == nil {
			continue
		}
		var err error
		if rules[i].prefix, err = rules[i].pattern.resolve(x); err != nil {
			return nil, err
		}
	}
	return rules, nil
}

// clients returns the addresses that must be allowed, as they are written.
func (p *accessControl) clients(x *flow.Exchange) ([]string, error) {
	if p.client == nil {
		list := p.forwarded(x)
		if len(list) == 0 {
			return nil, p.noClient.New()
		}
		return list, nil
	}
	client := x.Get(p.client).String()
	if broken := x.Err(); broken != nil {
		return nil, broken
	}
	if _, ok := accessAddress(client); !ok {
		return nil, p.notInVariable.New("variable", p.client.String())
	}
	return []string{client}, nil
}

func (p *accessControl) allows(rules []accessRule, client string) bool {
	address, ok := accessAddress(client)
	if !ok {
		return p.otherwise
	}
	for i := range rules {
		if rules[i].prefix.Contains(address) {
			return rules[i].allow
		}
	}
	return p.otherwise
}

// forwarded returns the addresses of X-Forwarded-For that count; without that
// header, which only a policy can have removed, the peer's. How Apigee combines
// several is not documented; that each must be allowed is the safe reading.
func (p *accessControl) forwarded(x *flow.Exchange) []string {
	list := x.Request.Header.Items("X-Forwarded-For")
	if list == nil {
		list = []string{x.Client.IP}
	}
	n := 0
	for _, text := range list {
		if text != "" {
			list[n], n = text, n+1
		}
	}
	switch list = list[:n]; {
	case n == 0:
		return nil
	case p.which == accessFirst:
		return list[:1]
	case p.which == accessLast:
		return list[n-1:]
	}
	return list
}

// accessAddress reads an address as rules compare it: an IPv4 address in IPv6
// clothes is that IPv4 address, and the zone of a link is left out.
func accessAddress(text string) (netip.Addr, bool) {
	address, err := netip.ParseAddr(strings.TrimSpace(text))
	return address.Unmap().WithZone(""), err == nil
}
