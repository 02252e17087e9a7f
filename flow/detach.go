package flow

import (
	"maps"
	"slices"
	"time"

	"sluice/faults"
)

// Detach returns an exchange for work that outlives x, such as a callout that
// nobody waits for: it can evaluate names and templates as x could, and shares
// nothing with x that changes. Messages are copied with the payload that they
// hold; one that still flows stays with x, and is empty in the copy. The
// deadline and the tracer stay with x too.
func (x *Exchange) Detach() *Exchange {
	d := *x
	d.Request, d.Response, d.Error = detached(x.Request), detached(x.Response), detached(x.Error)
	d.Target.FailedServers = append([]string(nil), x.Target.FailedServers...)
	d.Callout.URLs, d.Callout.SentURLs = maps.Clone(x.Callout.URLs), maps.Clone(x.Callout.SentURLs)
	d.vars = maps.Clone(x.vars)
	d.given = slices.Clone(x.given)
	for name, v := range d.vars {
		if m := v.Message(); m != nil {
			d.vars[name] = stored{MessageValue(detached(m)), v.after}
		}
	}
	d.metrics = maps.Clone(x.metrics)
	d.ran = append([]*Step(nil), x.ran...)
	d.Fault, d.last = copyFault(x.Fault), copyFault(x.last)
	d.trace, d.broken, d.Deadline = nil, nil, time.Time{}
	d.atEnd, d.answers, d.share = nil, nil, share{}
	d.captured, d.recorded = nil, false
	return &d
}

func detached(m *Message) *Message {
	if m == nil {
		return nil
	}
	c := *m
	c.Header = m.Header.Clone()
	c.Body, c.Trailer, c.share = Body{}, nil, nil
	if held, ok := m.Body.Held(); ok {
		c.Body.Set(held)
	}
	c.queryMemo, c.queryText, c.formMemo, c.formText = params{}, "", params{}, ""
	return &c
}

// copyFault copies a fault: it still learns where it happened.
func copyFault(f *faults.Fault) *faults.Fault {
	if f == nil {
		return nil
	}
	c := *f
	return &c
}
