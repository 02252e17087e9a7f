package policies

import (
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/beevik/etree"

	"sluice/flow"
	"sluice/internal/window"
)

// quotaCounter is what Quota and ResetQuota have in common: which counter is
// meant, and how it is counted.
type quotaCounter struct {
	name       string // SharedName, or that of the policy
	identifier *flow.Name
	kind       window.Kind
	start      time.Time
	precise    bool
	sharing    flow.Sharing
	limits     *quotaLimits
	last       atomic.Pointer[quotaPolicy]
}

func compileQuotaCounter(b *flow.Build, el *etree.Element) *quotaCounter {
	c := &quotaCounter{
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
	c.limits = compileQuotaLimits(b, el, c.sharing.Distributed)
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

// quotaPolicy is the first part of the counters' keys, for the proxy that was served
// last: for all but shared flows there is one.
type quotaPolicy struct {
	proxy *flow.ProxyInfo
	text  string
}

func (c *quotaCounter) policy(p *flow.ProxyInfo) string {
	if last := c.last.Load(); last != nil && last.proxy == p {
		return last.text
	}
	fresh := &quotaPolicy{p, flow.CounterPolicy("Quota", p, c.name)}
	c.last.Store(fresh)
	return fresh.text
}

// count is a use of the counter of this identifier.
func (c *quotaCounter) count(x *flow.Exchange, limit quotaLimit, identifier string) flow.Count {
	return flow.Count{
		Key:     flow.CounterKey{Policy: c.policy(x.Proxy), Limits: limit.owner(), Identifier: identifier},
		Window:  window.Window{Kind: c.kind, Unit: limit.time.unit, Length: limit.time.length, Start: c.start, Precise: c.precise},
		Now:     x.Now(),
		Allowed: limit.allowed,
		Sharing: c.sharing,
	}
}
