package logs

import (
	"bytes"
	"encoding/json"
	"time"

	"sluice/flow"
)

// record is a line of analytics.
type record struct {
	Time         time.Time `json:"time"`
	Organization string    `json:"organization"`
	Environment  string    `json:"environment"`
	Proxy        string    `json:"proxy"`
	Revision     string    `json:"revision"`
	Endpoint     string    `json:"endpoint"`
	MessageID    string    `json:"messageid"`
	Verb         string    `json:"verb"`
	PathSuffix   string    `json:"pathSuffix"`
	Status       int       `json:"status,omitempty"`
	Fault        string    `json:"fault,omitempty"`
	Milliseconds float64   `json:"ms"`
	Target       float64   `json:"targetMs,omitempty"`
	Collected    values    `json:"dataCollectors,omitempty"`
	Statistics   values    `json:"statistics,omitempty"`
}

// values are captured values, in their order.
type values []flow.Captured

// MarshalJSON implements json.Marshaler.
func (vs values) MarshalJSON() ([]byte, error) {
	b := []byte("{")
	for i, v := range vs {
		if i > 0 {
			b = append(b, ',')
		}
		name, err := json.Marshal(v.Name)
		if err != nil {
			return nil, err
		}
		text, err := json.Marshal(plain(v.Value))
		if err != nil {
			return nil, err
		}
		b = append(append(append(b, name...), ':'), text...)
	}
	return append(b, '}'), nil
}

// plain is a value as encoding/json takes it.
func plain(v flow.Value) any {
	switch v.Type() {
	case flow.Null:
		return nil
	case flow.Boolean:
		return v.True()
	case flow.Integer, flow.Long:
		return v.Int()
	case flow.Float, flow.Double:
		n, _ := v.Number() // of such a value it is one
		return n
	}
	return v.String()
}

// Record implements flow.Analytics.
func (s *Service) Record(r *flow.AnalyticsRecord) {
	if s.o.Analytics == nil {
		return
	}
	line, err := encode(r)
	if err != nil {
		return // NaN and infinity are no JSON, and no policy captures them
	}
	_ = s.put("analytics", "the file of analytics", line, func() sink { // the destination has told of what it drops
		return lineSink{s.o.Analytics}
	})
}

func encode(r *flow.AnalyticsRecord) ([]byte, error) {
	out := record{
		Time: r.Start.UTC(), Organization: r.Organization, Environment: r.Environment, Proxy: r.Proxy, Revision: r.Revision, Endpoint: r.Endpoint,
		MessageID: r.MessageID, Verb: r.Verb, PathSuffix: r.PathSuffix, Status: r.Status, Fault: r.Fault,
		Milliseconds: milliseconds(r.Duration), Target: milliseconds(r.Target),
	}
	for _, c := range r.Captured {
		if c.Statistic {
			out.Statistics = append(out.Statistics, c)
		} else {
			out.Collected = append(out.Collected, c)
		}
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(&out)
	return b.Bytes(), err
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
