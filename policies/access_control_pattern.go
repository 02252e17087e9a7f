package policies

import (
	"net/netip"
	"strconv"
	"strings"

	"sluice/faults"
	"sluice/flow"
)

// resolve makes the prefix for this request.
func (s *accessPattern) resolve(x *flow.Exchange) (netip.Prefix, error) {
	address, err := s.expand(x, s.address)
	if err != nil {
		return netip.Prefix{}, err
	}
	mask, err := s.expand(x, s.mask)
	if err != nil {
		return netip.Prefix{}, err
	}
	if _, fixed := s.mask.Static(); mask == "" && !fixed {
		address = "" // a mask is missing that should be there: all bits would be a guess
	}
	prefix, fault := s.prefix(address, mask)
	if fault != nil {
		return netip.Prefix{}, fault
	}
	if !prefix.IsValid() {
		x.Warn("SourceAddress " + s.address.String() + " with mask " + s.mask.String() + " is unresolved and matches nothing")
	}
	return prefix, nil
}

func (s *accessPattern) expand(x *flow.Exchange, t *flow.Template) (string, error) {
	text, err := t.Expand(x, true)
	if broken := x.Err(); broken != nil {
		return "", broken
	}
	if err != nil {
		f := s.fault(s.notPattern)
		f.Cause = err
		return "", f
	}
	return strings.TrimSpace(text), nil
}

// prefix reads an address and a mask, "" for all bits. An empty address is the
// zero prefix, which matches nothing (not documented; recommended).
func (s *accessPattern) prefix(address, mask string) (netip.Prefix, *faults.Fault) {
	if address == "" {
		return netip.Prefix{}, nil
	}
	a, ok := accessAddress(address)
	if !ok {
		return netip.Prefix{}, s.fault(s.kind(address))
	}
	bits := a.BitLen()
	if mask != "" {
		n, err := strconv.Atoi(mask)
		if err != nil || n < 0 || n > bits || n == 0 && !a.IsUnspecified() {
			return netip.Prefix{}, s.fault(s.notPattern)
		}
		bits = n
	}
	prefix, _ := a.Prefix(bits) // bits are within the address
	return prefix, nil
}

// fault names the rule as it is written: values may come from private variables.
func (s *accessPattern) fault(d *faults.Def) *faults.Fault {
	return d.New("address", s.address.String(), "mask", s.mask.String())
}

// kind is the fault for a text that is no address, by what it looks like.
func (s *accessPattern) kind(text string) *faults.Def {
	switch {
	case strings.Contains(text, ":"):
		return s.notIPv6
	case strings.Trim(text, "0123456789.") == "":
		return s.notIPv4
	}
	return s.notAddress
}
