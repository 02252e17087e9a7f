package flow

import "time"

// Analytics takes what DataCapture and StatisticsCollector captured of a request, once
// that has ended. It does not wait for it to be written.
type Analytics interface {
	Record(r *AnalyticsRecord)
}

// AnalyticsRecord is what analytics learn of a request.
type AnalyticsRecord struct {
	Start                     time.Time // of the request's first byte
	Organization, Environment string
	Proxy, Revision, Endpoint string
	MessageID                 string
	Verb, PathSuffix          string
	Status                    int    // of the answer, 0 when the client went away
	Fault                     string // code, "" for none
	Duration                  time.Duration
	Target                    time.Duration // until the target's first byte, 0 without a target
	Captured                  []Captured
}

// Captured is a value for analytics: of a data collector, or a statistic.
type Captured struct {
	Name      string
	Value     Value // null where nothing was found
	Statistic bool
}

// Capture keeps a value for analytics, in place of an earlier one of the same name. The
// exchange's end writes all of them.
func (x *Exchange) Capture(c Captured) {
	if x.Services != nil && x.Services.Analytics != nil && !x.recorded {
		x.recorded = true
		x.AtEnd(func() { x.Services.Analytics.Record(x.analyticsRecord()) })
	}
	for i := range x.captured {
		if x.captured[i].Name == c.Name && x.captured[i].Statistic == c.Statistic {
			x.captured[i] = c
			return
		}
	}
	x.captured = append(x.captured, c)
}

// Captured are the values for analytics, in the order of their first capture.
func (x *Exchange) Captured() []Captured { return x.captured }

// ForgetStatistics drops the statistics captured so far.
func (x *Exchange) ForgetStatistics() {
	kept := x.captured[:0]
	for _, c := range x.captured {
		if !c.Statistic {
			kept = append(kept, c)
		}
	}
	x.captured = kept
}

func (x *Exchange) analyticsRecord() *AnalyticsRecord {
	p := x.Proxy
	r := &AnalyticsRecord{
		Start: x.Client.Received.Start, Organization: p.Organization, Environment: p.Environment,
		Proxy: p.Name, Revision: p.Revision, Endpoint: p.Endpoint,
		MessageID: x.ID(), Verb: x.Request.Method, PathSuffix: x.Path.Suffix, Captured: x.captured,
	}
	switch {
	case x.Error != nil:
		r.Status = x.Error.Status
	case x.Response != nil:
		r.Status = x.Response.Status
	}
	if x.Fault != nil {
		r.Fault = x.Fault.Code()
	}
	end := x.Client.Sent.End
	if end.IsZero() {
		end = x.Now() // the call of another proxy, or nobody was answered
	}
	r.Duration = end.Sub(r.Start)
	if sent, got := x.Target.Sent.Start, x.Target.Received.Start; !sent.IsZero() && !got.IsZero() {
		r.Target = got.Sub(sent)
	}
	return r
}
